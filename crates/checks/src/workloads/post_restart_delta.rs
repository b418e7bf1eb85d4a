use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, facts::Pod,
};

use super::owner::Owner;
use crate::{
    Check, Context, Outcome, View, never,
    text::{counted, short},
};

/// So many restarts of one pod are more than an upgrade of its node causes.
const SEVERAL: i64 = 3;
/// So much more often than before is a change.
const MORE_OFTEN: i64 = 2;
/// A rate before is of no shorter time than this.
const LEAST_SECONDS: i64 = 3600;

/// Pods that restart since the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostRestartDelta",
        summary: "containers of a workload restart more often than before the upgrade",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pods, Need::Baseline],
        page: include_str!("post_restart_delta.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let (pods, before) = (ctx.pods()?, ctx.before()?);
    let old = restarts(&before, before.pods()?);
    let elapsed = (ctx.now().as_second() - before.now().as_second()).max(1);
    let owners = since(pods, &before);
    let compare = |(owner, now): (Owner<'_>, Since<'_>)| {
        let rate = old.get(&(owner.namespace, owner.kind, owner.name));
        judge(ctx, &owner, &now, rate, elapsed)
    };
    Ok(owners.into_iter().filter_map(compare).collect())
}

/// Restarts of one owner's pods since the baseline.
#[derive(Default)]
struct Since<'a> {
    restarts: i64,
    /// The most of one pod, and which.
    worst: (i64, Option<&'a Pod>),
}

/// How often an owner's pods restarted in how many seconds of their lives, before the upgrade.
#[derive(Clone, Copy, Default)]
struct Rate {
    restarts: i64,
    seconds: i64,
}

fn total(pod: &Pod) -> i64 {
    pod.containers
        .iter()
        .map(|container| i64::from(container.restarts))
        .sum()
}

/// A pod is the same when it was made at the same time.
fn same(old: &Pod, pod: &Pod) -> bool {
    old.created == pod.created
}

/// A pod that was there before counts what was added; a new one starts at 0.
fn since<'a>(pods: &'a [Pod], before: &View<'a>) -> BTreeMap<Owner<'a>, Since<'a>> {
    let old = before.pods().map(Vec::as_slice).unwrap_or_default();
    let old: BTreeMap<_, _> = old
        .iter()
        .map(|pod| ((&pod.namespace, &pod.name), pod))
        .collect();
    let mut owners: BTreeMap<_, Since<'a>> = BTreeMap::new();
    for pod in pods
        .iter()
        .filter(|pod| !pod.is_finished() && !pod.deleting)
    {
        let known = old
            .get(&(&pod.namespace, &pod.name))
            .filter(|old| same(old, pod));
        let added = total(pod) - known.map_or(0, |old| total(old));
        if added <= 0 || !restarted_since(pod, before.now()) {
            continue;
        }
        let since = owners.entry(Owner::of(pod)).or_default();
        since.restarts += added;
        if added > since.worst.0 {
            since.worst = (added, Some(pod));
        }
    }
    owners
}

/// The last end of a container is later than the baseline, where it is known.
fn restarted_since(pod: &Pod, then: jiff::Timestamp) -> bool {
    let ends: Vec<_> = pod
        .containers
        .iter()
        .filter_map(|container| container.last_ended)
        .collect();
    ends.is_empty() || ends.iter().any(|end| *end >= then)
}

fn restarts<'a>(before: &View<'_>, pods: &'a [Pod]) -> BTreeMap<(&'a str, &'a str, &'a str), Rate> {
    let mut rates: BTreeMap<_, Rate> = BTreeMap::new();
    for pod in pods {
        let owner = Owner::of(pod);
        let rate = rates
            .entry((owner.namespace, owner.kind, owner.name))
            .or_default();
        rate.restarts += total(pod);
        rate.seconds = rate.seconds.max(before.seconds_since(pod.created));
    }
    rates
}

fn judge(
    ctx: &Context<'_>,
    owner: &Owner<'_>,
    now: &Since<'_>,
    before: Option<&Rate>,
    elapsed: i64,
) -> Option<Finding> {
    let (most, worst) = (now.worst.0, now.worst.1?);
    let before = before.copied().unwrap_or_default();
    // Restarts per time, both sides multiplied out.
    let expected = before.restarts * elapsed.max(LEAST_SECONDS) * MORE_OFTEN;
    let often = now.restarts * before.seconds.max(LEAST_SECONDS) > expected;
    if most < SEVERAL || !often {
        return None;
    }
    let message = format!(
        "{} since the baseline, {} of them of pod {}; {} in {} before it",
        counted(usize::try_from(now.restarts).unwrap_or(0), "restart"),
        most,
        short(&worst.name, 50),
        before.restarts,
        hours(before.seconds),
    );
    let source = format!("/api/v1/namespaces/{}/pods/{}", worst.namespace, worst.name);
    let detail = format!(
        "{} restarts in {} after the baseline",
        now.restarts,
        hours(elapsed)
    );
    let finding = Finding::new(Severity::Risk, owner.subject(), message).because(Evidence::state(
        source,
        ctx.now(),
        detail,
    ));
    Some(finding.fix_with(
        "Look at why its containers ended",
        format!(
            "kubectl -n {} logs --previous {}",
            worst.namespace, worst.name
        ),
    ))
}

fn hours(seconds: i64) -> String {
    if seconds < 2 * 3600 {
        format!("{} min", seconds / 60)
    } else {
        format!("{} h", seconds / 3600)
    }
}
