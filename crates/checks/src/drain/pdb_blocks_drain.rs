use std::borrow::Cow;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{IntOrPercent, Pdb, Pod},
};

use super::budget::{self, ByNamespace};
use crate::{Check, Context, Judgement, Outcome, text::counted, when_draining};

/// What comes of it where a drain evicts its pods.
const WAITS: &str = ": draining a node with its pods does not end";

/// A budget whose spec can never allow an eviction.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PdbBlocksDrain",
        summary: "a disruption budget that can never allow an eviction stalls every node drain",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Pdbs, Need::Pods],
        page: include_str!("pdb_blocks_drain.md"),
    },
    blocks: when_draining,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let pdbs = ctx.pdbs()?;
    let outdated = pdbs.iter().any(Pdb::is_outdated);
    // Pods are read only where a status does not tell of them, or where they may excuse a budget.
    let stands = |pdb: &Pdb| guards_a_pod(pdb) && never_allows(pdb);
    let asked = outdated || pdbs.iter().any(stands);
    let (pods, missing) = match asked.then(|| ctx.pods()) {
        Some(Ok(pods)) => (pods.as_slice(), None),
        Some(Err(missing)) => (&[][..], Some(missing).filter(|_| outdated)),
        None => (&[][..], None),
    };
    let pods = Guarded::sort(pods);
    let now = pdbs.iter().map(|pdb| counted_now(pdb, &pods.moving));
    let found: Judgement = now
        .filter(|pdb| guards_a_pod(pdb))
        .filter_map(|pdb| judge(ctx, &pdb, &pods))
        .collect();
    Ok(found.without(missing))
}

/// Pods that are there to stay: a drain passes over those of a DaemonSet.
struct Guarded<'a> {
    moving: ByNamespace<'a>,
    staying: ByNamespace<'a>,
}

impl<'a> Guarded<'a> {
    fn sort(pods: &'a [Pod]) -> Self {
        let alive = pods
            .iter()
            .filter(|pod| !pod.is_finished() && !pod.deleting);
        let (staying, moving): (Vec<_>, Vec<_>) = alive.partition(|pod| pod.stays_with_node());
        Self {
            moving: budget::by_namespace(moving.into_iter()),
            staying: budget::by_namespace(staying.into_iter()),
        }
    }

    /// Whether a budget guards pods, and none that a drain evicts.
    fn all_stay(&self, pdb: &Pdb) -> bool {
        let guards = |pods: &ByNamespace<'_>| {
            let mut pods = pods.get(&*pdb.namespace).into_iter().flatten();
            pods.any(|pod| budget::guards(pdb, pod))
        };
        guards(&self.staying) && !guards(&self.moving)
    }
}

fn judge(ctx: &Context<'_>, pdb: &Pdb, pods: &Guarded<'_>) -> Option<Finding> {
    let (field, value, why) = obstacle(pdb)?;
    let (severity, so) = if pods.all_stay(pdb) {
        let so = ", but drains evict none of its pods: all stay with their nodes";
        (Severity::Note, so)
    } else if ctx.drains_nodes() {
        (Severity::Blocker, WAITS)
    } else {
        (Severity::Note, WAITS)
    };
    let message = format!("never allows an eviction ({why}){so}");
    let finding = describe(ctx, pdb, severity, message);
    Some(finding.setting(field, value.to_string(), None))
}

/// The budget with the counts that its status will have, once the disruption controller has seen its spec and the pods are healthy.
fn counted_now<'a>(pdb: &'a Pdb, pods: &ByNamespace<'_>) -> Cow<'a, Pdb> {
    if !pdb.is_outdated() {
        return Cow::Borrowed(pdb);
    }
    let pods = pods.get(&*pdb.namespace).into_iter().flatten();
    let guarded: Vec<_> = pods.filter(|pod| budget::guards(pdb, pod)).collect();
    let healthy = i32::try_from(guarded.len()).unwrap_or(i32::MAX);
    let plain = matches!(pdb.min_available, Some(IntOrPercent::Int(_)));
    // A share of pods without a controller is one of nothing.
    let uncountable = !plain && guarded.iter().any(|pod| pod.controller.is_none());
    Cow::Owned(Pdb {
        expected_pods: if uncountable { 0 } else { healthy },
        current_healthy: healthy,
        disruptions_allowed: 0,
        ..pdb.clone()
    })
}

/// Whether at least one pod is behind the budget. Bare pods are not counted in `expectedPods` for percentages, but they are
/// healthy, and the eviction API refuses them all the same (seen on 1.31).
pub(super) fn guards_a_pod(pdb: &Pdb) -> bool {
    pdb.expected_pods > 0 || pdb.current_healthy > 0
}

/// Whether the spec forbids every eviction.
pub(super) fn never_allows(pdb: &Pdb) -> bool {
    obstacle(pdb).is_some()
}

/// The field that forbids every eviction, whatever the health of the pods.
fn obstacle(pdb: &Pdb) -> Option<(&'static str, &IntOrPercent, String)> {
    let pods = pods(pdb);
    let (path, value, by_itself) = match (&pdb.max_unavailable, &pdb.min_available) {
        (Some(max), _) => ("spec.maxUnavailable", max, is_zero(max).then(String::new)),
        (None, Some(min)) => {
            let all = is_all(min, pods).then(|| format!(" of {pods}"));
            ("spec.minAvailable", min, all)
        }
        (None, None) => return None,
    };
    let uncounted = || is_uncountable(pdb).then(|| " over pods without a scale".to_owned());
    let how = by_itself.or_else(uncounted)?;
    let field = path.trim_start_matches("spec.");
    Some((path, value, format!("{field} {value}{how}")))
}

fn pods(pdb: &Pdb) -> i32 {
    pdb.expected_pods.max(pdb.current_healthy)
}

fn is_zero(max: &IntOrPercent) -> bool {
    matches!(max, IntOrPercent::Int(n) if *n <= 0) || max.percent() == Some(0)
}

/// Whether the disruption controller has nothing to reckon from: pods without a controller have no scale, and then it allows
/// nothing, unless the budget is a plain number of pods that must be available (seen on 1.31).
fn is_uncountable(pdb: &Pdb) -> bool {
    pdb.expected_pods == 0 && pdb.disruptions_allowed == 0
}

fn is_all(min: &IntOrPercent, pods: i32) -> bool {
    match min {
        IntOrPercent::Int(n) => *n >= pods,
        // Rounded up, as the disruption controller does: 95 % of 10 pods is all 10.
        IntOrPercent::Percent(_) => min
            .percent()
            .is_some_and(|p| (i64::from(p) * i64::from(pods) + 99) / 100 >= i64::from(pods)),
    }
}

/// The spec that lets one pod go. A plain number of pods that must be available works for every sort of pod.
fn relaxed(pdb: &Pdb) -> String {
    let plain = matches!(pdb.min_available, Some(IntOrPercent::Int(_)));
    if plain || is_uncountable(pdb) {
        let fewer = (pods(pdb) - 1).max(0);
        format!("{{\"minAvailable\":{fewer},\"maxUnavailable\":null}}")
    } else {
        "{\"minAvailable\":null,\"maxUnavailable\":1}".to_owned()
    }
}

fn describe(ctx: &Context<'_>, pdb: &Pdb, severity: Severity, message: String) -> Finding {
    let subject = Subject::namespaced(
        &pdb.api_version,
        "PodDisruptionBudget",
        &pdb.namespace,
        &pdb.name,
    );
    let (group, version) = pdb.api_version.split_once('/').unwrap_or(("policy", "v1"));
    let source = format!(
        "/apis/{group}/{version}/namespaces/{}/poddisruptionbudgets/{}",
        pdb.namespace, pdb.name
    );
    let detail = if pdb.is_outdated() {
        let pods = counted(usize::try_from(pods(pdb)).unwrap_or_default(), "pod");
        format!("its selector finds {pods}; its status is not of this spec yet")
    } else {
        budget::counts(pdb)
    };
    Finding::new(severity, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Let at least one pod be unavailable for the time of the upgrade, or run one replica more than the budget demands",
            format!(
                "kubectl -n {} patch pdb {} --type merge -p '{{\"spec\":{}}}'",
                pdb.namespace,
                pdb.name,
                relaxed(pdb)
            ),
        )
}
