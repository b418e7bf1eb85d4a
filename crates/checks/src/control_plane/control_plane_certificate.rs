use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity,
    facts::{Certificate, Components, ServerCertificates},
};

use super::component;
use crate::{Check, Context, Judgement, Outcome, after::baseline::optional};

/// Certificates of the control plane that end before long.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ControlPlaneCertificate",
        summary: "a certificate of the API server, or the authority behind it, has ended or ends soon",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Health, Need::Components, Need::Metrics],
        page: include_str!("control_plane_certificate.md"),
    },
    blocks: is_near,
    run,
};

const API_SERVER: &str = "kube-apiserver";
const DAY: i64 = 24 * 3600;
/// Before this an upgrade must not begin.
const WEEK: i64 = 7 * DAY;
/// Before this somebody should know.
const MONTH: i64 = 30 * DAY;
/// An authority takes longer to replace than a certificate.
const QUARTER: i64 = 90 * DAY;

/// Whether one of those that were seen may end within the upgrade.
fn is_near(ctx: &Context<'_>) -> bool {
    let seen = ctx
        .health()
        .ok()
        .and_then(|health| health.certificates.as_deref());
    seen.is_some_and(|seen| {
        let authority = seen.authority.iter();
        let mut all = authority.chain([&seen.serving]);
        all.any(|one| left(ctx, one) < WEEK)
    })
}

fn left(ctx: &Context<'_>, certificate: &Certificate) -> i64 {
    certificate.not_after.as_second() - ctx.now().as_second()
}

fn run(ctx: &Context<'_>) -> Outcome {
    let health = ctx.health()?;
    if let Some(why) = ctx.provider_runs_control_plane() {
        return Ok(Judgement::not_applicable(why));
    }
    let Some(seen) = &health.certificates else {
        return Ok(Judgement::default().without([unseen()]));
    };
    let authority = seen.authority.as_ref();
    let authority = authority.and_then(|one| of_authority(ctx, one));
    let serving = serving(ctx, &seen.serving)?;
    let (clients, missing) = optional(clients(ctx, seen));
    let found = [authority, serving, clients.flatten()];
    Ok(found
        .into_iter()
        .flatten()
        .collect::<Judgement>()
        .without(missing))
}

fn unseen() -> Missing {
    Missing {
        cure: Some("look at it by hand: openssl s_client -connect HOST:PORT </dev/null | openssl x509 -noout -enddate".into()),
        ..Missing::not_collected(
            Need::Health,
            "the certificate of the API server was not seen: there is no TLS to its address, a proxy stands before it, or this recording is older than that",
        )
    }
}

fn of_authority(ctx: &Context<'_>, authority: &Certificate) -> Option<Finding> {
    let left = left(ctx, authority);
    let severity = match left {
        ..WEEK => Severity::Blocker,
        WEEK..QUARTER => Severity::Risk,
        _ => return None,
    };
    let message = format!(
        "the authority by which clients know the API server {}; no upgrade renews it",
        when(left)
    );
    let finding = describe(ctx, "authority", severity, message, authority).fix_with(
        "Make a new authority and bring it to every client beside the old one, then give all certificates anew, before the old one ends",
        "kubeadm certs check-expiration",
    );
    Some(finding)
}

fn serving(ctx: &Context<'_>, serving: &Certificate) -> Result<Option<Finding>, Missing> {
    let left = left(ctx, serving);
    if left >= MONTH {
        return Ok(None);
    }
    let renewed = is_kubeadms(ctx.components()?);
    let severity = match (left, renewed) {
        (..=0, _) | (..WEEK, false) => Severity::Blocker,
        (..WEEK, true) | (_, false) => Severity::Risk,
        (_, true) => Severity::Note,
    };
    let more = if renewed {
        "; kubeadm renews it when it upgrades"
    } else {
        ""
    };
    let message = format!("the certificate of the API server {}{more}", when(left));
    let finding = describe(ctx, "serving", severity, message, serving).fix_with(
        "Renew it now, restart each API server, and see that the address shows the new one",
        "kubeadm certs renew apiserver",
    );
    Ok(Some(finding))
}

/// kubeadm renews the certificates that it has made, not the authority, whenever it upgrades a control plane.
fn is_kubeadms(seen: &Components) -> bool {
    let mut documents = seen.documents.iter();
    documents.any(|document| document.kind == "ClusterConfiguration")
}

/// Who else came with a certificate that ends soon. Nothing tells who, and many are made for hours only: more than a note would be
/// a false alarm.
fn clients(
    ctx: &Context<'_>,
    ServerCertificates { ours_ends, .. }: &ServerCertificates,
) -> Result<Option<Finding>, Missing> {
    let metrics = ctx.metrics()?;
    let week = u64::try_from(WEEK).unwrap_or_default();
    let counted = metrics.client_certificates.get(&week).copied();
    let ours = ours_ends.is_some_and(|end| end.as_second() - ctx.now().as_second() < WEEK);
    let Some(requests) = counted.filter(|requests| *requests > 0 && !ours) else {
        return Ok(None);
    };
    let message = format!(
        "{requests} requests since it started came with a client certificate with less than 7 days left"
    );
    let source = "/metrics";
    let detail = format!(
        "apiserver_client_certificate_expiration_seconds_bucket{{le=\"{week}\"}} {requests}"
    );
    let finding = component(Severity::Note, API_SERVER, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .telling_apart("clients")
        .fix_with(
            "See that none of them is the controller manager's, the scheduler's or a kubelet's",
            "kubeadm certs check-expiration",
        );
    Ok(Some(finding))
}

fn describe(
    ctx: &Context<'_>,
    which: &str,
    severity: Severity,
    message: String,
    certificate: &Certificate,
) -> Finding {
    let source = match which {
        "serving" => "the certificate shown at the address of the API server",
        _ => "the authorities that the configuration of this connection trusts",
    };
    let detail = format!("valid until {}", certificate.not_after);
    component(severity, API_SERVER, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .setting("notAfter", certificate.not_after.to_string(), None)
        .telling_apart(which)
}

fn when(left: i64) -> String {
    match left {
        ..=0 => "has ended".to_owned(),
        1..DAY => format!("ends in {} h", left / 3600),
        _ => format!("ends in {} d", left / DAY),
    }
}
