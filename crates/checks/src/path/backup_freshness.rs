use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Backup, BackupKind, CronJob},
};
use jiff::Timestamp;

use crate::{Check, Context, Judgement, Outcome, never};

/// Clusters whose last good backup is old.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "BackupFreshness",
        summary: "what makes backups in the cluster has not made a good one within a day",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Backups, Need::CronJobs],
        page: include_str!("backup_freshness.md"),
    },
    blocks: never,
    run,
};

/// Seconds for which a backup is fresh.
const FRESH: i64 = 24 * 3600;

#[allow(clippy::unnecessary_wraps)] // As every check has it.
fn run(ctx: &Context<'_>) -> Outcome {
    let (backups, jobs) = (ctx.backups(), ctx.cron_jobs());
    let mut last: Option<Timestamp> = None;
    let mut makers = Vec::new();
    for backup in backups.as_ref().into_iter().copied().flatten() {
        last = last.max(completed(backup));
        makers.push(format!(
            "/apis/velero.io/v1/namespaces/{}/{}",
            backup.namespace,
            if backup.kind == BackupKind::Backup {
                "backups"
            } else {
                "schedules"
            }
        ));
    }
    for job in jobs
        .as_ref()
        .into_iter()
        .copied()
        .flatten()
        .filter(|job| makes_snapshots(job))
    {
        last = last.max(job.last_successful);
        makers.push(format!(
            "/apis/batch/v1/namespaces/{}/cronjobs/{}",
            job.namespace, job.name
        ));
    }
    let missing: Vec<_> = backups.err().into_iter().chain(jobs.err()).collect();
    let fresh = last.is_some_and(|last| ctx.seconds_since(Some(last)) <= FRESH);
    if fresh || !missing.is_empty() {
        return Ok(Judgement::default().without(missing));
    }
    makers.sort_unstable();
    makers.dedup();
    let Some(maker) = makers.first() else {
        let why =
            "nothing in the cluster makes backups that can be seen (Velero, a cron job for etcd)";
        return Ok(Judgement::not_applicable(why));
    };
    Ok(vec![describe(ctx, last, maker)].into())
}

/// A backup counts when it is complete; one that is so in part is none.
fn completed(backup: &Backup) -> Option<Timestamp> {
    let good = backup.kind == BackupKind::Backup && backup.phase == "Completed";
    backup.completed.filter(|_| good)
}

/// A cron job whose name says that it keeps the store of the cluster.
fn makes_snapshots(job: &CronJob) -> bool {
    let says = |word: &str| job.name.contains(word);
    says("etcd") && (says("backup") || says("snapshot"))
}

fn describe(ctx: &Context<'_>, last: Option<Timestamp>, maker: &str) -> Finding {
    let message = last.map_or_else(
        || "no good backup was ever made".to_owned(),
        |last| {
            format!(
                "the last good backup is {} hours old",
                ctx.seconds_since(Some(last)) / 3600
            )
        },
    );
    let detail = last.map_or_else(
        || "no backup is complete".to_owned(),
        |last| format!("complete at {last}"),
    );
    Finding::new(
        Severity::Risk,
        Subject::cluster("", "Cluster", "backups"),
        message,
    )
    .because(Evidence::state(maker, ctx.now(), detail))
    .fix_with(
        "Make a backup now, and see why the last one did not come",
        "velero backup create before-upgrade --wait",
    )
}
