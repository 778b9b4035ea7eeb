//! What a trend is held against: targets, and dates from which limits start anew.

use serde::Deserialize;

use super::error::ProtocolError;
use super::{Measure, MeasureKind};
use crate::model::calendar::Day;

/// A value somebody decided a measure should reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The measure.
    pub measure: String,
    /// The value, in the unit of the measure; a share is 0 to 1.
    pub value: f64,
    /// Who decided, and when.
    pub source: String,
}

/// A known change of how care is given, from which a chart's limits start anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebase {
    /// First day of the new phase.
    pub from: Day,
    /// The measure; `None` for all.
    pub measure: Option<String>,
    /// What changed.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedTarget {
    measure: toml::Spanned<String>,
    value: toml::Spanned<f64>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedRebase {
    from: toml::Spanned<String>,
    measure: Option<toml::Spanned<String>>,
    reason: String,
}

/// The observed share of the eligible: a result that no pack defines.
const RETENTION: &str = "retention";

/// What is typed may name only what exists.
pub(super) struct Known<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) measures: &'a [Measure],
}

impl Known<'_> {
    fn at(&self, span: std::ops::Range<usize>, message: impl Into<String>) -> ProtocolError {
        ProtocolError::at(self.file, self.text, span, message)
    }

    pub(super) fn targets(&self, typed: Vec<TypedTarget>) -> Result<Vec<Target>, ProtocolError> {
        let mut targets: Vec<Target> = Vec::new();
        for typed in typed {
            let measure = self.measure(&typed.measure)?;
            if targets.iter().any(|earlier| earlier.measure == measure) {
                return Err(self.at(typed.measure.span(), format!("`{measure}` has two targets")));
            }
            if typed.source.trim().is_empty() {
                return Err(self
                    .at(typed.measure.span(), format!("the target of `{measure}` has no source"))
                    .hint("write who decided it, and when"));
            }
            let value = *typed.value.get_ref();
            if !value.is_finite() || (self.is_share(&measure) && !(0.0..=1.0).contains(&value)) {
                return Err(self
                    .at(typed.value.span(), format!("{value} cannot be a target of `{measure}`"))
                    .hint("a share lies between 0 and 1: 60 % is 0.60"));
            }
            targets.push(Target { measure, value, source: typed.source });
        }
        Ok(targets)
    }

    /// In order of time.
    pub(super) fn rebases(&self, typed: Vec<TypedRebase>) -> Result<Vec<Rebase>, ProtocolError> {
        let mut rebases = typed.into_iter().map(|typed| self.rebase(typed)).collect::<Result<Vec<Rebase>, _>>()?;
        rebases.sort_by_key(|rebase| rebase.from);
        Ok(rebases)
    }

    fn rebase(&self, typed: TypedRebase) -> Result<Rebase, ProtocolError> {
        let Some(from) = Day::parse_iso(typed.from.get_ref().as_bytes()) else {
            return Err(self.at(typed.from.span(), "`from` is not a date").hint("write it as \"2026-07-01\""));
        };
        if typed.reason.trim().is_empty() {
            return Err(self
                .at(typed.from.span(), "a rebase has no reason")
                .hint("limits start anew only for a change somebody can name"));
        }
        let measure = typed.measure.map(|measure| self.measure(&measure)).transpose()?;
        Ok(Rebase { from, measure, reason: typed.reason })
    }

    fn measure(&self, named: &toml::Spanned<String>) -> Result<String, ProtocolError> {
        let id = named.get_ref();
        if id == RETENTION || self.measures.iter().any(|measure| &measure.id == id) {
            return Ok(id.clone());
        }
        let error = self.at(named.span(), format!("unknown measure `{id}`"));
        Err(match super::nearest(id, self.measures.iter().map(|measure| measure.id.as_str())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    fn is_share(&self, id: &str) -> bool {
        let measure = self.measures.iter().find(|measure| measure.id == id);
        measure.is_none_or(|measure| measure.kind == MeasureKind::Proportion)
    }
}
