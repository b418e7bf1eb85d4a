use airworthy_model::{
    CheckInfo, Evidence, Group, Kind, Missing, Need, Phase, Severity,
    facts::{Component, Components, Health},
};

use super::component;
use crate::{Check, Context, Judgement, Outcome, always};

/// A store that is ill, or nearly full.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "EtcdHealth",
        summary: "etcd is not well, or its database is near its quota",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Health, Need::Metrics, Need::Components],
        page: include_str!("etcd_health.md"),
    },
    blocks: always,
    run: |ctx| Ok(run(ctx)),
};

/// The flag that says how large a database may become.
const QUOTA: &str = "quota-backend-bytes";
const MIB: u64 = 1 << 20;
/// What etcd allows where nobody says otherwise.
const DEFAULT_QUOTA: u64 = 2 << 30;
/// From so many hundredths of the quota on.
const NEAR: u64 = 80;

/// What the API server says of its store, and how large that is.
pub(crate) fn run(ctx: &Context<'_>) -> Judgement {
    [healthy(ctx), size(ctx)].into_iter().collect()
}

/// What the API server says of its store.
fn healthy(ctx: &Context<'_>) -> Outcome {
    let Health { ready, live, .. } = ctx.health()?;
    let checks = ready
        .iter()
        .map(|check| ("/readyz", check))
        .chain(live.iter().map(|check| ("/livez", check)));
    let of_etcd: Vec<_> = checks
        .filter(|(_, check)| check.name.starts_with("etcd"))
        .collect();
    if of_etcd.is_empty() {
        let why = "the API server lists no check of etcd in /readyz and /livez";
        return Err(Missing::not_collected(Need::Health, why));
    }
    let failing: Vec<_> = of_etcd.iter().filter(|(_, check)| !check.ok).collect();
    let Some((path, check)) = failing.first() else {
        return Ok(Judgement::default());
    };
    let message = format!("the API server's check {} of it fails ({path})", check.name);
    let finding = component(Severity::Blocker, "etcd", message)
        .because(Evidence::state(
            format!("{path}?verbose"),
            ctx.now(),
            format!("[-]{} failed", check.name),
        ))
        .telling_apart("health")
        .fix_with(
            "Look at its members and its log before anything is changed",
            "etcdctl endpoint health --cluster",
        );
    Ok([finding].into_iter().collect())
}

/// Whether the largest database is near what etcd allows it: each has a quota of its own, so they do not add up.
fn size(ctx: &Context<'_>) -> Outcome {
    let metrics = ctx.metrics()?;
    let Some(size) = metrics.storage_bytes.iter().max().copied() else {
        return hidden(ctx);
    };
    let quota = quota(ctx.components()?);
    let (limit, known) = quota.map_or((DEFAULT_QUOTA, false), |quota| (quota, true));
    // Far below what any etcd allows, the quota does not matter.
    if limit == 0 || size.saturating_mul(100) < limit.saturating_mul(NEAR) {
        return Ok(Judgement::default());
    }
    let (severity, of) = if known {
        (Severity::Blocker, "its quota")
    } else {
        (
            Severity::Risk,
            "the quota that etcd has by default, and nothing tells the one it has",
        )
    };
    let (size_mib, limit_mib) = (size / MIB, limit / MIB);
    let message = format!(
        "its database takes {size_mib} MiB on disk: over {NEAR} % of {of} ({limit_mib} MiB)"
    );
    let detail = format!("apiserver_storage_size_bytes {size}, quota {limit} bytes");
    let finding = component(severity, "etcd", message)
        .because(Evidence::state("/metrics", ctx.now(), detail))
        .setting(QUOTA, limit.to_string(), None)
        .telling_apart("size")
        .fix_with(
            "Delete what nobody needs, compact and defragment one member after the other, or raise --quota-backend-bytes",
            "etcdctl defrag --cluster",
        );
    Ok([finding].into_iter().collect())
}

/// A provider hides its store, and answers for it.
fn hidden(ctx: &Context<'_>) -> Outcome {
    if ctx.provider_runs_control_plane().is_some() {
        return Ok(Judgement::default());
    }
    let why = "the API server does not tell the size of its database";
    Err(Missing::not_collected(Need::Metrics, why))
}

/// The least quota that etcd's pods are given; nothing where none of them tells.
fn quota(seen: &Components) -> Option<u64> {
    let pods = seen.of("etcd").filter(|one| !one.node.is_empty());
    pods.filter_map(quota_of).min()
}

/// What one member allows itself. With a file it ignores every flag. 0 is etcd's word for the default, and less for none.
fn quota_of(pod: &Component) -> Option<u64> {
    if pod.sets("config-file") {
        return None;
    }
    match pod.value(QUOTA) {
        None => (!pod.sets(QUOTA)).then_some(DEFAULT_QUOTA),
        Some(text) => match text.parse::<i64>().ok()? {
            0 => Some(DEFAULT_QUOTA),
            bytes => Some(u64::try_from(bytes).unwrap_or(0)),
        },
    }
}
