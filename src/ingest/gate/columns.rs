//! Names of columns that identify a person, whatever is in them.

use std::sync::LazyLock;

use super::{ColumnFate, Detector, Fate, LEAVE_OUT};
use crate::model::table::InputTable;
use crate::protocol::{Basis, nearest};

/// A detector over the lower-case words of a column name, joined by blanks.
struct ByName {
    detector: Detector,
    pattern: &'static str,
}

const fn column(id: &'static str, what: &'static str, why: &'static str, pattern: &'static str) -> ByName {
    ByName { detector: Detector { id, what, why, hint: LEAVE_OUT }, pattern }
}

/// Order is that of 45 CFR 164.514(b)(2)(i), places last, because addresses of
/// networks and mail are called so too; the first match is reported.
static COLUMNS: [ByName; 11] = [
    column(
        "column-name",
        "a person's name",
        "names of patients, relatives and staff are the first identifier of 45 CFR 164.514(b)(2)(i)(A), and no number needs them",
        r"^((first|last|middle|full|given|sur|family|maiden|nick|preferred|legal|patient|pt|person|subject|client|user) ?)?name( ?[0-9])?$|^(first|last|middle|maiden|given|family|surname|forename|prefix|suffix)$|\binitials\b|\b(provider|physician|prescriber|clinician|doctor|nurse|therapist|insurer|employer) ?name\b|^(employer|guarantor|physician|prescriber|clinician|doctor|nurse)$|\b(patient|pt|first|last|middle|full|given|family|maiden|mother|mothers|father|fathers|spouse|guardian|child|next of kin)\b.*\b(name|nm)\b|\bnext of kin\b|\bemergency ?contact\b|\bname ?(first|last|middle|given|family)\b|\b(fname|lname|mname|firstname|lastname|surname|forename|fullname|patientname)\b",
    ),
    column(
        "column-birth",
        "a date of birth or death",
        "dates of birth and death are identifiers (45 CFR 164.514(b)(2)(i)(C)); the year of birth is all that is read, in a column `birth_year`",
        r"\bdob\b|\bdod\b|\b(birth|deceased|death) ?(date ?time|date|dttm|dt|day|month|time|timestamp)\b|\bb ?day\b|^(birth|deceased|death)$|\b(date|dt|day|month) ?of ?(birth|death)\b",
    ),
    column(
        "column-phone",
        "a telephone or fax number",
        "telephone and fax numbers are identifiers (45 CFR 164.514(b)(2)(i)(D)–(E))",
        r"\b((cell|home|work|tele|mobile|contact)?phone|tel|telephone|mobile|fax)\b|\bcell( (no|num|number))?$",
    ),
    column(
        "column-email",
        "an e-mail address",
        "e-mail addresses are identifiers (45 CFR 164.514(b)(2)(i)(F))",
        r"\b(e ?)?mails?\b|\bemail ?address\b",
    ),
    column(
        "column-ssn",
        "a social security or national number",
        "social security numbers are identifiers (45 CFR 164.514(b)(2)(i)(G))",
        r"\bssn[0-9]*\b|\bsocial( security)?\b|\bnational ?id\b|\bpassport\b|\btax ?id\b|\bsin number\b",
    ),
    column(
        "column-record-number",
        "a record number",
        "medical record numbers are identifiers (45 CFR 164.514(b)(2)(i)(H)), also when hashed: the hash is derived from the number",
        r"\bmrn[0-9]*\b|\bmed(ical)? ?rec(ord)?\b|\bemr ?(id|no|num|number)\b|\bepic ?id\b|\behr ?(id|no|num|number)\b|\bchart ?(no|num|number|id)\b|\bhospital ?(no|num|number|id)\b|\b(nhs|hicn|mbi|medicare|medicaid)\b|\bencounter ?(no|num|number)\b|\brecord ?(no|num|number)\b",
    ),
    column(
        "column-account",
        "an account or insurance number",
        "beneficiary and account numbers are identifiers (45 CFR 164.514(b)(2)(i)(I)–(J))",
        r"\b(account|acct|beneficiary|policy|subscriber)\b|\b(member|insurance|group|payer|claim) ?(id|no|num|number)\b|\bcredit ?card\b",
    ),
    column(
        "column-device",
        "a licence, device or network number",
        "licence, vehicle, device and network numbers are identifiers (45 CFR 164.514(b)(2)(i)(K)–(O))",
        r"\b(ip|url|uri|website|device|serial|vin|plate|licen[cs]e|drivers?|dea|npi|mac ?address|imei|udi)\b",
    ),
    column(
        "column-biometric",
        "a picture or biometric",
        "biometrics and full-face pictures are identifiers (45 CFR 164.514(b)(2)(i)(P)–(Q))",
        r"\b(photo|photograph|mug ?shot|image|picture|face|finger|fingerprint|voice|voiceprint|retina|iris|biometric|signature)\b",
    ),
    column(
        "column-free-text",
        "free text",
        "what people write about a patient holds names, dates and places, and no program can promise that it does not",
        r"\b(note|notes|comment|comments|narrative|remark|remarks|memo|free ?text|freetext|verbatim|other specify|hpi|history of present illness)\b",
    ),
    column(
        "column-geography",
        "an address or place",
        "places smaller than a state identify (45 CFR 164.514(b)(2)(i)(B)); only the first three digits of a ZIP code may be kept, in a column `zip3`, and no number needs them",
        r"\b(address[0-9]*|addr[0-9]*|street[0-9]*|city|town|county|precinct|zip[12456789]*|zip ?code[0-9]*|zipcode|postal|postal ?code|postcode|lat|latitude|lon|lng|longitude|geo|geocode|gps|fips|census ?tract|neighbou?rhood|birth ?place)\b",
    ),
];

/// Under safe harbor no date finer than a year may be in the file at all.
static DATE_COLUMN: ByName = ByName {
    detector: Detector {
        id: "column-date",
        what: "a date",
        why: "under safe harbor every date element finer than a year is an identifier (45 CFR 164.514(b)(2)(i)(C))",
        hint: "under safe harbor export study days (`day`), or state another `privacy.basis` if you have one",
    },
    pattern: r"\b(date|dt|datetime|timestamp|birth ?datetime|(day|month) of (birth|death)|(admit|admission|discharge|visit|service|infusion|fill) ?(date|dt|time))\b",
};

/// Under safe harbor an index period is a year.
pub(in crate::ingest) static FINE_PERIOD: Detector = Detector {
    id: "period-finer-than-year",
    what: "a calendar period finer than a year",
    why: "under safe harbor a month or a quarter is a date element like a day (45 CFR 164.514(b)(2)(i)(C))",
    hint: "under safe harbor write the year alone, or state another `privacy.basis` if you have one",
};

/// The detector a date trips under safe harbor.
pub(in crate::ingest) fn date_column() -> &'static Detector {
    &DATE_COLUMN.detector
}

pub(super) fn detectors() -> impl Iterator<Item = &'static Detector> {
    COLUMNS.iter().chain([&DATE_COLUMN]).map(|by_name| &by_name.detector).chain([&FINE_PERIOD])
}

/// What a column is to whoever reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Role {
    /// It is mapped to a column of a canonical table, and its values are parsed.
    Read,
    /// It is mapped, and it holds dates.
    ReadAsDate,
    /// The format itself prescribes it (an OMOP column, a FHIR element), so its
    /// presence says nothing about what is in it; nobody reads it.
    Prescribed,
    /// Nobody reads it.
    Unmapped,
}

/// What becomes of every column of a file. `names` is the header as written,
/// `role` says what the n-th column is to the reader.
///
/// A header in which no column is read may be a row of data, so its names are
/// not repeated.
pub(in crate::ingest) fn judge_header(
    source: &str,
    file: &str,
    names: &[String],
    basis: Basis,
    role: impl Fn(usize) -> Role,
) -> Vec<ColumnFate> {
    let is_header = (0..names.len()).any(|at| matches!(role(at), Role::Read | Role::ReadAsDate));
    let judge = |(at, name): (usize, &String)| {
        let (fate, detector) = fate(name.trim(), role(at), basis);
        ColumnFate {
            source: source.to_owned(),
            file: file.to_owned(),
            column: if is_header { printable(name.trim(), at) } else { numbered(at) },
            fate,
            rule: detector.map_or("", |detector| detector.id),
            count: 1,
        }
    };
    names.iter().enumerate().map(judge).collect()
}

/// What becomes of the columns of a foreign file, which its adapter shows
/// before it says which of them it reads.
pub(in crate::ingest) fn shown_columns(source: &str, file: &str, names: &[&str], basis: Basis) -> Vec<ColumnFate> {
    let judge = |(at, name): (usize, &&str)| {
        let column = printable(name.trim(), at);
        match in_column_name(name.trim(), basis.allows_dates()) {
            Some(detector) => ColumnFate::refused(source, file, &column, detector),
            None => {
                ColumnFate { fate: Fate::Read, rule: "", ..ColumnFate::refused(source, file, &column, date_column()) }
            }
        }
    };
    names.iter().enumerate().map(judge).collect()
}

fn fate(name: &str, role: Role, basis: Basis) -> (Fate, Option<&'static Detector>) {
    let dates_allowed = basis.allows_dates();
    match role {
        Role::Read => (Fate::Read, None),
        Role::ReadAsDate if dates_allowed => (Fate::Read, None),
        Role::ReadAsDate => (Fate::Refused, Some(&DATE_COLUMN.detector)),
        Role::Prescribed => (Fate::NotRead, in_column_name(name, dates_allowed)),
        Role::Unmapped => match in_column_name(name, dates_allowed) {
            Some(detector) => (Fate::Refused, Some(detector)),
            None => (Fate::NotRead, None),
        },
    }
}

/// The detector a column name trips. Columns that are read are not asked about.
pub(super) fn in_column_name(name: &str, dates_allowed: bool) -> Option<&'static Detector> {
    static PATTERNS: LazyLock<Vec<regex::Regex>> = LazyLock::new(|| {
        let all = COLUMNS.iter().chain([&DATE_COLUMN]);
        all.map(|by_name| regex::Regex::new(by_name.pattern).expect("the patterns are tested")).collect()
    });
    let words = words(name);
    let trips = |index: usize| PATTERNS[index].is_match(&words);
    let found = COLUMNS.iter().enumerate().find(|(index, _)| trips(*index)).map(|(_, by_name)| by_name);
    let found = found.or_else(|| (!dates_allowed && trips(COLUMNS.len())).then_some(&DATE_COLUMN));
    found.map(|by_name| &by_name.detector)
}

/// `patientName` and `PATIENT-NAME` → `patient name`.
pub(super) fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for c in name.chars() {
        let separator = !c.is_alphanumeric();
        if (separator || (c.is_uppercase() && previous_lower)) && !words.ends_with(' ') && !words.is_empty() {
            words.push(' ');
        }
        if !separator {
            words.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase();
    }
    words.trim_end().to_owned()
}

/// A header name that may be repeated in a message: one short word that is not
/// made of digits. A file without a header has data in its first line, a cell
/// may have slipped into a header, and data is never repeated.
pub(in crate::ingest) fn printable(name: &str, position: usize) -> String {
    let name = name.to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let word = name.len() <= 40 && digits <= 4 && name.bytes().all(plain);
    let word = word && name.starts_with(|first: char| first.is_ascii_lowercase());
    if word { name } else { numbered(position) }
}

fn numbered(position: usize) -> String {
    format!("column {}", position + 1)
}

/// The name of a file nobody reads, as far as it may be repeated: a misspelt
/// table keeps its name, because that is the one to mend. Any other may be
/// named after a patient and is only counted.
pub(in crate::ingest) fn printable_file(name: &str, position: usize) -> String {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let tables = crate::model::table::INPUT_TABLES.iter().map(|table: &InputTable| table.name);
    let plain = stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let kind = ["csv", "csv.gz", "csv.zst", "xlsx", "parquet", "ndjson", "json"];
    match nearest(stem, tables) {
        Some(_) if plain && kind.contains(&extension) => name.to_owned(),
        _ => format!("unread file {}", position + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{Role, in_column_name, judge_header, printable, printable_file};
    use crate::ingest::gate::Fate;
    use crate::model::table::{INPUT_TABLES, InputTable};
    use crate::protocol::Basis;

    /// Header names by what they trip, however they are written.
    const IDENTIFYING: &[(&str, &[&str])] = &[
        (
            "column-name",
            &[
                "name",
                "patientName",
                "LAST_NAME",
                "surname",
                "First",
                "LAST",
                "maiden",
                "patientFullName",
                "pt_nm",
                "mother_name",
                "mothers_maiden_name",
                "emergencyContact",
                "next_of_kin",
                "initials",
                "fname",
                "provider_name",
                "physician",
                "employer",
                "preferred name",
                "PREFIX",
                "name_first",
                "name_last",
            ],
        ),
        (
            "column-geography",
            &[
                "zip",
                "zip5",
                "zip-code",
                "ZIPCODE",
                "address1",
                "home address",
                "street",
                "City",
                "county",
                "postcode",
                "postal_code",
                "LAT",
                "lon",
                "geo_point",
                "FIPS",
                "birthplace",
                "census tract",
            ],
        ),
        (
            "column-birth",
            &[
                "DOB",
                "date of birth",
                "dateofbirth",
                "BIRTHDATE",
                "birth_date",
                "birthDay",
                "birth_month",
                "DEATHDATE",
                "death_date",
                "deceased",
                "date_of_death",
                "death_datetime",
                "birth_datetime",
                "day_of_birth",
                "deceasedDateTime",
                "birth_time",
                "bday",
            ],
        ),
        ("column-phone", &["home phone", "cellphone", "Tel", "mobile", "fax", "cell", "cell_number", "telephone"]),
        ("column-email", &["e-mail", "Email", "patient_email", "EMAIL_ADDRESS", "mail", "e_mails"]),
        ("column-ssn", &["ssn", "SSN4", "social_security", "passport", "national_id", "tax_id"]),
        (
            "column-record-number",
            &[
                "MRN",
                "mrn2",
                "medical_rec_no",
                "medrec",
                "chart_no",
                "chartNumber",
                "EMR ID",
                "nhs_number",
                "mbi",
                "medicare_id",
                "record_number",
            ],
        ),
        ("column-account", &["insurance_id", "member_id", "acct", "policy_no", "subscriber_id", "claim_number"]),
        ("column-device", &["device_serial", "ip", "ip_address", "VIN", "license_plate", "DRIVERS", "npi", "dea"]),
        ("column-biometric", &["photo", "voice_sample", "face", "fingerprint", "signature"]),
        ("column-free-text", &["ae_notes", "Comments", "narrative", "freeText", "free_text", "remarks", "memo"]),
    ];

    /// Names a clinic uses for things that identify nobody.
    const INNOCENT: &[&str] = &[
        "cell_count",
        "drug_name",
        "faces_scale",
        "visit_number",
        "weight_kg",
        "height_cm",
        "phq9_total",
        "gad7",
        "pain_now",
        "pain_average",
        "route",
        "diagnosis",
        "condition_name",
        "instrument_name",
        "first_infusion",
        "last_score",
        "first_series",
        "lastDose",
        "namespace",
        "renamed",
        "platelet_count",
        "latest_score",
        "lot",
        "relation",
        "longest_series",
        "city_scale_version_of_nothing",
        "race",
        "ethnicity",
        "state",
        "sex_at_birth",
        "birth_year",
        "year_of_birth",
        "zip3",
        "dose_mg",
        "infusion_no",
        "cycle",
        "arm",
        "redcap_event_name",
        "group",
        "phone_visit_type",
        "notebook",
        "noted",
        "imaging",
        "interface_version",
        "device_free",
        "accountable",
        "policyholder_free",
        "ipsilateral",
        "vinca",
        "serially",
        "urls_free",
        "emailed",
        "teleconsult",
        "facet_joint",
        "surfaces",
        "streetwise",
        "countyline",
        "dosage",
        "deathly",
        "update",
        "mandate",
        "candidate",
        "validated",
        "outdated",
        "dtap",
    ];

    #[test]
    fn identifying_names_are_caught_however_they_are_written() {
        let mut tested = 0;
        for (id, names) in IDENTIFYING {
            for name in *names {
                assert_eq!(in_column_name(name, true).map(|detector| detector.id), Some(*id), "{name}");
                tested += 1;
            }
        }
        assert!(tested >= 60, "{tested}");
        for date in ["infusion_date", "visitDate", "fill dt", "admission_timestamp", "DateTime"] {
            assert_eq!(in_column_name(date, true), None, "{date}");
            assert_eq!(in_column_name(date, false).map(|detector| detector.id), Some("column-date"), "{date}");
        }
    }

    #[test]
    fn no_column_of_ours_and_no_innocent_one_is_caught() {
        let ours = INPUT_TABLES.iter().flat_map(InputTable::header_names);
        let wrong_on_purpose =
            ["phone_visit_type", "device_free", "city_scale_version_of_nothing", "policyholder_free"];
        for name in ours.chain(INNOCENT.iter().copied()) {
            if !wrong_on_purpose.contains(&name) {
                assert_eq!(in_column_name(name, true), None, "{name}");
            }
        }
        // A name that holds an identifying word is refused even when it means
        // something else: renaming a column costs a minute, a leak does not.
        for name in ["phone_visit_type", "device_free"] {
            assert!(in_column_name(name, true).is_some(), "{name}");
        }
    }

    #[test]
    fn a_header_is_judged_by_role_and_basis() {
        let names = ["patient_id", "date", "birth_date", "mood", "SSN"].map(str::to_owned);
        let roles = [Role::Read, Role::ReadAsDate, Role::Prescribed, Role::Unmapped, Role::Unmapped];
        let fates = |basis| {
            let judged = judge_header("north", "f.csv", &names, basis, |at| roles[at]);
            judged.into_iter().map(|column| (column.column, column.fate, column.rule)).collect::<Vec<_>>()
        };
        let expected = |date: (Fate, &'static str)| {
            vec![
                ("patient_id".to_owned(), Fate::Read, ""),
                ("date".to_owned(), date.0, date.1),
                ("birth_date".to_owned(), Fate::NotRead, "column-birth"),
                ("mood".to_owned(), Fate::NotRead, ""),
                ("ssn".to_owned(), Fate::Refused, "column-ssn"),
            ]
        };
        assert_eq!(fates(Basis::LimitedDataSet), expected((Fate::Read, "")));
        assert_eq!(fates(Basis::SafeHarbor), expected((Fate::Refused, "column-date")));
    }

    #[test]
    fn what_may_be_data_is_not_repeated() {
        assert_eq!(printable("Last_Name", 0), "last_name");
        for data in ["John Smith", "Email 12@x", "123-45-6789", "O'Brien", "p2026010512", "naïve", ""] {
            assert_eq!(printable(data, 2), "column 3", "{data}");
        }
        // Nothing is read of this file, so its first line may be a row.
        let names = ["Smith Address", "Jane"].map(str::to_owned);
        let judged = judge_header("s", "f", &names, Basis::LimitedDataSet, |_| Role::Unmapped);
        assert!(judged.iter().all(|column| column.column.starts_with("column ")), "{judged:?}");
        assert_eq!(printable_file("perscriptions.csv", 0), "perscriptions.csv");
        for named in ["Smith_John.csv", "smith.csv", "patients_smith.xlsx", "Patients.csv.gz.bak"] {
            assert_eq!(printable_file(named, 4), "unread file 5", "{named}");
        }
    }
}
