use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Pod, PodVolume},
};

use super::{rollout, stage};
use crate::{
    Check, Context, Outcome, never,
    text::{counted, short},
    workloads::owner::Owner,
};

/// Folders of a node that hold no pod's own data: sockets, devices, the logs and the tools of the host.
const OF_THE_HOST: [&str; 9] = [
    "/dev", "/proc", "/sys", "/run", "/var/run", "/var/log", "/etc", "/usr", "/lib",
];
/// So many pods of one owner are named.
const MOST_PODS: usize = 50;

/// Pods that leave data behind on the node.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "LocalStoragePod",
        summary: "a pod keeps data on its node that a drain loses or leaves behind",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pods],
        page: include_str!("local_storage_pod.md"),
    },
    blocks: never,
    run,
};

/// What a pod keeps on its node, the worse first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kept<'a> {
    /// A folder of the node that it writes to.
    Host(&'a str),
    /// A folder that ends with the pod, of one that has an identity to lose.
    Stateful,
    /// A folder that ends with the pod, of one that any other can stand in for.
    Scratch,
}

fn run(ctx: &Context<'_>) -> Outcome {
    let mut owners: BTreeMap<Owner<'_>, Vec<(Kept<'_>, &Pod)>> = BTreeMap::new();
    for pod in stage::shaped(ctx)?.iter().filter(|pod| rollout::moves(pod)) {
        if let Some(kept) = kept(pod) {
            owners.entry(Owner::of(pod)).or_default().push((kept, pod));
        }
    }
    let (scratch, data): (Vec<_>, Vec<_>) = owners
        .iter()
        .partition(|(_, pods)| pods.iter().all(|(kept, _)| *kept == Kept::Scratch));
    let told = data
        .into_iter()
        .map(|(owner, pods)| describe(ctx, owner, pods));
    Ok(told.chain(scratches(ctx, &scratch)).collect())
}

fn kept(pod: &Pod) -> Option<Kept<'_>> {
    let stateful = pod
        .controller
        .as_ref()
        .is_some_and(|owner| &*owner.kind == "StatefulSet");
    let claims = pod
        .volumes
        .iter()
        .any(|volume| matches!(volume, PodVolume::Claim(_)));
    let kept = pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::HostPath {
            path,
            kind,
            read_only: false,
        } if is_data(path, kind) => Some(Kept::Host(path)),
        PodVolume::EmptyDir { memory: false } if stateful && !claims => Some(Kept::Stateful),
        PodVolume::EmptyDir { memory: false } => Some(Kept::Scratch),
        _ => None,
    });
    kept.filter(|_| !pod.local_data_vouched).min()
}

fn is_data(path: &str, kind: &str) -> bool {
    let within = |folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let special = ["Socket", "CharDevice", "BlockDevice", "File"].contains(&kind);
    !special && path != "/" && !OF_THE_HOST.into_iter().any(within)
}

fn describe(ctx: &Context<'_>, owner: &Owner<'_>, pods: &[(Kept<'_>, &Pod)]) -> Finding {
    let (worst, pod) = pods
        .iter()
        .min_by_key(|(kept, pod)| (*kept, &pod.name))
        .expect("an owner has a pod");
    let what = match worst {
        Kept::Host(path) => format!(
            "writes to {} of its node: elsewhere it starts without that data",
            short(path, 60)
        ),
        Kept::Stateful | Kept::Scratch => {
            "keeps its data in an emptyDir, which ends with the pod".to_owned()
        }
    };
    let message = format!(
        "{} such as {} {what}",
        counted(pods.len(), "pod"),
        short(&pod.name, 50)
    );
    let severity = ctx.risk_of_drain();
    let source = format!("/api/v1/namespaces/{}/pods/{}", pod.namespace, pod.name);
    let mut finding = Finding::new(severity, owner.subject(), message)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("on node {}", pod.node),
        ))
        .setting(
            "spec.volumes",
            if matches!(worst, Kept::Host(_)) {
                "hostPath"
            } else {
                "emptyDir"
            },
            None,
        );
    let subject =
        |(_, pod): &(Kept<'_>, &Pod)| Subject::namespaced("v1", "Pod", &pod.namespace, &pod.name);
    finding.objects = pods.iter().take(MOST_PODS).map(subject).collect();
    finding
        .fix("Confirm that the data may be lost, copy it away, or give the pod a persistent volume")
}

type Owned<'o, 'a> = (&'o Owner<'a>, &'o Vec<(Kept<'a>, &'a Pod)>);

/// What is scratch in all likelihood is told in one sentence.
fn scratches(ctx: &Context<'_>, owners: &[Owned<'_, '_>]) -> Option<Finding> {
    let (_, pods) = owners.first()?;
    let (_, first) = pods.first()?;
    let all: usize = owners.iter().map(|(_, pods)| pods.len()).sum();
    let message = format!(
        "{} of {} keep files in an emptyDir, such as {}/{}: kubectl drain wants --delete-emptydir-data",
        counted(all, "pod"),
        counted(owners.len(), "owner"),
        short(&first.namespace, 40),
        short(&first.name, 50)
    );
    let subject = Subject::cluster("v1", "Cluster", "emptyDir");
    let source = "/api/v1/pods";
    let finding = Finding::new(Severity::Note, subject, message).because(Evidence::state(
        source,
        ctx.now(),
        format!("{all} pods with an emptyDir on disk"),
    ));
    Some(finding.fix_with(
        "Drain with the option, when what they keep is scratch",
        "kubectl drain NODE --ignore-daemonsets --delete-emptydir-data",
    ))
}
