//! Who is counted: from the first input row to every denominator.

/// One step of the flow, in the order it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Stable id, lower snake case.
    pub id: &'static str,
    /// What remains after the step, in plain words.
    pub label: &'static str,
    /// What is counted: `rows`, `patients` or `series`.
    pub unit: &'static str,
    /// How many remain.
    pub remaining: u64,
    /// How many the step took away; 0 where the unit changes.
    pub removed: u64,
}

/// The flow. Row 1 equals the rows read; within one unit,
/// `remaining` before = `remaining` after + `removed`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attrition {
    steps: Vec<Step>,
}

impl Attrition {
    /// Adds a step that starts counting a new unit.
    pub fn start(&mut self, id: &'static str, label: &'static str, unit: &'static str, count: u64) {
        self.steps.push(Step { id, label, unit, remaining: count, removed: 0 });
    }

    /// Adds a step that keeps `remaining` of the unit counted so far.
    ///
    /// # Panics
    /// When a step would add members: that is a bug in the caller.
    pub fn keep(&mut self, id: &'static str, label: &'static str, remaining: u64) {
        let last = self.steps.last().expect("a flow starts with `start`");
        let removed = last.remaining.checked_sub(remaining).expect("a step never adds members");
        let unit = last.unit;
        self.steps.push(Step { id, label, unit, remaining, removed });
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::Attrition;

    #[test]
    fn what_remains_and_what_was_removed_add_up() {
        let mut flow = Attrition::default();
        flow.start("rows_read", "Rows read", "rows", 100);
        flow.keep("rows_accepted", "Rows accepted", 90);
        flow.start("patients", "Patients", "patients", 12);
        flow.keep("with_series", "Patients with a series", 12);
        let removed: Vec<u64> = flow.steps().iter().map(|step| step.removed).collect();
        assert_eq!(removed, [0, 10, 0, 0]);
    }
}
