use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::CronJob,
};

use super::period;
use crate::{
    Check, Context, Judgement, Outcome, View,
    after::baseline::{Earlier, optional},
    never,
    text::short,
};

/// Cron jobs that stand still.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostCronJobs",
        summary: "a cron job was left suspended, or has not run when it was due",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::CronJobs, Need::Baseline],
        page: include_str!("post_cron_jobs.md"),
    },
    blocks: never,
    run,
};

/// Minutes by which a run may be late: the controller is busy, and clocks differ.
const LATE: i64 = 5;
/// Minutes more for schedules with hours of their own, whose clock may be put on or back.
const CLOCK: i64 = 60;

fn run(ctx: &Context<'_>) -> Outcome {
    let now = ctx.cron_jobs()?;
    let (before, gap) = optional(ctx.before());
    let (earlier, unread) = optional(before.as_ref().map(View::cron_jobs).transpose());
    let by_key = earlier.flatten().map(|jobs| {
        let keyed = jobs.iter().map(|job| (key(job), job));
        keyed.collect::<BTreeMap<_, _>>()
    });
    let findings: Judgement = now
        .iter()
        .filter_map(|job| {
            let old = Earlier::find(by_key.as_ref(), |jobs| jobs.get(&key(job)).copied());
            judge(ctx, before.as_ref().map(View::now), job, old)
        })
        .collect();
    Ok(findings.without(gap).without(unread))
}

fn key(job: &CronJob) -> (&str, &str) {
    (&job.namespace, &job.name)
}

fn judge(
    ctx: &Context<'_>,
    then: Option<jiff::Timestamp>,
    job: &CronJob,
    old: Earlier<&CronJob>,
) -> Option<Finding> {
    let earlier = match old {
        Earlier::There(old) => Some(old),
        Earlier::Unread | Earlier::Absent => None,
    };
    if job.suspended {
        let was_not = earlier.is_some_and(|old| !old.suspended);
        let message = "is suspended; before the upgrade it was not".to_owned();
        return was_not.then(|| describe(ctx, job, Severity::Risk, message));
    }
    // Since when it has been as it is, nobody knows.
    if earlier.is_some_and(|old| old.suspended || old.schedule != job.schedule) {
        return None;
    }
    let late = overdue(job, ctx.now())?;
    let was_late = earlier
        .zip(then)
        .is_some_and(|(old, then)| overdue(old, then).is_some());
    let (severity, so) = if was_late {
        (Severity::Note, ", as before the upgrade")
    } else {
        (Severity::Risk, "")
    };
    let schedule = short(&job.schedule, 60);
    let message = format!("is due ({schedule}) and has not run for {late} min{so}");
    Some(describe(ctx, job, severity, message))
}

/// For how many minutes it has not run, when that is longer than its schedule ever lets it rest. One whose run goes on may have to wait
/// for its end.
fn overdue(job: &CronJob, now: jiff::Timestamp) -> Option<i64> {
    let rest = i64::from(period::longest(&job.schedule)?);
    let bearable = rest + LATE + if rest > 60 { CLOCK } else { 0 };
    let last = job.last_scheduled.max(job.created)?;
    let minutes = (now.as_second() - last.as_second()) / 60;
    let waits = job.suspended || job.active > 0;
    (!waits && minutes > bearable).then_some(minutes)
}

fn describe(ctx: &Context<'_>, job: &CronJob, severity: Severity, message: String) -> Finding {
    let (namespace, name) = (&job.namespace, &job.name);
    let last = job
        .last_scheduled
        .map_or_else(|| "never".to_owned(), |last| last.to_string());
    let detail = format!("suspend {}, lastScheduleTime {last}", job.suspended);
    let subject = Subject::namespaced("batch/v1", "CronJob", namespace, name);
    let source = format!("/apis/batch/v1/namespaces/{namespace}/cronjobs/{name}");
    let command = if job.suspended {
        format!(
            "kubectl -n {namespace} patch cronjob {name} -p '{{\"spec\":{{\"suspend\":false}}}}'"
        )
    } else {
        format!("kubectl -n {namespace} describe cronjob {name}")
    };
    let fix = if job.suspended {
        "Let it run again, unless its owner has suspended it"
    } else {
        "See what its controller says of it, and whether kube-controller-manager is well"
    };
    Finding::new(severity, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(fix, command)
}
