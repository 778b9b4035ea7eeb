//! Which condition a patient is counted under.

use super::history::Diagnosis;
use crate::protocol::ConditionPack;

/// A specific condition beats "not specified"; then the lowest rank, then pack
/// order. A patient without a diagnosis is counted under `other`, never dropped.
pub fn of(diagnoses: &[Diagnosis], pack: &ConditionPack, all: &mut Vec<usize>) -> usize {
    all.clear();
    all.extend(diagnoses.iter().map(|diagnosis| diagnosis.condition));
    all.sort_unstable();
    all.dedup();
    let order = |diagnosis: &&Diagnosis| {
        let specific = pack.conditions()[diagnosis.condition].specific;
        (!specific, diagnosis.rank.unwrap_or(i32::MAX), diagnosis.condition)
    };
    diagnoses.iter().min_by_key(order).map_or_else(|| other(pack), |diagnosis| diagnosis.condition)
}

fn other(pack: &ConditionPack) -> usize {
    let position = pack.conditions().iter().position(|condition| condition.code == ConditionPack::OTHER);
    position.expect("the pack was refused without `other`")
}
