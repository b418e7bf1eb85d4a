//! Pods that ask for devices by claims (`resource.k8s.io`): the rollout does not know which nodes have them.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{Evidence, Finding, Severity, facts::Pod};

use super::{
    drain_capacity::{MOST_OWNERS, MOST_PODS, subject_of},
    rollout::{self, Report},
};
use crate::{
    Context,
    text::{counted, short},
    workloads::owner::Owner,
};

/// One note for each owner of pods that move, were found a place and ask for devices by claims.
pub(super) fn told(ctx: &Context<'_>, report: &Report<'_>, pods: &[&Pod]) -> Vec<Finding> {
    let stranded = report.stranded.iter().map(|one| one.pod);
    let stranded: BTreeSet<_> = stranded.filter(|pod| claims(pod)).map(key).collect();
    let mut owners: BTreeMap<Owner<'_>, Vec<&Pod>> = BTreeMap::new();
    let placed = pods
        .iter()
        .filter(|pod| rollout::moves(pod) && claims(pod) && !stranded.contains(&key(pod)));
    for pod in placed {
        owners.entry(Owner::of(pod)).or_default().push(pod);
    }
    let owners = owners.iter().take(MOST_OWNERS);
    owners
        .map(|(owner, pods)| describe(ctx, owner, pods))
        .collect()
}

fn key(pod: &Pod) -> (&str, &str) {
    (&pod.namespace, &pod.name)
}

fn claims(pod: &Pod) -> bool {
    pod.shape.as_ref().is_some_and(|shape| shape.claims_devices)
}

fn describe(ctx: &Context<'_>, owner: &Owner<'_>, pods: &[&Pod]) -> Finding {
    let first = pods[0];
    let message = format!(
        "{} such as {} {} for devices by claims: whether another node has them was not played through",
        counted(pods.len(), "pod"),
        short(&first.name, 30),
        if pods.len() == 1 { "asks" } else { "ask" },
    );
    let (namespace, name) = (&first.namespace, &first.name);
    let source = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let mut finding = Finding::new(Severity::Note, owner.subject(), message)
        .because(Evidence::state(source, ctx.now(), "spec.resourceClaims names claims"))
        .setting("spec.resourceClaims", "set", None)
        .telling_apart("claims")
        .fix_with(
            "See which nodes offer such devices, and whether any are free while this node is drained",
            "kubectl get resourceslices; kubectl get resourceclaims -A",
        );
    finding.objects = pods
        .iter()
        .take(MOST_PODS)
        .map(|pod| subject_of(pod))
        .collect();
    finding
}
