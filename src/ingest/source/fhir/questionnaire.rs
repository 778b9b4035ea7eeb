//! QuestionnaireResponse → assessments: totals, and sums where every question
//! of an instrument is answered.

use serde::Deserialize;

use super::datatype::Reference;
use super::date::day;
use super::kind::{Context, Event, Found, in_force};
use super::resource::Resource;
use super::score::{Answers, row};
use super::value::Given;
use crate::model::reject::{CODE_NOT_FOLLOWED, Rule, STATUS_NOT_IN_FORCE};
use crate::protocol::FhirMapping;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Response {
    questionnaire: Option<String>,
    status: Option<String>,
    subject: Option<Reference>,
    authored: Option<String>,
    item: Vec<Item>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the names are FHIR's")]
struct Item {
    link_id: Option<String>,
    definition: Option<String>,
    answer: Vec<Answer>,
    item: Vec<Item>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(flatten)]
    given: Given,
    item: Vec<Item>,
}

/// Forms that were filled in.
const IN_FORCE: [&str; 2] = ["completed", "amended"];

pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let response: Response = resource.read()?;
    let mapping = context.codes.mapping;
    let mut said = Said::default();
    said.walk(&response.item, mapping);
    let named = response.questionnaire.as_deref().and_then(|address| instrument(address, mapping));
    let asked = named.or_else(|| said.answers.recognise(mapping));
    if asked.is_none() && said.scores.is_empty() {
        return Found::PassedOver(&CODE_NOT_FOLLOWED).alone();
    }
    if !in_force(response.status.as_deref(), &IN_FORCE)? {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    let event = || Event::new("assessments", context, response.subject.as_ref(), day(response.authored.as_deref()));
    let mut found: Vec<Found> =
        said.scores.iter().map(|(instruments, given)| row(event(), instruments, given, mapping)).collect();
    let has_total = |at: usize| said.scores.iter().any(|(instruments, _)| instruments.contains(&at));
    if let Some(asked) = asked.filter(|&at| !has_total(at)) {
        found.push(said.answers.sum(event(), asked, mapping));
    }
    Ok(found)
}

/// The instrument of a canonical address: as it is, without its version, or by
/// its last part (`http://loinc.org/q/44249-1`, `Questionnaire/phq-9`).
fn instrument(address: &str, mapping: &FhirMapping) -> Option<usize> {
    let bare = address.split(['|', '#']).next().unwrap_or(address);
    let last = bare.rsplit('/').next().unwrap_or(bare);
    [address, bare, last].into_iter().find_map(|name| mapping.questionnaire(name))
}

/// What the form says.
#[derive(Default)]
struct Said<'a> {
    /// Answers that are scores themselves.
    scores: Vec<(Vec<usize>, &'a Given)>,
    answers: Answers,
}

impl<'a> Said<'a> {
    fn walk(&mut self, items: &'a [Item], mapping: &FhirMapping) {
        for item in items {
            for answer in &item.answer {
                self.note(item, &answer.given, mapping);
                self.walk(&answer.item, mapping);
            }
            self.walk(&item.item, mapping);
        }
    }

    fn note(&mut self, item: &Item, given: &'a Given, mapping: &FhirMapping) {
        let Some(token) = item.token(mapping) else {
            // Words and dates are no answers with points.
            if given.value_coding.is_some() || given.value_integer.is_some() || given.value_decimal.is_some() {
                self.answers.add_unnamed(given, mapping);
            }
            return;
        };
        let instruments = mapping.scored(&token);
        if instruments.is_empty() {
            self.answers.add(&token, given, mapping);
        } else {
            self.scores.push((instruments.to_vec(), given));
        }
    }
}

impl Item {
    /// The LOINC code of the question: forms made from LOINC link by it
    /// (`/44250-9`), others state it as the item's definition.
    fn token(&self, mapping: &FhirMapping) -> Option<String> {
        let definition = self.definition.as_deref().filter(|address| address.contains("loinc.org"));
        let last = |text: &'_ str| text.rsplit(['/', '#', '|']).next().unwrap_or_default().to_owned();
        let codes = [self.link_id.as_deref().map(last), definition.map(last)];
        let code = codes.into_iter().flatten().find(|code| is_loinc(code))?;
        Some(mapping.token("http://loinc.org", &code))
    }
}

/// Digits, a hyphen and the check digit, which must be right: `1-1` numbers a
/// question and is no code.
fn is_loinc(code: &str) -> bool {
    let Some((number, check)) = code.split_once('-') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(number) || !digits(check) || check.len() != 1 || !(3..=7).contains(&number.len()) {
        return false;
    }
    luhn(number) == u32::from(check.as_bytes()[0] - b'0')
}

/// The check digit of LOINC: modulus 10, from the right, every other doubled.
fn luhn(number: &str) -> u32 {
    let digit = |byte: u8| u32::from(byte - b'0');
    let sum: u32 = number
        .bytes()
        .rev()
        .map(digit)
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::is_loinc;

    #[test]
    fn a_link_is_a_loinc_code_when_its_check_digit_is_right() {
        for (code, expected) in [
            ("44250-9", true),
            ("72514-3", true),
            ("69725-0", true),
            ("44250-8", false),
            ("1-1", false),
            ("1.1", false),
            ("", false),
        ] {
            assert_eq!(is_loinc(code), expected, "{code}");
        }
    }
}
