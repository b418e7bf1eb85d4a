use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Hpa},
};

use super::baseline::{Before, Earlier, optional};
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Autoscalers that stand still.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostHpa",
        summary: "a HorizontalPodAutoscaler cannot scale any more, or gets no metrics",
        phase: Phase::Post,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Hpas, Need::Baseline],
        page: include_str!("post_hpa.md"),
    },
    blocks: never,
    run,
};

const WORKING: [&str; 2] = ["AbleToScale", "ScalingActive"];

fn run(ctx: &Context<'_>) -> Outcome {
    let now = ctx.hpas()?;
    let (before, gap) = optional(ctx.before().and_then(|before| before.hpas()));
    let before: Option<BTreeMap<_, _>> =
        before.map(|before| before.iter().map(|it| (key(it), it)).collect());
    let findings: Judgement = now
        .iter()
        .filter_map(|hpa| {
            let condition = stands_still(hpa)?;
            let old = Earlier::find(before.as_ref(), |before| before.get(&key(hpa)).copied());
            describe(
                ctx,
                hpa,
                condition,
                old.was(|old| stands_still(old).is_none()),
            )
        })
        .collect();
    // What works needs no comparison.
    let lacks = !findings.findings.is_empty();
    Ok(findings.without(gap.filter(|_| lacks)))
}

fn key(hpa: &Hpa) -> (&str, &str) {
    (&hpa.namespace, &hpa.name)
}

/// The condition that says that it does not work. One that was switched off by scaling its target to nothing works as told.
fn stands_still(hpa: &Hpa) -> Option<&Condition> {
    let conditions = WORKING
        .iter()
        .filter_map(|kind| Condition::find(&hpa.conditions, kind));
    let mut bad = conditions.filter(|it| !it.is_true() && it.reason != "ScalingDisabled");
    bad.next()
}

fn describe(
    ctx: &Context<'_>,
    hpa: &Hpa,
    condition: &Condition,
    before: Before,
) -> Option<Finding> {
    if before == Before::Broken {
        return None;
    }
    let Hpa {
        namespace, name, ..
    } = hpa;
    let (kind, reason) = (&condition.r#type, short(&condition.reason, 60));
    let was = before.words(", which it was before the upgrade");
    let message = format!("is not {kind} ({reason}){was}");
    let path =
        format!("/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}");
    let subject = Subject::namespaced("autoscaling/v2", "HorizontalPodAutoscaler", namespace, name);
    let detail = format!(
        "{kind} is False: {reason} {}",
        short(&condition.message, 200)
    );
    Some(
        Finding::new(Severity::Risk, subject, short(&message, 200))
            .because(Evidence::state(path, ctx.now(), detail))
            .fix("See whether the metrics API answers: metrics-server, or the adapter of the metric it scales on")
            .fix_with("See what it waits for", format!("kubectl -n {namespace} describe hpa {name}")),
    )
}
