//! Measures: definitions as data, with their citations.

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;

/// What a measure computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// Share of the eligible with the outcome.
    Proportion,
    /// Follow-up minus baseline on the scale.
    Change,
    /// 100 × (follow-up − baseline) ÷ baseline.
    PercentChange,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A higher value is better.
    Higher,
    /// A lower value is better.
    Lower,
    /// Neither; context only.
    Neutral,
}

/// What else a measure is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The number the report begins with; its follow-up is the retention, and
    /// the flow of patients ends in it.
    Headline,
    /// The change that stands beside the headline.
    ChangeHeadline,
    /// The measure at which the flow of opioid users ends.
    OpioidHeadline,
    /// The percentages of change the responder curve is drawn from.
    ResponderCurve,
}

/// Assumptions about scores that are chosen for being high: without any
/// treatment they change by -(1 - reliability)(mean before - usual).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    /// Correlation of two scores of a patient whose state is the same, from the
    /// least to the most that is plausible.
    pub reliability: [f64; 2],
    /// The mean that scores chosen for being high are drawn towards, the lower
    /// assumption first, in reported units. Assumed, and no bound.
    pub usual: [f64; 2],
    /// Where these come from.
    pub citation: String,
}

/// One measure. `eligible`, `observed`, `outcome` are SQL conditions over the
/// analysis set; `baseline` and `follow_up` are whole-number columns of it.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Stable id.
    pub id: String,
    /// Version of the definition; a change makes a new one.
    pub version: u32,
    /// What is counted, in words.
    pub title: String,
    /// What those with the outcome did, after “of 100 patients”.
    pub phrase: String,
    /// Short name in tables.
    pub label: String,
    /// What it computes.
    pub kind: MeasureKind,
    /// Who is in the denominator.
    pub eligible: Expression,
    /// Of those, whose outcome is known.
    pub observed: Expression,
    /// Proportions: who has the outcome.
    pub outcome: Option<Expression>,
    /// Changes: the score before.
    pub baseline: Option<Expression>,
    /// Changes: the score after.
    pub follow_up: Option<Expression>,
    /// The same as `outcome` (proportions) or `follow_up` (changes) with the last
    /// score seen in place of the one at the horizon; `None` where nothing can
    /// be carried forward.
    pub last: Option<Expression>,
    /// Changes: stored units per reported unit.
    pub scale: i64,
    /// Changes: the least and the most a score after can be, as stored; what the
    /// missing are given in the best and the worst case.
    pub range: Option<[i64; 2]>,
    /// What else the measure is for.
    pub role: Option<Role>,
    /// Declared before the data were seen: compared with the quarter before and
    /// between conditions, with p-values.
    pub declared: bool,
    /// Proportions: the definition's denominator is those whose outcome can be
    /// observed, so that their rate is the one reported, with everyone due beside it.
    pub among_observed: bool,
    /// Proportions: the rate the tipping point is about.
    pub reference: Option<f64>,
    /// Which definitions of one question it stands beside in the grid.
    pub grid: Option<String>,
    /// Changes: what a score chosen for being high is expected to change by itself.
    pub regression: Option<Regression>,
    /// Whether it is split by site, by condition and over time at all.
    pub split: bool,
    /// Measures whose outcome everyone with this one's has.
    pub implies: Vec<String>,
    /// Measures whose outcome nobody has without this one's; the same of the
    /// others' `implies`, so that a pack can name measures of an earlier one.
    pub implied_by: Vec<String>,
    /// Measures whose denominator everyone in this one's is in.
    pub among: Vec<String>,
    /// Unit of the value.
    pub unit: String,
    /// Which way is better.
    pub better: Direction,
    /// Section of the report.
    pub section: String,
    /// Where the definition comes from.
    pub citation: String,
    /// Pack it came from: id and version.
    pub pack: String,
}

/// An SQL expression and where it was written.
#[derive(Clone, Debug)]
pub struct Expression {
    /// The text.
    pub sql: String,
    /// File it is in.
    pub file: String,
    /// Line it starts on.
    pub line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    version: u32,
    #[serde(rename = "title")]
    _title: String,
    measure: Vec<TypedMeasure>,
    #[serde(default)]
    follow_up_weights: TypedWeights,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedWeights {
    covariates: Vec<toml::Spanned<String>>,
}

/// What one pack defines.
pub(super) struct MeasurePack {
    pub(super) measures: Vec<Measure>,
    /// Baseline covariates of the follow-up weights.
    pub(super) covariates: Vec<Expression>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedMeasure {
    id: toml::Spanned<String>,
    version: u32,
    title: String,
    phrase: Option<String>,
    label: String,
    kind: MeasureKind,
    eligible: toml::Spanned<String>,
    observed: toml::Spanned<String>,
    outcome: Option<toml::Spanned<String>>,
    baseline: Option<toml::Spanned<String>>,
    follow_up: Option<toml::Spanned<String>>,
    last: Option<toml::Spanned<String>>,
    #[serde(default = "one")]
    scale: i64,
    range: Option<[i64; 2]>,
    role: Option<Role>,
    #[serde(default)]
    declared: bool,
    #[serde(default)]
    among_observed: bool,
    reference: Option<f64>,
    grid: Option<String>,
    regression: Option<Regression>,
    #[serde(default = "yes")]
    split: bool,
    #[serde(default)]
    implies: Vec<String>,
    #[serde(default)]
    implied_by: Vec<String>,
    #[serde(default)]
    among: Vec<String>,
    unit: String,
    better: Direction,
    section: toml::Spanned<String>,
    citation: String,
}

/// Sections of the report that show the measures of packs.
const SECTIONS: [&str; 6] = ["pain", "opioids", "benzodiazepines", "mind", "overlap", "function"];

fn one() -> i64 {
    1
}

fn yes() -> bool {
    true
}

/// Measures that may be declared for comparison (definitions, statistics.md §6:
/// Holm for up to ten contrasts).
pub(super) const MOST_DECLARED: usize = 10;

impl Regression {
    fn is_plausible(&self) -> bool {
        let [least, most] = self.reliability;
        let [low, high] = self.usual;
        0.0 <= least && least <= most && most <= 1.0 && low.is_finite() && low <= high && high.is_finite()
    }
}

impl Expression {
    fn written(spanned: toml::Spanned<String>, pack: &PackText) -> Self {
        Self {
            line: pack.text[..spanned.span().start].matches('\n').count() + 1,
            file: pack.file.clone(),
            sql: spanned.into_inner(),
        }
    }
}

/// A measure of the core pack as it ships.
pub fn built_in_measure(id: &str) -> Option<Measure> {
    let pack = PackText::built_in("measures.toml")?;
    Measure::parse_all(&pack).ok()?.measures.into_iter().find(|measure| measure.id == id)
}

impl Measure {
    pub(super) fn parse_all(pack: &PackText) -> Result<MeasurePack, ProtocolError> {
        let typed: Typed = pack.parse()?;
        let name = format!("{}@{}", typed.id, typed.version);
        let covariates = typed.follow_up_weights.covariates.into_iter();
        Ok(MeasurePack {
            covariates: covariates.map(|written| Expression::written(written, pack)).collect(),
            measures: typed.measure.into_iter().map(|measure| measure.mean(pack, &name)).collect::<Result<_, _>>()?,
        })
    }

    #[cfg(test)]
    pub(crate) fn example(outcome: &str) -> Self {
        let expression = |sql: &str| Expression { sql: sql.to_owned(), file: "example.toml".to_owned(), line: 7 };
        Self {
            id: "example".to_owned(),
            version: 1,
            title: String::new(),
            phrase: String::new(),
            label: String::new(),
            kind: MeasureKind::Proportion,
            eligible: expression("due"),
            observed: expression("due"),
            outcome: Some(expression(outcome)),
            baseline: None,
            follow_up: None,
            last: None,
            scale: 1,
            range: None,
            role: None,
            declared: false,
            among_observed: false,
            reference: None,
            grid: None,
            regression: None,
            split: true,
            implies: Vec::new(),
            implied_by: Vec::new(),
            among: Vec::new(),
            unit: "share".to_owned(),
            better: Direction::Higher,
            section: "pain".to_owned(),
            citation: String::new(),
            pack: "example@1".to_owned(),
        }
    }

    /// The expressions the measure needs, with the key each was written under.
    pub fn expressions(&self) -> Vec<(&'static str, &Expression)> {
        let optional = [
            ("outcome", &self.outcome),
            ("baseline", &self.baseline),
            ("follow_up", &self.follow_up),
            ("last", &self.last),
        ];
        let mut all = vec![("eligible", &self.eligible), ("observed", &self.observed)];
        all.extend(optional.into_iter().filter_map(|(key, expression)| Some((key, expression.as_ref()?))));
        all
    }
}

/// `At least 30 % less pain, among others` → `had at least 30 % less pain`.
fn phrase(title: &str) -> String {
    let outcome = title.split(", among ").next().unwrap_or(title);
    let mut letters = outcome.chars();
    let first = letters.next().map(|first| match letters.clone().next() {
        // An abbreviation stays one.
        Some(second) if second.is_lowercase() || second == ' ' => first.to_lowercase().to_string(),
        _ => first.to_string(),
    });
    format!("had {}{}", first.unwrap_or_default(), letters.as_str())
}

impl TypedMeasure {
    fn mean(self, pack: &PackText, name: &str) -> Result<Measure, ProtocolError> {
        self.check_keys(pack)?;
        let expression = |spanned: toml::Spanned<String>| Expression::written(spanned, pack);
        Ok(Measure {
            id: self.id.into_inner(),
            version: self.version,
            phrase: self.phrase.unwrap_or_else(|| phrase(&self.title)),
            title: self.title,
            label: self.label,
            kind: self.kind,
            eligible: expression(self.eligible),
            observed: expression(self.observed),
            outcome: self.outcome.map(expression),
            baseline: self.baseline.map(expression),
            follow_up: self.follow_up.map(expression),
            last: self.last.map(expression),
            scale: self.scale,
            range: self.range,
            role: self.role,
            declared: self.declared,
            among_observed: self.among_observed,
            reference: self.reference,
            grid: self.grid,
            regression: self.regression,
            split: self.split,
            implies: self.implies,
            implied_by: self.implied_by,
            among: self.among,
            unit: self.unit,
            better: self.better,
            section: self.section.into_inner(),
            citation: self.citation,
            pack: name.to_owned(),
        })
    }

    /// A proportion has an outcome; a change has a score before and after.
    fn check_keys(&self, pack: &PackText) -> Result<(), ProtocolError> {
        let proportion = self.kind == MeasureKind::Proportion;
        let scores = self.baseline.is_some() && self.follow_up.is_some();
        let fits = if proportion {
            self.outcome.is_some() && self.baseline.is_none()
        } else {
            scores && self.outcome.is_none()
        };
        let needs =
            if proportion { "`outcome` and no `baseline`" } else { "`baseline` and `follow_up` and no `outcome`" };
        let at = |message: String| ProtocolError::at(&pack.file, &pack.text, self.id.span(), message);
        if !fits {
            return Err(at(format!("measure `{}` needs {needs}", self.id.get_ref())));
        }
        let fitting = match self.role {
            Some(Role::Headline | Role::OpioidHeadline) => self.kind == MeasureKind::Proportion,
            Some(Role::ChangeHeadline) => self.kind == MeasureKind::Change,
            Some(Role::ResponderCurve) => self.kind == MeasureKind::PercentChange,
            None => true,
        };
        if !fitting {
            return Err(at(format!("measure `{}` has a `role` that its `kind` does not fit", self.id.get_ref()))
                .hint("headlines are proportions, change_headline a change, responder_curve a percent_change"));
        }
        if self.range.is_some_and(|[least, most]| least >= most) {
            return Err(at(format!(
                "measure `{}` has a `range` whose end is not above its beginning",
                self.id.get_ref()
            ))
            .hint("write the lowest and the highest score the instrument allows, as stored"));
        }
        let section = self.section.get_ref();
        if !SECTIONS.contains(&section.as_str()) {
            let message = format!("measure `{}` has the unknown section `{section}`", self.id.get_ref());
            let near = super::nearest(section, SECTIONS);
            return Err(ProtocolError::at(&pack.file, &pack.text, self.section.span(), message).hint(
                near.map_or_else(
                    || format!("sections: {}", SECTIONS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                ),
            ));
        }
        self.check_numbers(pack)
    }

    /// Numbers within their range, and keys that only some kinds have.
    fn check_numbers(&self, pack: &PackText) -> Result<(), ProtocolError> {
        let proportion = self.kind == MeasureKind::Proportion;
        let at = |message: String| ProtocolError::at(&pack.file, &pack.text, self.id.span(), message);
        if self.among_observed && !proportion {
            return Err(at(format!("measure `{}` is `among_observed` and no proportion", self.id.get_ref()))
                .hint("a change is always among those observed; leave the key out"));
        }
        if self.scale < 1 {
            return Err(at(format!("measure `{}` has a `scale` below 1", self.id.get_ref())));
        }
        if self.regression.as_ref().is_some_and(|assumed| self.kind != MeasureKind::Change || !assumed.is_plausible()) {
            let message = format!("`regression` of measure `{}` is not plausible", self.id.get_ref());
            return Err(
                at(message).hint("only a change has it: reliability from 0 to 1 and usual, each the least first")
            );
        }
        if self.reference.is_some_and(|rate| !proportion || !(0.0..1.0).contains(&rate) || rate == 0.0) {
            let message = format!("`reference` of measure `{}` is not a rate between 0 and 1", self.id.get_ref());
            return Err(at(message).hint("only a proportion has one, for example 0.5"));
        }
        Ok(())
    }
}
