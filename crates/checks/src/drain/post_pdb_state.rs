use std::collections::BTreeMap;

use airworthy_model::{CheckInfo, Finding, Group, Kind, Need, Phase, Severity, facts::Pdb};

use super::budget;
use crate::{Check, Context, Outcome, never, text::counted};

/// Budgets that have not recovered.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostPdbState",
        summary: "a disruption budget allows less than before the upgrade",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pdbs, Need::Baseline],
        page: include_str!("post_pdb_state.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let (now, before) = (ctx.pdbs()?, ctx.before()?);
    let key = |pdb: &Pdb| (pdb.namespace.clone(), pdb.name.clone());
    let old: BTreeMap<_, _> = before.pdbs()?.iter().map(|pdb| (key(pdb), pdb)).collect();
    let compare = |pdb: &Pdb| judge(ctx, pdb, old.get(&key(pdb))?);
    Ok(now.iter().filter_map(compare).collect())
}

fn judge(ctx: &Context<'_>, now: &Pdb, before: &Pdb) -> Option<Finding> {
    // Who was just evicted counts as ill for two minutes at most, as does a pod that came back under its name.
    let spent = before.disruptions_allowed > 0
        && now.disruptions_allowed <= 0
        && now.expected_pods > 0
        && now.disrupted == 0;
    let sick = now.current_healthy < now.desired_healthy
        && before.current_healthy >= before.desired_healthy;
    let message = if sick {
        format!(
            "has {} healthy of {} demanded; {} were healthy before the upgrade",
            now.current_healthy,
            counted(demanded(now), "pod"),
            before.current_healthy
        )
    } else if spent && same_spec(now, before) {
        format!(
            "allows no eviction ({} healthy); it allowed {} before the upgrade",
            now.current_healthy, before.disruptions_allowed
        )
    } else {
        return None;
    };
    let gone = if now.disrupted > 0 {
        format!(
            "; {} evicted and not gone yet",
            counted(now.disrupted as usize, "pod")
        )
    } else {
        String::new()
    };
    let finding = budget::finding(ctx, now, Severity::Risk, message + &gone);
    Some(finding.fix_with(
        "Find out why pods behind the budget are not ready",
        format!("kubectl -n {} describe pdb {}", now.namespace, now.name),
    ))
}

fn demanded(pdb: &Pdb) -> usize {
    usize::try_from(pdb.desired_healthy).unwrap_or(0)
}

/// Nobody has asked for more in between.
fn same_spec(now: &Pdb, before: &Pdb) -> bool {
    now.min_available == before.min_available
        && now.max_unavailable == before.max_unavailable
        && now.expected_pods >= before.expected_pods
}
