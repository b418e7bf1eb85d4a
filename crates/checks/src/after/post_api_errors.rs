use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Reason, Severity, Subject,
    facts::{Answers, Metrics},
};

use crate::{Check, Context, Outcome, never, text::short};

/// An API server that answers worse than before.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostApiErrors",
        summary: "the API server answers with errors, or turns requests away, more often than before",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Metrics, Need::Baseline],
        page: include_str!("post_api_errors.md"),
    },
    blocks: never,
    run,
};

/// Fewer are no pattern.
const LEAST: u64 = 50;
/// Thousandths of all answers below which nobody notices.
const BEARABLE: u64 = 10;
/// So many times as often as before.
const FACTOR: u64 = 3;

fn run(ctx: &Context<'_>) -> Outcome {
    let now = answers(ctx.metrics()?)?;
    let before = answers(ctx.before()?.metrics()?)?;
    let judged = [
        (
            "errors (5xx)",
            now.errors,
            before.errors,
            "its log, its webhooks and its store",
        ),
        (
            "refusals (429)",
            now.throttled,
            before.throttled,
            "which clients ask so much, and their priority levels",
        ),
    ];
    let worse = judged.into_iter().filter_map(|(what, count, old, look)| {
        let (share, was) = (thousandths(count, now.all), thousandths(old, before.all));
        let more = count >= LEAST && share >= BEARABLE && share > was.saturating_mul(FACTOR);
        more.then(|| describe(ctx, what, (share, was), look))
    });
    Ok(worse.collect())
}

fn answers(metrics: &Metrics) -> Result<Answers, Missing> {
    metrics
        .answers
        .filter(|answers| answers.all > 0)
        .ok_or_else(|| Missing {
            need: Need::Metrics,
            reason: Reason::NotCollected,
            detail: "the API server does not tell how it answered".into(),
            cure: None,
        })
}

fn thousandths(part: u64, all: u64) -> u64 {
    let share = u128::from(part) * 1000 / u128::from(all.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn describe(ctx: &Context<'_>, what: &str, (share, was): (u64, u64), look: &str) -> Finding {
    let percent = |share: u64| format!("{}.{} %", share / 10, share % 10);
    let message = format!(
        "{} of its answers are {what}; before the upgrade {}",
        percent(share),
        percent(was)
    );
    let message = short(&message, 200);
    Finding::new(
        Severity::Risk,
        Subject::cluster("", "ControlPlane", "kube-apiserver"),
        message.clone(),
    )
    .because(Evidence::state(
        "/metrics",
        ctx.now(),
        format!("apiserver_request_total since its start: {message}"),
    ))
    .telling_apart(what)
    .fix(format!("Look at {look}"))
    .fix_with(
        "See which requests they are",
        "kubectl get --raw /metrics | grep apiserver_request_total".to_owned(),
    )
}
