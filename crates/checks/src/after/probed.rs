//! What the pods of a probe found out, for the checks that come after an upgrade.

use airworthy_model::{Evidence, Finding, Severity, Subject, facts::Probe};
use jiff::Timestamp;

use crate::Context;

/// Whether there is anything to read: without a probe that was asked for, checks that live by it have nothing to say.
pub(super) fn is_there(ctx: &Context<'_>) -> bool {
    ctx.probes().is_ok()
}

/// A finding about the node of a probe's pod.
pub(super) fn finding(
    now: Timestamp,
    probe: &Probe,
    severity: Severity,
    what: &str,
    message: String,
) -> Finding {
    let subject = Subject::cluster("v1", "Node", &probe.name);
    let source = format!("/api/v1/namespaces/airworthy-probe/pods/{}", probe.pod);
    let seen = probe.finished.or(probe.started).unwrap_or(now);
    Finding::new(severity, subject, message)
        .telling_apart(what)
        .because(Evidence::state(source, seen, words(probe)))
}

/// The answers, as the pod gave them.
fn words(probe: &Probe) -> String {
    let word = |name: &str, answer: Option<bool>| {
        let answer = match answer {
            Some(true) => "ok",
            Some(false) => "fail",
            None => "not tried",
        };
        format!("{name} {answer}")
    };
    [
        word("dns", probe.dns),
        word("external dns", probe.external_dns),
        word("api", probe.api),
        word("service", probe.service),
    ]
    .join(", ")
}
