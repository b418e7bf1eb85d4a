use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject, facts::Job,
};

use crate::{Check, Context, Judgement, Outcome, never};

/// Jobs that an eviction ends for good.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RunningJobs",
        summary: "a running job fails for good when a drain evicts its pod",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Jobs],
        page: include_str!("running_jobs.md"),
    },
    blocks: never,
    run,
};

/// Before this minor an evicted pod was made anew and not counted as a failure: a Job with `backoffLimit: 0` went on after an
/// eviction on 1.24 and 1.25, and failed on 1.31.
const COUNTED_FROM: Minor = Minor::v1(26);
/// A job that began so few seconds ago may be over before the first node is drained.
const YOUNG: i64 = 10 * 60;

fn run(ctx: &Context<'_>) -> Outcome {
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable(
            "no node is drained, so that no job is evicted",
        ));
    }
    if ctx.path()?.target.minor < COUNTED_FROM {
        return Ok(Judgement::not_applicable(
            "on the way to this target an evicted pod of a job is made anew",
        ));
    }
    let jobs = ctx.jobs()?.iter();
    Ok(jobs
        .filter(|job| dies(job))
        .map(|job| describe(ctx, job))
        .collect())
}

/// Whether it runs and bears no failure more.
fn dies(job: &Job) -> bool {
    let runs = job.active > 0 && !job.suspended && job.end.is_none();
    let left = match job.backoff_limit_per_index {
        Some(per_index) => per_index,
        None => job.backoff_limit.saturating_sub(job.failed),
    };
    // With OnFailure too: the pod is deleted, not restarted, when its node is drained.
    runs && !job.ignores_disruption && left <= 0
}

fn describe(ctx: &Context<'_>, job: &Job) -> Finding {
    let (namespace, name) = (&job.namespace, &job.name);
    let minutes = ctx.seconds_since(job.started) / 60;
    let young = job.started.is_some() && ctx.seconds_since(job.started) < YOUNG;
    let (severity, when) = if young {
        (Severity::Note, ", unless it is over by then")
    } else {
        (Severity::Risk, "")
    };
    let message = format!(
        "runs for {minutes} minutes and bears no failure more: a drain of its node ends it for good{when}"
    );
    let detail = format!(
        "active {}, failed {}, backoffLimit {}, restartPolicy {}, no rule that ignores DisruptionTarget",
        job.active, job.failed, job.backoff_limit, job.restart_policy
    );
    Finding::new(
        severity,
        Subject::namespaced("batch/v1", "Job", namespace, name),
        message,
    )
    .because(Evidence::state(
        format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}"),
        ctx.now(),
        detail,
    ))
    .setting("spec.backoffLimit", job.backoff_limit.to_string(), None)
    .fix_with(
        "Wait until it is done before its node is drained",
        format!("kubectl -n {namespace} wait --for=condition=complete --timeout=1h job/{name}"),
    )
    .fix("Let it bear a failure: raise backoffLimit, or ignore DisruptionTarget in a podFailurePolicy of the next run")
}
