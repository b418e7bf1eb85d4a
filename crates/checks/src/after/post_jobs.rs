use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Job},
};

use crate::{Check, Context, Outcome, never, text::short};

/// Jobs that the upgrade ended.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostJobs",
        summary: "a job that ran before the upgrade has failed since",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Jobs, Need::Baseline],
        page: include_str!("post_jobs.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let now: BTreeMap<_, _> = ctx.jobs()?.iter().map(|job| (key(job), job)).collect();
    let before = ctx.before()?;
    Ok(before
        .jobs()?
        .iter()
        .filter(|old| old.active > 0 && old.end.is_none())
        .filter_map(|old| {
            let new = *now.get(&key(old))?;
            let end = new.end.as_deref().filter(|_| new.has_failed())?;
            Some(describe(ctx, new, end))
        })
        .collect())
}

/// One that was made anew under the same name is another.
fn key(job: &Job) -> (&str, &str, &str) {
    (&job.namespace, &job.name, &job.uid)
}

fn describe(ctx: &Context<'_>, job: &Job, end: &Condition) -> Finding {
    let (namespace, name) = (&job.namespace, &job.name);
    let message = format!(
        "ran before the upgrade and has failed since: {} ({})",
        short(&end.reason, 40),
        short(&end.message, 80)
    );
    let detail = format!(
        "condition Failed, reason {}, failed {}, backoffLimit {}",
        end.reason, job.failed, job.backoff_limit
    );
    Finding::new(
        Severity::Risk,
        Subject::namespaced("batch/v1", "Job", namespace, name),
        message,
    )
    .because(Evidence::state(
        format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}"),
        ctx.now(),
        detail,
    ))
    .fix_with(
        "See how its pods ended, and start it again if its work is needed",
        format!("kubectl -n {namespace} describe job {name}"),
    )
}
