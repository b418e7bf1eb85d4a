//! What an API server counted of its calls of a webhook.

use airworthy_model::{
    Missing,
    facts::{Metrics, Webhook, WebhookCalls},
};

use crate::View;

/// How calls of a webhook went since the API server's process started.
pub(crate) enum Calls {
    /// None failed, as far as one process knows.
    Well,
    /// Some failed, and some were answered.
    Mixed(String),
    /// All failed.
    Failed(String),
}

/// How calls of a webhook that fails closed went: those of one that fails open are not counted as failed.
pub(crate) fn of(view: &View<'_>, webhook: &Webhook) -> Result<Calls, Missing> {
    let metrics = view.metrics()?;
    let mut counted = metrics.webhook_calls.iter();
    let Some(calls) = counted.find(|one| one.name == webhook.name) else {
        return Ok(Calls::Well);
    };
    let since = since(metrics);
    let WebhookCalls {
        failed, answered, ..
    } = calls;
    Ok(if *answered == 0 {
        Calls::Failed(format!("none of {failed} calls got through {since}"))
    } else {
        let all = failed + answered;
        Calls::Mixed(format!("{failed} of {all} calls failed {since}"))
    })
}

fn since(metrics: &Metrics) -> String {
    match metrics.process_started {
        Some(start) => format!("since {start:.0}"),
        None => "since the API server started".to_owned(),
    }
}
