use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Missing, Need, Phase, Severity,
    facts::{FailurePolicy, Webhook},
};

use super::baseline::{Before, optional};
use crate::{
    Check, Context, Judgement, Outcome, View,
    admission::{
        backend,
        calls::{self, Calls},
        webhook_backend_down,
    },
    text::short,
};

/// Webhooks that refuse requests since the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostWebhooks",
        summary: "a webhook that fails closed has lost its back end",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Webhooks,
            Need::Services,
            Need::EndpointSlices,
            Need::Namespaces,
            Need::Discovery,
            Need::Metrics,
            Need::Baseline,
        ],
        page: include_str!("post_webhooks.md"),
    },
    blocks: webhook_backend_down::blocks,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let webhooks = ctx.webhooks()?.iter();
    let closed = webhooks.filter(|webhook| webhook.failure_policy == FailurePolicy::Fail);
    Ok(closed.map(|webhook| judge(ctx, webhook)).collect())
}

/// What the pre-check would call a blocker, and a ready back end that no call got through to, unless the baseline shows the same.
fn judge(ctx: &Context<'_>, webhook: &Webhook) -> Outcome {
    let now = webhook_backend_down::judge(ctx, webhook)?;
    let down: Vec<_> = now
        .findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Blocker || is_ready(ctx, webhook))
        .collect();
    if down.is_empty() {
        return Ok(Judgement::default().without(now.missing));
    }
    let (before, gap) = optional(was(ctx, webhook));
    let before = before.unwrap_or(Before::Unknown);
    let findings = down.into_iter().map(|finding| blame(finding, before));
    Ok(findings
        .collect::<Judgement>()
        .without(now.missing)
        .without(gap))
}

/// Whether a ready endpoint is behind it, so that only the count of calls can speak against it.
fn is_ready(view: &View<'_>, webhook: &Webhook) -> bool {
    let target = webhook.service.as_ref();
    target.is_some_and(|target| matches!(backend::state(view, target), Ok(None)))
}

fn was(ctx: &Context<'_>, webhook: &Webhook) -> Result<Before, Missing> {
    let before = ctx.before()?;
    let id = |webhook: &Webhook| {
        (
            webhook.configuration_kind.kind(),
            webhook.configuration.clone(),
            webhook.name.clone(),
        )
    };
    let Some(old) = before.webhooks()?.iter().find(|old| id(old) == id(webhook)) else {
        return Ok(Before::Absent);
    };
    let Some(target) = &old.service else {
        return counted(&before, old);
    };
    match backend::state(&before, target)? {
        Some(backend::State::Down(_)) => Ok(Before::Broken),
        Some(backend::State::Elsewhere) => counted(&before, old),
        None if is_ready(ctx, webhook) => counted(&before, old),
        None => Ok(Before::Well),
    }
}

/// How one was of which no fact of the cluster but the count of its calls tells.
fn counted(before: &View<'_>, old: &Webhook) -> Result<Before, Missing> {
    Ok(match calls::of(before, old)? {
        Calls::Failed(_) => Before::Broken,
        Calls::Mixed(_) | Calls::Well => Before::Well,
    })
}

fn blame(finding: Finding, before: Before) -> Finding {
    let words = before.words("; it could be called before the upgrade");
    let message = format!("{}{words}", short(&finding.message, 200 - words.len()));
    Finding {
        severity: before.severity().min(finding.severity),
        message,
        ..finding
    }
}
