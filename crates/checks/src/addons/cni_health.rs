use airworthy_knowledge::Role;
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Node, WorkloadKind},
};

use super::installed::{self, Installed};
use crate::{Check, Context, Judgement, Outcome, when_draining};

/// Networks of pods that will not survive that nodes come and go.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CniHealth",
        summary: "a node without a pod network, or a network plugin that is not renewed by itself",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::DaemonSets, Need::Nodes],
        page: include_str!("cni_health.md"),
    },
    blocks: when_draining,
    run: |ctx| Ok(run(ctx)),
};

fn run(ctx: &Context<'_>) -> Judgement {
    [plugins(ctx), nodes(ctx)].into_iter().collect()
}

fn plugins(ctx: &Context<'_>) -> Outcome {
    let sets = ctx.daemon_sets()?.iter();
    let installed = sets.flat_map(|set| installed::of(ctx, set));
    let stays = |one: &Installed<'_>| {
        one.addon.role == Role::Network
            && one.addon.judged_by.is_none()
            && one.workload.kind == WorkloadKind::DaemonSet
            && one.workload.strategy == "OnDelete"
    };
    let findings: Judgement = installed
        .filter(stays)
        .map(|one| describe(ctx, &one))
        .collect();
    Ok(findings)
}

fn describe(ctx: &Context<'_>, one: &Installed<'_>) -> Finding {
    let message = format!(
        "{} is renewed on a node only when its pod is deleted there (OnDelete)",
        one.title()
    );
    let (namespace, name) = (&one.workload.namespace, &one.workload.name);
    one.finding(ctx, Severity::Risk, message, "spec.updateStrategy.type OnDelete")
        .setting("spec.updateStrategy.type", "OnDelete", Some("RollingUpdate"))
        .fix_with(
            "Let it roll, or delete its pods node by node after each change",
            format!(
                "kubectl -n {namespace} patch daemonset {name} --type merge -p '{{\"spec\":{{\"updateStrategy\":{{\"type\":\"RollingUpdate\"}}}}}}'"
            ),
        )
}

fn nodes(ctx: &Context<'_>) -> Outcome {
    let judge = |node: &Node| {
        let condition = Condition::find(&node.conditions, "NetworkUnavailable")?;
        condition
            .is_true()
            .then(|| unavailable(ctx, node, condition))
    };
    Ok(ctx.nodes()?.iter().filter_map(judge).collect())
}

fn unavailable(ctx: &Context<'_>, node: &Node, condition: &Condition) -> Finding {
    let severity = if ctx.drains_nodes() {
        Severity::Blocker
    } else {
        Severity::Risk
    };
    let name = &node.name;
    let subject = Subject::cluster("v1", "Node", name).with_uid(&node.uid);
    let detail = format!(
        "NetworkUnavailable {} {}",
        condition.status, condition.reason
    );
    Finding::new(
        severity,
        subject,
        "has no pod network (NetworkUnavailable): pods that are moved here do not start",
    )
    .because(Evidence::state(
        format!("/api/v1/nodes/{name}"),
        ctx.now(),
        detail,
    ))
    .fix_with(
        "Look at the pod of the network plugin on this node",
        format!("kubectl get pods -A -o wide --field-selector spec.nodeName={name}"),
    )
}
