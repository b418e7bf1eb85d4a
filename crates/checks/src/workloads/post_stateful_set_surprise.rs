use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Missing, Need, Phase, Severity, facts::Workload,
};

use super::workload;
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Stateful sets whose pods are replaced although nobody asked for it.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostStatefulSetSurprise",
        summary: "a stateful set has a new revision although nobody has changed its spec",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::StatefulSets, Need::Baseline],
        page: include_str!("post_stateful_set_surprise.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let (now, before) = (ctx.stateful_sets()?, ctx.before()?);
    let key = |one: &Workload| (one.namespace.clone(), one.name.clone());
    let old: BTreeMap<_, _> = before
        .stateful_sets()?
        .iter()
        .map(|one| (key(one), one))
        .collect();
    let pairs = now
        .iter()
        .filter_map(|one| Some((one, *old.get(&key(one))?)));
    let findings = pairs
        .clone()
        .filter_map(|(now, before)| judge(ctx, now, before));
    Ok(findings
        .collect::<Judgement>()
        .without(gap(pairs.map(|(_, before)| before))))
}

/// A baseline without revisions shows none that are new.
fn gap<'a>(mut before: impl Iterator<Item = &'a Workload>) -> Option<Missing> {
    let unknown = before.any(|one| {
        one.revision.is_empty() && one.observed_generation > 0 && one.strategy.is_empty()
    });
    unknown.then(|| {
        Missing::not_collected(
            Need::Baseline,
            "it does not hold the revisions of stateful sets: it was made by an older version",
        )
    })
}

fn judge(ctx: &Context<'_>, now: &Workload, before: &Workload) -> Option<Finding> {
    let same = now.generation == before.generation && now.created == before.created;
    let known = !now.revision.is_empty() && !before.revision.is_empty();
    if !same || !known || now.revision == before.revision {
        return None;
    }
    let message = format!(
        "its pods are replaced although its spec is the same: revision {} was {}",
        short(&now.revision, 60),
        short(&before.revision, 60)
    );
    let detail = format!(
        "generation {}, updateRevision {}; {}",
        now.generation,
        now.revision,
        workload::counts(now)
    );
    let finding = workload::finding(ctx.now(), now, Severity::Risk, message, &detail);
    Some(finding.fix_with(
        "See what differs between the two revisions, and whether the pods came back",
        format!("kubectl -n {} get controllerrevisions", now.namespace),
    ))
}
