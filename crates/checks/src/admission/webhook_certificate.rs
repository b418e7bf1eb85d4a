use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{CaBundle, Webhook},
};
use jiff::Timestamp;

use super::scope::unanswered;
use crate::{Check, Context, Outcome, always, text::short};

/// Webhooks whose back end the API server cannot trust, or soon cannot.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "WebhookCertificate",
        summary: "a webhook's caBundle has expired, ends soon or cannot vouch for anybody",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Webhooks, Need::Metrics],
        page: include_str!("webhook_certificate.md"),
    },
    blocks: always,
    run,
};

/// Seconds before its end at which a bundle should be renewed.
const SOON: i64 = 30 * 24 * 3600;
/// The minor whose API servers refuse signatures over SHA-1.
const NO_SHA1: Minor = Minor::v1(24);
/// The minor whose API servers refuse certificates without alternative names (Go 1.17 has no way around it).
const NO_COMMON_NAME: Minor = Minor::v1(23);

#[allow(clippy::unnecessary_wraps)] // As every check has it.
fn run(ctx: &Context<'_>) -> Outcome {
    let bundles: Outcome = ctx
        .webhooks()
        .map(|webhooks| webhooks.iter().filter_map(|one| judge(ctx, one)).collect());
    Ok([bundles, counted(ctx)].into_iter().collect())
}

/// What is wrong with the bundle of one webhook.
pub(crate) fn judge(ctx: &Context<'_>, webhook: &Webhook) -> Option<Finding> {
    // Without a bundle the roots of the system are trusted.
    let bundle = webhook.ca.as_ref().filter(|_| !webhook.never_called)?;
    let (fails, why) = fault(ctx.now(), bundle)?;
    let (severity, so) = unanswered(webhook);
    Some(if fails {
        describe(ctx, webhook, severity, &format!("{why}{so}"))
    } else {
        describe(ctx, webhook, severity.min(Severity::Risk), &why)
    })
}

/// What is wrong with a bundle, and whether calls fail because of it. One good certificate among bad ones is enough.
pub(crate) fn fault(now: Timestamp, bundle: &CaBundle) -> Option<(bool, String)> {
    let certificates = &bundle.certificates;
    if certificates.is_empty() {
        return Some((true, "holds no certificate".to_owned()));
    }
    let last = certificates.iter().map(|one| one.not_after).max()?;
    if last <= now {
        return Some((true, format!("expired on {}", day(last))));
    }
    let first = certificates.iter().map(|one| one.not_before).min()?;
    if first > now {
        return Some((true, format!("is not valid before {}", day(first))));
    }
    // What may not sign others vouches for itself alone, and then its own names count.
    if certificates
        .iter()
        .all(|one| !one.authority && !one.alternative_names)
    {
        return Some((
            true,
            "holds only a certificate that is no authority and names no host (SAN)".to_owned(),
        ));
    }
    let ends_soon = last.as_second() - now.as_second() < SOON;
    ends_soon.then(|| (false, format!("ends on {}", day(last))))
}

fn day(time: Timestamp) -> String {
    time.strftime("%F").to_string()
}

fn describe(ctx: &Context<'_>, webhook: &Webhook, severity: Severity, why: &str) -> Finding {
    let Webhook {
        configuration_kind: kind,
        configuration,
        name,
        failure_policy,
        ..
    } = webhook;
    let (subject, source) = super::configuration(webhook);
    let message = format!(
        "the caBundle of webhook {} ({failure_policy:?}) {why}",
        short(name, 70)
    );
    Finding::new(severity, subject, short(&message, 200))
        .telling_apart(name)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("{name}: caBundle {why}"),
        ))
        .setting("webhooks[].clientConfig.caBundle", why, None)
        .fix_with(
            "Renew the authority and put it into caBundle",
            format!("kubectl get {} {configuration} -o yaml", kind.resource()),
        )
}

/// Faults that the API server has counted, without saying of whom.
fn counted(ctx: &Context<'_>) -> Outcome {
    let faults = &ctx.metrics()?.certificate_faults;
    Ok(faults
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(metric, count)| told(ctx, metric, *count))
        .collect())
}

fn told(ctx: &Context<'_>, metric: &str, count: u64) -> Finding {
    let whose = if metric.contains("aggregator") {
        "aggregated API"
    } else {
        "webhook"
    };
    let (what, refused) = if metric.contains("sha1") {
        ("is signed over SHA-1", NO_SHA1)
    } else {
        ("names no host (SAN)", NO_COMMON_NAME)
    };
    let ahead = ctx.crosses(refused);
    let severity = if ahead {
        Severity::Blocker
    } else {
        Severity::Risk
    };
    let so = if ahead {
        format!("from {refused} on such calls fail")
    } else {
        "such calls fail".to_owned()
    };
    let message = format!(
        "a certificate of some {whose} {what}, in {count} calls since the API server started: {so}"
    );
    Finding::new(severity, Subject::cluster("", "ApiServer", "metrics"), message)
        .telling_apart(metric)
        .because(Evidence::state("/metrics", ctx.now(), format!("{metric} {count}")))
        .fix("Find it in the API server's audit log or its own log, and renew its certificate with host names and SHA-256")
}
