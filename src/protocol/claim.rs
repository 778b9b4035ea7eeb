//! Sentences the clinic says of itself, to be held against its data.

use serde::Deserialize;

use super::error::ProtocolError;
use super::{Measure, MeasureKind};
use crate::model::calendar::Day;
use crate::model::horizon::Horizon;

/// A sentence, who said it when, and which number would show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Stable id.
    pub id: String,
    /// The sentence as it was said.
    pub text: String,
    /// Where it was said.
    pub source: String,
    /// When it was read there.
    pub date: Day,
    /// The proportion it is about.
    pub measure: String,
    /// The horizon it is about.
    pub horizon: Horizon,
    /// The patients it is held against.
    pub population: Cohort,
    /// Which side of the share is claimed.
    pub direction: Side,
    /// The share it names; `None` when it names none, and no number can then
    /// support or contradict it.
    pub share: Option<f64>,
}

/// Patients a claim is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cohort {
    /// The newest mature quarter.
    Quarter,
    /// The four newest mature quarters.
    RollingYear,
    /// Everyone mature.
    ToDate,
}

/// Which side of a share is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// More than the share.
    MoreThan,
    /// Less than the share.
    LessThan,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    id: toml::Spanned<String>,
    text: String,
    source: String,
    date: toml::Spanned<String>,
    measure: toml::Spanned<String>,
    horizon: Option<toml::Spanned<String>>,
    #[serde(default = "a_year")]
    population: Cohort,
    #[serde(default = "more")]
    direction: Side,
    share: Option<toml::Spanned<f64>>,
}

fn a_year() -> Cohort {
    Cohort::RollingYear
}

fn more() -> Side {
    Side::MoreThan
}

/// What is typed may name only what exists.
pub(super) struct Known<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) measures: &'a [Measure],
    pub(super) primary: Horizon,
}

impl Known<'_> {
    fn at(&self, span: std::ops::Range<usize>, message: String) -> ProtocolError {
        ProtocolError::at(self.file, self.text, span, message)
    }

    /// The claims in the order they were written.
    pub(super) fn claims(&self, typed: Vec<Typed>) -> Result<Vec<Claim>, ProtocolError> {
        let mut claims: Vec<Claim> = Vec::new();
        for typed in typed {
            let span = typed.id.span();
            let claim = self.claim(typed)?;
            if claims.iter().any(|earlier| earlier.id == claim.id) {
                return Err(self.at(span, format!("two claims are named `{}`", claim.id)));
            }
            claims.push(claim);
        }
        Ok(claims)
    }

    fn claim(&self, typed: Typed) -> Result<Claim, ProtocolError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if typed.id.get_ref().is_empty() || !typed.id.get_ref().chars().all(plain) {
            let error = self.at(typed.id.span(), format!("`{}` cannot be the id of a claim", typed.id.get_ref()));
            return Err(error.hint("use lower-case letters, digits and `_`"));
        }
        if typed.text.trim().is_empty() || typed.source.trim().is_empty() {
            let error = self.at(typed.id.span(), format!("claim `{}` has no text or no source", typed.id.get_ref()));
            return Err(error.hint("write the sentence as it was said, and where"));
        }
        Ok(Claim {
            date: self.day(&typed.date)?,
            measure: self.proportion(&typed.measure)?,
            horizon: typed.horizon.as_ref().map_or(Ok(self.primary), |horizon| self.horizon(horizon))?,
            share: typed.share.map(|share| self.share(&share)).transpose()?,
            id: typed.id.into_inner(),
            text: typed.text,
            source: typed.source,
            population: typed.population,
            direction: typed.direction,
        })
    }

    fn proportion(&self, named: &toml::Spanned<String>) -> Result<String, ProtocolError> {
        let id = named.get_ref();
        match self.measures.iter().find(|measure| &measure.id == id) {
            Some(measure) if measure.kind == MeasureKind::Proportion => Ok(id.clone()),
            Some(_) => Err(self.at(named.span(), format!("`{id}` is not a proportion, and a claim is about a share"))),
            None => Err(self.at(named.span(), format!("unknown measure `{id}`")).hint(self.nearest(id))),
        }
    }

    fn nearest(&self, id: &str) -> String {
        let proportions = self.measures.iter().filter(|measure| measure.kind == MeasureKind::Proportion);
        let ids: Vec<&str> = proportions.map(|measure| measure.id.as_str()).collect();
        super::nearest(id, ids.iter().copied())
            .map_or_else(|| format!("proportions: {}", ids.join(", ")), |near| format!("did you mean `{near}`?"))
    }

    fn horizon(&self, written: &toml::Spanned<String>) -> Result<Horizon, ProtocolError> {
        let unknown = || self.at(written.span(), format!("unknown horizon `{}`", written.get_ref()));
        Horizon::find(written.get_ref()).ok_or_else(unknown)
    }

    fn day(&self, written: &toml::Spanned<String>) -> Result<Day, ProtocolError> {
        let wrong = || self.at(written.span(), "`date` is not a date".to_owned()).hint("write it as \"2026-07-01\"");
        Day::parse_iso(written.get_ref().as_bytes()).ok_or_else(wrong)
    }

    fn share(&self, written: &toml::Spanned<f64>) -> Result<f64, ProtocolError> {
        let share = *written.get_ref();
        if (0.0..=1.0).contains(&share) {
            return Ok(share);
        }
        Err(self.at(written.span(), format!("a share of {share} is not between 0 and 1")).hint("70 % is 0.70"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::horizon::HORIZONS;

    #[derive(Deserialize)]
    struct File {
        claim: Vec<Typed>,
    }

    fn read(text: &str) -> Result<Vec<Claim>, ProtocolError> {
        let file: File = toml::from_str(text).expect("the test writes TOML");
        let measures = [Measure::example("true")];
        Known { file: "p.toml", text, measures: &measures, primary: HORIZONS[2] }.claims(file.claim)
    }

    const GOOD: &str = "[[claim]]\nid = \"relief\"\ntext = \"Over 70 %\"\nsource = \"web page\"\ndate = \"2026-07-01\"\nmeasure = \"example\"\nshare = 0.7\n";

    #[test]
    fn a_claim_is_about_more_than_its_share_at_the_primary_horizon_over_a_year() {
        let claims = read(GOOD).expect("a good claim");
        assert_eq!((claims[0].direction, claims[0].population), (Side::MoreThan, Cohort::RollingYear));
        assert_eq!((claims[0].share, claims[0].horizon), (Some(0.7), HORIZONS[2]));
    }

    #[test]
    fn what_cannot_be_checked_is_refused_with_its_line() {
        let refused = |from: &str, to: &str, says: &str| {
            let error = read(&GOOD.replace(from, to)).expect_err("refused").to_string();
            assert!(error.contains(says) && error.contains("p.toml"), "{error}");
        };
        refused("= \"example\"", "= \"exampel\"", "did you mean `example`?");
        refused("0.7", "70.0", "70 % is 0.70");
        refused("2026-07-01", "July", "not a date");
        refused("\"relief\"", "\"Relief!\"", "cannot be the id of a claim");
        refused("web page", " ", "no source");
        let twice = read(&format!("{GOOD}{GOOD}")).expect_err("refused").to_string();
        assert!(twice.contains("two claims are named `relief`"), "{twice}");
    }
}
