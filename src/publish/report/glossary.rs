//! The words of the report in plain English, on one page.

use super::{Context, element};

/// Order is the order a reader meets them in.
const WORDS: &[(&str, &str)] = &[
    ("Treatment series", "A run of infusions close together. The first one starts the clock for that patient."),
    (
        "Follow-up time",
        "How long after the first infusion a score was asked for, for example 12 weeks. A score counts when it was given close to that day.",
    ),
    ("Due", "The patient has reached that time, so a score should be there. Patients not yet due are not counted."),
    (
        "Response",
        "The pain score fell by at least the share named, compared with the patient’s own score before treatment.",
    ),
    (
        "Pain change",
        "The later pain score minus the earlier one, from 0 (no pain) to 10 (worst pain). Below zero means less pain.",
    ),
    ("n", "The number of patients a result rests on. The smaller it is, the more the result moves by chance."),
    (
        "Likely between",
        "Chance alone moves every result. All values between these two fit the data. Ranges made this way miss the true number about once in twenty times, and more often where patients were lost. A narrow range means that chance matters little.",
    ),
    (
        "No clear change",
        "The range of the difference holds zero, or several differences were looked at and one so large is expected by chance. The difference may be chance.",
    ),
    ("Missing = no", "Patients who should have a score but have none are counted as if they did not get better."),
    (
        "Observed only",
        "Patients without a score are left out. This looks better when those who did well are the ones who return.",
    ),
    (
        "Not shown, fewer than",
        "The group is so small that a number could point to one person. We leave it out, and at times one more number beside it.",
    ),
    ("Baseline", "The last score or the opioid dose before the first infusion: what later ones are compared with."),
    (
        "†",
        "Fewer than 60\u{A0}% of those who should have a score have one. Such a result should not be compared with anything.",
    ),
    ("Pooled", "A rate drawn towards those of the other conditions, the more the smaller the condition."),
    ("Common cause, special cause", "What chance alone explains from month to month, and what it does not."),
    ("Center line, limits", "The level of the first months, and how far from it chance alone takes a month."),
    ("Mature", "All patients of the group have reached the time in question, so that their number can be judged."),
    ("At risk", "Patients still followed and still with relief at that time."),
    (
        "PHQ-9, GAD-7, PCL-5, BPI",
        "Questionnaires on depression, anxiety, post-traumatic stress, and pain in daily life.",
    ),
    (
        "Immature",
        "Some patients of the group have not reached the time in question. The number will change, so we do not judge it.",
    ),
    (
        "MME",
        "Morphine milligram equivalents: one scale for the doses of different opioids. It is for counting, not for choosing a dose.",
    ),
    (
        "No control group",
        "Nobody knows how these patients would have done without treatment. The results alone do not show what treatment did.",
    ),
    ("Regression to the mean", "People come when they feel worst. Many would feel somewhat better later in any case."),
    (
        "Snapshot",
        "The records as they were read on one occasion. Its code names them, so that the same numbers can be made again.",
    ),
];

/// The section.
pub(super) fn glossary(context: &Context<'_>) -> String {
    let items: String = WORDS.iter().map(|(word, text)| format!("<dt>{word}</dt><dd>{text}</dd>\n")).collect();
    let answer = format!(
        "These are the words of this report in plain English; what exactly was counted at {} follows below.",
        context.horizon()
    );
    element::section(
        "glossary",
        "What do the words mean?",
        &answer,
        &format!("<dl class=\"glossary\">\n{items}</dl>\n"),
    )
}
