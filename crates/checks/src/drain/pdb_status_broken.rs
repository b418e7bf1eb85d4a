use airworthy_model::{CheckInfo, Finding, Group, Kind, Need, Phase, Severity, facts::Pdb};

use super::{
    budget::{self, ByNamespace},
    rollout,
};
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Seconds in which the disruption controller may be behind.
const LAG: i64 = 60;

/// Budgets of which nobody knows what they allow.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PdbStatusBroken",
        summary: "the disruption controller cannot tell what a budget allows, so it allows nothing",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pdbs, Need::Pods],
        page: include_str!("pdb_status_broken.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let (pdbs, pods) = (ctx.pdbs()?, ctx.pods());
    let moving = pods.as_ref().ok().map(|pods| {
        let evicted = pods.iter().filter(|pod| rollout::moves(pod));
        budget::by_namespace(evicted)
    });
    let found = pdbs
        .iter()
        .filter_map(|pdb| judge(ctx, pdb, moving.as_ref()));
    Ok(found.collect::<Judgement>().without(pods.err()))
}

/// Whether no pod that a drain evicts asks for the budget.
fn is_idle(pdb: &Pdb, moving: &ByNamespace<'_>) -> bool {
    let mut pods = moving.get(pdb.namespace.as_str()).into_iter().flatten();
    !pods.any(|pod| budget::guards(pdb, pod))
}

fn judge(ctx: &Context<'_>, pdb: &Pdb, moving: Option<&ByNamespace<'_>>) -> Option<Finding> {
    let message = trouble(ctx, pdb)?;
    let idle = moving.is_some_and(|moving| is_idle(pdb, moving));
    let severity = if idle {
        Severity::Note
    } else {
        ctx.risk_of_drain()
    };
    Some(budget::finding(ctx, pdb, severity, message).fix_with(
        "Give the budget a plain number in minAvailable, or a selector whose pods have an owner that can be scaled",
        format!("kubectl -n {} describe pdb {}", pdb.namespace, pdb.name),
    ))
}

fn trouble(ctx: &Context<'_>, pdb: &Pdb) -> Option<String> {
    if let Some(condition) = budget::failed(pdb) {
        let settled = condition.last_transition.is_none()
            || ctx.seconds_since(condition.last_transition) >= LAG;
        let why = short(&condition.message, 120);
        return settled.then(|| {
            format!(
                "its controller cannot tell what it allows: {}",
                why.trim_end_matches('.')
            )
        });
    }
    let old = pdb.created.is_none() || ctx.seconds_since(pdb.created) >= LAG;
    (pdb.is_outdated() && old).then(|| {
        format!(
            "its controller has not seen its newest spec (generation {}, seen {})",
            pdb.generation, pdb.observed_generation
        )
    })
}
