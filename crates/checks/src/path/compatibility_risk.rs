use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::Component,
};

use crate::{Check, Context, Judgement, Outcome, never};

/// Changes of behaviour that concern this cluster, as its settings show.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CompatibilityRisk",
        summary: "a default changes on the way, and the cluster's settings rely on the old one",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("compatibility_risk.md"),
    },
    blocks: never,
    run,
};

/// A change of behaviour, and how the settings of a component show that it matters.
struct Change {
    /// By which it is acknowledged.
    id: &'static str,
    since: Minor,
    component: &'static str,
    /// This flag is set, and none of the others.
    set: &'static str,
    unset: &'static [&'static str],
    message: &'static str,
    fix: &'static str,
}

const CHANGES: [Change; 2] = [
    Change {
        id: "audit-log-max-age",
        since: Minor::v1(36),
        component: "kube-apiserver",
        set: "audit-log-path",
        unset: &["audit-log-maxage"],
        message: "from 1.36 on audit logs older than 366 days are deleted, because no age is set",
        fix: "Set --audit-log-maxage (0 keeps them for ever) if older logs are evidence",
    },
    Change {
        id: "audit-log-max-backup",
        since: Minor::v1(36),
        component: "kube-apiserver",
        set: "audit-log-path",
        unset: &["audit-log-maxbackup"],
        message: "from 1.36 on at most 100 rotated audit logs are kept, because no number is set",
        fix: "Set --audit-log-maxbackup (0 keeps them all) if older logs are evidence",
    },
];

fn run(ctx: &Context<'_>) -> Outcome {
    let crossed = ctx.crossed(&CHANGES, |change| change.since)?;
    if crossed.is_empty() {
        return Ok(Judgement::not_applicable(
            "no change on this path shows in settings that are read",
        ));
    }
    if let Some(provider) = ctx.provider_runs_control_plane() {
        return Ok(Judgement::not_applicable(provider));
    }
    let components = &ctx.components()?.components;
    Ok(crossed
        .into_iter()
        .filter_map(|change| judge(ctx, change, components))
        .collect())
}

/// A source that lists every flag does not tell which of them were set.
fn judge(ctx: &Context<'_>, change: &Change, components: &[Component]) -> Option<Finding> {
    let relies = |component: &&Component| {
        component.name == change.component
            && !component.effective
            && component.sets(change.set)
            && !change.unset.iter().any(|flag| component.sets(flag))
    };
    let found = components
        .iter()
        .filter(relies)
        .min_by_key(|component| &component.source)?;
    let detail = format!(
        "--{} is set, and not --{}",
        change.set,
        change.unset.join(", --")
    );
    Some(
        Finding::new(
            Severity::Note,
            Subject::cluster("", "Component", change.component),
            change.message,
        )
        .telling_apart(change.id)
        .because(Evidence::state(&found.source, ctx.now(), detail))
        .setting(change.unset[0], "not set", None)
        .fix(change.fix),
    )
}
