use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{PROBE_NAMESPACE, Probe},
};

use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Nodes that cannot pull an image.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeImageReach",
        summary: "a node cannot pull the image of a probe",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Probes, Need::Nodes],
        page: include_str!("node_image_reach.md"),
    },
    blocks: never,
    run,
};

/// What a container waits for when its image does not come, as kubelets say it (`pkg/kubelet/images/types.go`).
const NO_IMAGE: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "SignatureValidationFailed",
    "ImageInspectError",
];

fn run(ctx: &Context<'_>) -> Outcome {
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("nodes are not upgraded"));
    }
    let probes = ctx.probes()?;
    let nodes = ctx.nodes()?.iter().map(|node| node.name.as_str());
    let nodes: std::collections::BTreeSet<_> = nodes.collect();
    let stuck = probes.iter().filter(|probe| {
        nodes.contains(probe.name.as_str()) && NO_IMAGE.contains(&probe.waiting.as_str())
    });
    Ok(stuck.map(|probe| describe(ctx, probe)).collect())
}

fn describe(ctx: &Context<'_>, probe: &Probe) -> Finding {
    let Probe {
        name, pod, waiting, ..
    } = probe;
    let message = format!(
        "cannot pull the image of the probe ({})",
        short(waiting, 40)
    );
    let source = format!("/api/v1/namespaces/{PROBE_NAMESPACE}/pods/{pod}");
    let detail = format!("pod {pod} waits: {waiting}");
    Finding::new(Severity::Risk, Subject::cluster("v1", "Node", name), message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Open the way from this node to the registry, give it credentials or a mirror, or load the target's images onto it beforehand",
            format!("kubectl -n {PROBE_NAMESPACE} describe pod {pod}"),
        )
}
