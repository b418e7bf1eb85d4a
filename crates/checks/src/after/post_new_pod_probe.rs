use airworthy_model::{CheckInfo, Finding, Group, Kind, Need, Phase, Severity, facts::Probe};

use super::probed;
use crate::{Check, Context, Judgement, Outcome, text::short};

/// Nodes on which a new pod does not come up.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostNewPodProbe",
        summary: "a new pod does not start on a node, or takes long",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Probes, Need::Nodes],
        page: include_str!("post_new_pod_probe.md"),
    },
    blocks: probed::is_there,
    run,
};

/// Seconds after which a small pod counts as slow, and as one that does not come up.
const SLOW: i64 = 60;
const NEVER: i64 = 120;

fn run(ctx: &Context<'_>) -> Outcome {
    let probes = ctx.probes()?;
    let nodes = ctx.nodes()?.iter().map(|node| node.name.as_str());
    let nodes: std::collections::BTreeSet<_> = nodes.collect();
    let here = probes
        .iter()
        .filter(|probe| nodes.contains(probe.name.as_str()));
    let judged: Judgement = here.filter_map(|probe| judge(ctx, probe)).collect();
    let about = "where they would run";
    Ok(judged.without(probed::silent(probes, about, |probe| {
        !probe.name.is_empty()
    })))
}

fn judge(ctx: &Context<'_>, probe: &Probe) -> Option<Finding> {
    let created = probe.created?;
    let took = |until: jiff::Timestamp| until.as_second() - created.as_second();
    let (severity, message) = match probe.started {
        Some(started) if took(started) > SLOW => (
            Severity::Risk,
            format!("a new pod took {} s to start on this node", took(started)),
        ),
        None if took(ctx.now()) > NEVER => {
            let why = if probe.waiting.is_empty() {
                "it says nothing"
            } else {
                &probe.waiting
            };
            let message = format!(
                "a new pod has not started on this node for {} s ({})",
                took(ctx.now()),
                short(why, 60)
            );
            (Severity::Blocker, message)
        }
        _ => return None,
    };
    let finding = probed::finding(ctx.now(), probe, severity, "start", message).fix_with(
        "Look at the events of the pod: its image, its network or a volume keeps it",
        format!("kubectl -n airworthy-probe describe pod {}", probe.pod),
    );
    Some(finding)
}
