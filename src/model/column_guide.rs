//! What to write in each column of an input file, with an example.

/// A column's meaning.
#[derive(Clone, Copy, Debug)]
pub struct ColumnGuide {
    /// Name in the header.
    pub name: &'static str,
    /// What it holds and in which unit.
    pub meaning: &'static str,
    /// A cell as a clinic would write it.
    pub example: &'static str,
}

const fn guide(name: &'static str, meaning: &'static str, example: &'static str) -> ColumnGuide {
    ColumnGuide { name, meaning, example }
}

/// Every column of every input table, each once.
pub const COLUMN_GUIDE: [ColumnGuide; 37] = [
    guide("patient_id", "the clinic's own pseudonymous code, the same in every file", "K7M2QX"),
    guide("site", "code of the clinic, where one file holds several", "north"),
    guide(
        "row_id",
        "number of the row in the system it came from; a repeated one is a copy (stored as a keyed number of ours)",
        "88213",
    ),
    guide("date", "day of the event, ISO", "2026-03-14"),
    guide("day", "the same as days since the patient's first infusion, 0 or more, negative before", "-6"),
    guide("start_date", "day the prescription was dispensed, ISO", "2026-03-01"),
    guide("start_day", "the same as days since the patient's first infusion", "-13"),
    guide("effective_date", "day consent was withdrawn, ISO", "2026-05-02"),
    guide("effective_day", "the same as days since the patient's first infusion", "49"),
    guide("sex", "F, M, X or U", "F"),
    guide("birth_year", "year of birth; made 90 years ago at most", "1968"),
    guide("age", "in whole years at the data cut, instead of birth_year", "57"),
    guide("index_period", "quarter or year of the first infusion, for files with study days", "2026Q1"),
    guide("condition", "pack code, alias or ICD-10-CM code", "crps_1"),
    guide("rank", "1 for the condition treated, 2 for the next", "1"),
    guide("source_code", "the ICD-10-CM code it was recorded under", "G90.511"),
    guide("dose_mg_per_kg", "ketamine given, mg per kg of body weight", "0.5"),
    guide("dose_mg", "ketamine given, mg", "40"),
    guide("duration_min", "length of the infusion, minutes", "45"),
    guide("ae_asked", "whether the patient was asked about adverse events: yes or no", "yes"),
    guide("instrument", "which questionnaire", "pain_nrs"),
    guide("item", "which pain: average, worst, least or now", "average"),
    guide("score", "as on the form", "7"),
    guide("days_supply", "days the quantity lasts, as dispensed", "30"),
    guide("drug", "pack code, alias or RxNorm ingredient", "oxycodone"),
    guide("strength", "of one tablet, film or patch", "5"),
    guide("unit", "of the strength: mg, mcg, or mcg/h for patches", "mg"),
    guide("quantity", "tablets, films or patches dispensed", "60"),
    guide("route", "oral, transdermal, …", "oral"),
    guide("indication", "pain, or oud for treatment of opioid use disorder", "pain"),
    guide("complete", "whether the whole medication list was gone through: yes or no", "yes"),
    guide("term", "what happened, as a short code", "nausea"),
    guide("grade", "CTCAE grade, 1 to 5", "2"),
    guide("serious", "whether it was serious: yes or no", "no"),
    guide("kind", "of the session: psychotherapy, pain_reprogramming, …", "psychotherapy"),
    guide("departure", "why nobody could be asked from that day on: died, withdrew, moved or other", "moved"),
    guide("scope", "all, or research_only", "all"),
];

impl ColumnGuide {
    /// The guide to a column.
    pub fn find(name: &str) -> Option<&'static Self> {
        COLUMN_GUIDE.iter().find(|guide| guide.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{COLUMN_GUIDE, ColumnGuide};
    use crate::model::table::{INPUT_TABLES, InputTable};

    #[test]
    fn every_column_has_its_guide_and_every_guide_its_column() {
        let columns: BTreeSet<&str> = INPUT_TABLES.iter().flat_map(InputTable::header_names).collect();
        assert!(columns.iter().all(|name| ColumnGuide::find(name).is_some()), "{columns:?}");
        assert!(COLUMN_GUIDE.iter().all(|guide| columns.contains(guide.name)));
    }
}
