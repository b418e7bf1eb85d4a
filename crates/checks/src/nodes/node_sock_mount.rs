use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Pod, PodVolume},
};

use crate::{
    Check, Context, Outcome, never,
    text::{counted, short},
    workloads::owner::Owner,
};

/// Pods that hold a socket that an upgrade takes away.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeSockMount",
        summary: "a pod holds the socket of its node's container runtime",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pods],
        page: include_str!("node_sock_mount.md"),
    },
    blocks: never,
    run,
};

/// Ends of paths of runtimes' sockets.
const SOCKETS: [&str; 4] = [
    "docker.sock",
    "containerd.sock",
    "crio.sock",
    "cri-dockerd.sock",
];

fn run(ctx: &Context<'_>) -> Outcome {
    let mut owners: BTreeMap<(Owner<'_>, &str), (usize, bool)> = BTreeMap::new();
    for pod in ctx
        .pods()?
        .iter()
        .filter(|pod| !matches!(pod.phase.as_str(), "Succeeded" | "Failed"))
    {
        for (path, read_only) in sockets(pod) {
            let seen = owners.entry((Owner::of(pod), path)).or_insert((0, true));
            *seen = (seen.0 + 1, seen.1 && read_only);
        }
    }
    let found = owners
        .iter()
        .map(|((owner, path), seen)| describe(ctx, owner, path, *seen));
    Ok(found.collect())
}

/// The sockets that a pod holds, and whether it may only read.
fn sockets(pod: &Pod) -> impl Iterator<Item = (&str, bool)> {
    pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::HostPath {
            path, read_only, ..
        } => {
            let is_socket = SOCKETS
                .iter()
                .any(|end| path.rsplit('/').next() == Some(end));
            is_socket.then_some((&**path, *read_only))
        }
        _ => None,
    })
}

fn describe(
    ctx: &Context<'_>,
    owner: &Owner<'_>,
    path: &str,
    (pods, read_only): (usize, bool),
) -> Finding {
    let severity = if read_only {
        Severity::Note
    } else {
        Severity::Risk
    };
    let message = format!(
        "mounts {} of its node: after a restart of the runtime it talks to nothing",
        short(path, 80)
    );
    let detail = format!("hostPath {} in {}", short(path, 120), counted(pods, "pod"));
    Finding::new(severity, owner.subject(), message)
        .telling_apart(short(path, 200))
        .because(Evidence::state("/api/v1/pods", ctx.now(), detail))
        .fix_with(
            "Make its pods anew after the upgrade of each node, or mount the directory of the socket in place of the socket",
            format!("kubectl -n {} get pods -o wide", owner.namespace),
        )
}
