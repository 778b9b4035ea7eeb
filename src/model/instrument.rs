//! Questionnaires and their ranges.

/// A patient-reported scale. Scores are held in tenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Stable id, as written in `assessments.instrument`.
    pub id: &'static str,
    /// Name in the report.
    pub label: &'static str,
    /// Lowest score as written, in tenths.
    pub min_x10: i32,
    /// Highest score as written, in tenths.
    pub max_x10: i32,
    /// Divide the score as written by this to reach the stored scale (VAS
    /// millimetres become the 0–10 scale; decimals are kept, never rounded).
    pub divisor: i32,
    /// Whether only whole numbers are possible.
    pub whole: bool,
    /// Whether it is a mean or a T-score, which programs write with more decimals
    /// than forms have: stored to the nearest tenth, halves upwards. A fall of one
    /// point in a mean of seven answers stays one, whatever the rounding.
    pub mean: bool,
}

/// Order is the report's. Ranges: definitions, measures.md §1 and §4.
pub const INSTRUMENTS: [Instrument; 11] = [
    scale("pain_nrs", "Pain, 0–10 numeric rating", 0, 100, false),
    Instrument {
        id: "pain_vas_mm",
        label: "Pain, 0–100 mm visual analogue",
        min_x10: 0,
        max_x10: 1000,
        divisor: 10,
        whole: true,
        mean: false,
    },
    scale("phq9", "Depression, PHQ-9", 0, 270, true),
    scale("gad7", "Anxiety, GAD-7", 0, 210, true),
    scale("pcl5", "Post-traumatic stress, PCL-5", 0, 800, true),
    mean("bpi_severity", "Pain severity, BPI", 0, 100),
    mean("bpi_interference", "Pain interference, BPI", 0, 100),
    scale("pgic", "Patient's impression of change, PGIC", 10, 70, true),
    scale("pcs", "Catastrophizing, PCS", 0, 520, true),
    scale("pseq", "Self-efficacy, PSEQ", 0, 600, true),
    mean("promis_pi", "Pain interference, PROMIS T-score", 0, 1000),
];

const fn scale(id: &'static str, label: &'static str, min_x10: i32, max_x10: i32, whole: bool) -> Instrument {
    Instrument { id, label, min_x10, max_x10, divisor: 1, whole, mean: false }
}

const fn mean(id: &'static str, label: &'static str, min_x10: i32, max_x10: i32) -> Instrument {
    Instrument { mean: true, ..scale(id, label, min_x10, max_x10, false) }
}

impl Instrument {
    /// The instrument with this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        INSTRUMENTS.iter().find(|instrument| instrument.id == id)
    }
}
