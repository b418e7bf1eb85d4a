use std::collections::BTreeMap;

use airworthy_knowledge::Api;
use airworthy_model::{
    CheckInfo, Evidence, EvidenceKind, Finding, Group, Hop, Kind, Missing, Need, Phase, Reason,
    Severity, Subject, UpgradePath, facts::Served,
};

use crate::{Check, Context, Judgement, Outcome};

/// Stored objects that nothing can read after the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RemovedApiObjects",
        summary: "objects are stored that no API version of the target can read",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Metrics, Need::Discovery, Need::Version],
        page: include_str!("removed_api_objects.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, |path| !lost(ctx, path).is_empty()),
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let lost = lost(ctx, ctx.path()?);
    if lost.is_empty() {
        return Ok(Judgement::not_applicable(
            "every kind that is stored at the start of this path can be read at its end",
        ));
    }
    Ok(lost
        .into_iter()
        .map(|(name, (hop, api))| judge(ctx, &name, hop, api))
        .collect())
}

/// Kinds that are lost on the way, by the name under which they are counted. A kind that is lost twice is lost on the first hop.
fn lost<'a>(ctx: &Context<'a>, path: &UpgradePath) -> BTreeMap<String, (Hop, &'a Api)> {
    let mut lost = BTreeMap::new();
    for hop in &path.hops {
        for api in ctx.knowledge.gone_for_good(*hop) {
            lost.entry(api.counted_as()).or_insert((*hop, api));
        }
    }
    lost
}

fn judge(ctx: &Context<'_>, name: &str, hop: Hop, api: &Api) -> Outcome {
    let count = ctx.metrics()?.object_counts.get(name).copied();
    match count {
        Some(0) => Ok(Judgement::default()),
        Some(count @ 1..) => Ok(vec![describe(ctx, name, hop, api, count)].into()),
        Some(_) => Err(uncounted(
            name,
            "the API server says that it does not know the count",
        )),
        None if may_be_served(ctx.discovery()?, api) => {
            Err(uncounted(name, "it is served, and no metric counts it"))
        }
        None => Ok(Judgement::default()),
    }
}

/// A group whose discovery failed may serve anything.
fn may_be_served(served: &Served, api: &Api) -> bool {
    served.serves(&api.group, &api.version, &api.resource)
        || served.failed.contains(&api.api_version())
}

fn uncounted(name: &str, why: &str) -> Missing {
    Missing {
        need: Need::Metrics,
        reason: Reason::NotServed,
        detail: format!("stored {name}: {why}"),
        cure: Some(
            "list them once by hand; airworthy does not, because that would be a deprecated call"
                .into(),
        ),
    }
}

/// Whether it is the one policy that every EKS cluster up to 1.24 has, `eks.privileged`. Whether a single policy is one's own after all,
/// the pods tell that it let in: `PodSecurityPolicyUse`.
fn is_default_of_eks(ctx: &Context<'_>, api: &Api, count: i64) -> bool {
    count == 1
        && api.kind == "PodSecurityPolicy"
        && ctx
            .version()
            .is_ok_and(|told| told.version.provider() == Some("Amazon EKS"))
}

fn describe(ctx: &Context<'_>, name: &str, hop: Hop, api: &Api, count: i64) -> Finding {
    let Api {
        group,
        version,
        kind,
        resource,
        ..
    } = api;
    let gone = api.removed.unwrap_or(hop.to);
    let served = ctx
        .discovery()
        .is_ok_and(|served| may_be_served(served, api));
    let state = if served {
        "served"
    } else {
        "not known to be served"
    };
    let subject = Subject::cluster(&api.api_version(), kind, resource);
    let (severity, message) = if is_default_of_eks(ctx, api, count) {
        let message = format!(
            "1 stored, the default that EKS installs and that restricts nothing; from {gone} on nothing can read it"
        );
        (Severity::Note, message)
    } else {
        let message =
            format!("{count} stored, and from {gone} on no API version can read or delete them");
        (Severity::Blocker, message)
    };
    let address = format!("{resource}.{version}.{group}");
    Finding::new(severity, subject, message)
        .at(hop)
        .because(Evidence {
            kind: EvidenceKind::Stored,
            source: "/metrics".into(),
            observed_at: Some(ctx.now()),
            detail: format!("{count} objects counted of {name}; {} is {state}", api.api_version()),
        })
        .fix_with(
            format!("Replace what they do; keep a copy (where the API is switched off: --runtime-config={}=true first)", api.api_version()),
            format!("kubectl get {address} -A -o yaml > {resource}.yaml"),
        )
        .fix_with("Then delete them before the control plane moves", format!("kubectl delete {address} -A --all"))
}
