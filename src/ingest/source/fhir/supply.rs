//! How much of a drug was given out and for how many days.
//!
//! What is stated counts. Where one of the two is missing and the dosing states
//! exactly how many a day, the other follows by arithmetic, if it comes out
//! even; "as needed", "one or two" and "every 4 to 6 hours" state no such number.

use serde::Deserialize;
use serde_json::Number;

use super::datatype::{CodeableConcept, Period, Quantity, decimal};
use super::product::{Dose, from_thousandths};
use crate::ingest::number::Decimal;
use crate::model::calendar::Day;
use crate::protocol::FhirMapping;

/// A dosing instruction.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Dosage {
    as_needed_boolean: bool,
    as_needed_codeable_concept: Option<CodeableConcept>,
    timing: Timing,
    dose_and_rate: Vec<DoseAndRate>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Timing {
    repeat: Option<Repeat>,
    code: CodeableConcept,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Repeat {
    frequency: Option<Number>,
    frequency_max: Option<Number>,
    period: Option<Number>,
    period_max: Option<Number>,
    period_unit: Option<String>,
    day_of_week: Vec<String>,
    bounds_duration: Option<Quantity>,
    bounds_period: Option<Period>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DoseAndRate {
    dose_quantity: Option<Quantity>,
}

/// What a record states of the supply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stated<'a> {
    pub quantity: Option<&'a Quantity>,
    pub duration: Option<&'a Quantity>,
    pub dosages: &'a [Dosage],
}

/// Days' supply and quantity, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Supply {
    pub days: Option<String>,
    pub quantity: Option<String>,
}

/// A fraction of tablets a day, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PerDay {
    thousandths: i128,
    over: i128,
}

/// Numbers beyond this are no dosing, and none below overflows the arithmetic.
const MOST: i64 = 1_000_000_000;

impl Stated<'_> {
    /// Works out days and quantity.
    pub(super) fn supply(self, dose: &Dose, mapping: &FhirMapping) -> Supply {
        let quantity = self.quantity.and_then(|quantity| counted(quantity, dose, mapping));
        let bounds = || self.only_dosage()?.timing.repeat.as_ref()?.bounds();
        let days = self.duration.and_then(whole_days).or_else(bounds);
        let per_day = self.only_dosage().and_then(|dosage| dosage.per_day(dose, mapping));
        match (days, quantity, per_day) {
            (None, Some(quantity), Some(per_day)) => Supply { days: per_day.days(&quantity), quantity: Some(quantity) },
            (Some(days), None, Some(per_day)) => {
                Supply { quantity: per_day.quantity(days), days: Some(days.to_string()) }
            }
            (days, quantity, _) => Supply { days: days.map(|days| days.to_string()), quantity },
        }
    }

    fn only_dosage(&self) -> Option<&Dosage> {
        match self.dosages {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// A quantity in tablets, films, patches or, of a liquid, millilitres.
fn counted(quantity: &Quantity, dose: &Dose, mapping: &FhirMapping) -> Option<String> {
    let unit = quantity.unit().to_lowercase();
    let fits = if dose.per_ml { unit == "ml" } else { mapping.counted.contains(&unit) };
    if fits { quantity.exact() } else { None }
}

/// A duration in whole days. A month is none.
fn whole_days(duration: &Quantity) -> Option<i64> {
    let thousandths = thousandths(&duration.exact()?)?;
    let per_unit = match duration.unit().to_lowercase().as_str() {
        "d" | "day" | "days" | "" => thousandths,
        "wk" | "week" | "weeks" => thousandths * 7,
        "h" | "hr" | "hour" | "hours" if thousandths % 24 == 0 => thousandths / 24,
        _ => return None,
    };
    (per_unit > 0 && per_unit % 1000 == 0).then_some(per_unit / 1000)
}

fn thousandths(number: &str) -> Option<i64> {
    Decimal::parse(number.as_bytes())?.scaled(3).filter(|value| (0..=MOST).contains(value))
}

impl Repeat {
    /// Days from the first to the last, when the instruction has an end.
    fn bounds(&self) -> Option<i64> {
        if let Some(duration) = &self.bounds_duration {
            return whole_days(duration);
        }
        let period = self.bounds_period.as_ref()?;
        let day = |text: &Option<String>| Day::parse_iso(text.as_deref()?.get(..10)?.as_bytes());
        let days = day(&period.end)?.0 - day(&period.start)?.0 + 1;
        (days > 0).then_some(i64::from(days))
    }

    /// How often a day: times and days.
    fn rate(&self) -> Option<(i64, i64)> {
        if self.frequency_max.is_some() || self.period_max.is_some() || !self.day_of_week.is_empty() {
            return None;
        }
        let frequency = self.frequency.as_ref().map_or(Some(1000), |number| thousandths(&decimal(number)))?;
        let period = thousandths(&decimal(self.period.as_ref()?))?;
        match self.period_unit.as_deref()? {
            "h" => Some((frequency * 24, period)),
            "d" => Some((frequency, period)),
            "wk" => Some((frequency, period * 7)),
            _ => None,
        }
        .filter(|(times, days)| *times > 0 && *days > 0)
    }
}

impl Timing {
    fn rate(&self) -> Option<(i64, i64)> {
        let named = |codes: &[&str], times: i64| self.code.says(codes).then_some((times, 1));
        self.repeat.as_ref().and_then(Repeat::rate).or_else(|| {
            named(&["QD", "AM", "PM", "HS"], 1)
                .or_else(|| named(&["BID"], 2))
                .or_else(|| named(&["TID"], 3))
                .or_else(|| named(&["QID"], 4))
        })
    }
}

impl Dosage {
    fn per_day(&self, dose: &Dose, mapping: &FhirMapping) -> Option<PerDay> {
        if self.as_needed_boolean || self.as_needed_codeable_concept.is_some() {
            return None;
        }
        let [DoseAndRate { dose_quantity: Some(quantity) }] = &self.dose_and_rate[..] else { return None };
        let (times, days) = self.timing.rate()?;
        let (units, over) = match counted(quantity, dose, mapping) {
            Some(number) => (thousandths(&number)?, 1000),
            // So many milligrams: so many tablets of that strength.
            None if quantity.unit() == dose.unit && !dose.per_ml => {
                (thousandths(&quantity.exact()?)?, thousandths(dose.strength.as_deref()?)?)
            }
            None => return None,
        };
        let per_day = PerDay {
            thousandths: i128::from(units) * i128::from(times) * 1000,
            over: i128::from(over) * i128::from(days),
        };
        (per_day.thousandths > 0 && per_day.over > 0).then_some(per_day)
    }
}

impl PerDay {
    /// Days a quantity lasts, when that is whole.
    fn days(self, quantity: &str) -> Option<String> {
        let quantity = i128::from(thousandths(quantity)?);
        let (over, under) = (quantity * self.over, self.thousandths);
        (over > 0 && over % under == 0).then(|| (over / under).to_string())
    }

    /// What so many days take, when that has at most three decimals.
    fn quantity(self, days: i64) -> Option<String> {
        let over = self.thousandths * i128::from(days);
        if over % self.over != 0 {
            return None;
        }
        i64::try_from(over / self.over).ok().filter(|value| (1..=MOST).contains(value)).map(from_thousandths)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Dosage, Stated, Supply};
    use crate::ingest::source::fhir::datatype::Quantity;
    use crate::ingest::source::fhir::product::Dose;
    use crate::ingest::source::fhir::tests::mapping;

    fn supply(
        quantity: serde_json::Value,
        duration: serde_json::Value,
        dosage: &serde_json::Value,
    ) -> (String, String) {
        let read = |value| -> Option<Quantity> { serde_json::from_value(value).expect("a quantity") };
        let (quantity, duration) = (read(quantity), read(duration));
        let dosages: Vec<Dosage> = serde_json::from_value(json!([dosage])).expect("a dosage");
        let dose = Dose { drug: "oxycodone".to_owned(), strength: Some("5".to_owned()), unit: "mg", ..Dose::default() };
        let stated = Stated { quantity: quantity.as_ref(), duration: duration.as_ref(), dosages: &dosages };
        let Supply { days, quantity } = stated.supply(&dose, mapping());
        (days.unwrap_or_default(), quantity.unwrap_or_default())
    }

    fn every(frequency: u32, period: f64, unit: &str, dose: &serde_json::Value) -> serde_json::Value {
        json!({"timing": {"repeat": {"frequency": frequency, "period": period, "periodUnit": unit}},
               "doseAndRate": [{"doseQuantity": dose}]})
    }

    #[test]
    fn what_is_stated_counts_and_the_rest_follows_when_it_comes_out_even() {
        let tablets = |value: f64| json!({"value": value, "unit": "TAB"});
        let days = |value: f64, unit: &str| json!({"value": value, "code": unit});
        let none = || json!(null);
        for (quantity, duration, dosage, expected) in [
            (tablets(60.0), days(30.0, "d"), none(), ("30", "60")),
            (tablets(60.0), days(4.0, "wk"), none(), ("28", "60")),
            (tablets(60.0), days(1.0, "mo"), none(), ("", "60")),
            (tablets(60.0), none(), every(1, 4.0, "h", &json!({"value": 1})), ("10", "60")),
            (tablets(60.0), none(), every(2, 1.0, "d", &json!({"value": 5, "unit": "mg"})), ("30", "60")),
            (none(), days(30.0, "d"), every(2, 1.0, "d", &json!({"value": 0.5})), ("30", "30")),
            (tablets(61.0), none(), every(2, 1.0, "d", &json!({"value": 1})), ("", "61")),
            (json!({"value": 1, "unit": "bottle"}), days(30.0, "d"), none(), ("30", "")),
            (json!({"value": 60, "comparator": "<", "unit": "TAB"}), days(30.0, "d"), none(), ("30", "")),
        ] {
            let dosage = if dosage.is_null() { json!({}) } else { dosage };
            let (days, quantity) = supply(quantity, duration, &dosage);
            assert_eq!((days.as_str(), quantity.as_str()), expected, "{dosage}");
        }
    }

    #[test]
    fn as_needed_and_one_or_two_state_no_daily_number() {
        let mut as_needed = every(1, 4.0, "h", &json!({"value": 1}));
        as_needed["asNeededBoolean"] = json!(true);
        let mut one_or_two = every(1, 4.0, "h", &json!({"value": 1}));
        one_or_two["timing"]["repeat"]["periodMax"] = json!(6);
        for dosage in [as_needed, one_or_two, json!({})] {
            assert_eq!(supply(json!({"value": 60}), json!(null), &dosage).0, "");
        }
    }
}
