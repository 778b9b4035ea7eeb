//! What a REDCap data dictionary itself says must not leave the clinic.

use super::{Detector, LEAVE_OUT};

/// `Identifier?` is ticked.
pub(in crate::ingest) static MARKED_IDENTIFIER: Detector = Detector {
    id: "redcap-identifier",
    what: "a field the data dictionary marks as an identifier",
    why: "the project's own staff ticked `Identifier?` for it, which is how they say that it identifies people",
    hint: "export again with `Remove all tagged identifier fields` ticked, or leave the field out",
};
/// Validated as something only an identifier is.
pub(in crate::ingest) static VALIDATED_IDENTIFIER: Detector = Detector {
    id: "redcap-validation",
    what: "a field validated as a number, address or code that identifies",
    why: "the data dictionary has it checked as an e-mail address, telephone, social security or record number, or postal code (45 CFR 164.514(b)(2)(i))",
    hint: "leave the field out of the export, and mark it as an identifier in the project",
};
/// Who was invited.
pub(in crate::ingest) static SURVEY_IDENTIFIER: Detector = Detector {
    id: "redcap-survey-identifier",
    what: "who was sent a survey",
    why: "the survey identifier is the name or address a participant list has for a person",
    hint: "export again with `Remove all tagged identifier fields` ticked and without the survey identifier",
};
/// A box of prose, or a file, that the mapping would read.
pub(in crate::ingest) static MAPPED_PROSE: Detector = Detector {
    id: "redcap-free-text",
    what: "free text, or a file, that the mapping names",
    why: "notes hold names and dates, and a file's name may be a person's",
    hint: LEAVE_OUT,
};

pub(super) fn detectors() -> impl Iterator<Item = &'static Detector> {
    [&MARKED_IDENTIFIER, &VALIDATED_IDENTIFIER, &SURVEY_IDENTIFIER, &MAPPED_PROSE].into_iter()
}
