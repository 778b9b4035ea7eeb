//! Words of the code columns no pack lists. A word that is neither here nor in
//! a pack may be a name or a number of somebody, and is never stored.

/// Stands for a word that is in no list.
pub const OTHER: &str = "other";

/// Routes outside outpatient MME (definitions, mme_method.md).
pub const PARENTERAL_ROUTES: [&str; 30] = [
    "iv",
    "im",
    "sc",
    "sq",
    "iv_im",
    "im_iv",
    "iv_push",
    "ivp",
    "iv_bolus",
    "iv_drip",
    "iv_infusion",
    "ivpb",
    "iv_pca",
    "pca",
    "injection",
    "injected",
    "injectable",
    "parenteral",
    "intravenous",
    "intra_venous",
    "intravenously",
    "intramuscular",
    "intra_muscular",
    "subcutaneous",
    "sub_cutaneous",
    "subq",
    "subcut",
    "infusion",
    "intrathecal",
    "epidural",
];

/// Routes whose doses are those of the factors.
const OUTPATIENT_ROUTES: [&str; 35] = [
    "oral",
    "by_mouth",
    "po",
    "mouth",
    "transdermal",
    "patch",
    "via_patch",
    "topical",
    "sublingual",
    "under_the_tongue",
    "sl",
    "buccal",
    "transmucosal",
    "nasal",
    "intranasal",
    "inhaled",
    "inhalation",
    "rectal",
    "pr",
    "vaginal",
    "ophthalmic",
    "orally",
    "per_os",
    "oral_route",
    "swallowed",
    "enteral",
    "nasogastric",
    "ng_tube",
    "g_tube",
    "peg_tube",
    "feeding_tube",
    "transdermal_patch",
    "dermal",
    "skin",
    "oromucosal",
];

/// Words that say that nobody knows.
const NO_ROUTE: [&str; 2] = [OTHER, "unknown"];

/// Opioid use disorder as admission writes words: lower case, joined by `_`.
pub const OUD_WORDS: [&str; 4] = ["oud", "opioid_use_disorder", "opioid_dependence", "opioid_addiction"];

/// What else medicines are prescribed for, beside the condition pack.
const INDICATIONS: [&str; 30] = [
    "pain",
    "acute_pain",
    "chronic_pain",
    "severe_pain",
    "cancer_pain",
    "pain_management",
    "post_operative",
    "postoperative",
    "postoperative_pain",
    "procedure",
    "procedural_pain",
    "breakthrough_pain",
    "palliative_care",
    "cough",
    "withdrawal",
    "muscle_spasm",
    "muscle_spasms",
    "spasm",
    "spasms",
    "spasticity",
    "anxiety",
    "anxiety_disorder",
    "panic_disorder",
    "depression",
    "insomnia",
    "sleep",
    "seizure",
    "restless_legs",
    OTHER,
    "unknown",
];

/// Kinds of therapy sessions.
const THERAPY_KINDS: [&str; 14] = [
    "psychotherapy",
    "pain_reprogramming",
    "cbt",
    "act",
    "counseling",
    "integration",
    "mindfulness",
    "biofeedback",
    "hypnosis",
    "physiotherapy",
    "physical_therapy",
    "occupational_therapy",
    "education",
    OTHER,
];

/// Items of an instrument: which pain, or that it is a total.
const ITEMS: [&str; 14] = [
    "average",
    "worst",
    "least",
    "now",
    "current",
    "total",
    "mean",
    "past_week",
    "past_24h",
    "rest",
    "movement",
    "usual",
    "typical",
    OTHER,
];

/// Pain items measures use, most preferred first: IMMPACT and ePPOC report average pain.
pub const PAIN_ITEMS: [&str; 5] = ["average", "", "worst", "least", "now"];

/// The item of a pain scale that a word means.
pub fn pain_item(word: &str) -> &str {
    match word {
        "current" => "now",
        "usual" | "typical" => "average",
        word => word,
    }
}

/// Why nobody could be asked any more, in the order they are reported in.
pub const DEPARTURES: [&str; 4] = ["died", "withdrew", "moved", OTHER];

/// Whether a route is known.
pub fn is_route(word: &str) -> bool {
    PARENTERAL_ROUTES.contains(&word) || is_outpatient_route(word) || NO_ROUTE.contains(&word)
}

/// Whether the factors hold for what is given by this route.
pub fn is_outpatient_route(word: &str) -> bool {
    OUTPATIENT_ROUTES.contains(&word)
}

/// Whether an indication is known, beside those of the condition pack.
pub fn is_indication(word: &str) -> bool {
    OUD_WORDS.contains(&word) || INDICATIONS.contains(&word)
}

/// Whether a kind of session is known.
pub fn is_therapy_kind(word: &str) -> bool {
    THERAPY_KINDS.contains(&word)
}

/// Whether a departure is known.
pub fn is_departure(word: &str) -> bool {
    DEPARTURES.contains(&word)
}

/// Whether an item is known.
pub fn is_item(word: &str) -> bool {
    ITEMS.contains(&word)
}
