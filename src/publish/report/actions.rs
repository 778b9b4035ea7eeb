//! What to do about the data: at most five plain actions, each with its site, its
//! number and its reason, and none where there is nothing to do.

use super::sections::Material;
use super::select::{self, Query};
use super::{element, words};
use crate::derive::status::REASON_UNKNOWN;
use crate::derive::strata::{BASELINE_DAY, DAY_0, DEPRESSION, NOT_ASKED};
use crate::estimate::analysis::safety::ASKED;
use crate::estimate::analysis::status;
use crate::estimate::analysis::strata::RESPONSE;
use crate::estimate::result::Estimand;
use crate::publish::chart::svg::escape;
use crate::publish::results::ResultRow;

/// More than every tenth patient of whom something is not known (product decision).
const MANY: u64 = 10;
/// After fewer infusions than this nobody asking is worth a line (product decision).
const ASKED_OFTEN: f64 = 0.95;
/// Below this retention the loss is worth a line (usual trial rule of thumb).
const SEEN_OFTEN: f64 = 0.80;

/// The list; empty where there is nothing to do.
pub(super) fn list(material: Material<'_>) -> String {
    let actions = [reasons, follow_up, infusions, first_scores, depression];
    let items: String =
        actions.iter().filter_map(|action| action(material)).map(|item| format!("<li>{item}</li>\n")).collect();
    if items.is_empty() {
        return String::new();
    }
    let over = Query::rate(material.context.response(), select::by_condition(material.released), material.context)
        .find(material.released)
        .map_or_else(String::new, |row| format!(" Patients counted: {}.", words::cohort(row)));
    format!(
        "<h3>What to do about the data</h3>\n<p class=\"note\">In the order in which it would help this report most.{over}</p>\n<ul>\n{items}</ul>\n"
    )
}

/// Everyone a site's list would be cut from: the cohort of the tables by condition.
fn everyone(material: Material<'_>) -> Option<&ResultRow> {
    let Material { released, context, .. } = material;
    Query::rate(RESPONSE, select::by_condition(released), context).find(released)
}

/// Whether a count is more than a tenth of another; both must be shown.
fn many(part: &ResultRow, whole: &ResultRow) -> bool {
    part.n.zip(whole.n).is_some_and(|(part, whole)| part * MANY > whole)
}

fn reasons(material: Material<'_>) -> Option<String> {
    let Material { released, context, .. } = material;
    let counts = Query {
        statistic: "count",
        estimand: Estimand::Oc,
        stratum: status::SPLIT,
        ..Query::rate(status::STATUS, select::by_condition(released), context)
    };
    let row = counts.rows(released).find(|row| row.stratum_level == REASON_UNKNOWN)?;
    row.value.filter(|patients| *patients > 0.0)?;
    Some(format!(
        "<strong>{}: write down why a patient leaves.</strong> {} patients had no score at {} and no reason on record, such as death, moving away or no relief. Nobody can say what became of them.",
        places(material),
        element::number(row),
        context.horizon()
    ))
}

fn follow_up(material: Material<'_>) -> Option<String> {
    let Material { released, context, .. } = material;
    let query =
        Query { estimand: Estimand::Oc, ..Query::rate(select::RETENTION, select::by_condition(released), context) };
    let (site, row) = lowest(material, query, SEEN_OFTEN)?;
    Some(format!(
        "<strong>{site}: ask more patients for a pain score at {}.</strong> {} of those due gave one ({}){}. The others count as not better.",
        context.horizon(),
        element::of(row),
        element::number(row),
        fewest(material)
    ))
}

fn infusions(material: Material<'_>) -> Option<String> {
    let Material { released, .. } = material;
    let query = Query { population: select::by_condition(released), ..Query::to_date(ASKED, "infusions_asked_share") };
    let (site, row) = lowest(material, query, ASKED_OFTEN)?;
    Some(format!(
        "<strong>{site}: ask about side effects after every infusion.</strong> It was done after {} of infusions{}. An infusion nobody asked about is in no rate.",
        element::number(row),
        fewest(material)
    ))
}

fn first_scores(material: Material<'_>) -> Option<String> {
    let (row, all) = level(material, BASELINE_DAY, DAY_0)?;
    many(row, all).then(|| {
        format!(
            "<strong>{}: take the first pain score before the day of the first infusion.</strong> For {} of {} patients it is from the day itself. It may have been taken after the infusion, which would make the change look smaller.",
            places(material),
            element::size(row),
            element::size(all)
        )
    })
}

fn depression(material: Material<'_>) -> Option<String> {
    let (row, all) = level(material, DEPRESSION, NOT_ASKED)?;
    many(row, all).then(|| {
        format!(
            "<strong>{}: ask every patient the PHQ-9 before treatment.</strong> {} of {} patients were not asked, so nobody knows whether they were depressed.",
            places(material),
            element::size(row),
            element::size(all)
        )
    })
}

/// One level of a split, and everyone.
fn level<'r>(material: Material<'r>, stratum: &str, level: &str) -> Option<(&'r ResultRow, &'r ResultRow)> {
    let Material { released, context, .. } = material;
    let query = Query { stratum, ..Query::rate(RESPONSE, select::by_condition(released), context) };
    let row = query.rows(released).find(|row| row.stratum_level == level)?;
    Some((row, everyone(material)?))
}

/// The site with the lowest share, where that is below what is wanted; hidden
/// sites are not among them. Of two alike the first in report order.
fn lowest<'r>(material: Material<'r>, query: Query<'_>, wanted: f64) -> Option<(String, &'r ResultRow)> {
    let sites = &material.context.sites;
    let of = |site: &String| {
        let row = Query { site, ..query }.find(material.released)?;
        row.value.filter(|share| *share < wanted).map(|share| (share, escape(site), row))
    };
    let found = sites.iter().filter_map(of).reduce(|low, next| if next.0 < low.0 { next } else { low });
    found.map(|(_, site, row)| (site, row))
}

/// Said of the lowest of several sites.
fn fewest(material: Material<'_>) -> &'static str {
    if material.context.sites.len() > 1 { ", the lowest share among the sites shown" } else { "" }
}

/// Whom an action without a number by site is for.
fn places(material: Material<'_>) -> String {
    match material.context.sites.as_slice() {
        [only] => escape(only),
        _ => "All sites".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::list;
    use crate::derive::status::REASON_UNKNOWN;
    use crate::derive::strata::{BASELINE_DAY, DAY_0, DEPRESSION, NOT_ASKED};
    use crate::estimate::analysis::{safety::ASKED, status, strata::RESPONSE};
    use crate::estimate::result::{Estimand, Population};
    use crate::publish::report::fixture::{Clinic, hidden, rate};
    use crate::publish::report::sections::Material;
    use crate::publish::results::{Released, ResultRow};

    fn of(measure: &str, row: ResultRow) -> ResultRow {
        let result_id = format!("{measure}/{}/{}", row.site, row.stratum_level);
        ResultRow { result_id, measure_id: measure.to_owned(), population: Population::RollingYear, ..row }
    }

    fn seen(site: &str, row: ResultRow) -> ResultRow {
        of("retention", ResultRow { site: site.to_owned(), condition: "all".to_owned(), estimand: Estimand::Oc, ..row })
    }

    fn asked(site: &str, share: f64) -> ResultRow {
        let row = seen(site, rate(1, 2));
        let horizon = "all".to_owned();
        of(ASKED, ResultRow { statistic: "infusions_asked_share".to_owned(), value: Some(share), horizon, ..row })
    }

    fn split(measure: &str, stratum: &str, level: &str, patients: u64) -> ResultRow {
        let (stratum_name, stratum_level) = (stratum.to_owned(), level.to_owned());
        of(measure, ResultRow { stratum_name, stratum_level, ..rate(patients / 2, patients) })
    }

    fn unexplained(patients: u64) -> ResultRow {
        let row = split(status::STATUS, status::SPLIT, REASON_UNKNOWN, patients);
        let unit = "patients".to_owned();
        ResultRow { statistic: "count".to_owned(), value: Some(patients as f64), unit, estimand: Estimand::Oc, ..row }
    }

    fn written(sites: &[&str], mut rows: Vec<ResultRow>) -> String {
        let sites = sites.iter().map(|site| (*site).to_owned()).collect();
        let clinic = Clinic { sites, ..Clinic::new(1) };
        let protocol = clinic.protocol();
        // The cohort of the tables by condition is the year where a condition has rows.
        rows.push(of("retention", ResultRow { condition: "c0".to_owned(), ..rate(9, 10) }));
        rows.push(of(RESPONSE, rate(500, 1_000)));
        let released = Released::fixture(rows, protocol.disclosure.clone());
        list(Material { released: &released, context: &clinic.context(&protocol), charts: &[] }).replace('\u{A0}', " ")
    }

    #[test]
    fn every_action_has_its_site_its_number_and_its_reason() {
        let rows = vec![
            seen("a", rate(79, 100)),
            seen("b", rate(70, 100)),
            seen("c", hidden("fewer than 5")),
            asked("a", 0.8),
            asked("b", 0.9),
            split(RESPONSE, BASELINE_DAY, DAY_0, 304),
            split(RESPONSE, DEPRESSION, NOT_ASKED, 411),
            unexplained(321),
        ];
        let html = written(&["a", "b", "c"], rows);
        assert_eq!(html.matches("<li><strong>").count(), 5, "{html}");
        for said in ["All sites: write down why a patient leaves", "b: ask more patients", "a: ask about side effects"]
        {
            assert!(html.contains(said), "{said} in {html}");
        }
        for number in [">321<", ">70 of 100<", ">80 %<", ">304<", ">411<"] {
            let bound = html.find(number).and_then(|at| html[..at].rfind("data-result=")).is_some();
            assert!(bound, "{number} in {html}");
        }
    }

    #[test]
    fn where_there_is_nothing_to_do_nothing_is_said() {
        let good = vec![
            seen("a", rate(80, 100)),
            asked("a", 0.95),
            split(RESPONSE, BASELINE_DAY, DAY_0, 100),
            split(RESPONSE, DEPRESSION, NOT_ASKED, 0),
            unexplained(0),
        ];
        assert_eq!(written(&["a"], good), "");
        assert_eq!(written(&["a"], vec![seen("a", hidden("fewer than 5"))]), "", "a hidden number asks for nothing");
        let html = written(&["a"], vec![seen("a", rate(70, 100)), unexplained(9)]);
        assert!(html.contains("a: write down") && !html.contains("lowest share"), "one site is not compared: {html}");
    }
}
