use airworthy_model::{CheckInfo, Finding, Group, Kind, Need, Phase, Severity, facts::Probe};

use super::probed;
use crate::{Check, Context, Judgement, Outcome};

/// Nodes from which pods do not reach what they should.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostNetworkProbe",
        summary: "pods on a node do not reach the API server, a Service or pods of other nodes",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Probes],
        page: include_str!("post_network_probe.md"),
    },
    blocks: probed::is_there,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let probes = ctx.probes()?;
    let judged: Judgement = probes.iter().flat_map(|probe| judge(ctx, probe)).collect();
    let about = "what they reach";
    Ok(judged.without(probed::silent(probes, about, tried)))
}

/// Whether a pod has tried everything.
fn tried(probe: &Probe) -> bool {
    probe.api.is_some() && probe.service.is_some() && probe.pods_tried.is_some()
}

fn judge(ctx: &Context<'_>, probe: &Probe) -> Vec<Finding> {
    let say = |what: &str, message: String| {
        let finding = probed::finding(ctx.now(), probe, Severity::Blocker, what, message);
        finding.fix_with(
            "Look at kube-proxy and the network's agent on the node, and at policies that hold for all namespaces",
            format!("kubectl -n kube-system get pods -o wide --field-selector spec.nodeName={}", probe.name),
        )
    };
    let api = (probe.api == Some(false)).then(|| {
        say(
            "api",
            "pods on this node do not reach the API server".to_owned(),
        )
    });
    let service = (probe.service == Some(false)).then(|| {
        say(
            "service",
            "pods on this node do not reach a Service that has pods on every node".to_owned(),
        )
    });
    let pods = match (probe.pods_reached, probe.pods_tried) {
        (Some(reached), Some(tried)) if reached < tried => Some(say(
            "pods",
            format!("pods on this node reach {reached} of {tried} pods on nodes"),
        )),
        _ => None,
    };
    [api, service, pods].into_iter().flatten().collect()
}
