//! Records set aside, until the ledger takes them.

use std::borrow::Cow;

use crate::model::reject::Rule;

/// A record set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reject {
    /// Physical line.
    pub line: u32,
    /// Rule it breaks.
    pub rule: &'static Rule,
    /// Where.
    pub column: Cow<'static, str>,
}

/// Those of a block, in order. A block may hold nothing else, so a record takes
/// eight bytes; what they broke, and where, is kept once.
#[derive(Debug, Default)]
pub(super) struct Rejects {
    kinds: Vec<(&'static Rule, Cow<'static, str>)>,
    lines: Vec<(u32, u32)>,
}

impl Rejects {
    /// Adds one.
    pub(super) fn push(&mut self, reject: &Reject) {
        let known = |kind: &(&'static Rule, Cow<'static, str>)| kind.0.id == reject.rule.id && kind.1 == reject.column;
        let kind = self.kinds.iter().position(known).unwrap_or_else(|| {
            self.kinds.push((reject.rule, reject.column.clone()));
            self.kinds.len() - 1
        });
        self.lines.push((reject.line, u32::try_from(kind).expect("fewer rules and columns than that")));
    }

    /// All of them, in the order they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = Reject> {
        self.lines.iter().map(|&(line, kind)| {
            let (rule, column) = &self.kinds[kind as usize];
            Reject { line, rule, column: column.clone() }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Reject, Rejects};
    use crate::model::reject::{MISSING_VALUE, NOT_A_NUMBER};

    #[test]
    fn what_was_set_aside_comes_back_in_order() {
        let reject = |line, rule, column: &str| Reject { line, rule, column: Cow::Owned(column.to_owned()) };
        let all = [
            reject(2, &NOT_A_NUMBER, "score"),
            reject(3, &MISSING_VALUE, "score"),
            reject(3, &NOT_A_NUMBER, "score"),
            reject(9, &NOT_A_NUMBER, "dose"),
        ];
        let mut rejects = Rejects::default();
        assert_eq!(rejects.iter().count(), 0);
        for one in &all {
            rejects.push(one);
        }
        assert!(rejects.iter().eq(all));
        assert_eq!(rejects.kinds.len(), 3);
    }
}
