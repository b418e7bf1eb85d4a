use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity,
    facts::{Node, NodeTerm, PodShape, Requirement, Taint, Workload},
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
        needs: &[Need::Pods, Need::Nodes, Need::DaemonSets],
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

const SELECTS: &str = "runs only on nodes labelled node-role.kubernetes.io/master, a label that kubeadm takes away with 1.24";

/// What a pod goes by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Label,
    /// The same by the affinity of a daemon set's template, which its pods do not show.
    Affinity,
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
    let sets = if label {
        by_template(ctx)
    } else {
        Ok(Judgement::default())
    };
    Ok([by_pods(ctx, label), sets].into_iter().collect())
}

/// Daemon sets whose template asks for the label. Each of their pods names its node instead.
fn by_template(ctx: &Context<'_>) -> Outcome {
    let sets = ctx.daemon_sets()?;
    let old = |set: &&Workload| set.node_terms.as_deref().is_some_and(ask_for_old);
    let found = sets.iter().filter(old).map(|set| {
        let (namespace, name) = (&set.namespace, &set.name);
        let owner = Owner {
            namespace,
            kind: set.kind.kind(),
            name,
        };
        describe(ctx, &owner, By::Affinity)
    });
    let unread = sets.iter().any(|set| set.node_terms.is_none());
    let why = "the recording does not hold what nodes daemon sets ask for: it was made by an older version";
    let gap = unread.then(|| Missing::not_collected(Need::DaemonSets, why));
    Ok(found.collect::<Judgement>().without(gap))
}

fn by_pods(ctx: &Context<'_>, label: bool) -> Outcome {
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

/// Whether it runs only where the old label is.
fn selects_old(shape: &PodShape) -> bool {
    shape.node_selector.get(OLD).is_some() || ask_for_old(&shape.node_terms)
}

/// Of several terms each has to ask for it.
fn ask_for_old(terms: &[NodeTerm]) -> bool {
    let is_old = |one: &Requirement| one.key == OLD && ["Exists", "In"].contains(&&*one.operator);
    !terms.is_empty() && terms.iter().all(|term| term.labels.iter().any(is_old))
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

/// Where it was seen, and of whom.
fn seen(owner: &Owner<'_>, by: By) -> (String, &'static str) {
    let Owner {
        namespace, name, ..
    } = owner;
    match by {
        By::Label | By::Taint => (format!("/api/v1/namespaces/{namespace}/pods"), "pods"),
        By::Affinity => {
            let source = format!("/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}");
            (source, "the template")
        }
    }
}

fn describe(ctx: &Context<'_>, owner: &Owner<'_>, by: By) -> Finding {
    let (field, value, message) = match by {
        By::Label => ("spec.nodeSelector", "selects", SELECTS),
        By::Affinity => ("spec.affinity.nodeAffinity", "selects", SELECTS),
        By::Taint => (
            "spec.tolerations",
            "tolerates",
            "tolerates node-role.kubernetes.io/master only: control-plane nodes carry node-role.kubernetes.io/control-plane alone from 1.25 on",
        ),
    };
    let (namespace, name) = (owner.namespace, owner.name);
    let (source, whose) = seen(owner, by);
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
            format!("{whose} of {} {name} {value} {OLD}", owner.kind),
        ))
        .setting(field, OLD, Some(NEW))
        .fix_with(
            format!("Add {NEW}, beside the old name until the upgrade is over"),
            format!("kubectl -n {namespace} edit {place} {name}"),
        )
}
