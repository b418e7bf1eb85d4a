use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{CaBundle, Conversion, Crd, CrdProbe, ServiceRef},
};

use super::probe;
use crate::{
    Check, Context, Judgement, Outcome,
    admission::backend::{self, State},
    always,
    text::short,
};

/// Custom resources whose versions nobody converts.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CrdConversionWebhook",
        summary: "the webhook that converts custom resources between versions cannot answer",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Crds, Need::Services, Need::EndpointSlices],
        page: include_str!("crd_conversion_webhook.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let crds = ctx.crds()?.iter();
    Ok(crds.map(|crd| Ok(judge(ctx, crd))).collect())
}

/// Whether a probe failed in the conversion, which is this check's to tell.
pub(super) fn failed_to_convert(crd: &Crd, probe: &CrdProbe) -> bool {
    matches!(crd.conversion, Conversion::Webhook(_)) && probe.message.contains("conversion webhook")
}

fn judge(ctx: &Context<'_>, crd: &Crd) -> Judgement {
    let Conversion::Webhook(target) = &crd.conversion else {
        return Judgement::default();
    };
    let refused = probe::failed(ctx, crd).find(|probe| failed_to_convert(crd, probe));
    let proven = refused.map(|probe| unanswered(crd, probe));
    let (found, missing) = match target {
        None => (proven.or_else(|| elsewhere(crd, "by URL")), None),
        Some(target) => match backend::state(ctx, target) {
            Ok(state) => (by_service(ctx, crd, target, state.as_ref(), proven), None),
            Err(missing) => (proven, Some(missing)),
        },
    };
    let found = found.map(|finding| with_evidence(ctx, crd, refused, finding));
    found.into_iter().collect::<Judgement>().without(missing)
}

fn with_evidence(
    ctx: &Context<'_>,
    crd: &Crd,
    refused: Option<&CrdProbe>,
    finding: Finding,
) -> Finding {
    let source = format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
        crd.name
    );
    let detail = format!(
        "versions {}; stored at {}; spec.conversion.strategy Webhook",
        names(crd.versions.iter().map(|version| version.name.as_str())),
        names(crd.stored_versions.iter().map(String::as_str)),
    );
    let finding = finding.because(Evidence::state(source, ctx.now(), detail));
    let Some(probe) = refused else {
        return finding;
    };
    let path = airworthy_knowledge::url(&crd.group, &probe.version, &crd.plural);
    let detail = format!(
        "a list of one object answered {}: {}",
        probe.status, probe.message
    );
    finding.because(Evidence::state(path, ctx.now(), detail))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn by_service(
    ctx: &Context<'_>,
    crd: &Crd,
    target: &ServiceRef,
    state: Option<&State>,
    proven: Option<Finding>,
) -> Option<Finding> {
    let ServiceRef {
        namespace,
        name,
        port,
    } = target;
    let address = format!("{namespace}/{name}:{port}");
    match state {
        Some(State::Down(why)) => Some(down(crd, &format!("calls {address}, but {why}")).fix_with(
            "Bring the back end of the conversion back",
            format!("kubectl -n {namespace} get services,endpointslices,pods"),
        )),
        Some(State::Elsewhere) => proven.or_else(|| {
            elsewhere(
                crd,
                &format!("through {address}, a Service of type ExternalName"),
            )
        }),
        None => match untrusted(ctx, crd) {
            // What explains a failed list says more than the list.
            Some(cause) if cause.severity == Severity::Blocker => Some(cause),
            cause => proven.or(cause),
        },
    }
}

/// Whether anything needs a conversion: versions beside the one that all objects are stored at.
fn converts(crd: &Crd) -> bool {
    let other = |name: &str| !crd.versions.iter().any(|v| v.storage && v.name == name);
    crd.versions.iter().any(|v| v.served && other(&v.name))
        || crd.stored_versions.iter().any(|name| other(name))
}

/// Blocks where versions are converted; one version that is stored and served needs no conversion.
fn severity(crd: &Crd) -> Severity {
    if converts(crd) {
        Severity::Blocker
    } else {
        Severity::Note
    }
}

fn finding(severity: Severity, crd: &Crd, message: &str) -> Finding {
    let subject = Subject::cluster(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &crd.name,
    );
    Finding::new(severity, subject, short(message, 200))
}

fn down(crd: &Crd, why: &str) -> Finding {
    let so = if converts(crd) {
        "reads and writes at another version than the stored one fail"
    } else {
        "nothing is converted today"
    };
    finding(
        severity(crd),
        crd,
        &format!("its conversion {}: {so}", short(why, 110)),
    )
    .setting("spec.conversion.webhook.clientConfig.service", why, None)
}

/// A list failed although the Service looks well.
fn unanswered(crd: &Crd, probe: &CrdProbe) -> Finding {
    let CrdProbe {
        version,
        status,
        message,
        ..
    } = probe;
    let text = format!("a list at {version} answers {status}: {message}");
    let text = text.trim_end_matches(['.', ' ', ':']);
    finding(Severity::Blocker, crd, text).fix_with(
        "See why the conversion fails",
        format!("kubectl get {}.{version}.{} -A", crd.plural, crd.group),
    )
}

fn elsewhere(crd: &Crd, how: &str) -> Option<Finding> {
    converts(crd).then(|| {
        finding(
            Severity::Note,
            crd,
            &format!("is converted {how}: not assessed"),
        )
        .fix("See by hand that the conversion answers from the control plane")
    })
}

/// The back end may answer, but the API server cannot trust it.
fn untrusted(ctx: &Context<'_>, crd: &Crd) -> Option<Finding> {
    let (severity, why) = match &crd.conversion_ca {
        None => (
            severity(crd).min(Severity::Risk),
            "names no caBundle: only a certificate of the system's roots would do",
        ),
        Some(bundle) if bundle.certificates.is_empty() => {
            (severity(crd), "has a caBundle without a certificate")
        }
        Some(bundle) if is_over(ctx, bundle) => (
            severity(crd),
            "has a caBundle of which every certificate has expired",
        ),
        Some(_) => return None,
    };
    Some(
        finding(severity, crd, &format!("its conversion {why}"))
            .setting("spec.conversion.webhook.clientConfig.caBundle", why, None)
            .fix_with(
                "Put the authority that signs the webhook's certificate into caBundle",
                format!("kubectl edit crd {}", crd.name),
            ),
    )
}

fn is_over(ctx: &Context<'_>, bundle: &CaBundle) -> bool {
    let mut certificates = bundle.certificates.iter();
    certificates.all(|one| one.not_after <= ctx.now())
}
