use airworthy_knowledge::Component as Program;
use airworthy_model::{
    AddonVersion, CheckInfo, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity,
    facts::{Component, Components},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome, never};

/// An etcd from which no way leads to the one of the target.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "EtcdVersion",
        summary: "etcd is older than the release from which it may go on to 3.6",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("etcd_version.md"),
    },
    blocks: never,
    run,
};

/// The first minor whose kubeadm deploys etcd 3.6.
const DEPLOYS_3_6: Minor = Minor::v1(34);
/// The least release of 3.5 that kubeadm then takes (`MinExternalEtcdVersion`, and what it deploys up to 1.33).
const LEAST: &str = "3.5.24";
const ETCD: &str = "etcd";

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let Some(hop) = path.hop_crossing(DEPLOYS_3_6) else {
        return Ok(Judgement::default());
    };
    let seen = ctx.components()?;
    let old = members(seen).filter_map(|(member, version)| old(ctx, member, &version?));
    let found: Judgement = old
        .map(|finding| Finding {
            hop: Some(hop),
            ..finding
        })
        .collect();
    Ok(started::concluded(ctx, found, || gap(seen)))
}

fn members(seen: &Components) -> impl Iterator<Item = (&Component, Option<AddonVersion>)> {
    let pods = seen.of(ETCD).filter(|one| !one.node.is_empty());
    pods.map(|pod| (pod, AddonVersion::of_tag(&pod.tag)))
}

fn old(ctx: &Context<'_>, member: &Component, version: &AddonVersion) -> Option<Finding> {
    let least: AddonVersion = LEAST.parse().ok()?;
    if version.order(&least).is_ge() {
        return None;
    }
    let message = format!(
        "etcd {} on {} is older than {LEAST}, from which on it may go to 3.6",
        member.tag, member.node
    );
    let detail = format!("image tag {}", member.tag);
    let finding = started::finding(ctx, Severity::Risk, ETCD, message, [(member, detail)].into_iter())
        .setting("image", &member.tag, Some(LEAST))
        .telling_apart(&*member.node)
        .fix_with(
            format!("Bring every member of etcd to {LEAST} or a later 3.5 first, one after the other, after a snapshot"),
            "etcdctl endpoint status --cluster -w table",
        );
    Some(finding)
}

/// An etcd that runs elsewhere, or whose image names no version.
fn gap(seen: &Components) -> Option<Missing> {
    let why = if seen.external_etcd {
        "kubeadm's settings name an etcd outside the cluster, whose version nothing here tells"
            .to_owned()
    } else if let Some((member, _)) = members(seen).find(|(_, version)| version.is_none()) {
        format!(
            "the image of etcd on {} (tag {:?}) names no version",
            member.node, member.tag
        )
    } else if members(seen).next().is_none() {
        format!(
            "no pod of etcd is seen in kube-system beside {}",
            Program::KubeApiserver
        )
    } else {
        return None;
    };
    Some(Missing {
        cure: Some(format!(
            "compare its version with {LEAST} by hand (etcdctl endpoint status --cluster)"
        )),
        ..Missing::not_collected(Need::Components, why)
    })
}
