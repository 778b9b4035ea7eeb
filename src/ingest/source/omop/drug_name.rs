//! The name of a drug in RxNorm's form → which ingredient, how strong, what form.
//!
//! `acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet`: ingredients
//! are separated by ` / `, each is followed by its strength, and the dose form
//! comes last.

use crate::protocol::{Infusion, Ingredient, OmopMapping};

/// A strength as written, and its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Strength {
    /// A decimal number.
    pub value: String,
    /// `mg`, `mcg`, or per hour; of a liquid, per millilitre.
    pub unit: &'static str,
    /// Whether it is that of a millilitre.
    pub per_ml: bool,
}

/// What a drug is to this study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Drug {
    /// A drug of the drug pack, by position of its ingredient in the mapping.
    Listed { ingredient: usize, strength: Option<Strength> },
    /// An opioid given by injection, to which no oral factor applies.
    Injection { ingredient: usize, strength: Option<Strength> },
    /// Ketamine that may be infused.
    Ketamine { strength: Option<Strength> },
}

/// What the name of a drug says; `None` when it names no ingredient of the mapping.
pub(super) fn understand(name: &str, mapping: &OmopMapping) -> Option<Drug> {
    let name = name.to_lowercase();
    if let Some(ketamine) = ketamine(&name, &mapping.infusion) {
        return Some(ketamine);
    }
    let (index, ingredient) = mapping.ingredients.iter().enumerate().find(|(_, ingredient)| fits(&name, ingredient))?;
    let injected = ingredient.forms.is_empty() && mapping.injections.iter().any(|form| has_words(&name, form));
    let strength = strength_of(&name, &ingredient.name);
    if ingredient.opioid && injected {
        return Some(Drug::Injection { ingredient: index, strength });
    }
    Some(Drug::Listed { ingredient: index, strength })
}

fn ketamine(name: &str, infusion: &Infusion) -> Option<Drug> {
    let word = infusion.names.iter().find(|word| has_words(name, word))?;
    let infused = !infusion.not_forms.iter().any(|form| has_words(name, form));
    infused.then(|| Drug::Ketamine { strength: strength_of(name, word) })
}

fn fits(name: &str, ingredient: &Ingredient) -> bool {
    let form = ingredient.forms.is_empty() || ingredient.forms.iter().any(|form| has_words(name, form));
    form && has_words(name, &ingredient.name)
}

/// Whether `words` are in `text` as whole words: `morphine` is not in `apomorphine`.
pub(super) fn has_words(text: &str, words: &str) -> bool {
    position_of_words(text, words).is_some()
}

fn position_of_words(text: &str, words: &str) -> Option<usize> {
    let is_inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(words).map(|(start, _)| start).find(|&start| {
        let (before, after) = (text[..start].chars().next_back(), text[start + words.len()..].chars().next());
        !words.is_empty() && !is_inside(before) && !is_inside(after)
    })
}

/// The number and unit that follow an ingredient, within its part of the name.
fn strength_of(name: &str, ingredient: &str) -> Option<Strength> {
    let after = &name[position_of_words(name, ingredient)? + ingredient.len()..];
    let part = after.split(" / ").next().unwrap_or(after);
    let words: Vec<&str> = part.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let number = pair[0].parse::<f64>().is_ok_and(|value| value > 0.0 && value.is_finite());
        let plain = pair[0].bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let (unit, per_ml) = unit(pair[1]).filter(|_| number && plain)?;
        Some(Strength { value: pair[0].to_owned(), unit, per_ml })
    })
}

fn unit(written: &str) -> Option<(&'static str, bool)> {
    Some(match written {
        "mg" | "mg/actuat" => ("mg", false),
        "mcg" | "ug" | "mcg/actuat" => ("mcg", false),
        "mg/hr" => ("mg/h", false),
        "mcg/hr" | "ug/hr" => ("mcg/h", false),
        "mg/ml" => ("mg", true),
        "mcg/ml" | "ug/ml" => ("mcg", true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Strength, has_words, strength_of};

    #[test]
    fn the_strength_is_that_of_the_ingredient() {
        // Names of the CONCEPT table of OHDSI's Eunomia.
        for (name, ingredient, value, unit, per_ml) in [
            ("acetaminophen 325 mg / oxycodone hydrochloride 5 mg oral tablet", "oxycodone", "5", "mg", false),
            ("acetaminophen 325 mg / oxycodone hydrochloride 2.5 mg oral tablet", "oxycodone", "2.5", "mg", false),
            ("72 hr fentanyl 0.025 mg/hr transdermal system", "fentanyl", "0.025", "mg/h", false),
            ("buprenorphine 2 mg / naloxone 0.5 mg sublingual tablet", "buprenorphine", "2", "mg", false),
            ("10 ml alfentanil 0.5 mg/ml injection", "alfentanil", "0.5", "mg", true),
        ] {
            let strength = Strength { value: value.to_owned(), unit, per_ml };
            assert_eq!(strength_of(name, ingredient), Some(strength), "{name}");
        }
        for (name, ingredient) in
            [("oxycodone", "oxycodone"), ("codeine / guaifenesin 20 mg/ml oral solution", "codeine")]
        {
            assert_eq!(strength_of(name, ingredient), None, "{name}");
        }
    }

    #[test]
    fn a_word_inside_another_is_not_that_word() {
        assert!(has_words("1 ml morphine sulfate", "morphine"));
        assert!(!has_words("apomorphine 10 mg/ml", "morphine"));
        assert!(!has_words("esketamine nasal spray", "ketamine"));
        assert!(!has_words("dihydrocodeine 16 mg", "codeine"));
    }
}
