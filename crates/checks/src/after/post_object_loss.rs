use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Reason, Severity, Subject,
    facts::{Crd, Metrics},
};

use super::{
    baseline::optional,
    churn::comes_and_goes,
    object_counts::{Change, Counts, compare, count, is_counting, listed},
};
use crate::{
    Check, Context, Judgement, Outcome, View, always,
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
        needs: &[Need::Metrics, Need::Crds, Need::Baseline],
        page: include_str!("post_object_loss.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let before = ctx.before()?;
    let (metrics, no_metrics) = optional(both_metrics(ctx, &before));
    let (crds, no_crds) = optional(both_crds(ctx, &before));
    let (mut old, mut now) = (Counts::new(), Counts::new());
    let mut counting = false;
    if let Some((earlier, metrics)) = metrics {
        old.clone_from(&earlier.object_counts);
        now.clone_from(&metrics.object_counts);
        counting = is_counting(ctx, metrics);
    }
    if let Some((earlier, crds)) = crds {
        lists(&mut old, &mut now, earlier, crds);
    }
    let judgement = compare_all(ctx, &old, &now, counting);
    Ok(judgement.without(no_metrics).without(no_crds))
}

fn both_metrics<'a>(
    ctx: &Context<'a>,
    before: &View<'a>,
) -> Result<(&'a Metrics, &'a Metrics), Missing> {
    let (now, before) = (ctx.metrics()?, before.metrics()?);
    if now.object_counts.is_empty() || before.object_counts.is_empty() {
        return Err(gap("object counts, which lack on one side"));
    }
    Ok((before, now))
}

fn both_crds<'a>(ctx: &Context<'a>, before: &View<'a>) -> Result<(&'a [Crd], &'a [Crd]), Missing> {
    let (now, before) = (ctx.crds()?, before.crds()?);
    Ok((before, now))
}

/// Puts what lists of custom objects told over what was counted; a definition that is gone has no objects, whatever a gauge still
/// says.
fn lists(old: &mut Counts, now: &mut Counts, earlier: &[Crd], crds: &[Crd]) {
    let defined: BTreeSet<_> = crds.iter().map(|crd| &crd.name).collect();
    for gone in earlier.iter().filter(|crd| !defined.contains(&crd.name)) {
        now.remove(&gone.name);
    }
    old.extend(listed(earlier));
    // Without a list that tells, a count of before is compared with a gauge or with nothing.
    for crd in crds {
        if old.contains_key(&crd.name) {
            now.entry(crd.name.clone()).or_insert(-1);
        }
    }
    now.extend(listed(crds));
}

/// Compares the kinds of before with those of now. While the server still counts, a kind that it does not have yet is not known.
fn compare_all(ctx: &Context<'_>, before: &Counts, now: &Counts, counting: bool) -> Judgement {
    let planned = planned(ctx);
    let mut unknown = Vec::new();
    let mut findings = Vec::new();
    let lasting = |name: &str| !comes_and_goes(name) && !planned.contains(name);
    for (resource, old) in before.iter().filter(|(name, _)| lasting(name)) {
        let new = count(now, before, resource).or(counting.then_some(-1));
        match compare(*old, new) {
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
    Judgement::from(findings).without(gaps)
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
        source(ctx, resource),
        ctx.now(),
        format!("stored {resource}: {message}"),
    ))
    .fix_with(
        "See what is left, and who deleted the rest",
        format!("kubectl get {resource} -A"),
    )
    .fix("If nobody meant to, restore them from the backup taken before the upgrade")
}

/// Where the count comes from.
fn source(ctx: &Context<'_>, resource: &str) -> String {
    let crds = ctx.crds().map(Vec::as_slice).unwrap_or_default();
    let told = crds
        .iter()
        .find(|crd| crd.name == resource)
        .and_then(|crd| {
            let probe = crd.probes.iter().find(|probe| probe.objects.is_some())?;
            Some(airworthy_knowledge::url(
                &crd.group,
                &probe.version,
                &crd.plural,
            ))
        });
    told.unwrap_or_else(|| "/metrics".to_owned())
}
