use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::CronJob,
};

use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Cron jobs whose schedule the target no longer takes.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CronJobRisk",
        summary: "a cron job's schedule holds a time zone, which the target refuses in new ones",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::CronJobs],
        page: include_str!("cron_job_risk.md"),
    },
    blocks: never,
    run,
};

/// From this minor on a new `CronJob` with a time zone in its schedule is refused.
const REFUSED_FROM: Minor = Minor::v1(29);

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if path.target.minor < REFUSED_FROM {
        return Ok(Judgement::not_applicable(
            "the target takes time zones in schedules",
        ));
    }
    let jobs = ctx.cron_jobs()?.iter();
    Ok(jobs
        .filter_map(|job| Some(describe(ctx, job, zone(&job.schedule)?)))
        .collect())
}

/// The time zone that a schedule begins with.
fn zone(schedule: &str) -> Option<&str> {
    let schedule = schedule.trim_start();
    let rest = schedule
        .strip_prefix("TZ=")
        .or_else(|| schedule.strip_prefix("CRON_TZ="))?;
    rest.split_whitespace().next()
}

/// Refused already where it runs, or from the upgrade on.
fn describe(ctx: &Context<'_>, job: &CronJob, zone: &str) -> Finding {
    let (namespace, name) = (&job.namespace, &job.name);
    let hop = ctx
        .path()
        .ok()
        .and_then(|path| path.hop_crossing(REFUSED_FROM));
    let severity = if hop.is_some() {
        Severity::Risk
    } else {
        Severity::Note
    };
    let message = format!(
        "its schedule holds the time zone {}: it runs on, but from {REFUSED_FROM} on it cannot be created anew",
        short(zone, 40)
    );
    let found = Finding::new(
        severity,
        Subject::namespaced("batch/v1", "CronJob", namespace, name),
        message,
    )
    .because(Evidence::state(
        format!("/apis/batch/v1/namespaces/{namespace}/cronjobs/{name}"),
        ctx.now(),
        format!("spec.schedule {}", short(&job.schedule, 80)),
    ))
    .setting("spec.schedule", short(&job.schedule, 80), None)
    .fix_with(
        "Move the zone to spec.timeZone, here and where it is deployed from",
        patch(job, zone),
    );
    match hop {
        Some(hop) => found.at(hop),
        None => found,
    }
}

fn patch(job: &CronJob, zone: &str) -> String {
    let (_, schedule) = job.schedule.split_once(zone).unwrap_or_default();
    format!(
        "kubectl -n {} patch cronjob {} --type merge -p '{{\"spec\":{{\"schedule\":\"{}\",\"timeZone\":\"{zone}\"}}}}'",
        job.namespace,
        job.name,
        schedule.trim()
    )
}
