use std::collections::HashMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{PodShape, Quota, QuotaAmount},
};

use super::{containers::Rules, rollout, scopes, stage};
use crate::{
    Check, Context, Outcome, never,
    text::{short, some_of},
};

/// Quotas that let no successor in.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "QuotaHeadroom",
        summary: "a quota lets in no pod in the place of one that a drain evicts",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::PodAdmission, Need::Pods],
        page: include_str!("quota_headroom.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let pods = stage::shaped(ctx)?;
    let mut moving: HashMap<&str, Vec<&PodShape>> = HashMap::new();
    for pod in pods.iter().filter(|pod| rollout::moves(pod)) {
        let shapes = moving.entry(&pod.namespace).or_default();
        shapes.extend(pod.shape.as_deref());
    }
    let admission = ctx.pod_admission()?;
    let rules = Rules::by_namespace(admission);
    let judge = |quota: &Quota| {
        let namespace = quota.namespace.as_str();
        let room = Room::of(quota)?;
        let counted = counted(quota, &rules[namespace], moving.get(namespace)?)?;
        Some(describe(ctx, quota, &room, counted))
    };
    Ok(admission.quotas.iter().filter_map(judge).collect())
}

/// Whose successors a quota counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// Those of all pods of its namespace.
    All,
    /// Those of some.
    Some,
    /// Perhaps those of some.
    Perhaps,
}

/// Whether a quota counts the successors of any of these pods.
fn counted(quota: &Quota, rules: &Rules<'_>, moving: &[&PodShape]) -> Option<Counted> {
    let mut counted = None;
    for shape in moving {
        match rules.counts(quota, shape) {
            Some(true) if quota.scopes.is_empty() => return Some(Counted::All),
            Some(true) => return Some(Counted::Some),
            Some(false) => {}
            None => counted = Some(Counted::Perhaps),
        }
    }
    counted
}

/// How a quota has no room.
enum Room {
    /// More of these is used than it allows: it lets nothing in.
    Over(String),
    /// These are used up: it lets the successor in once the pod has gone and its controller tries again, which was seconds on an idle 1.31
    /// and more than twenty on a busy one.
    Full(String),
}

impl Room {
    /// Nothing where there is room.
    fn of(quota: &Quota) -> Option<Self> {
        let of = |is: fn(&QuotaAmount) -> bool| {
            let amounts = quota.amounts.iter().filter(|amount| is(amount));
            let names: Vec<_> = amounts.map(|amount| amount.resource.as_str()).collect();
            (!names.is_empty()).then(|| some_of(names))
        };
        let over = of(|amount| amount.used > amount.hard).map(Self::Over);
        over.or_else(|| of(|amount| amount.used == amount.hard).map(Self::Full))
    }

    fn text(&self, counted: Counted) -> String {
        match (self, counted) {
            (Self::Over(names), Counted::Perhaps) => format!(
                "more {names} is used than it allows: whether it counts pods that a drain evicts is not known"
            ),
            (Self::Full(names), Counted::Perhaps) => format!(
                "{names} is used up: whether it counts pods that a drain evicts is not known"
            ),
            (Self::Over(names), Counted::All) => format!(
                "more {names} is used than it allows: no pod of the namespace is let in again"
            ),
            (Self::Over(names), Counted::Some) => {
                format!(
                    "more {names} is used than it allows: no pod that it counts is let in again"
                )
            }
            (Self::Full(names), _) => {
                format!("{names} is used up: a pod is let in only when another has gone")
            }
        }
    }
}

fn describe(ctx: &Context<'_>, quota: &Quota, room: &Room, counted: Counted) -> Finding {
    let Quota {
        namespace, name, ..
    } = quota;
    let severity = match counted {
        Counted::Perhaps => Severity::Note,
        Counted::All | Counted::Some => ctx.risk_of_drain(),
    };
    let source = format!("/api/v1/namespaces/{namespace}/resourcequotas/{name}");
    let subject = Subject::namespaced("v1", "ResourceQuota", namespace, name);
    let message = room.text(counted);
    Finding::new(severity, subject, short(&message, 200))
        .because(Evidence::state(source, ctx.now(), state(quota)))
        .fix_with(
            "Raise the quota, or make room in the namespace, before nodes are drained",
            format!("kubectl -n {namespace} describe resourcequota {name}"),
        )
}

/// What is used of a quota, and which pods it counts where it does not count all.
fn state(quota: &Quota) -> String {
    let amounts = quota.amounts.iter().map(|amount| {
        let QuotaAmount {
            resource,
            hard,
            used,
        } = amount;
        format!("{resource} {used} of {hard}")
    });
    let amounts = short(&amounts.collect::<Vec<_>>().join(", "), 300);
    if quota.scopes.is_empty() {
        return amounts;
    }
    let scopes = short(&scopes::named(&quota.scopes), 300);
    format!("{amounts}; scopes {scopes}")
}
