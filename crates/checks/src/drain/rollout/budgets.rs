//! Disruption budgets while pods come and go.

use airworthy_model::facts::{Pdb, Pod};

use super::kinds::Seen;

/// What a budget allows now. One that allowed nothing before anybody was evicted limits nothing here: why, other checks tell.
#[derive(Debug)]
struct Budget {
    limits: bool,
    allowed: i64,
    /// Pods that are not ready may go beside it.
    frees_unready: bool,
}

impl Budget {
    fn of(pdb: &Pdb) -> Self {
        let healthy = pdb.current_healthy >= pdb.desired_healthy && pdb.desired_healthy > 0;
        Self {
            limits: pdb.disruptions_allowed > 0,
            allowed: i64::from(pdb.disruptions_allowed),
            frees_unready: pdb.unhealthy_policy == "AlwaysAllow" || healthy,
        }
    }
}

/// All budgets.
#[derive(Debug)]
pub(super) struct Budgets(Vec<Budget>);

impl Budgets {
    pub(super) fn new(pdbs: &[Pdb]) -> Self {
        Self(pdbs.iter().map(Budget::of).collect())
    }

    /// The budget that the eviction of a pod takes from. Of two over one pod none is asked: such an eviction fails, which
    /// is another check's to tell.
    pub(super) fn of(&self, pod: &Pod, seen: &Seen) -> Option<usize> {
        let [budget] = seen.budgets[..] else {
            return None;
        };
        let known = &self.0[budget as usize];
        let passes = pod.phase == "Pending" || (!pod.ready && known.frees_unready);
        (known.limits && !passes).then_some(budget as usize)
    }

    /// Takes one disruption, where there is one.
    pub(super) fn take(&mut self, budget: Option<usize>) -> bool {
        let Some(budget) = budget.map(|number| &mut self.0[number]) else {
            return true;
        };
        let allows = budget.allowed > 0;
        budget.allowed -= i64::from(allows);
        allows
    }

    /// The pod runs again elsewhere.
    pub(super) fn give_back(&mut self, budget: Option<usize>) {
        if let Some(number) = budget {
            self.0[number].allowed += 1;
        }
    }
}
