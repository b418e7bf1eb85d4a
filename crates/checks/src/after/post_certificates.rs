use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::{Certificate, Csr, Webhook},
};
use jiff::Timestamp;

use super::baseline::optional;
use crate::{
    Check, Context, Judgement, Outcome, View,
    admission::webhook_certificate::{self, fault},
    nodes::pending_csr,
    text::short,
};

/// Certificates that the upgrade left to end, or broke.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostCertificates",
        summary: "a certificate ends soon or is not trusted, or a kubelet waits for one",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Webhooks, Need::Health, Need::Csrs, Need::Baseline],
        page: include_str!("post_certificates.md"),
    },
    blocks: may_fail,
    run,
};

const DAY: i64 = 24 * 3600;
/// What an upgrade renews holds for longer.
const MONTH: i64 = 30 * DAY;

/// Only a webhook that cannot be called can stop anything: the API server itself has answered.
fn may_fail(ctx: &Context<'_>) -> bool {
    let fails = |webhook: &Webhook| sort(ctx.now(), webhook) == Some(true);
    ctx.webhooks().is_ok_and(|all| all.iter().any(fails))
}

#[expect(clippy::unnecessary_wraps, reason = "every check returns an outcome")]
fn run(ctx: &Context<'_>) -> Outcome {
    let (before, gap) = optional(ctx.before());
    let before = before.as_ref();
    let parts = [
        webhooks(ctx, before),
        shown(ctx, before),
        requests(ctx, before),
    ];
    let whole: Judgement = parts.into_iter().collect();
    // What is well needs no comparison.
    let lacks = !whole.findings.is_empty();
    Ok(whole.without(gap.filter(|_| lacks)))
}

fn webhooks(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let earlier = before.map(faults).unwrap_or_default();
    let all = ctx.webhooks()?.iter();
    let found = all.filter_map(|webhook| {
        let finding = webhook_certificate::judge(ctx, webhook)?;
        let was = earlier.get(&key(webhook)).copied();
        let same = was.is_some() && was == sort(ctx.now(), webhook);
        Some(if same { as_before(finding) } else { finding })
    });
    Ok(found.collect())
}

/// Kind and name of its configuration, and its own name.
type Key<'a> = (&'static str, &'a str, &'a str);

fn key(webhook: &Webhook) -> Key<'_> {
    let kind = webhook.configuration_kind.kind();
    (kind, &webhook.configuration, &webhook.name)
}

/// Whether calls fail because of the bundle, where there is a fault in it.
fn sort(now: Timestamp, webhook: &Webhook) -> Option<bool> {
    let fault = fault(now, webhook.ca.as_ref()?);
    fault.map(|(fails, _)| fails)
}

/// The faults of before, by webhook.
fn faults<'a>(before: &View<'a>) -> BTreeMap<Key<'a>, bool> {
    let webhooks = before.webhooks().map(Vec::as_slice).unwrap_or_default();
    webhooks
        .iter()
        .filter_map(|webhook| Some((key(webhook), sort(before.now(), webhook)?)))
        .collect()
}

fn as_before(finding: Finding) -> Finding {
    let message = format!("{}, as before the upgrade", short(&finding.message, 170));
    Finding {
        severity: Severity::Note,
        message,
        ..finding
    }
}

/// What the API server shows, and the authority behind it.
fn shown(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let health = ctx.health()?;
    if ctx.provider_runs_control_plane().is_some() {
        return Ok(Judgement::default());
    }
    let Some(seen) = &health.certificates else {
        let why = "the certificate of the API server was not seen";
        return Err(Missing::not_collected(Need::Health, why));
    };
    let earlier = before.and_then(|before| before.health().ok()?.certificates.as_ref());
    let old = earlier.map(|old| &old.serving);
    let serving = ends(ctx, "serving", "its certificate", &seen.serving, old);
    let old = earlier.and_then(|old| old.authority.as_ref());
    let authority = seen.authority.as_ref().and_then(|authority| {
        let what = "the authority behind its certificate";
        ends(ctx, "authority", what, authority, old)
    });
    Ok(serving.into_iter().chain(authority).collect())
}

fn ends(
    ctx: &Context<'_>,
    which: &str,
    what: &str,
    certificate: &Certificate,
    old: Option<&Certificate>,
) -> Option<Finding> {
    let left = certificate.not_after.as_second() - ctx.now().as_second();
    if left >= MONTH {
        return None;
    }
    let when = if left <= 0 {
        "has ended".to_owned()
    } else {
        format!("ends in {} d", left / DAY)
    };
    let so = if old.is_some_and(|old| old.not_after == certificate.not_after) {
        "; the upgrade has not renewed it"
    } else {
        ""
    };
    let detail = format!("valid until {}", certificate.not_after);
    let subject = Subject::cluster("", "Component", "kube-apiserver");
    let finding = Finding::new(Severity::Risk, subject, format!("{what} {when}{so}"))
        .because(Evidence::state(
            "the connection to the API server",
            ctx.now(),
            detail,
        ))
        .telling_apart(which)
        .fix_with(
            "Renew it now, restart each API server, and see that the address shows the new one",
            "kubeadm certs check-expiration",
        );
    Some(finding)
}

/// Requests of kubelets that nobody decides about.
fn requests(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let waited = |csr: &Csr| {
        let then = before.map(View::now);
        then.zip(csr.created)
            .is_some_and(|(then, created)| created < then)
    };
    let found = ctx.csrs()?.iter().filter_map(|csr| {
        let finding = pending_csr::judge(ctx, csr)?;
        Some(if waited(csr) {
            as_before(finding)
        } else {
            finding
        })
    });
    Ok(found.collect())
}
