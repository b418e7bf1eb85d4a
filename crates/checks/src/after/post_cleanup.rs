use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Lease, Namespace, PROBE_EXPIRES, PROBE_LABEL, PROBE_NAMESPACE},
};

use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// What of ours was left behind.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostCleanup",
        summary: "a probe or a lock of the upgrade was left behind",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Namespaces, Need::Leases],
        page: include_str!("post_cleanup.md"),
    },
    blocks: never,
    run,
};

/// The lease by which whoever upgrades a cluster keeps others away.
const LOCK: &str = "airworthy-upgrade";

#[expect(clippy::unnecessary_wraps, reason = "every check returns an outcome")]
fn run(ctx: &Context<'_>) -> Outcome {
    let probe = ctx.namespaces().map(|namespaces| {
        let ours = namespaces.iter().filter(|one| one.name == PROBE_NAMESPACE);
        ours.filter_map(|one| left(ctx, one)).collect::<Judgement>()
    });
    let lock = ctx
        .leases()
        .map(|leases| leases.iter().filter_map(|lease| held(ctx, lease)).collect());
    Ok([probe, lock].into_iter().collect())
}

/// A probe that has stood longer than it said it would. One that stands for a moment is read right now.
fn left(ctx: &Context<'_>, namespace: &Namespace) -> Option<Finding> {
    let (key, value) = PROBE_LABEL;
    if namespace.labels.get(key) != Some(value) {
        return None;
    }
    let until = namespace
        .labels
        .get(PROBE_EXPIRES)
        .and_then(|text| text.parse::<i64>().ok());
    if until.is_some_and(|until| until > ctx.now().as_second()) {
        return None;
    }
    let subject = Subject::cluster("v1", "Namespace", &namespace.name);
    let source = format!("/api/v1/namespaces/{}", namespace.name);
    let detail = format!(
        "label {PROBE_EXPIRES}={}",
        namespace.labels.get(PROBE_EXPIRES).unwrap_or("(none)")
    );
    let finding = Finding::new(
        Severity::Risk,
        subject,
        "is a probe of ours that was left behind: its pods are on every node",
    )
    .because(Evidence::state(source, ctx.now(), detail))
    .fix_with("Take it away", "airworthy probe clean");
    Some(finding)
}

/// A lock that still names somebody.
fn held(ctx: &Context<'_>, lease: &Lease) -> Option<Finding> {
    let holder = lease
        .holder
        .as_deref()
        .filter(|holder| !holder.is_empty())?;
    if lease.name != LOCK {
        return None;
    }
    let (namespace, name) = (&lease.namespace, &lease.name);
    let subject = Subject::namespaced("coordination.k8s.io/v1", "Lease", namespace, name);
    let source = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}");
    let message = format!(
        "the lock on upgrades was not given back by {}",
        short(holder, 80)
    );
    let detail = lease
        .renewed
        .map_or("never renewed".to_owned(), |at| format!("renewed {at}"));
    let finding = Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Give it back, once nobody upgrades the cluster any more",
            format!("kubectl -n {namespace} delete lease {name}"),
        );
    Some(finding)
}
