use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Crd},
};

use super::{
    baseline::{Earlier, optional},
    crd_probes,
};
use crate::{Check, Context, Judgement, Outcome, always, text::counted};

/// Custom resources that cannot be used any more.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostCrds",
        summary: "custom resources cannot be served or converted that could before the upgrade",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Crds, Need::Baseline],
        page: include_str!("post_crds.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let crds = ctx.crds()?;
    let (before, gap) = optional(ctx.before().and_then(|before| before.crds()));
    let by_name = before.map(|before| {
        before
            .iter()
            .map(|crd| (crd.name.as_str(), crd))
            .collect::<BTreeMap<_, _>>()
    });
    let mut findings = Vec::new();
    for crd in crds {
        let old = Earlier::find(by_name.as_ref(), |before| {
            before.get(crd.name.as_str()).copied()
        });
        findings.extend(conditions(ctx, crd, old));
        findings.extend(crd_probes::failed(ctx, crd, old));
    }
    let gone = before
        .into_iter()
        .flatten()
        .filter(|old| crds.iter().all(|crd| crd.name != old.name));
    findings.extend(gone.map(|old| missing(ctx, old)));
    Ok(Judgement::from(findings).without([gap, crd_probes::gap(crds)].into_iter().flatten()))
}

/// A definition that nobody has any more. Without objects nothing went with it.
fn missing(ctx: &Context<'_>, old: &Crd) -> Finding {
    let (severity, message) = match old.objects() {
        Some(0) => (Severity::Note, "is gone; it had no objects".to_owned()),
        Some(count) => {
            let count = counted(usize::try_from(count).unwrap_or(usize::MAX), "object");
            (Severity::Risk, format!("is gone, and its {count} with it"))
        }
        None => (Severity::Risk, "is gone, and its objects with it".into()),
    };
    describe(ctx, old, severity, message, "absent now")
}

fn holds(crd: &Crd, condition: &str) -> bool {
    Condition::find(&crd.conditions, condition).is_some_and(Condition::is_true)
}

fn conditions<'a>(
    ctx: &'a Context<'_>,
    crd: &'a Crd,
    old: Earlier<&'a Crd>,
) -> impl Iterator<Item = Finding> {
    let bad = ["Established", "NamesAccepted"]
        .into_iter()
        .filter(|condition| !holds(crd, condition));
    bad.map(move |condition| {
        let before = old.was(|old| holds(old, condition));
        let reason = Condition::find(&crd.conditions, condition).map_or("", |c| &c.message);
        let message = format!(
            "is not {condition}{}",
            before.words(", which it was before the upgrade")
        );
        describe(
            ctx,
            crd,
            before.severity(),
            message,
            &format!("{condition} is not True {reason}"),
        )
        .telling_apart(condition)
    })
}

/// A finding about a definition.
pub(super) fn describe(
    ctx: &Context<'_>,
    crd: &Crd,
    severity: Severity,
    message: String,
    detail: &str,
) -> Finding {
    let name = &crd.name;
    let source = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
    Finding::new(
        severity,
        Subject::cluster("apiextensions.k8s.io/v1", "CustomResourceDefinition", name),
        message,
    )
    .because(Evidence::state(source, ctx.now(), detail.trim_end()))
    .fix_with(
        "Look at its conditions, and at its conversion webhook if it has one",
        format!("kubectl describe crd {name}"),
    )
}
