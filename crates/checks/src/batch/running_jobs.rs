use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{Job, OnDisruption},
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
    let dying = jobs.filter_map(|job| Some((job, death(job)?)));
    Ok(dying
        .map(|(job, death)| describe(ctx, job, &death))
        .collect())
}

/// How an eviction ends a job.
struct Death {
    /// Why it does.
    why: &'static str,
    /// What is over.
    what: &'static str,
    /// What its failure policy makes of an evicted pod.
    policy: &'static str,
    /// The field that decides, and what it says.
    setting: (&'static str, String),
}

/// How an eviction ends a job that runs, where it does.
fn death(job: &Job) -> Option<Death> {
    if job.active <= 0 || job.suspended || job.end.is_some() {
        return None;
    }
    let fails = |action: &str| ("spec.podFailurePolicy", action.to_owned());
    match job.on_disruption() {
        OnDisruption::Ignore => None,
        OnDisruption::Count => bears_no_more(job).then_some(Death {
            why: "bears no failure more",
            what: "it",
            policy: "no rule that ignores DisruptionTarget",
            setting: ("spec.backoffLimit", job.backoff_limit.to_string()),
        }),
        OnDisruption::FailIndex => Some(Death {
            why: "its podFailurePolicy gives an index up when its pod is evicted",
            what: "that index",
            policy: "the first rule that matches an evicted pod has the action FailIndex",
            setting: fails("FailIndex"),
        }),
        OnDisruption::FailJob => Some(Death {
            why: "its podFailurePolicy fails it when a pod is evicted",
            what: "it",
            policy: "the first rule that matches an evicted pod has the action FailJob",
            setting: fails("FailJob"),
        }),
    }
}

/// Whether it bears no failure more. With `OnFailure` too: the pod is deleted, not restarted, when its node is drained.
fn bears_no_more(job: &Job) -> bool {
    let left = match job.backoff_limit_per_index {
        Some(per_index) => per_index,
        None => job.backoff_limit.saturating_sub(job.failed),
    };
    left <= 0
}

fn describe(ctx: &Context<'_>, job: &Job, death: &Death) -> Finding {
    let (namespace, name) = (&job.namespace, &job.name);
    let Death {
        why,
        what,
        policy,
        setting: (field, value),
    } = death;
    let minutes = ctx.seconds_since(job.started) / 60;
    let young = job.started.is_some() && ctx.seconds_since(job.started) < YOUNG;
    let (severity, when) = if young {
        (Severity::Note, ", unless it is over by then")
    } else {
        (Severity::Risk, "")
    };
    let message = format!(
        "runs for {minutes} minutes and {why}: a drain of its node ends {what} for good{when}"
    );
    let detail = format!(
        "active {}, failed {}, backoffLimit {}, restartPolicy {}, {policy}",
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
    .setting(field, value.clone(), None)
    .fix_with(
        "Wait until it is done before its node is drained",
        format!("kubectl -n {namespace} wait --for=condition=complete --timeout=1h job/{name}"),
    )
    .fix("Let it bear a failure: raise backoffLimit, or ignore DisruptionTarget in a podFailurePolicy of the next run")
}
