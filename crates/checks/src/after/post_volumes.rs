use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{CsiNode, Event, Node, PersistentVolumeClaim, VolumeAttachment},
};

use super::{
    baseline::{Earlier, optional},
    storage_classes,
};
use crate::{
    Check, Context, Outcome, View, always,
    storage::attachment::{self, Stuck},
    text::{short, some_of},
};

/// Volumes that did not survive the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostVolumes",
        summary: "claims lost their volumes, volumes do not attach, or nodes lost CSI drivers",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::PersistentVolumeClaims,
            Need::VolumeAttachments,
            Need::StorageClasses,
            Need::CsiNodes,
            Need::Nodes,
            Need::Events,
            Need::Baseline,
        ],
        page: include_str!("post_volumes.md"),
    },
    blocks: always,
    run,
};

/// Reasons of events by which volumes that do not come up make themselves heard.
const REASONS: [&str; 2] = ["FailedAttachVolume", "FailedMount"];

#[allow(clippy::unnecessary_wraps)] // As every check is called; each part tells what it lacks.
fn run(ctx: &Context<'_>) -> Outcome {
    let (before, gap) = optional(ctx.before());
    let before = before.as_ref();
    let parts = [
        claims(ctx, before),
        attachments(ctx, before),
        drivers(ctx, before),
        storage_classes::gone(ctx, before),
        events(ctx, before),
    ];
    let whole: crate::Judgement = parts.into_iter().collect();
    Ok(whole.without(gap))
}

/// Claims that were bound and are not: the same claim, since one that was made anew may wait for a pod.
fn claims(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let earlier = before.map(View::persistent_volume_claims).transpose()?;
    let earlier: Option<BTreeMap<_, _>> =
        earlier.map(|claims| claims.iter().map(|claim| (key(claim), claim)).collect());
    let was = |claim: &PersistentVolumeClaim| {
        Earlier::find(earlier.as_ref(), |earlier| {
            let old = earlier.get(&key(claim)).copied();
            old.filter(|old| old.uid == claim.uid)
        })
    };
    let broken = |claim: &&PersistentVolumeClaim| match was(claim) {
        Earlier::There(old) => old.phase == "Bound" && claim.phase != "Bound",
        // A new claim may wait for its pod; one whose volume is gone does not come back.
        Earlier::Unread | Earlier::Absent => claim.phase == "Lost",
    };
    let claims = ctx.persistent_volume_claims()?.iter();
    Ok(claims
        .filter(|claim| !claim.deleting)
        .filter(broken)
        .map(|claim| unbound(ctx, claim, was(claim)))
        .collect())
}

fn key(claim: &PersistentVolumeClaim) -> (&str, &str) {
    (&claim.namespace, &claim.name)
}

fn unbound(
    ctx: &Context<'_>,
    claim: &PersistentVolumeClaim,
    was: Earlier<&PersistentVolumeClaim>,
) -> Finding {
    let (namespace, name) = (&claim.namespace, &claim.name);
    let message = match was {
        Earlier::There(old) => format!(
            "{} now; it was bound to {} before the upgrade",
            claim.phase,
            short(&old.volume, 80)
        ),
        Earlier::Unread | Earlier::Absent => {
            format!("{}: its volume is gone", claim.phase)
        }
    };
    let subject = Subject::namespaced("v1", "PersistentVolumeClaim", namespace, name);
    let source = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}");
    let detail = format!("phase {}, volume {}", claim.phase, claim.volume);
    Finding::new(Severity::Blocker, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "See what became of its volume, and restore it from the backup if it is gone",
            format!("kubectl -n {namespace} describe pvc {name}"),
        )
}

/// What is stuck now; what was stuck in the baseline already is a note.
fn attachments(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let earlier = before
        .map(|before| stuck(before, &BTreeSet::new()))
        .transpose()?
        .unwrap_or_default();
    // An attachment to a node that was replaced goes when the controller has waited out its six minutes.
    let nodes = ctx.nodes()?.iter().map(|node| node.name.as_str()).collect();
    let now = stuck(ctx, &nodes)?;
    Ok(now
        .into_iter()
        .map(|(name, (attachment, why))| {
            let old = earlier.contains_key(name);
            let severity = if old {
                Severity::Note
            } else {
                Severity::Blocker
            };
            let suffix = if old { ", as before the upgrade" } else { "" };
            attachment::finding(ctx.now(), severity, attachment, &why, suffix)
        })
        .collect())
}

type StuckOnes<'a> = BTreeMap<&'a str, (&'a VolumeAttachment, Stuck<'a>)>;

/// What is stuck on these nodes; without any, on whichever.
fn stuck<'a>(
    view: &View<'a>,
    nodes: &BTreeSet<&str>,
) -> Result<StuckOnes<'a>, airworthy_model::Missing> {
    let on_node = |one: &&VolumeAttachment| nodes.is_empty() || nodes.contains(one.node.as_str());
    let all = view.volume_attachments()?.iter().filter(on_node);
    Ok(all
        .filter_map(|one| {
            Some((
                one.name.as_str(),
                (one, attachment::stuck(view.now(), one)?),
            ))
        })
        .collect())
}

/// Drivers that a node had, or that every node had, and that a node lacks now.
fn drivers(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let now = ctx.csi_nodes()?;
    let Some(before) = before else {
        return Ok(crate::Judgement::default());
    };
    let (old_nodes, before) = (before.nodes()?, by_node(before.csi_nodes()?));
    let everywhere = common(old_nodes, &before);
    let now = by_node(now);
    let lost = |node: &Node| {
        let name = node.name.as_str();
        let known = old_nodes.iter().any(|old| old.name == name);
        let expected = if known {
            before.get(name)
        } else {
            Some(&everywhere)
        };
        let has = now.get(name).cloned().unwrap_or_default();
        let lost: Vec<_> = expected?.difference(&has).copied().collect();
        (!lost.is_empty()).then(|| lacks(ctx, name, &lost, known))
    };
    Ok(ctx.nodes()?.iter().filter_map(lost).collect())
}

type Drivers<'a> = BTreeSet<&'a str>;

fn by_node(nodes: &[CsiNode]) -> BTreeMap<&str, Drivers<'_>> {
    let mut drivers = BTreeMap::new();
    for node in nodes {
        let names = node.drivers.iter().map(|driver| driver.name.as_str());
        drivers.insert(node.name.as_str(), names.collect());
    }
    drivers
}

/// The drivers that all nodes had: of two nodes or more, since a single one may be special.
fn common<'a>(nodes: &[Node], drivers: &BTreeMap<&str, Drivers<'a>>) -> Drivers<'a> {
    if nodes.len() < 2 {
        return Drivers::new();
    }
    let all = nodes
        .iter()
        .map(|node| drivers.get(node.name.as_str()).cloned().unwrap_or_default());
    all.reduce(|one, other| &one & &other).unwrap_or_default()
}

fn lacks(ctx: &Context<'_>, node: &str, lost: &[&str], had: bool) -> Finding {
    let when = if had {
        "it had it before the upgrade"
    } else {
        "every node had it before the upgrade"
    };
    let message = format!(
        "lacks the CSI driver {}; {when}",
        some_of(lost.iter().copied())
    );
    Finding::new(
        Severity::Blocker,
        Subject::cluster("v1", "Node", node),
        message,
    )
    .because(Evidence::state(
        format!("/apis/storage.k8s.io/v1/csinodes/{node}"),
        ctx.now(),
        format!("spec.drivers without {}", some_of(lost.iter().copied())),
    ))
    .fix_with(
        "See why the driver's pod does not run or register on this node",
        format!("kubectl get pods -A -o wide --field-selector spec.nodeName={node}"),
    )
}

/// Volumes that still fail now and did not fail in the hour before the upgrade.
fn events(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let Some(before) = before else {
        ctx.events()?;
        return Ok(crate::Judgement::default());
    };
    let failed_before: BTreeSet<_> = before.events()?.iter().map(place).collect();
    let events = ctx.events()?.iter();
    Ok(events
        .filter(|event| REASONS.contains(&event.reason.as_str()) && event.in_ten_minutes > 1)
        .filter(|event| !failed_before.contains(&place(event)))
        .map(|event| heard(ctx, event))
        .collect())
}

fn place(event: &Event) -> (&str, &str) {
    (&event.namespace, &event.reason)
}

fn heard(ctx: &Context<'_>, event: &Event) -> Finding {
    let (namespace, reason) = (&event.namespace, &event.reason);
    let message = format!(
        "{reason} {} times in the last ten minutes, lately of {}; not in the hour before the upgrade",
        event.in_ten_minutes,
        short(&event.name, 70)
    );
    let subject = Subject::cluster("v1", "Namespace", namespace);
    Finding::new(Severity::Risk, subject, message)
        .telling_apart(reason)
        .because(Evidence::state(
            format!("/api/v1/namespaces/{namespace}/events"),
            ctx.now(),
            format!("{reason}: {} in the last hour", event.in_hour),
        ))
        .fix_with(
            "Read the events",
            format!("kubectl -n {namespace} get events --field-selector reason={reason}"),
        )
}
