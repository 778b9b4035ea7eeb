//! The self-test in small: every check holds, the same seed says the same.

use relief::selftest::{Check, Plan, run};

use crate::workdir::Workdir;

fn found(checks: &[Check]) -> Vec<(&'static str, u64, u64)> {
    checks.iter().map(|check| (check.expected.id, check.found.to_bits(), check.cases)).collect()
}

#[test]
fn a_few_hundred_clinics_hold_what_the_statistics_promise() {
    let checks = run(&Plan { clinics: 300, seed: 1 });
    assert!(checks.len() > 15);
    for check in &checks {
        let id = check.expected.id;
        assert!(check.holds(), "{id}: found {} ± {}, expected {}", check.found, check.error, check.expected.value);
        assert!(!check.expected.source.is_empty() && check.error > 0.0, "{id}");
    }
    for (at, check) in checks.iter().enumerate() {
        assert!(checks[..at].iter().all(|earlier| earlier.expected.id != check.expected.id));
    }
}

#[test]
fn the_same_seed_says_the_same_and_another_something_else() {
    let plan = |seed| Plan { clinics: 20, seed };
    assert_eq!(found(&run(&plan(7))), found(&run(&plan(7))));
    assert_ne!(found(&run(&plan(7))), found(&run(&plan(8))));
}

/// The command says the same as the library, as text and as JSON.
#[test]
fn the_command_answers_in_words_and_in_json() {
    let workdir = Workdir::empty();
    let answer = workdir.relief(&["selftest", "--clinics", "100", "--seed", "3", "--json"]).exits(0).json();
    let checks = run(&Plan { clinics: 100, seed: 3 });
    let found = answer["checks"].as_array().expect("a list");
    assert_eq!((found.len(), answer["holds"].as_bool()), (checks.len(), Some(true)));
    for (said, check) in found.iter().zip(&checks) {
        assert_eq!(said["id"], check.expected.id);
        // The test's reader of JSON may be off by the last bit; what is written is not.
        let found = said["found"].as_f64().expect("a number");
        assert!((found - check.found).abs() <= f64::EPSILON, "{}: {found}", check.expected.id);
    }
    workdir.relief(&["selftest", "--clinics", "0"]).exits(2);
}
