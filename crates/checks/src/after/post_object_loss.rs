use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Reason, Severity, Subject,
};

use super::{
    churn::comes_and_goes,
    object_counts::{Change, compare, count},
};
use crate::{
    Check, Context, Judgement, Outcome, always,
    text::{counted, short},
};

/// Kinds that have lost their objects.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostObjectLoss",
        summary: "all objects of a kind are gone, or many fewer are stored than before",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Metrics, Need::Baseline],
        page: include_str!("post_object_loss.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let now = ctx.metrics()?;
    let before = &ctx.before()?.metrics()?.object_counts;
    if now.object_counts.is_empty() || before.is_empty() {
        return Err(gap("object counts, which lack on one side"));
    }
    let planned = planned(ctx);
    let mut unknown = Vec::new();
    let mut findings = Vec::new();
    for (resource, old) in before
        .iter()
        .filter(|(name, _)| !comes_and_goes(name) && !planned.contains(*name))
    {
        match compare(*old, count(ctx, now, before, resource)) {
            Change::None => {}
            Change::Unknown => unknown.push(resource),
            Change::Lost(severity, message) => {
                findings.push(describe(ctx, resource, severity, &message));
            }
        }
    }
    let gaps = unknown.first().map(|first| {
        gap(&format!(
            "{}, such as {}",
            counted(unknown.len(), "count"),
            short(first, 80)
        ))
    });
    Ok(Judgement::from(findings).without(gaps))
}

fn gap(what: &str) -> Missing {
    Missing {
        need: Need::Metrics,
        reason: Reason::NotCollected,
        detail: format!("the API server does not tell {what}"),
        cure: Some("check again some minutes after the API server has started".into()),
    }
}

/// Kinds that this upgrade takes away.
fn planned(ctx: &Context<'_>) -> BTreeSet<String> {
    let hops = ctx
        .path()
        .map(|path| path.hops.as_slice())
        .unwrap_or_default();
    hops.iter()
        .flat_map(|hop| ctx.knowledge.gone_for_good(*hop))
        .map(airworthy_knowledge::Api::counted_as)
        .collect()
}

fn describe(ctx: &Context<'_>, resource: &str, severity: Severity, message: &str) -> Finding {
    Finding::new(
        severity,
        Subject::cluster("", "Resource", resource),
        message,
    )
    .because(Evidence::state(
        "/metrics",
        ctx.now(),
        format!("stored {resource}: {message}"),
    ))
    .fix_with(
        "See what is left, and who deleted the rest",
        format!("kubectl get {resource} -A"),
    )
    .fix("If nobody meant to, restore them from the backup taken before the upgrade")
}
