//! `truth.json` and `truth.md`: what was planted, what to expect, what came of it.

use std::fs;
use std::io;
use std::path::Path;

use super::calendar::{DATA_CUT, FIRST_START, IsoDate, LAST_MATURE, LAST_START};
use super::clinic::Clinic;
use super::departure::REASONS;
use super::expected::{self, Expected};
use super::mood::MOOD_RESPONSE;
use super::realised::{PainCounts, Realised};
use super::rotation::{NAMES, Rotation};
use super::truth::{
    BASELINE_LOW, BASELINE_ZERO, CONDITIONS, DEEP, FATES, Fate, HORIZONS, MISSED_VISIT, NO_BASELINE, OPIOID_USER,
    REVIEW_COMPLETE, ROTATED, SECOND_SERIES, STOPS_EARLY, WITHDRAWN, WORSE,
};
use super::writer::at;
use super::{Plan, Summary};

/// Writes both descriptions into `dir`.
pub(super) fn write(
    dir: &Path,
    plan: &Plan,
    clinics: &[Clinic],
    summary: &Summary,
    realised: &Realised,
) -> io::Result<()> {
    let mut json = vec![
        format!("  \"plan\": {}", plan_json(plan)),
        format!("  \"dates\": {}", dates_json()),
        format!("  \"probabilities_per_mille\": {}", probabilities_json()),
        format!("  \"clinics\": {}", list(&clinics_json(clinics, summary))),
        format!("  \"horizons\": {}", list(&horizons_json())),
        format!("  \"pain_12w\": {}", pain_json(clinics, realised)),
        format!("  \"opioids_12w\": {}", opioid_json(clinics, realised)),
        format!("  \"defects\": {}", summary.defects),
    ];
    if plan.departures {
        json.push(format!("  \"departures_12w\": {}", departures_json(realised)));
    }
    save(&dir.join("truth.json"), &format!("{{\n{}\n}}\n", json.join(",\n")))?;
    save(&dir.join("truth.md"), &markdown(plan, clinics, summary, realised))
}

fn save(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text).map_err(|error| at(path, &error))
}

/// One JSON array with an element a line, so that a change shows as one changed line.
fn list(elements: &[String]) -> String {
    format!("[\n    {}\n  ]", elements.join(",\n    "))
}

fn plan_json(plan: &Plan) -> String {
    let Plan { patients, seed, clinics, dirty, .. } = plan;
    let only = plan.dirty_clinic.as_ref().map_or("null".to_owned(), |name| format!("\"{name}\""));
    format!(
        "{{\"patients\": {patients}, \"seed\": {seed}, \"clinics\": {clinics}, \
         \"dirty\": {dirty}, \"dirty_clinic\": {only}}}"
    )
}

fn dates_json() -> String {
    let [first, last, cut] = [FIRST_START, LAST_START, DATA_CUT].map(IsoDate);
    format!("{{\"first_start\": \"{first}\", \"last_start\": \"{last}\", \"data_cut\": \"{cut}\"}}")
}

/// The probabilities that hold for every patient, by name.
const COMMON: &[(&str, u32)] = &[
    ("deep_among_responders", DEEP),
    ("worse_among_others", WORSE),
    ("no_baseline", NO_BASELINE),
    ("baseline_zero", BASELINE_ZERO),
    ("baseline_1_to_3", BASELINE_LOW),
    ("missed_visit", MISSED_VISIT),
    ("stops_induction_early", STOPS_EARLY),
    ("second_series", SECOND_SERIES),
    ("opioid_user", OPIOID_USER),
    ("rotated_with_a_new_dose", ROTATED),
    ("review_complete", REVIEW_COMPLETE),
    ("mood_response_of_pain_responders", MOOD_RESPONSE[0]),
    ("mood_response_of_others", MOOD_RESPONSE[1]),
    ("consent_withdrawn", WITHDRAWN),
];

fn probabilities_json() -> String {
    let pairs: Vec<String> = COMMON.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{\n    {}\n  }}", pairs.join(",\n    "))
}

fn clinics_json(clinics: &[Clinic], summary: &Summary) -> Vec<String> {
    let written = clinics.iter().zip(&summary.clinics);
    let object = |(clinic, done): (&Clinic, &super::ClinicSummary)| {
        let rows: Vec<String> = done.tables.iter().map(|t| format!("\"{}\": {}", t.table, t.rows)).collect();
        format!(
            "{{\"name\": \"{}\", \"weight\": {}, \"follow_up_factor\": {}, \"ae_asked\": {}, \
             \"vas\": {}, \"patients\": {}, \"rows\": {{{}}}}}",
            clinic.name,
            clinic.weight,
            clinic.follow_up,
            clinic.ae_asked,
            clinic.vas,
            done.patients,
            rows.join(", ")
        )
    };
    written.map(object).collect()
}

fn horizons_json() -> Vec<String> {
    HORIZONS
        .iter()
        .map(|h| {
            format!(
                "{{\"horizon\": \"{}\", \"target_day\": {}, \"relief_factor\": {}, \
                 \"kept_responder\": {}, \"kept_other\": {}}}",
                h.name, h.target, h.relief, h.kept_responder, h.kept_other
            )
        })
        .collect()
}

fn pain_json(clinics: &[Clinic], realised: &Realised) -> String {
    let all = pain_line("all", 1000, expected::overall(clinics), realised.pain_total());
    let conditions = CONDITIONS.iter().zip(realised.pain).map(|(condition, counts)| {
        let expected = expected::of_condition(condition, clinics);
        pain_line(condition.code, condition.share, expected, counts)
    });
    list(&std::iter::once(all).chain(conditions).collect::<Vec<_>>())
}

fn pain_line(condition: &str, share: u32, expected: Expected, counts: PainCounts) -> String {
    let Expected { response, observed, nri, oc } = expected;
    format!(
        "{{\"condition\": \"{condition}\", \"share\": {share}, \"true_response_30\": {response:.4}, \
         \"expected\": {{\"observed\": {observed:.4}, \"nri\": {nri:.4}, \"oc\": {oc:.4}}}, \
         \"realised\": {{\"patients\": {}, \"eligible\": {}, \"observed\": {}, \
         \"responders_30\": {}, \"responders_50\": {}}}}}",
        counts.patients, counts.eligible, counts.observed, counts.responders_30, counts.responders_50
    )
}

/// Of those who left care, how many per mille say why, and how many had by the
/// end of the window: eligible for the pain response and not observed.
fn departures_json(realised: &Realised) -> String {
    let reasons = REASONS.iter().zip(realised.departures).map(|((reason, often), count)| {
        format!("{{\"departure\": \"{reason}\", \"per_mille_of_those_who_left\": {often}, \"realised\": {count}}}")
    });
    list(&reasons.collect::<Vec<_>>())
}

/// The opioid outcomes the measures report, and the fates that meet them.
const OPIOID_OUTCOMES: &[(&str, &[Fate])] = &[
    ("opioid_reduction_50", &[Fate::Stopped, Fate::Halved]),
    ("opioid_reduction_30", &[Fate::Stopped, Fate::Halved, Fate::Reduced]),
    ("opioid_cessation", &[Fate::Stopped]),
];

fn opioid_json(clinics: &[Clinic], realised: &Realised) -> String {
    let fates = FATES.iter().map(|odds| {
        format!(
            "{{\"fate\": \"{}\", \"responder\": {}, \"other\": {}, \"realised\": {}}}",
            odds.name,
            odds.responder,
            odds.other,
            realised.opioid.of(odds.fate)
        )
    });
    let outcomes = OPIOID_OUTCOMES
        .iter()
        .map(|(name, fates)| format!("\"{name}\": {:.4}", expected::opioid_share(fates, clinics)));
    let flips = NAMES.iter().zip(realised.opioid.flips).map(|(name, count)| {
        let sets: Vec<String> = Rotation::sets_of(name).iter().map(|set| format!("\"{set}\"")).collect();
        format!(
            "{{\"rotation\": \"{name}\", \"flips_under\": [{}], \"realised_by_last_mature_quarter\": {count}}}",
            sets.join(", ")
        )
    });
    format!(
        "{{\n    \"expected_oc\": {{{}}},\n    \"realised\": {{\"users\": {}, \"observed\": {}}},\n    \
         \"fates\": {},\n    \"flips\": {}\n  }}",
        outcomes.collect::<Vec<_>>().join(", "),
        realised.opioid.users,
        realised.opioid.observed,
        list(&fates.collect::<Vec<_>>()),
        list(&flips.collect::<Vec<_>>())
    )
}

fn markdown(plan: &Plan, clinics: &[Clinic], summary: &Summary, realised: &Realised) -> String {
    let [first, last, cut] = [FIRST_START, LAST_START, DATA_CUT].map(IsoDate);
    let opioid = &realised.opioid;
    format!(
        "# Planted truth\n\n\
         {} synthetic patients in {} clinics, seed {}. First infusions from {first} to {last}; \
         nothing is recorded after {cut}. {} defective lines, listed in `defects.csv`. \
         `truth.json` holds the same figures and the rest of the probabilities.\n\n\
         A patient responds at twelve weeks with the condition's true probability. Responders \
         stay in care more often than others, so the observed-case rate is too high and the rate \
         with the missing counted as failures (NRI) too low. Counts are of first series with a \
         baseline above 0 in its window, due at the data cut, consent not withdrawn for all uses.\
         \n\n## Pain down by at least 30 % at twelve weeks\n\n{}\n\
         ## Opioid users at twelve weeks\n\n\
         {} baseline users due, outside cancer pain and opioid use disorder and without an opioid \
         that has no factor; {} of them observed with a completely reviewed list.\n\n{}\n{}",
        plan.patients,
        plan.clinics,
        plan.seed,
        summary.defects,
        pain_table(clinics, realised),
        opioid.users,
        opioid.observed,
        fate_table(realised),
        flip_table(realised)
    )
}

fn pain_table(clinics: &[Clinic], realised: &Realised) -> String {
    let mut table = String::from(
        "| condition | true | expected NRI | expected observed-case | eligible | observed | \
         down 30 % | down 50 % |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (condition, counts) in CONDITIONS.iter().zip(realised.pain) {
        let expected = expected::of_condition(condition, clinics);
        table.push_str(&pain_row(condition.code, expected, counts));
    }
    table + &pain_row("all", expected::overall(clinics), realised.pain_total())
}

fn pain_row(name: &str, expected: Expected, counts: PainCounts) -> String {
    format!(
        "| {name} | {:.3} | {:.3} | {:.3} | {} | {} | {} | {} |\n",
        expected.response,
        expected.nri,
        expected.oc,
        counts.eligible,
        counts.observed,
        counts.responders_30,
        counts.responders_50
    )
}

/// Whose opioid was changed for another so that other factors say another status.
fn flip_table(realised: &Realised) -> String {
    let last = IsoDate(LAST_MATURE);
    let head = format!(
        "| new drug with the new dose | status at 50 % is another under | count, begun by {last} |\n|---|---|--:|\n"
    );
    let rows = NAMES.iter().zip(realised.opioid.flips);
    let rows = rows.map(|(name, count)| format!("| {name} | {} | {count} |\n", Rotation::sets_of(name).join(", ")));
    head + &rows.collect::<String>()
}

fn fate_table(realised: &Realised) -> String {
    let head = "| fate | per mille of responders | per mille of others | count |\n|---|--:|--:|--:|\n";
    let rows = FATES.iter().map(|odds| {
        let count = realised.opioid.of(odds.fate);
        format!("| {} | {} | {} | {count} |\n", odds.name, odds.responder, odds.other)
    });
    head.to_owned() + &rows.collect::<String>()
}
