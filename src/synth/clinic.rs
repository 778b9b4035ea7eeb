//! The clinics: how big they are and how well they keep their books.

/// One clinic's habits. Probabilities are per mille.
#[derive(Debug)]
pub(super) struct Clinic {
    /// 0 for the first.
    pub(super) place: usize,
    /// Folder name.
    pub(super) name: String,
    /// Size relative to the others.
    pub(super) weight: u32,
    /// Factor on the chance that a patient stays in care.
    pub(super) follow_up: u32,
    /// Chance that the adverse-event form of an infusion came back.
    pub(super) ae_asked: u32,
    /// Share of patients on the visual analogue scale.
    pub(super) vas: u32,
    /// Share of patients given the mood questionnaires.
    pub(super) mood: u32,
    /// What the clinic puts in the `item` column of a pain score.
    pub(super) item: &'static str,
}

impl Clinic {
    fn new(number: u32, name: &str, weight: u32, [follow_up, ae_asked, vas, mood]: [u32; 4]) -> Self {
        let item = if name == "south" { "" } else { "average" };
        let place = usize::try_from(number - 1).expect("at most 99 clinics");
        Self { place, name: name.to_owned(), weight, follow_up, ae_asked, vas, mood, item }
    }
}

/// The first `count` clinics; north, south and west are always the first three.
pub(super) fn clinics(count: u32) -> Vec<Clinic> {
    (1..=count).map(clinic).collect()
}

fn clinic(number: u32) -> Clinic {
    match number {
        1 => Clinic::new(number, "north", 45, [1000, 950, 60, 800]),
        2 => Clinic::new(number, "south", 33, [930, 780, 100, 600]),
        3 => Clinic::new(number, "west", 22, [970, 880, 300, 700]),
        _ => Clinic::new(number, &format!("clinic-{number:02}"), 20, [950, 850, 100, 650]),
    }
}
