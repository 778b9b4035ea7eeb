//! `relief selftest`: clinics with known truth through the statistics of a report.

use relief::selftest::{Check, ERRORS, Plan, run as simulate};

use super::progress::Progress;
use super::{Failure, say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Clinics to simulate for each check
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..))]
    clinics: u32,
    /// The same seed gives the same numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let step = Progress::step("simulating clinics");
    let checks = simulate(&Plan { clinics: arguments.clinics, seed: arguments.seed });
    step.finish();
    say(&if arguments.json { json(arguments, &checks) } else { table(arguments, &checks) });
    let failed = checks.iter().filter(|check| !check.holds()).count();
    if failed == 0 { Ok(()) } else { Err(Failure::selftest(failed, checks.len())) }
}

fn table(arguments: &Arguments, checks: &[Check]) -> String {
    let row = |check: &Check| {
        let Check { expected, found, error, cases } = check;
        format!(
            "{:<4} {:<27} found {found:>8.4} ± {error:.4}  expected {:>7.4}{}  {cases:>7} cases\n     {}\n     expectation: {}\n",
            if check.holds() { "ok" } else { "FAIL" },
            expected.id,
            expected.value,
            slack(check),
            expected.what,
            expected.source
        )
    };
    let rows: String = checks.iter().map(row).collect();
    format!(
        "{rows}{} clinics, seed {}; ± is the Monte Carlo standard error, and {ERRORS} of them are allowed besides what stands in brackets",
        arguments.clinics, arguments.seed
    )
}

/// What is allowed besides the Monte Carlo error.
fn slack(check: &Check) -> String {
    let (below, above) = (check.expected.below, check.expected.above);
    if below == 0.0 && above == 0.0 { String::new() } else { format!(" [−{below} to {above:+}]") }
}

fn json(arguments: &Arguments, checks: &[Check]) -> String {
    let check = |check: &Check| {
        serde_json::json!({
            "id": check.expected.id,
            "what": check.expected.what,
            "found": check.found,
            "monte_carlo_error": check.error,
            "expected": check.expected.value,
            "allowed_below": check.expected.below,
            "allowed_above": check.expected.above,
            "source": check.expected.source,
            "cases": check.cases,
            "holds": check.holds(),
        })
    };
    let answer = serde_json::json!({
        "clinics": arguments.clinics,
        "seed": arguments.seed,
        "errors_allowed": ERRORS,
        "holds": checks.iter().all(Check::holds),
        "checks": checks.iter().map(check).collect::<Vec<_>>(),
    });
    answer.to_string()
}
