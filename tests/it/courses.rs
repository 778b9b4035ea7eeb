//! Whole courses of treatment, from a clinic's files to the results table: how
//! long relief lasts, who took benzodiazepines, and groups by exposure.

use std::fmt::Write as _;

use relief::model::calendar::Day;

use crate::outcomes::{Results, check_number, code, counts, find, read};
use crate::patient::{Patient, days};
use crate::spec::protocol;
use crate::table::{Row, Table, tables};
use crate::workdir::Workdir;

/// Day 0 of everyone: early enough for a year of follow-up before the data cut.
const START: &[u8] = b"2025-07-07";

/// The files of a clinic whose patients fared alike by groups.
#[derive(Default)]
struct Clinic {
    files: [String; 8],
    count: u64,
}

const FILES: [(&str, &str); 8] = [
    ("patients", "patient_id,sex,birth_year"),
    ("diagnoses", "patient_id,condition,rank,source_code"),
    ("infusions", "patient_id,date,dose_mg_per_kg"),
    ("assessments", "patient_id,date,instrument,score"),
    ("prescriptions", "patient_id,start_date,days_supply,drug,strength,unit,quantity,row_id"),
    ("medication_reviews", "patient_id,date,complete"),
    ("therapy_sessions", "patient_id,date,kind"),
    ("departures", "patient_id,date,departure"),
];

fn date(day: i32) -> Day {
    Day(Day::parse_iso(START).expect("a date").0 + day)
}

/// `day:what` pairs of a cell.
fn pairs(text: &str) -> impl Iterator<Item = (Day, &str)> {
    text.split_whitespace().map(|pair| {
        let (day, what) = pair.split_once(':').expect("day:what");
        (date(day.parse().expect("a day")), what)
    })
}

impl Clinic {
    /// As many patients as the row says, with a pain score of 8 the day before.
    fn add(&mut self, row: &Row<'_>, infusions: &str, dose: &str, scores: &str) {
        self.add_with_scores(row, infusions, dose, &format!("-1:8 {scores}"));
    }

    /// The same with no other `scores` of pain; `dose` is of each infusion.
    fn add_with_scores(&mut self, row: &Row<'_>, infusions: &str, dose: &str, scores: &str) {
        for _ in 0..row.get("patients").parse::<u64>().expect("a count") {
            self.count += 1;
            let id = self.id();
            self.line(0, format_args!("{id},F,1970"));
            self.line(1, format_args!("{id},crps_1,1,G90.50"));
            days(infusions).into_iter().for_each(|day| self.line(2, format_args!("{id},{},{dose}", date(day))));
            pairs(scores).for_each(|(day, score)| self.line(3, format_args!("{id},{day},pain_nrs,{score}")));
        }
    }

    /// The patients added last, with another line in a file.
    fn also(&mut self, row: &Row<'_>, file: usize, rest: impl Fn(u64) -> String) {
        let group: u64 = row.get("patients").parse().expect("a count");
        for number in self.count - group + 1..=self.count {
            let line = rest(number);
            self.line(file, format_args!("{},{line}", code(number)));
        }
    }

    fn id(&self) -> String {
        code(self.count)
    }

    fn line(&mut self, file: usize, line: std::fmt::Arguments<'_>) {
        writeln!(self.files[file], "{line}").expect("text");
    }

    fn results(&self) -> Results {
        self.results_of(FILES.len())
    }

    /// With the first files only.
    fn results_of(&self, files: usize) -> Results {
        Self::run(&self.written(files))
    }

    fn written(&self, files: usize) -> Workdir {
        let workdir = Workdir::with_clinic();
        let packs = "[packs]\nmeasures = [\"measures.toml\", \"measures-opioids.toml\"]\n[ingest]";
        workdir.replace("pipeline.toml", "[ingest]", packs);
        for ((file, header), rows) in FILES.iter().zip(&self.files).take(files) {
            workdir.write(&format!("records/{file}.csv"), format!("{header}\n{rows}"));
        }
        workdir
    }

    fn run(workdir: &Workdir) -> Results {
        workdir.relief(&["run", "pipeline.toml"]).exits(0);
        read(&workdir.read("reports/small/results.csv"))
    }
}

#[test]
fn relief_ends_as_the_tables_say() {
    let [patients, curves, rest] = &tables("durability_curve")[..] else { panic!("three tables") };
    let mut clinic = Clinic::default();
    for row in patients.rows() {
        clinic.add(&row, row.get("infusions"), "0.5", row.get("scores"));
        check_relief(&row);
    }
    let results = clinic.results();
    let cell = |row: &Row<'_>, statistic: &str| {
        let stratum = match row.get("weeks") {
            "all" => "all".to_owned(),
            weeks => format!("weeks_since_relief={weeks}"),
        };
        let place = format!("{}/to_date/2025Q3/all/all/{stratum}/all/OC", row.get("definition"));
        find(&results, &format!("{place}/{statistic}")).clone()
    };
    for row in curves.rows() {
        let survival = cell(&row, "survival");
        assert_eq!(survival["n"], "48");
        assert_eq!(cell(&row, "at_risk")["value"], row.get("at risk"), "{}", row.text());
        check_number(&survival["value"], row.get("still better"), 5e-7, &row.text());
        check_number(&survival["ci_low"], row.get("low"), 5e-5, &row.text());
        check_number(&survival["ci_high"], row.get("high"), 5e-5, &row.text());
        check_number(&cell(&row, "incidence_lost")["value"], row.get("lost first"), 5e-7, &row.text());
        if !row.get("infused first").is_empty() {
            check_number(&cell(&row, "incidence_retreated")["value"], row.get("infused first"), 5e-7, &row.text());
        }
    }
    for row in rest.rows() {
        let found = cell(&row, row.get("statistic"));
        assert_eq!([&found["value"], &found["reason"]], [row.get("value"), row.get("reason")], "{}", row.text());
    }
}

/// What the table says of one patient.
fn check_relief(row: &Row<'_>) {
    let scores = format!("-1:8 {}", row.get("scores"));
    let derived = Patient::new(row.get("infusions"), &scores).derive(date(450).0, &protocol());
    let relief = derived[0].episode.relief.expect("everyone has relief");
    let ends = format!("{} on {}", if relief.lost { "lost" } else { "last seen" }, relief.days);
    assert_eq!(ends, row.get("relief, whatever was infused"), "{}", row.text());
    let followed = |day: &i32| *day <= relief.days;
    let first = relief.retreated.filter(followed).map_or(ends, |day| format!("infused on {day}"));
    assert_eq!(first, row.get("relief without another infusion"), "{}", row.text());
}

/// `start: drug strength x quantity / days`
fn prescription(text: &str) -> String {
    let (start, rest) = text.split_once(':').expect("start: drug");
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [drug, strength, "x", quantity, "/", days] = words[..] else { panic!("not a prescription: {text}") };
    format!("{},{days},{drug},{strength},mg,{quantity}", date(start.trim().parse().expect("a day")))
}

#[test]
fn benzodiazepines_are_counted_as_the_tables_say() {
    let [patients, expected] = &tables("benzodiazepines")[..] else { panic!("two tables") };
    let mut clinic = Clinic::default();
    let mut flags = Vec::new();
    for row in patients.rows() {
        clinic.add(&row, "0", "0.5", "84:4");
        for (at, text) in row.get("prescriptions").split(';').enumerate() {
            clinic.also(&row, 4, |number| format!("{},{number}-{at}", prescription(text.trim())));
        }
        for day in days(row.get("reviews")) {
            clinic.also(&row, 5, |_| format!("{},true", date(day)));
        }
        let group: u64 = row.get("patients").parse().expect("a count");
        flags.push((group, row.get("before") == "yes", row.get("after") == "yes"));
    }
    let results = clinic.results();
    for row in expected.rows() {
        let statistic = if row.get("p").is_empty() { "rate" } else { "difference" };
        let id = format!("{}/quarter/2025Q3/all/all/all/12w/OC/{statistic}", row.get("measure"));
        let found = find(&results, &id);
        check_number(&found["value"], row.get("value"), 1e-12, &row.text());
        match row.get("p") {
            "" => assert_eq!(counts(found), row.get("counted"), "{}", row.text()),
            p => check_number(&found["p_value"], p, 1e-12, &row.text()),
        }
    }
    // The two tables agree with each other.
    let sum = |wanted: fn(bool, bool) -> bool| -> u64 {
        flags.iter().filter(|(_, before, after)| wanted(*before, *after)).map(|(group, ..)| group).sum()
    };
    let told = [sum(|before, _| before), sum(|_, after| after), sum(|b, a| b && !a), sum(|b, a| !b && a)];
    for (row, told) in expected.rows().zip(told) {
        assert_eq!(row.get("counted"), format!("{told} of 20"), "{}", row.text());
    }
}

#[test]
fn groups_are_formed_as_the_tables_say() {
    let [patients, expected] = &tables("strata")[..] else { panic!("two tables") };
    let mut clinic = Clinic::default();
    let or_none = |cell: &str| if cell == "-" { String::new() } else { cell.to_owned() };
    for row in patients.rows() {
        let score = or_none(row.get("at 12 weeks"));
        let scores = if score.is_empty() { String::new() } else { format!("84:{score}") };
        clinic.add(&row, row.get("infusions"), &or_none(row.get("dose")), &scores);
        for (day, kind) in pairs(row.get("sessions")) {
            let kind = if kind == "p" { "psychotherapy" } else { "pain_reprogramming" };
            clinic.also(&row, 6, |_| format!("{day},{kind}"));
        }
        if !row.get("diagnoses").is_empty() {
            clinic.also(&row, 1, |_| format!("other,2,{}", row.get("diagnoses")));
        }
        let asked = or_none(row.get("PHQ-9 before"));
        if !asked.is_empty() {
            clinic.also(&row, 3, |_| format!("{},phq9,{asked}", date(-1)));
        }
    }
    check_groups(&clinic.results(), expected);
}

fn check_groups(results: &Results, expected: &Table) {
    for row in expected.rows() {
        let stratum = match row.get("split") {
            "all" => "all".to_owned(),
            split => format!("{split}={}", row.get("level")),
        };
        let id = format!("response_by_stratum/rolling_year/2025Q3/all/all/{stratum}/12w/NRI/rate");
        assert_eq!(counts(find(results, &id)), row.get("responded"), "{}", row.text());
    }
}

#[test]
fn groups_by_the_score_before_treatment_are_formed_as_the_tables_say() {
    let [patients, expected] = &tables("baseline_groups")[..] else { panic!("two tables") };
    let mut clinic = Clinic::default();
    for row in patients.rows() {
        clinic.add_with_scores(&row, "0", "0.5", row.get("scores"));
    }
    check_groups(&clinic.results(), expected);
}

#[test]
fn those_due_became_what_the_tables_say() {
    let [patients, expected] = &tables("follow_up_status")[..] else { panic!("two tables") };
    let mut clinic = Clinic::default();
    for row in patients.rows() {
        let score = row.get("score on day 84");
        clinic.add(&row, "0", "0.5", &if score == "-" { String::new() } else { format!("84:{score}") });
        for (day, why) in pairs(row.get("departures")) {
            clinic.also(&row, 7, |_| format!("{day},{why}"));
        }
    }
    let results = clinic.results();
    for row in expected.rows() {
        let level = row.get("status");
        let stratum = if level == "all" { "all".to_owned() } else { format!("status={level}") };
        let found = find(&results, &format!("follow_up_status/quarter/2025Q3/all/all/{stratum}/12w/OC/count"));
        // Fewer than five are hidden, nobody is not.
        let expected =
            if (1..5).contains(&row.get("patients").parse().unwrap_or(0)) { "" } else { row.get("patients") };
        assert_eq!(found["value"], expected, "{}", row.text());
        assert_eq!(found["suppression"] == "primary", expected.is_empty(), "{}", row.text());
        let group = |of: &Row<'_>| of.get("patients").parse::<u64>().expect("a count");
        let told: u64 =
            patients.rows().filter(|of| level == "all" || of.get("status") == level).map(|of| group(&of)).sum();
        assert_eq!(told.to_string(), row.get("patients"), "the two tables agree");
    }
    let rate = find(&results, "response_30/quarter/2025Q3/all/all/all/12w/NRI/rate");
    assert_eq!(counts(rate), "12 of 33", "whoever died or left did not respond");
    let later = find(&results, "attrition/to_date/all/all/all/step=due_12w/all/NRI/not_yet_due");
    assert_eq!(later["value"], "0", "everyone was due");
}

/// The same patients without a file of departures: nobody knows who died.
#[test]
fn without_a_table_of_departures_nobody_is_said_not_to_have_died() {
    let [patients, _] = &tables("follow_up_status")[..] else { panic!("two tables") };
    let mut clinic = Clinic::default();
    for row in patients.rows() {
        let score = row.get("score on day 84");
        clinic.add(&row, "0", "0.5", &if score == "-" { String::new() } else { format!("84:{score}") });
    }
    let results = clinic.results_of(FILES.len() - 1);
    let cell = |status: &str| {
        let id = format!("follow_up_status/quarter/2025Q3/all/all/status={status}/12w/OC/count");
        let found = find(&results, &id);
        (found["value"].clone(), found["reason"].clone())
    };
    for status in ["died", "withdrew", "moved", "left_otherwise", "lost"] {
        assert_eq!(cell(status), (String::new(), "not recorded".to_owned()), "{status}");
    }
    assert_eq!(cell("seen").0, "12");
    assert_eq!(cell("not_recorded").0, "21");
}

/// A registry that lists the clinic's patients and says who left: what it tells is
/// told, whichever of two rows of a patient is the one that is kept.
#[test]
fn departures_are_those_of_every_source_that_lists_the_patient() {
    let [patients, expected] = &tables("follow_up_status")[..] else { panic!("two tables") };
    let (mut clinic, mut left) = (Clinic::default(), "patient_id,date,departure\n".to_owned());
    for row in patients.rows() {
        let score = row.get("score on day 84");
        clinic.add(&row, "0", "0.5", &if score == "-" { String::new() } else { format!("84:{score}") });
        let group: u64 = row.get("patients").parse().expect("a count");
        for number in clinic.count - group + 1..=clinic.count {
            pairs(row.get("departures"))
                .for_each(|(day, why)| writeln!(left, "{},{day},{why}", code(number)).expect("text"));
        }
    }
    let workdir = clinic.written(FILES.len() - 1);
    for (file, header) in &FILES[1..4] {
        workdir.write(&format!("registry/{file}.csv"), format!("{header}\n"));
    }
    workdir.write("registry/patients.csv", workdir.read("records/patients.csv"));
    workdir.write("registry/departures.csv", left);
    let second = "\n[[source]]\nname = \"registry\"\nkind = \"csv\"\npath = \"registry\"\nsite = \"main\"\n";
    workdir.write("pipeline.toml", workdir.read("pipeline.toml") + second);
    let results = Clinic::run(&workdir);
    for row in expected.rows().filter(|row| row.get("status") != "all") {
        let id = format!("follow_up_status/quarter/2025Q3/all/all/status={}/12w/OC/count", row.get("status"));
        let hidden = (1..5).contains(&row.get("patients").parse().unwrap_or(0));
        assert_eq!(find(&results, &id)["value"], if hidden { "" } else { row.get("patients") }, "{}", row.text());
    }
}

/// A source that has a place for deaths and for nothing else: OMOP, FHIR, or a
/// mapping that says so.
#[test]
fn a_source_that_tells_deaths_alone_says_nothing_of_who_withdrew() {
    let [patients, _] = &tables("follow_up_status")[..] else { panic!("two tables") };
    let mut clinic = Clinic::default();
    for row in patients.rows() {
        let score = row.get("score on day 84");
        clinic.add(&row, "0", "0.5", &if score == "-" { String::new() } else { format!("84:{score}") });
        for (day, _) in pairs(row.get("departures")).filter(|(_, why)| *why == "died") {
            clinic.also(&row, 7, |_| format!("{day},x"));
        }
    }
    let workdir = clinic.written(FILES.len());
    let mut mapping = "id = \"own\"\nversion = 1\n".to_owned();
    for (file, header) in FILES {
        let columns: Vec<String> =
            header.split(',').filter(|name| *name != "departure").map(|name| format!("{name} = \"{name}\"")).collect();
        let columns = columns.join(", ");
        write!(mapping, "[[table]]\ntable = \"{file}\"\nfrom = \"{file}.csv\"\ncolumns = {{ {columns} }}\n")
            .expect("text");
    }
    mapping.push_str("constants = { departure = \"died\" }\n");
    workdir.write("own.toml", mapping);
    workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
    let results = Clinic::run(&workdir);
    let cell = |status: &str| {
        let id = format!("follow_up_status/quarter/2025Q3/all/all/status={status}/12w/OC/count");
        let found = find(&results, &id);
        (found["value"].clone(), found["reason"].clone())
    };
    for status in ["withdrew", "moved", "left_otherwise", "lost"] {
        assert_eq!(cell(status), (String::new(), "not recorded".to_owned()), "{status}");
    }
    assert_eq!([cell("seen").0, cell("died").0, cell("not_recorded").0], ["12", "5", "16"]);
}
