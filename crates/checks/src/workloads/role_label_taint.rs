use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity,
    facts::{Node, PodShape, Taint},
};

use super::owner::Owner;
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Pods that find control-plane nodes by a name that goes.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RoleLabelTaint",
        summary: "a workload selects or tolerates control-plane nodes by their old name only",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pods, Need::Nodes],
        page: include_str!("role_label_taint.md"),
    },
    blocks: never,
    run,
};

/// The label is gone in the first, the taint in the second.
const LABEL_GONE: Minor = Minor::v1(24);
const TAINT_GONE: Minor = Minor::v1(25);
const OLD: &str = "node-role.kubernetes.io/master";
const NEW: &str = "node-role.kubernetes.io/control-plane";

/// What a pod goes by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Label,
    Taint,
}

fn run(ctx: &Context<'_>) -> Outcome {
    ctx.path()?;
    let (label, taint) = (
        ctx.crosses(LABEL_GONE),
        ctx.crosses(LABEL_GONE) || ctx.crosses(TAINT_GONE),
    );
    if !taint {
        return Ok(Judgement::not_applicable(
            "no version on this path takes a label or taint of control-plane nodes away",
        ));
    }
    let nodes = ctx.nodes()?;
    let control_plane: BTreeSet<_> = nodes
        .iter()
        .filter(|node| is_control_plane(node))
        .map(|node| node.name.as_str())
        .collect();
    let mut found = BTreeSet::new();
    for pod in ctx
        .pods()?
        .iter()
        .filter(|pod| !pod.mirror && !pod.is_finished())
    {
        let Some(shape) = &pod.shape else { continue };
        if label && selects_old(shape) {
            found.insert((Owner::of(pod), By::Label));
        }
        if control_plane.contains(pod.node.as_str()) && tolerates_old_only(shape) {
            found.insert((Owner::of(pod), By::Taint));
        }
    }
    Ok(found
        .iter()
        .map(|(owner, by)| describe(ctx, owner, *by))
        .collect())
}

fn is_control_plane(node: &Node) -> bool {
    [OLD, NEW].iter().any(|key| {
        node.labels.get(key).is_some() || node.taints.iter().any(|taint| taint.key == *key)
    })
}

/// Whether it runs only where the old label is. Of several terms each would have to ask for it.
fn selects_old(shape: &PodShape) -> bool {
    let by_term = |keys: &[airworthy_model::facts::Requirement]| {
        keys.iter()
            .any(|one| one.key == OLD && (one.operator == "Exists" || one.operator == "In"))
    };
    shape.node_selector.get(OLD).is_some()
        || (!shape.node_terms.is_empty()
            && shape.node_terms.iter().all(|term| by_term(&term.labels)))
}

/// A toleration without a key tolerates the new name as well.
fn tolerates_old_only(shape: &PodShape) -> bool {
    let tolerates = |key: &str| {
        let taint = Taint {
            key: key.into(),
            value: String::new(),
            effect: "NoSchedule".into(),
        };
        shape.tolerations.iter().any(|one| one.tolerates(&taint))
    };
    tolerates(OLD) && !tolerates(NEW)
}

fn describe(ctx: &Context<'_>, owner: &Owner<'_>, by: By) -> Finding {
    let (field, value, message) = match by {
        By::Label => (
            "spec.nodeSelector",
            "selects",
            "runs only on nodes labelled node-role.kubernetes.io/master, a label that kubeadm takes away with 1.24",
        ),
        By::Taint => (
            "spec.tolerations",
            "tolerates",
            "tolerates node-role.kubernetes.io/master only: control-plane nodes carry node-role.kubernetes.io/control-plane alone from 1.25 on",
        ),
    };
    let source = format!("/api/v1/namespaces/{}/pods", owner.namespace);
    let place = if owner.kind == "Pod" {
        "pod".to_owned()
    } else {
        owner.kind.to_lowercase()
    };
    Finding::new(Severity::Risk, owner.subject(), short(message, 200))
        .telling_apart(field)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("pods of {} {} {value} {OLD}", owner.kind, owner.name),
        ))
        .setting(field, OLD, Some(NEW))
        .fix_with(
            format!("Add {NEW}, beside the old name until the upgrade is over"),
            format!("kubectl -n {} edit {place} {}", owner.namespace, owner.name),
        )
}
