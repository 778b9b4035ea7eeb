//! The MME factors of one published set. Sets never mix: a drug one of them does
//! not list is unconvertible under it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::drug_pack::{DrugClass, DrugPack};
use super::error::ProtocolError;
use super::pack::PackText;
use crate::model::opioid::Factor;

/// One published set of MME factors.
#[derive(Clone, Debug)]
pub struct FactorSet {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// As printed.
    pub title: String,
    /// Where it comes from.
    pub citation: String,
    rows: BTreeMap<String, FactorRow>,
}

/// What a set says of one drug.
#[derive(Clone, Debug)]
pub struct FactorRow {
    /// How its dose becomes MME.
    pub conversion: Conversion,
    /// Where this row was read.
    pub source: String,
}

/// How the daily dose of one drug becomes MME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// One factor whatever the dose.
    Flat(Factor),
    /// The factor depends on the whole daily dose of the drug, lowest tier first.
    Tiers(Vec<Tier>),
}

/// One tier of a factor that grows with the dose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Highest daily dose it holds for, in thousandths of the drug's unit; `None`: any.
    pub up_to_x1000: Option<i64>,
    /// The factor of the whole dose, not only of the part above the tier below.
    pub factor: Factor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    version: u32,
    title: String,
    citation: String,
    factor: BTreeMap<String, toml::Spanned<TypedRow>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedRow {
    factor: Option<String>,
    tiers: Option<Vec<TypedTier>>,
    source: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedTier {
    up_to: Option<String>,
    factor: String,
}

impl FactorSet {
    pub(super) fn parse(pack: &PackText, drugs: &DrugPack) -> Result<Self, ProtocolError> {
        let typed: Typed = pack.parse()?;
        let mut rows = BTreeMap::new();
        for (code, written) in typed.factor {
            let at = |message: String| ProtocolError::at(&pack.file, &pack.text, written.span(), message);
            let Some(drug) = drugs.find(&code) else {
                return Err(at(format!("`{code}` is not a drug of the pack `{}`", drugs.id)));
            };
            if drug.class != DrugClass::Opioid {
                return Err(at(format!("`{code}` is not of the class `opioid`, so no factor is ever used for it"))
                    .hint("leave the row out: buprenorphine and injected opioids are counted on rows of their own"));
            }
            let row = written.get_ref();
            let conversion = row.conversion().map_err(|problem| at(format!("`{code}` {problem}")))?;
            rows.insert(code, FactorRow { conversion, source: row.source.clone() });
        }
        Ok(Self { id: typed.id, version: typed.version, title: typed.title, citation: typed.citation, rows })
    }

    /// The pack as the set doses are measured by: one factor for each drug.
    pub(super) fn parse_primary(pack: &PackText, drugs: &DrugPack) -> Result<Self, ProtocolError> {
        let set = Self::parse(pack, drugs)?;
        match set.rows.iter().find(|(_, row)| matches!(row.conversion, Conversion::Tiers(_))) {
            None => Ok(set),
            Some((code, _)) => Err(ProtocolError::new(
                &pack.file,
                format!("the factor of `{code}` depends on the dose, which the set of `factors` may not"),
            )
            .hint("name this pack under `compare_factors`, and a set of single factors under `factors`")),
        }
    }

    /// Id and version, as printed beside numbers.
    pub fn versioned(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// What it says of a drug, by code.
    pub fn row(&self, drug: &str) -> Option<&FactorRow> {
        self.rows.get(drug)
    }

    /// Every row, by drug code.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &FactorRow)> {
        self.rows.iter().map(|(code, row)| (code.as_str(), row))
    }

    /// The factor of a drug that has a single one, by code.
    pub fn factor(&self, drug: &str) -> Option<Factor> {
        match self.row(drug)?.conversion {
            Conversion::Flat(factor) => Some(factor),
            Conversion::Tiers(_) => None,
        }
    }
}

impl TypedRow {
    fn conversion(&self) -> Result<Conversion, String> {
        if self.source.trim().is_empty() {
            return Err("has no `source`: say where the factor was read".to_owned());
        }
        match (&self.factor, &self.tiers) {
            (Some(factor), None) => ten_thousandths(factor).map(Conversion::Flat),
            (None, Some(tiers)) => tiered(tiers),
            _ => Err("needs either a `factor` or `tiers`".to_owned()),
        }
    }
}

/// Tiers leave no dose out: they rise, and the last has no upper end.
fn tiered(typed: &[TypedTier]) -> Result<Conversion, String> {
    let tier = |tier: &TypedTier| {
        let up_to = tier.up_to.as_deref().map(|written| decimal(written, 3)).transpose()?;
        Ok(Tier { up_to_x1000: up_to, factor: ten_thousandths(&tier.factor)? })
    };
    let tiers: Vec<Tier> = typed.iter().map(tier).collect::<Result<_, String>>()?;
    let Some((last, below)) = tiers.split_last() else { return Err("has no tier".to_owned()) };
    let edges: Vec<i64> = below.iter().filter_map(|tier| tier.up_to_x1000).collect();
    if last.up_to_x1000.is_some() || edges.len() < below.len() || !edges.is_sorted_by(|low, high| low < high) {
        return Err("needs an `up_to` in every tier but the last, the lowest first".to_owned());
    }
    Ok(Conversion::Tiers(tiers))
}

/// A factor is written as text so that no parser rounds it.
fn ten_thousandths(text: &str) -> Result<Factor, String> {
    decimal(text, 4).map(Factor)
}

/// A decimal above zero with at most so many places, as a whole number.
fn decimal(text: &str, places: usize) -> Result<i64, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<places$}");
    let plain = fraction.len() <= places && !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { digits.parse().ok() } else { None };
    // Above a hundred thousand no factor and no dose is meant, and exact sums would leave their range.
    let number = number.filter(|&number: &i64| number > 0 && number <= 1_000_000_000);
    number.ok_or_else(|| format!("is not a decimal above 0 with at most {places} places: `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::{Conversion, Factor, Tier, TypedTier, ten_thousandths, tiered};

    #[test]
    fn factors_are_read_without_rounding() {
        assert_eq!(ten_thousandths("4.7"), Ok(Factor(47_000)));
        assert_eq!(ten_thousandths("0.039"), Ok(Factor(390)));
        assert_eq!(ten_thousandths("11"), Ok(Factor(110_000)));
        for wrong in ["", ".5", "1.23456", "-1", "1e3", "1,5", "0", "0.0", "100001"] {
            assert!(ten_thousandths(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tiers_rise_and_leave_no_dose_out() {
        let tier = |up_to: Option<&str>, factor: &str| TypedTier {
            up_to: up_to.map(str::to_owned),
            factor: factor.to_owned(),
        };
        let read = tiered(&[tier(Some("20"), "4"), tier(None, "8")]);
        let low = Tier { up_to_x1000: Some(20_000), factor: Factor(40_000) };
        assert_eq!(read, Ok(Conversion::Tiers(vec![low, Tier { up_to_x1000: None, factor: Factor(80_000) }])));
        let wrong = [
            vec![],
            vec![tier(Some("20"), "4")],
            vec![tier(None, "4"), tier(None, "8")],
            vec![tier(Some("20"), "4"), tier(Some("20"), "8"), tier(None, "10")],
            vec![tier(Some("40"), "8"), tier(Some("20"), "4"), tier(None, "10")],
        ];
        for tiers in wrong {
            assert!(tiered(&tiers).is_err());
        }
    }
}
