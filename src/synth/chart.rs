//! One patient's paper chart: lines of canonical CSV, by table, not yet in any file.

use std::fmt::{Arguments, Write};

use super::calendar::{DATA_CUT, IsoDate};

/// A canonical table; the file is named after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Patients,
    Diagnoses,
    Infusions,
    Assessments,
    Prescriptions,
    MedicationReviews,
    AdverseEvents,
    TherapySessions,
    Withdrawals,
    Departures,
}

impl Table {
    /// Every table, in the order their lines are written.
    pub(super) const ALL: [Self; 10] = [
        Self::Patients,
        Self::Diagnoses,
        Self::Infusions,
        Self::Assessments,
        Self::Prescriptions,
        Self::MedicationReviews,
        Self::AdverseEvents,
        Self::TherapySessions,
        Self::Withdrawals,
        Self::Departures,
    ];

    /// The tables of a plan; one without departures has no file of them.
    pub(super) fn of_plan(departures: bool) -> &'static [Self] {
        const ALL: &[Table] = &Table::ALL;
        if departures { ALL } else { ALL.split_last().expect("there are ten").1 }
    }

    /// The file's stem.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::Diagnoses => "diagnoses",
            Self::Infusions => "infusions",
            Self::Assessments => "assessments",
            Self::Prescriptions => "prescriptions",
            Self::MedicationReviews => "medication_reviews",
            Self::AdverseEvents => "adverse_events",
            Self::TherapySessions => "therapy_sessions",
            Self::Withdrawals => "withdrawals",
            Self::Departures => "departures",
        }
    }

    /// The first line of the file.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Patients => "patient_id,sex,birth_year",
            Self::Diagnoses => "patient_id,condition,rank,source_code",
            Self::Infusions => "patient_id,date,dose_mg_per_kg,dose_mg,duration_min,ae_asked",
            Self::Assessments => "patient_id,date,instrument,item,score",
            Self::Prescriptions => {
                "patient_id,start_date,days_supply,drug,strength,unit,quantity,route,indication,row_id"
            }
            Self::MedicationReviews => "patient_id,date,complete",
            Self::AdverseEvents => "patient_id,date,term,grade,serious",
            Self::TherapySessions => "patient_id,date,kind",
            Self::Withdrawals => "patient_id,effective_date,scope",
            Self::Departures => "patient_id,date,departure",
        }
    }

    /// Whether a patient has so many lines here that the file is worth compressing.
    pub(super) fn is_large(self) -> bool {
        !matches!(self, Self::Patients | Self::Diagnoses | Self::Withdrawals | Self::Departures)
    }
}

/// The lines of one patient.
#[derive(Debug)]
pub(super) struct Chart {
    code: String,
    lines: [String; Table::ALL.len()],
    prescriptions: u32,
    /// Last day anything is recorded.
    until: i32,
}

impl Chart {
    pub(super) fn new(code: String) -> Self {
        Self { code, lines: Default::default(), prescriptions: 0, until: DATA_CUT }
    }

    /// Records nothing after `day`: whoever has left is not seen again.
    pub(super) fn end(&mut self, day: i32) {
        self.until = self.until.min(day);
    }

    /// Adds a line that belongs to no day.
    pub(super) fn state(&mut self, table: Table, fields: Arguments<'_>) {
        let page = &mut self.lines[table as usize];
        writeln!(page, "{},{fields}", self.code).expect("writing to a string cannot fail");
    }

    /// Adds a line for something that happened on `day`.
    ///
    /// This is the one place that knows the data cut: what would happen later is not recorded.
    pub(super) fn record(&mut self, table: Table, day: i32, fields: Arguments<'_>) {
        if day <= self.until {
            self.state(table, format_args!("{},{fields}", IsoDate(day)));
        }
    }

    /// Adds a prescription, giving it the row id that tells a repeated export from a second script.
    pub(super) fn prescribe(&mut self, day: i32, fields: Arguments<'_>) {
        self.prescriptions += 1;
        let row_id = format!("{}-{}", self.code, self.prescriptions);
        self.record(Table::Prescriptions, day, format_args!("{fields},{row_id}"));
    }

    /// The lines of one table, without their line ends.
    pub(super) fn lines(&self, table: Table) -> impl Iterator<Item = &str> {
        self.lines[table as usize].lines()
    }
}
