//! Patients: who is in the study, as much as may be kept of them.

use std::sync::Mutex;

use super::{Problem, Remarks};
use crate::ingest::gate;
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::number;
use crate::ingest::record::Record;
use crate::ingest::words::{Code, Words};
use crate::model::calendar::Period;
use crate::model::reject::{
    AGE_TOP_CODED, AGE_YEAR_ASSUMED, BIRTH_YEAR_IMPLAUSIBLE, NOT_A_NUMBER, PATIENT_CODE_INVALID, PERIOD_INVALID,
    SEX_UNKNOWN, SITE_INVALID, SITE_UNDECLARED,
};
use crate::protocol::{CodeColumn, CodeLists, Protocol};

/// Nobody recorded the sex.
pub(in crate::ingest) const UNKNOWN_SEX: u8 = b'U';

/// What is kept of a patient. The order decides which of two contradicting
/// rows stays, so that the order of lines in a file does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest) struct Facts {
    /// `F`, `M`, `X` or `U`.
    pub sex: u8,
    /// Year of birth.
    pub birth_year: Option<i16>,
    /// Calendar period of the first infusion, as the site states it.
    pub index_period: Option<Period>,
}

/// Sites, numbered as they are met. The numbers are not stored, nor are names
/// that nobody declared.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Sites(Mutex<Vec<(String, bool)>>);

impl Sites {
    /// The number of a site, and whether somebody declared it.
    pub(in crate::ingest) fn number(&self, site: &str, declared: bool) -> u32 {
        let mut sites = self.0.lock().expect("no holder of the lock panics");
        let known = sites.iter().position(|(known, _)| known == site);
        let number = known.unwrap_or_else(|| {
            sites.push((site.to_owned(), declared));
            sites.len() - 1
        });
        u32::try_from(number).expect("fewer sites than patients")
    }

    /// The sites by number. Those nobody declared are `undeclared-1`, `undeclared-2`, …
    /// in the order of their names, so that the same files give the same codes.
    pub(in crate::ingest) fn into_names(self) -> Vec<String> {
        let sites = self.0.into_inner().expect("no holder of the lock panics");
        let mut undeclared: Vec<&String> =
            sites.iter().filter(|(_, declared)| !declared).map(|(name, _)| name).collect();
        undeclared.sort_unstable();
        let name = |(name, declared): &(String, bool)| match undeclared.binary_search(&name) {
            Ok(at) if !declared => format!("undeclared-{}", at + 1),
            _ => name.clone(),
        };
        sites.iter().map(name).collect()
    }
}

/// Whether a word can be a site's; `all` is the sum over sites, a number of seven
/// digits is somebody's, and what stands for undeclared ones is no name.
fn is_site(text: &str) -> bool {
    Code::is_site(text) && text != "all" && !text.starts_with("undeclared-") && !gate::has_long_number(text.as_bytes())
}

/// Oldest age a row may state.
const OLDEST: i64 = 125;
/// Ages above 89 are one group (45 CFR 164.514(b)(2)(i)(C)).
const TOP_AGE: i64 = 90;
/// The year ages are counted from where the pipeline names no data cut: the
/// year of this release, because a clock would make two runs differ.
const REFERENCE_YEAR: i64 = 2026;
/// Index periods and dates are within these years.
pub(in crate::ingest) const YEARS: std::ops::RangeInclusive<i32> = 1990..=2049;

/// Reads records of the patients file.
pub(in crate::ingest) struct PatientReader<'a> {
    patient_id: Cell,
    sex: Cell,
    birth_year: Cell,
    age: Cell,
    index_period: Cell,
    site: Cell,
    sites: &'a Sites,
    codes: &'a CodeLists,
    default_site: (u32, &'a str),
    reference_year: i64,
    is_year_assumed: bool,
    periods_may_be_fine: bool,
    /// By name, and whether somebody declared it.
    site_numbers: Words<(u32, bool)>,
    periods: Words<Period>,
}

/// A patient row: whose, where, and what.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct PatientRecord<'r> {
    /// The clinic's code.
    pub code: &'r [u8],
    /// Number of the site.
    pub site: u32,
    /// The site.
    pub site_name: &'r [u8],
    /// What is kept.
    pub facts: Facts,
}

impl<'a> PatientReader<'a> {
    pub(in crate::ingest) fn new(
        layout: &Layout,
        protocol: &'a Protocol,
        sites: &'a Sites,
        default_site: &'a str,
    ) -> Self {
        let cell = |name| layout.cell(name);
        Self {
            patient_id: cell("patient_id"),
            sex: cell("sex"),
            birth_year: cell("birth_year"),
            age: cell("age"),
            index_period: cell("index_period"),
            site: cell("site"),
            sites,
            codes: &protocol.codes,
            default_site: (sites.number(default_site, true), default_site),
            reference_year: protocol.study.data_cut.map_or(REFERENCE_YEAR, |day| i64::from(day.civil().year)),
            is_year_assumed: protocol.study.data_cut.is_none(),
            periods_may_be_fine: protocol.basis.allows_dates(),
            site_numbers: Words::new(),
            periods: Words::new(),
        }
    }

    pub(in crate::ingest) fn admit<'r>(
        &mut self,
        record: &Record<'r>,
        remarks: &mut Remarks,
    ) -> Result<PatientRecord<'r>, Problem>
    where
        'a: 'r,
    {
        let code = patient_code(self.patient_id, record)?;
        if let Some(detector) = gate::in_value(code) {
            return Err(Problem::Refuse { detector, column: self.patient_id.name });
        }
        let (site, site_name) = self.site(record, remarks)?;
        let index_period = self.period(record)?;
        let facts =
            Facts { sex: self.sex(record)?, birth_year: self.birth_year(record, index_period, remarks)?, index_period };
        Ok(PatientRecord { code, site, site_name, facts })
    }

    fn site<'r>(&mut self, record: &Record<'r>, remarks: &mut Remarks) -> Result<(u32, &'r [u8]), Problem>
    where
        'a: 'r,
    {
        if !self.site.is_present() {
            return Ok((self.default_site.0, self.default_site.1.as_bytes()));
        }
        let text = self.site.required(record)?;
        let (sites, codes) = (self.sites, self.codes);
        let of = |text: &str| {
            let declared = codes.holds(CodeColumn::Site, text);
            (declared || is_site(text)).then(|| (sites.number(text, declared), declared))
        };
        let Some((number, declared)) = self.site_numbers.word(self.site, text, of)? else {
            return Err(self.site.breaks(&SITE_INVALID));
        };
        if !declared {
            remarks.unknown(&SITE_UNDECLARED, self.site, text);
        }
        Ok((number, text))
    }

    fn sex(&self, record: &Record<'_>) -> Result<u8, Problem> {
        const WORDS: [(&[u8], u8); 8] = [
            (b"F", b'F'),
            (b"M", b'M'),
            (b"X", b'X'),
            (b"U", UNKNOWN_SEX),
            (b"female", b'F'),
            (b"male", b'M'),
            (b"unknown", UNKNOWN_SEX),
            (b"other", b'X'),
        ];
        let Some(text) = self.sex.optional(record) else { return Ok(UNKNOWN_SEX) };
        let known = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        known.map(|(_, sex)| *sex).ok_or_else(|| self.sex.breaks(&SEX_UNKNOWN))
    }

    fn period(&mut self, record: &Record<'_>) -> Result<Option<Period>, Problem> {
        let cell = self.index_period;
        let Some(text) = cell.optional(record) else { return Ok(None) };
        let period = self.periods.meaning(cell, text, parse_period)?;
        match period {
            None => Err(cell.breaks(&PERIOD_INVALID)),
            Some(Period::Month(..) | Period::Quarter(..)) if !self.periods_may_be_fine => {
                Err(Problem::Refuse { detector: &gate::FINE_PERIOD, column: cell.name })
            }
            period => Ok(period),
        }
    }

    /// The year of birth, from itself or from the age, no earlier than age 90 allows.
    fn birth_year(
        &self,
        record: &Record<'_>,
        period: Option<Period>,
        remarks: &mut Remarks,
    ) -> Result<Option<i16>, Problem> {
        let (cell, year) = match (self.birth_year.optional(record), self.age.optional(record)) {
            (Some(text), _) => (self.birth_year, whole(self.birth_year, text)?),
            (None, Some(text)) => (self.age, self.year_of_age(text, period)?),
            (None, None) => return Ok(None),
        };
        let youngest = self.reference_year;
        if !(youngest - OLDEST..=youngest).contains(&year) {
            return Err(cell.breaks(&BIRTH_YEAR_IMPLAUSIBLE));
        }
        let earliest = youngest - TOP_AGE;
        if year <= earliest {
            remarks.add(&AGE_TOP_CODED, cell.name);
        }
        let counted = year <= earliest || cell.name == self.age.name && period.is_none();
        if counted && self.is_year_assumed {
            remarks.add(&AGE_YEAR_ASSUMED, cell.name);
        }
        Ok(Some(i16::try_from(year.max(earliest)).expect("a year of the present")))
    }

    fn year_of_age(&self, text: &[u8], period: Option<Period>) -> Result<i64, Problem> {
        // `90+` is how safe harbor writes the top group.
        let age = whole(self.age, text.strip_suffix(b"+").unwrap_or(text))?;
        if !(0..=OLDEST).contains(&age) {
            return Err(self.age.breaks(&BIRTH_YEAR_IMPLAUSIBLE));
        }
        let stated_in = period.map_or(self.reference_year, |period| i64::from(period.first_day().civil().year));
        // Above 89 the year is moved anyway; the age at the index period must
        // not fall below the range for it.
        Ok((stated_in - age).max(self.reference_year - OLDEST))
    }
}

/// A patient's code: there, short enough to be one, and of characters that show.
pub(in crate::ingest) fn patient_code<'r>(cell: Cell, record: &Record<'r>) -> Result<&'r [u8], Problem> {
    const LONGEST: usize = 64;
    let code = cell.required(record)?;
    if code.len() > LONGEST || !shows(code) { Err(cell.breaks(&PATIENT_CODE_INVALID)) } else { Ok(code) }
}

/// Whether every character can be seen: two codes that look alike would be two patients.
fn shows(code: &[u8]) -> bool {
    let hidden = |c: char| {
        let blank = matches!(c, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}' | '\u{feff}');
        c.is_control() || blank
    };
    code.iter().all(|byte| (b' '..=b'~').contains(byte))
        || str::from_utf8(code).is_ok_and(|code| !code.contains(hidden))
}

fn whole(cell: Cell, text: &[u8]) -> Result<i64, Problem> {
    number::whole(text).ok_or_else(|| cell.breaks(&NOT_A_NUMBER))
}

fn parse_period(text: &str) -> Option<Period> {
    let period = Period::parse(&text.to_ascii_uppercase())?;
    YEARS.contains(&period.first_day().civil().year).then_some(period)
}
