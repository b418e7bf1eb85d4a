//! What the pods of a probe found out, for the checks that come after an upgrade.

use airworthy_model::{Evidence, Finding, Missing, Need, Reason, Severity, Subject, facts::Probe};
use jiff::Timestamp;

use crate::{Context, text::short};

/// Whether there is anything to read: without a probe that was asked for, checks that live by it have nothing to say.
pub(super) fn is_there(ctx: &Context<'_>) -> bool {
    ctx.probes().is_ok()
}

/// Pods that have not said what a check reads: they have not come up, have not ended, or their image has no tool for it. Their nodes
/// are not well by that.
pub(super) fn silent(
    probes: &[Probe],
    about: &str,
    said: impl Fn(&Probe) -> bool,
) -> Option<Missing> {
    let silent: Vec<_> = probes.iter().filter(|probe| !said(probe)).collect();
    let first = silent.first()?;
    let place = if first.name.is_empty() {
        "no node yet"
    } else {
        &first.name
    };
    Some(Missing {
        need: Need::Probes,
        reason: Reason::NotCollected,
        detail: format!(
            "{} of {} pods of the probe have not said {about}, one of them on {}",
            silent.len(),
            probes.len(),
            short(place, 80)
        ),
        cure: Some(
            "see why the pods of the probe did not end, or run airworthy probe run again with an image that has nslookup, nc and timeout"
                .to_owned(),
        ),
    })
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
