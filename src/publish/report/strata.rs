//! Response by exposure, adjuncts and comorbidity: groups, not causes.

use super::sections::Material;
use super::select::{self, Query};
use super::{element, words};
use crate::derive::strata::STRATA;
use crate::estimate::analysis::strata::RESPONSE;
use crate::estimate::result::Estimand;
use crate::publish::chart::svg::escape;

/// Said in the row itself: who left early can have had no booster, so the groups
/// differ in how long they stayed before they differ in anything else.
fn cannot_compare(stratum: &str) -> bool {
    stratum == "boosters_before"
}

const NOT_COMPARABLE: &str = "<span class=\"unknown\">not comparable</span>";

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let population = select::by_condition(released);
    let overall = Query::rate(RESPONSE, population, context);
    let Some(margin) = overall.find(released) else {
        return element::section(
            "groups",
            "Do groups of patients differ?",
            "Nobody is due yet, so nothing can be said.",
            "",
        );
    };
    let mut rows = Vec::new();
    for stratum in &STRATA {
        let query = Query { stratum: stratum.id, ..overall };
        let apart = cannot_compare(stratum.id);
        for (level, label) in stratum.levels {
            let find = |estimand| Query { estimand, ..query }.rows(released).find(|row| row.stratum_level == *level);
            let Some(row) = find(Estimand::Nri) else { continue };
            // A level nobody is in says nothing; a hidden one is named.
            if row.n == Some(0) {
                continue;
            }
            rows.push(vec![
                escape(&format!("{}: {label}", stratum.label)),
                element::size(row),
                if apart { NOT_COMPARABLE.to_owned() } else { element::compact(row) },
                if apart { NOT_COMPARABLE.to_owned() } else { element::cell(find(Estimand::Oc), element::compact_of) },
            ]);
        }
    }
    let columns = [
        element::words_column("Group"),
        element::number_column("Patients"),
        element::number_column("Responded, missing = no"),
        element::number_column("Observed only"),
    ];
    let answer = format!(
        "Overall {} of {} patients {} at {}; the groups below show who they were, not what helped: nobody was assigned to a group.",
        element::number(margin),
        element::size(margin),
        escape(&context.phrase(context.response())),
        context.horizon()
    );
    let note = "<p class=\"note\">Every group is formed by what was known before the outcome: the induction course, therapy sessions up to day 14, boosters before the window opened, diagnoses and scores before treatment. Less pain before treatment leaves less room for a fall. Doses and sessions follow the patient’s state, so a difference can run either way. Boosters go to patients who stayed, came back and may have asked for more because it helped or because it no longer did: only who stayed and came back can have had one (immortal time). Their rates say nothing of what boosters do and are left to the spreadsheet. Depression, anxiety and post-traumatic stress: a diagnosis on record, or PHQ-9 or GAD-7 at 10, PCL-5 at 31 or more.</p>\n";
    let table = element::table(&format!("Response by group: {}", words::cohort(margin)), &columns, &rows);
    element::section("groups", "Do groups of patients differ?", &answer, &(table + note))
}
