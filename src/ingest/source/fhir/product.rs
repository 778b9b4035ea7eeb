//! The name of a medicinal product → drug, strength and unit.
//!
//! RxNorm writes "Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral
//! Tablet": ingredients apart by ` / `, each with its strength, then the form.
//! Electronic records shorten that to "oxyCODONE-acetaminophen 5-325 mg per
//! tablet". Where it is not certain which number is the opioid's, there is none.

use crate::ingest::number::Decimal;
use crate::protocol::{DrugClass, DrugPack, FhirMapping, Product};

/// A drug and how strong it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dose {
    /// Code of the drug pack.
    pub drug: String,
    /// Strength of one tablet, film, patch or millilitre.
    pub strength: Option<String>,
    /// Its unit, as a canonical file writes it.
    pub unit: &'static str,
    /// Whether the strength is that of a millilitre.
    pub per_ml: bool,
    /// Whether it is injected, so that no oral factor holds for it.
    pub injected: bool,
}

impl Dose {
    /// What a product's code says.
    pub(super) fn of(product: &Product) -> Self {
        let unit = unit_of(&product.unit).map_or("", |unit| unit.name);
        Self { drug: product.drug.clone(), strength: Some(product.strength.clone()), unit, ..Self::default() }
    }
}

/// Reads a name; `None` when no drug of ours is in it.
pub(super) fn read(name: &str, mapping: &FhirMapping, drugs: &DrugPack) -> Option<Dose> {
    let lower = name.to_lowercase();
    let components: Vec<&str> = lower.split(" / ").collect();
    let found: Vec<Dose> =
        components.iter().filter_map(|component| read_component(component, &lower, mapping, drugs)).collect();
    let is_other = |dose: &&Dose| drugs.find(&dose.drug).is_some_and(|drug| drug.class == DrugClass::Other);
    // Of a combination the ingredient counts, not what it is combined with.
    let dose = found.iter().find(|dose| !is_other(dose)).or(found.first())?;
    let injected = !is_other(&dose) && mapping.injected.iter().any(|word| has_word(&lower, word));
    Some(Dose { injected, ..dose.clone() })
}

fn read_component(component: &str, whole: &str, mapping: &FhirMapping, drugs: &DrugPack) -> Option<Dose> {
    let tokens: Vec<&str> = component
        .split(|c: char| c.is_whitespace() || "()[],;".contains(c))
        .filter(|token| !token.is_empty())
        .collect();
    let by_words = |combination: bool| {
        mapping.drugs.iter().filter(|entry| entry.combination == combination).find(|entry| {
            let form = entry.forms.is_empty() || entry.forms.iter().any(|form| whole.contains(form.as_str()));
            form && entry.words.iter().any(|word| has_word(component, word))
        })
    };
    let (drug, certain) = match (by_words(false), in_pack(&tokens, drugs)) {
        (Some(entry), _) => (entry.drug.as_str(), true),
        (None, Some(code)) => (code, !is_brand(&tokens, drugs)),
        (None, None) => (by_words(true)?.drug.as_str(), false),
    };
    let strength = strength(&tokens, drug, drugs).filter(|_| certain);
    let (strength, unit) = strength.unzip();
    let unit = unit.unwrap_or_default();
    Some(Dose { drug: drug.to_owned(), strength, unit: unit.name, per_ml: unit.per_ml, injected: false })
}

/// The drug of the pack that the words name, an opioid before its company.
fn in_pack<'d>(tokens: &[&str], drugs: &'d DrugPack) -> Option<&'d str> {
    let pairs = tokens.windows(2).filter_map(|pair| drugs.resolve(&pair.join(" ")));
    let parts = tokens.iter().flat_map(|token| std::iter::once(*token).chain(token.split('-')));
    // A number in a name is a strength, never an RxNorm code.
    let words = parts.filter(|part| !part.starts_with(|c: char| c.is_ascii_digit()));
    let all: Vec<_> = pairs.chain(words.filter_map(|word| drugs.resolve(word))).collect();
    let drug = all.iter().find(|drug| drug.class != DrugClass::Other).or(all.first())?;
    Some(drug.code.as_str())
}

/// Whether only a brand of the drug pack names the drug: Percocet 325 may be
/// the strength of its paracetamol.
fn is_brand(tokens: &[&str], drugs: &DrugPack) -> bool {
    let generic = |token: &&str| token.split('-').any(|part| drugs.find(part).is_some());
    !tokens.iter().any(generic)
}

/// Whether `words` stand in `text` as words of their own.
pub(super) fn has_word(text: &str, words: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(words)
        .any(|(at, _)| edge(text[..at].chars().next_back()) && edge(text[at + words.len()..].chars().next()))
}

/// A unit of strength.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Unit {
    name: &'static str,
    per_ml: bool,
}

/// The one strength among the words; `None` when there is none, or two.
fn strength(tokens: &[&str], drug: &str, drugs: &DrugPack) -> Option<(String, Unit)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let digits = token.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(token.len());
        let (number, attached) = token.split_at(digits);
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let rest = [if attached.is_empty() { None } else { Some(attached) }];
        let after: Vec<&str> = rest.into_iter().flatten().chain(tokens[at + 1..].iter().copied()).take(3).collect();
        if let Some((unit, divisor)) = measured(&after) {
            found.push((own_number(number, tokens, drug, drugs)?, unit, divisor));
        }
    }
    let [(number, unit, divisor)] = found[..] else { return None };
    Some((divided(number, divisor)?, unit))
}

/// Of `5-325`, the number at the drug's own place in `oxycodone-acetaminophen`.
fn own_number<'t>(number: &'t str, tokens: &[&str], drug: &str, drugs: &DrugPack) -> Option<&'t str> {
    let numbers: Vec<&str> = number.split('-').collect();
    if let [only] = numbers[..] {
        return Some(only);
    }
    let is_drug = |part: &str| drugs.resolve(part).is_some_and(|found| found.code == drug);
    let names: Vec<&str> = tokens.iter().find(|token| token.split('-').any(is_drug))?.split('-').collect();
    let at = names.iter().position(|part| is_drug(part))?;
    (names.len() == numbers.len()).then(|| numbers[at])
}

/// The unit at the start of `words`, and what the number before it is to be
/// divided by: `mg/5 ml` is a fifth of it a millilitre.
fn measured(words: &[&str]) -> Option<(Unit, i64)> {
    let first = words.first()?.trim_end_matches(['.', ',']);
    let Some((over, under)) = first.split_once('/') else { return Some((unit_of(first)?, 1)) };
    let digits = under.find(|c: char| !c.is_ascii_digit()).unwrap_or(under.len());
    let amount = if digits == 0 { 1 } else { under[..digits].parse().ok()? };
    let volume = if under[digits..].is_empty() { words.get(1).copied().unwrap_or_default() } else { &under[digits..] };
    let base = unit_of(over)?;
    match volume {
        "ml" => Some((Unit { per_ml: true, ..base }, amount)),
        "hr" | "h" | "hour" if amount == 1 => Some((per_hour(base)?, 1)),
        "actuat" | "tablet" | "tab" | "capsule" | "cap" | "spray" if amount == 1 => Some((base, 1)),
        _ => None,
    }
}

fn unit_of(text: &str) -> Option<Unit> {
    let name = match text {
        "mg" | "milligram" | "milligrams" => "mg",
        "mcg" | "ug" | "µg" | "μg" | "microgram" | "micrograms" => "mcg",
        "mcg/h" => "mcg/h",
        "mg/h" => "mg/h",
        _ => return None,
    };
    Some(Unit { name, per_ml: false })
}

fn per_hour(unit: Unit) -> Option<Unit> {
    unit_of(if unit.name == "mg" { "mg/h" } else { "mcg/h" })
}

/// A number divided, when the result has at most three decimals.
fn divided(number: &str, divisor: i64) -> Option<String> {
    if divisor == 1 {
        return Decimal::parse(number.as_bytes()).map(|_| number.to_owned());
    }
    let thousandths = Decimal::parse(number.as_bytes())?.scaled(3)?;
    (divisor > 0 && thousandths % divisor == 0).then(|| from_thousandths(thousandths / divisor))
}

/// Thousandths as a decimal.
pub(super) fn from_thousandths(value: i64) -> String {
    let text = format!("{}.{:03}", value / 1000, value % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{has_word, read};
    use crate::ingest::source::fhir::tests::{drugs, mapping};

    /// Names of RxNorm, SNOMED CT and of electronic records.
    const NAMES: [(&str, &str); 31] = [
        ("Oxycodone Hydrochloride 5 MG Oral Tablet", "oxycodone 5 mg"),
        ("Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral Tablet [Percocet]", "oxycodone 5 mg"),
        ("Acetaminophen 325 MG / HYDROcodone Bitartrate 7.5 MG Oral Tablet", "hydrocodone 7.5 mg"),
        (
            "Abuse-Deterrent 12 HR oxycodone hydrochloride 10 MG Extended Release Oral Tablet [Oxycontin]",
            "oxycodone 10 mg",
        ),
        ("acetaminophen 300 MG / codeine phosphate 15 MG Oral Tablet", "codeine 15 mg"),
        ("72 HR Fentanyl 0.025 MG/HR Transdermal System", "fentanyl_td 0.025 mg/h"),
        ("fentanyl (DURAGESIC) 25 mcg/hr 72 hr patch", "fentanyl_td 25 mcg/h"),
        ("Fentanyl 25micrograms/hour patch (product)", "fentanyl_td 25 mcg/h"),
        ("Fentanyl 0.1 MG Buccal Tablet", "fentanyl_buccal_sl 0.1 mg"),
        ("Fentanyl 100 MCG/ACTUAT Nasal Spray", "fentanyl_nasal 100 mcg"),
        ("10 ML fentanyl 0.05 MG/ML Injection", "opioid_other injected"),
        ("1 ML morphine sulfate 5 MG/ML Injection", "morphine injected"),
        ("0.5 ML buprenorphine 200 MG/ML Prefilled Syringe [Sublocade]", "buprenorphine_sl injected"),
        ("Morphine Sulfate 2 MG/ML Oral Solution", "morphine 2 mg per ml"),
        ("oxycodone 5 mg/5 mL solution", "oxycodone 1 mg per ml"),
        ("168 HR Buprenorphine 0.01 MG/HR Transdermal System", "buprenorphine_patch 0.01 mg/h"),
        ("Buprenorphine 0.075 MG Buccal Film [Belbuca]", "buprenorphine_buccal 0.075 mg"),
        ("buprenorphine 2 MG / naloxone 0.5 MG Sublingual Tablet", "buprenorphine_sl 2 mg"),
        ("oxyCODONE-acetaminophen (PERCOCET) 5-325 mg per tablet", "oxycodone 5 mg"),
        ("HYDROcodone-acetaminophen 5-325 mg per tablet", "hydrocodone 5 mg"),
        ("acetaminophen-codeine 300-30 mg tablet", "codeine 30 mg"),
        ("Vicodin 5/500 Oral Tablet", "hydrocodone unknown"),
        ("Percocet tablet", "oxycodone unknown"),
        ("Percocet 325 mg", "oxycodone unknown"),
        ("Oral Form Oxycodone (product)", "oxycodone unknown"),
        ("Alprazolam 0.25mg Oral Tablet", "alprazolam 0.25 mg"),
        ("Tramadol hydrochloride 50 MG Oral Tablet", "tramadol 50 mg"),
        ("Meperidine Hydrochloride 50 MG Oral Tablet", "meperidine 50 mg"),
        ("lisinopril 10 MG Oral Tablet", "nothing"),
        (
            "Acetaminophen 21.7 MG/ML / Dextromethorphan Hydrobromide 1 MG/ML Oral Solution",
            "acetaminophen 21.7 mg per ml",
        ),
        ("Sufentanil 0.03 MG Sublingual Tablet", "opioid_other 0.03 mg"),
    ];

    #[test]
    fn names_are_read_as_a_pharmacist_would() {
        for (name, expected) in NAMES {
            let said = match read(name, mapping(), drugs()) {
                None => "nothing".to_owned(),
                Some(dose) if dose.injected => format!("{} injected", dose.drug),
                Some(dose) => {
                    let strength =
                        dose.strength.map_or("unknown".to_owned(), |strength| format!("{strength} {}", dose.unit));
                    format!("{} {strength}{}", dose.drug, if dose.per_ml { " per ml" } else { "" })
                }
            };
            assert_eq!(said, expected, "{name}");
        }
    }

    #[test]
    fn a_word_is_not_part_of_another() {
        assert!(has_word("s-ketamine 50 mg", "ketamine") && has_word("ms contin 15", "ms contin"));
        assert!(!has_word("esketamine 28 mg", "ketamine") && !has_word("dextromorphan", "morphan"));
    }
}
