//! Periods that stand out, told as the runs they form: twelve months of one run
//! are one finding and not twelve.

use super::{Course, Material, courses, marked};
use crate::estimate::statistics::signals::Rule;
use crate::publish::chart::svg::escape;
use crate::publish::reading::trend::{SIGNALS, Variation};
use crate::publish::report::{element, words};
use crate::publish::results::ResultRow;

/// Neighboring periods that stand out the same way; never empty.
pub(super) struct Run<'a> {
    rows: Vec<&'a ResultRow>,
    /// What they say.
    pub(super) state: Variation,
}

impl<'a> Run<'a> {
    /// The runs of a measure, in order of time. A period that is hidden, not
    /// judged or within chance ends a run.
    pub(super) fn of(course: &Course<'a>) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        let mut goes_on = false;
        for row in course.rows(SIGNALS) {
            let stands_out = row.value.is_some_and(|rules| rules > 0.0);
            let Some(state) = Variation::of(row).filter(|_| stands_out) else {
                goes_on = false;
                continue;
            };
            match runs.last_mut().filter(|run| goes_on && run.state == state) {
                Some(run) => run.rows.push(row),
                None => runs.push(Self { rows: vec![row], state }),
            }
            goes_on = true;
        }
        runs
    }

    pub(super) fn first(&self) -> &'a ResultRow {
        self.rows[0]
    }

    pub(super) fn last(&self) -> &'a ResultRow {
        self.rows[self.rows.len() - 1]
    }

    /// `12 months`.
    pub(super) fn length(&self, course: &Course<'_>) -> String {
        words::plural(self.rows.len(), course.cut())
    }

    /// `from Sep 2024 to Aug 2025 (12 months)`, `in Aug 2025`.
    pub(super) fn when(&self, course: &Course<'_>) -> String {
        match self.rows.as_slice() {
            [only] => format!("in {}", course.when(only)),
            _ => {
                format!("from {} to {} ({})", course.when(self.first()), course.when(self.last()), self.length(course))
            }
        }
    }

    /// Every rule one of its periods breaks, in the words of the last that does.
    fn rules(&self, course: &Course<'_>) -> String {
        let broken = |rule: Rule| {
            let last = self.rows.iter().rev().find(|row| Variation::rules(row).contains(&rule))?;
            Some(course.rule(rule, last))
        };
        let spoken: Vec<String> = Rule::ALL.into_iter().filter_map(broken).collect();
        words::at_start(&spoken.join("; "))
    }

    /// The lowest and the highest number among its periods.
    fn numbers(&self, course: &Course<'_>) -> String {
        let numbers = self.rows.iter().filter_map(|row| course.beside(row, course.headline.statistic));
        let mut numbers: Vec<&ResultRow> = numbers.filter(|row| row.value.is_some()).collect();
        numbers.sort_by(|one, other| one.value.partial_cmp(&other.value).expect("no result is NaN"));
        match numbers.as_slice() {
            [] => element::cell(None, element::fine),
            [only] => element::fine_compact(only),
            [lowest, .., highest] => format!("{} to {}", element::fine(lowest), element::fine(highest)),
        }
    }

    fn row(&self, course: &Course<'_>) -> Vec<String> {
        let period = match self.rows.as_slice() {
            [only] => course.when(only),
            _ => format!("{} to {}", course.when(self.first()), course.when(self.last())),
        };
        vec![
            course.name(),
            escape(&period),
            self.length(course),
            self.numbers(course),
            marked(self.state, self.last(), course),
            self.rules(course),
        ]
    }
}

/// One row for every run of periods that stand out, and which rule says so.
pub(super) fn table(material: Material<'_>) -> String {
    let rows: Vec<Vec<String>> = courses(material)
        .iter()
        .filter(|course| course.judged)
        .flat_map(|course| Run::of(course).iter().map(|run| run.row(course)).collect::<Vec<_>>())
        .collect();
    if rows.is_empty() {
        return "<p>No judged period of a headline measure stands out.</p>\n".to_owned();
    }
    let columns = [
        element::words_column("Measure"),
        element::words_column("From, to"),
        element::words_column("How long"),
        element::number_column("Lowest to highest"),
        element::words_column("Meaning"),
        element::words_column("Which rule says so"),
    ];
    element::table("Periods that stand out", &columns, &rows)
}

#[cfg(test)]
mod tests {
    use crate::estimate::result::{Estimand, Population};
    use crate::model::calendar::Period;
    use crate::publish::reading::trend::{CENTRE, POINTS, SIGNALS, VARIATION};
    use crate::publish::report::fixture::{Clinic, change, rate};
    use crate::publish::report::sections::Material;
    use crate::publish::report::trends::section;
    use crate::publish::results::{Released, ResultRow};

    /// A month of pain change: its mean, the center line and what the rules say.
    fn month(number: u32, value: f64, message: &str) -> Vec<ResultRow> {
        let period = Period::Month(2025, number);
        let of = |base: ResultRow, statistic: &str, value: f64, message: Option<String>| ResultRow {
            result_id: format!("{}/{number}/{statistic}", base.measure_id),
            population: Population::Month,
            period_start: Some(period.first_day()),
            period_end: Some(period.last_day()),
            statistic: statistic.to_owned(),
            value: Some(value),
            message,
            estimand: Estimand::Oc,
            ..base
        };
        let mean = || change(value, value - 0.5, value + 0.5);
        let rules = if message == "common_cause" { 0.0 } else { 1.0 };
        let mut rows = vec![
            of(mean(), "mean", value, None),
            of(mean(), CENTRE, -3.0, None),
            of(mean(), SIGNALS, rules, Some(message.to_owned())),
        ];
        if number == 12 {
            rows.push(of(mean(), POINTS, 12.0, None));
            rows.push(of(mean(), VARIATION, rules, Some(message.to_owned())));
            let response = || ResultRow { estimand: Estimand::Nri, ..rate(51, 100) };
            for (statistic, value) in [("rate", 0.51), (CENTRE, 0.5), (SIGNALS, 0.0), (VARIATION, 0.0)] {
                let row = of(response(), statistic, value, Some("common_cause".to_owned()));
                rows.push(ResultRow { estimand: Estimand::Nri, ..row });
            }
        }
        rows
    }

    fn written(months: &[&str]) -> String {
        let clinic = Clinic::new(1);
        let protocol = clinic.protocol();
        let rows = months.iter().zip(1_u32..).flat_map(|(message, number)| month(number, -2.9, message)).collect();
        let released = Released::fixture(rows, protocol.disclosure.clone());
        let html = section(Material { released: &released, context: &clinic.context(&protocol), charts: &[] });
        html.replace('\u{A0}', " ")
    }

    const CHANCE: &str = "common_cause";
    const WORSE: &str = "special_cause_concern: shift_of_seven";
    const BETTER: &str = "special_cause_improvement: outside_limits";

    #[test]
    fn a_run_is_one_row_however_long() {
        let runs = [WORSE, WORSE, WORSE, WORSE, WORSE, WORSE, WORSE, CHANCE, BETTER, WORSE, CHANCE, CHANCE];
        let html = written(&runs);
        let table = html.split("Periods that stand out</span>").nth(1).expect("there is such a table");
        let table = table.split("</table>").next().expect("it ends");
        assert_eq!(table.matches("<tr>").count(), 1 + 3, "the heading and three runs: {table}");
        assert!(table.contains("Jan 2025 to Jul 2025</td><td>7 months"), "{table}");
        assert!(table.contains("7 months in a row on one side of the center line, on average 0.10 points above it"));
        assert!(table.contains("Sep 2025</td><td>1 month<") && table.contains("Outside the control limits"), "{table}");
        assert_eq!(table.matches('▲').count(), 2, "more pain is upwards, as on the chart: {table}");
        assert_eq!(table.matches('▼').count(), 1, "{table}");
    }

    #[test]
    fn the_answer_speaks_of_every_headline_measure() {
        let months = |last: &'static str| [&[WORSE; 7][..], &[CHANCE; 4], &[last]].concat();
        let chance = written(&months(CHANCE));
        assert!(chance.contains("Pain change is also within the usual variation."), "{chance}");
        let before = "Pain change last stood out for the worse from Jan 2025 to Jul 2025 (7 months); since then chance explains it.";
        assert!(chance.contains(before), "{chance}");
        let now = written(&months(WORSE));
        assert!(now.contains("In Dec 2025 pain change was") && !now.contains("last stood out"), "{now}");
        assert!(now.contains("special cause, for the worse (one of seven or more in a row"), "{now}");
    }
}
