//! Columns the CDM prescribes for each table and nobody reads: they are in every
//! database, so a name says nothing of what is in them. Any other column is the
//! site's own, and judged by its name. CDM 5.3 and 5.4.

pub(super) const DRUG_EXPOSURE: &[&str] = &[
    "drug_exposure_end_date",
    "verbatim_end_date",
    "drug_type_concept_id",
    "stop_reason",
    "refills",
    "sig",
    "lot_number",
    "provider_id",
    "visit_occurrence_id",
    "visit_detail_id",
    "dose_unit_concept_id",
    "effective_drug_dose",
];
pub(super) const OBSERVATION: &[&str] = &[
    "observation_type_concept_id",
    "value_as_concept_id",
    "qualifier_concept_id",
    "unit_concept_id",
    "provider_id",
    "visit_occurrence_id",
    "visit_detail_id",
    "unit_source_value",
    "qualifier_source_value",
    "observation_event_id",
    "obs_event_field_concept_id",
    "value_as_datetime",
    "observation_time",
    "questionnaire_response_id",
];
pub(super) const MEASUREMENT: &[&str] = &[
    "measurement_time",
    "measurement_type_concept_id",
    "value_as_concept_id",
    "unit_concept_id",
    "range_low",
    "range_high",
    "provider_id",
    "visit_occurrence_id",
    "visit_detail_id",
    "unit_source_value",
    "unit_source_concept_id",
    "measurement_event_id",
    "meas_event_field_concept_id",
    "value_as_datetime",
];
pub(super) const PROCEDURE_OCCURRENCE: &[&str] = &[
    "procedure_end_date",
    "procedure_end_datetime",
    "procedure_type_concept_id",
    "modifier_concept_id",
    "quantity",
    "provider_id",
    "visit_occurrence_id",
    "visit_detail_id",
    "modifier_source_value",
    "procedure_time",
    "qualifier_concept_id",
    "qualifier_source_value",
];
pub(super) const PERSON: &[&str] = &[
    "location_id",
    "month_of_birth",
    "day_of_birth",
    "birth_datetime",
    "race_concept_id",
    "ethnicity_concept_id",
    "provider_id",
    "person_source_value",
    "gender_source_concept_id",
    "race_source_value",
    "race_source_concept_id",
    "ethnicity_source_value",
    "ethnicity_source_concept_id",
    "time_of_birth",
    "death_datetime",
];
pub(super) const DEATH: &[&str] =
    &["death_type_concept_id", "cause_concept_id", "cause_source_value", "cause_source_concept_id"];
pub(super) const OBSERVATION_PERIOD: &[&str] = &[
    "observation_period_id",
    "observation_period_start_date",
    "observation_period_end_date",
    "period_type_concept_id",
];
pub(super) const CONDITION_OCCURRENCE: &[&str] = &[
    "condition_start_date",
    "condition_start_datetime",
    "condition_end_date",
    "condition_end_datetime",
    "condition_type_concept_id",
    "stop_reason",
    "provider_id",
    "visit_occurrence_id",
    "visit_detail_id",
    "condition_status_source_value",
];
