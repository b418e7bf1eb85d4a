use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{CsiNode, PersistentVolume, VolumePlugin},
};

use super::users;
use crate::{
    Check, Context, Judgement, Outcome,
    text::{counted, some_of},
    when_draining,
};

/// CSI drivers that are not where their volumes are.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CsiDriverHealth",
        summary: "a CSI driver that volumes need is on no node, or not on the nodes that use them",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::PersistentVolumes, Need::CsiNodes, Need::Pods],
        page: include_str!("csi_driver_health.md"),
    },
    blocks: when_draining,
    run,
};

type Volumes<'a> = BTreeMap<&'a str, Vec<&'a PersistentVolume>>;

fn run(ctx: &Context<'_>) -> Outcome {
    let by_driver = bound(ctx.persistent_volumes()?);
    if by_driver.is_empty() {
        return Ok(Judgement::default());
    }
    let nodes = ctx.csi_nodes()?;
    let parts = by_driver
        .iter()
        .map(|(driver, volumes)| judge(ctx, driver, volumes, nodes));
    Ok(parts.collect())
}

/// Bound volumes of CSI, by driver.
fn bound(volumes: &[PersistentVolume]) -> Volumes<'_> {
    let mut by_driver = Volumes::new();
    for volume in volumes {
        if volume.plugin == VolumePlugin::Csi && users::is_bound(volume) {
            by_driver
                .entry(volume.driver.as_str())
                .or_default()
                .push(volume);
        }
    }
    by_driver
}

fn judge(
    ctx: &Context<'_>,
    driver: &str,
    volumes: &[&PersistentVolume],
    nodes: &[CsiNode],
) -> Outcome {
    let claims = volumes.iter().filter_map(|volume| volume.claim.as_ref());
    let using = users::nodes_using(ctx.pods()?, &claims.collect());
    let having: BTreeSet<&str> = nodes
        .iter()
        .filter(|node| node.has(driver))
        .map(|node| node.name.as_str())
        .collect();
    if having.is_empty() {
        return Ok(vec![nowhere(ctx, driver, volumes, !using.is_empty())].into());
    }
    let without: BTreeSet<&str> = using.difference(&having).copied().collect();
    let found = (!without.is_empty()).then(|| not_on(ctx, driver, &without));
    Ok(found.into_iter().collect())
}

/// Nothing can mount its volumes. While no pod wants them, that may be meant so.
fn nowhere(
    ctx: &Context<'_>,
    driver: &str,
    volumes: &[&PersistentVolume],
    in_use: bool,
) -> Finding {
    let message = format!(
        "registered on no node, while {} of it {} bound{}",
        counted(volumes.len(), "volume"),
        if volumes.len() == 1 { "is" } else { "are" },
        if in_use { " and pods use them" } else { "" }
    );
    let severity = if in_use {
        severity(ctx)
    } else {
        Severity::Risk
    };
    let mut finding = finding(
        ctx,
        severity,
        driver,
        message,
        "no node names it".to_owned(),
    )
    .fix("Install the driver again, or move the data off its volumes");
    finding.objects = volumes
        .iter()
        .map(|volume| users::subject(volume))
        .collect();
    finding
}

fn not_on(ctx: &Context<'_>, driver: &str, nodes: &BTreeSet<&str>) -> Finding {
    let names = some_of(nodes.iter().copied());
    let message = format!(
        "not registered on {names}, where pods use its volumes: they cannot be unmounted or mounted there"
    );
    let detail = format!("spec.drivers of {names} without it");
    let mut finding = finding(ctx, severity(ctx), driver, message, detail)
        .telling_apart("nodes")
        .fix_with(
            "See why its pod does not run or register there",
            format!(
                "kubectl get pods -A -o wide --field-selector spec.nodeName={}",
                nodes.first().unwrap_or(&"")
            ),
        );
    finding.objects = nodes
        .iter()
        .map(|node| Subject::cluster("v1", "Node", node))
        .collect();
    finding
}

fn severity(ctx: &Context<'_>) -> Severity {
    if ctx.drains_nodes() {
        Severity::Blocker
    } else {
        Severity::Risk
    }
}

fn finding(
    ctx: &Context<'_>,
    severity: Severity,
    driver: &str,
    message: String,
    detail: String,
) -> Finding {
    let subject = Subject::cluster("storage.k8s.io/v1", "CSIDriver", driver);
    Finding::new(severity, subject, message)
        .because(Evidence::state(
            "/apis/storage.k8s.io/v1/csinodes",
            ctx.now(),
            detail,
        ))
        .fix_with(
            "See where it is registered",
            "kubectl get csinodes -o custom-columns=NODE:.metadata.name,DRIVERS:.spec.drivers[*].name",
        )
}
