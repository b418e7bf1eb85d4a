use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Reason, Severity,
    facts::Health,
};

use super::{component, leader, static_pod};
use crate::{Check, Context, Judgement, Outcome, always};

/// A control plane that is ill before the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ControlPlaneHealth",
        summary: "a part of the control plane is not well",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Health, Need::Leases, Need::Pods],
        page: include_str!("control_plane_health.md"),
    },
    blocks: always,
    run: |ctx| Ok(run(ctx)),
};

/// Three parts, each judged without the others.
pub(crate) fn run(ctx: &Context<'_>) -> Judgement {
    let parts = [api_server(ctx), leader::all(ctx), static_pod::all(ctx)];
    parts.into_iter().collect()
}

fn api_server(ctx: &Context<'_>) -> Outcome {
    let health = ctx.health()?;
    let findings: Judgement = failing(health)
        .into_iter()
        .map(|(check, paths)| ill(ctx, check, &paths.join(", ")))
        .collect();
    let empty = health.ready.is_empty() || health.live.is_empty();
    Ok(findings.without(empty.then(|| Missing {
        need: Need::Health,
        reason: Reason::Malformed,
        detail: "/readyz or /livez listed no check".into(),
        cure: None,
    })))
}

/// Health checks that fail, and where.
fn failing(health: &Health) -> BTreeMap<&str, Vec<&'static str>> {
    let mut failing: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (path, checks) in [("/readyz", &health.ready), ("/livez", &health.live)] {
        for check in checks.iter().filter(|check| !check.ok) {
            failing.entry(check.name.as_str()).or_default().push(path);
        }
    }
    failing
}

fn ill(ctx: &Context<'_>, check: &str, paths: &str) -> Finding {
    component(
        Severity::Blocker,
        "kube-apiserver",
        format!("its health check {check} fails ({paths})"),
    )
    .telling_apart(check)
    .because(Evidence::state(paths, ctx.now(), format!("[-]{check}")))
    .fix_with(
        "Repair what the check watches: the API server's log has the reason",
        "kubectl get --raw '/readyz?verbose'",
    )
}
