use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::{Node, Pod, Resources},
};

use super::{
    device_claims,
    rollout::{self, Certainty, Report, Stall, Stranded, Why, World},
    stage::Stage,
};
use crate::{
    Check, Context, Judgement, Outcome,
    text::{counted, short},
    workloads::owner::Owner,
};

/// So many owners of pods are told, each by a finding of its own.
pub(super) const MOST_OWNERS: usize = 20;
/// So many pods are named on the node where the rollout stops.
pub(super) const MOST_PODS: usize = 50;
/// Beginnings of names under which autoscalers of nodes run.
const AUTOSCALERS: [&str; 3] = ["cluster-autoscaler", "karpenter", "cluster-api-autoscaler"];

/// Pods that fit no other node while theirs is drained.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "DrainCapacity",
        summary: "evicted pods fit no other node when nodes are drained as planned",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Nodes,
            Need::Pods,
            Need::Pdbs,
            Need::Namespaces,
            Need::PersistentVolumes,
            Need::PersistentVolumeClaims,
            Need::CsiNodes,
        ],
        page: include_str!("drain_capacity.md"),
    },
    blocks,
    run,
};

/// Only pods that are critical to the cluster block: where none is evicted, nothing does.
fn blocks(ctx: &Context<'_>) -> bool {
    let critical = |pod: &Pod| pod.shape.as_ref().is_none_or(|shape| shape.is_critical());
    let evicted = |pod: &Pod| rollout::moves(pod) && critical(pod);
    ctx.drains_nodes() && ctx.pods().map_or(true, |pods| pods.iter().any(evicted))
}

fn run(ctx: &Context<'_>) -> Outcome {
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("no node is drained"));
    }
    let stage = Stage::set(ctx)?;
    if !stage.pods.iter().any(|pod| rollout::moves(pod)) {
        return Ok(Judgement::default());
    }
    let stage = stage.with_volumes(ctx).with_rules(ctx);
    let world = stage.world(&ctx.policy.pace);
    if unsized_nodes(&world) {
        let why =
            "no node says what pods may ask of it: the recording was made by an older version";
        return Err(Missing::not_collected(Need::Nodes, why));
    }
    let report = rollout::simulate(&world, &mut |_| ());
    let autoscaler = autoscaler(&stage.pods);
    let mut findings = Told {
        autoscaler,
        ctx,
        world: &world,
        report: &report,
    }
    .findings();
    findings.extend(device_claims::told(ctx, &report, &stage.pods));
    Ok(Judgement::from(findings).without(stage.gaps))
}

fn autoscaler<'p>(pods: &[&'p Pod]) -> Option<&'p str> {
    let running = pods
        .iter()
        .filter(|pod| pod.phase == "Running" && pod.ready);
    let mut owners = running.map(|pod| Owner::of(pod).name);
    owners.find(|name| AUTOSCALERS.iter().any(|known| name.contains(known)))
}

fn unsized_nodes(world: &World<'_>) -> bool {
    !world.nodes.is_empty() && world.nodes.iter().all(|node| node.allocatable.is_empty())
}

/// What a simulation comes to, as findings.
struct Told<'t, 'a> {
    /// The autoscaler of nodes that runs, where one is seen.
    autoscaler: Option<&'t str>,
    ctx: &'t Context<'a>,
    world: &'t World<'t>,
    report: &'t Report<'t>,
}

impl<'t> Told<'t, '_> {
    /// Where it stops first, then by owner what does not fit.
    fn findings(&self) -> Vec<Finding> {
        let stranded: Vec<_> = self
            .report
            .stranded
            .iter()
            .filter(|one| self.is_ours(one))
            .collect();
        let Some(first) = stranded.first() else {
            return Vec::new();
        };
        let mut findings = vec![self.stop(first.from, &stranded)];
        if rollout::usable(self.world) > 1 {
            let owners = by_owner(&stranded);
            findings.extend(
                owners
                    .iter()
                    .take(MOST_OWNERS)
                    .map(|(owner, pods)| self.owned(owner, pods)),
            );
        }
        findings
    }

    /// What names its own node is told by another check, where that runs.
    fn is_ours(&self, stranded: &Stranded<'_>) -> bool {
        !stranded.pinned || !self.ctx.runs("PinnedPod")
    }

    /// A critical pod for which every node that would admit it is too small blocks. Where only room lacks and somebody adds nodes,
    /// it is a note.
    fn severity(&self, stranded: &Stranded<'_>) -> Severity {
        let critical = stranded
            .pod
            .shape
            .as_ref()
            .is_some_and(|shape| shape.is_critical());
        if critical && stranded.certainty == Certainty::TooSmall {
            return Severity::Blocker;
        }
        let room = stranded.why.as_ref().is_some_and(Why::lacks_room_only);
        let grows = room && stranded.certainty == Certainty::Crowded && self.autoscaler.is_some();
        if grows {
            Severity::Note
        } else {
            Severity::Risk
        }
    }

    fn worst(&self, stranded: &[&Stranded<'_>]) -> Severity {
        let severities = stranded.iter().map(|one| self.severity(one));
        severities.max().unwrap_or(Severity::Risk)
    }

    /// The node at which the rollout stops.
    fn stop(&self, node: &Node, all: &[&Stranded<'_>]) -> Finding {
        let here: Vec<_> = all
            .iter()
            .copied()
            .filter(|one| one.from.name == node.name)
            .collect();
        let pods = counted(here.len(), "pod");
        let message = if rollout::usable(self.world) < 2 {
            format!("is the only node that takes pods: {pods} would be down while it is drained")
        } else {
            format!(
                "draining it leaves {pods} without a node, {} first",
                name(here.first().map(|one| one.pod))
            )
        };
        let subject = Subject::cluster("v1", "Node", &node.name).with_uid(&node.uid);
        let finding = Finding::new(self.worst(&here), subject, message).because(Evidence::state(
            format!("/api/v1/nodes/{}", node.name),
            self.ctx.now(),
            self.summary(all),
        ));
        let stalls = self
            .report
            .stalls
            .iter()
            .filter(|stall| stall.node.name == node.name);
        let mut finding = stalls.fold(finding, |finding, stall| self.stalled(finding, stall));
        finding.objects = here
            .iter()
            .take(MOST_PODS)
            .map(|one| subject_of(one.pod))
            .collect();
        finding
            .fix("Have another node there before this one is drained (a surge), or free room on the others")
            .fix_with(
                "See what this node and the others have left",
                "kubectl describe nodes | grep -A 9 'Allocated resources'",
            )
    }

    /// The plan that was played through, and how it ended.
    fn summary(&self, all: &[&Stranded<'_>]) -> String {
        let nodes: BTreeSet<_> = all.iter().map(|one| one.from.name.as_str()).collect();
        let lost = all.iter().filter(|one| !one.returns).count();
        let mut summary = format!(
            "{}: {} of {} are stranded while {} of {} are drained, {lost} for longer",
            self.world.pace,
            all.len(),
            counted(self.world.pods.len(), "pod"),
            nodes.len(),
            counted(self.world.nodes.len(), "node"),
        );
        if let Some(name) = self.autoscaler {
            let _ = write!(summary, "; {} may add nodes", short(name, 50));
        }
        summary
    }

    fn stalled(&self, finding: Finding, stall: &Stall<'_>) -> Finding {
        let (namespace, name) = (&stall.pdb.namespace, &stall.pdb.name);
        let source = format!("/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/{name}");
        let detail =
            "lets no more pods go while those that have gone find no node: the drain does not end";
        finding.because(Evidence::state(source, self.ctx.now(), detail))
    }

    /// What does not fit of one owner.
    fn owned(&self, owner: &Owner<'_>, pods: &[&'t Stranded<'t>]) -> Finding {
        let first = pods[0];
        let why = first.why.as_ref();
        let words = why.map_or_else(String::new, |why| format!(": {}", why.words()));
        let message = format!(
            "{} such as {} {} while {} is drained{words}",
            counted(pods.len(), "pod"),
            short(&first.pod.name, 30),
            if pods.len() == 1 {
                "fits no other node"
            } else {
                "fit no other node"
            },
            short(&first.from.name, 30),
        );
        let source = format!(
            "/api/v1/namespaces/{}/pods/{}",
            first.pod.namespace, first.pod.name
        );
        let field = why.map_or("spec.containers.resources.requests", |why| why.field());
        let mut finding = Finding::new(self.worst(pods), owner.subject(), short(&message, 200))
            .because(Evidence::state(source, self.ctx.now(), certain(first)))
            .setting(field, requested(first.pod), None);
        finding.objects = pods
            .iter()
            .take(MOST_PODS)
            .map(|one| subject_of(one.pod))
            .collect();
        finding
            .fix("Let these pods run on more nodes: ask for less, or loosen the selector, the spread or the affinity that keeps them away")
            .fix_with(
                "See where one runs and what it asks for",
                format!("kubectl -n {} get pod {} -o yaml", first.pod.namespace, first.pod.name),
            )
    }
}

fn certain(stranded: &Stranded<'_>) -> String {
    let certainty = match stranded.certainty {
        Certainty::Crowded => "other pods are in the way",
        Certainty::TooSmall => {
            "every node that admits it is too small, even with nobody else there"
        }
        Certainty::Nowhere => "no other node admits it",
    };
    let after = if stranded.returns {
        "it finds one when the drained node is back"
    } else {
        "it finds none afterwards either"
    };
    format!("requests {}; {certainty}; {after}", requested(stranded.pod))
}

fn requested(pod: &Pod) -> String {
    let none = Resources::new();
    let requests = pod.shape.as_ref().map_or(&none, |shape| &shape.requests);
    let amounts = requests.iter().map(|(name, amount)| match &**name {
        "cpu" => format!("cpu {amount}m"),
        "memory" => format!("memory {}Mi", amount.div_ceil(1 << 20)),
        other => format!("{} {amount}", short(other, 40)),
    });
    let amounts: Vec<_> = amounts.take(4).collect();
    if amounts.is_empty() {
        "nothing".to_owned()
    } else {
        amounts.join(", ")
    }
}

fn name(pod: Option<&Pod>) -> String {
    pod.map_or_else(String::new, |pod| {
        format!("{}/{}", short(&pod.namespace, 40), short(&pod.name, 50))
    })
}

pub(super) fn subject_of(pod: &Pod) -> Subject {
    Subject::namespaced("v1", "Pod", &pod.namespace, &pod.name)
}

/// By owner, in the order in which they are met first.
fn by_owner<'t>(stranded: &[&'t Stranded<'t>]) -> Vec<(Owner<'t>, Vec<&'t Stranded<'t>>)> {
    let mut places: BTreeMap<Owner<'t>, usize> = BTreeMap::new();
    let mut owners: Vec<(Owner<'t>, Vec<&'t Stranded<'t>>)> = Vec::new();
    for &one in stranded {
        let owner = Owner::of(one.pod);
        let place = *places.entry(owner.clone()).or_insert(owners.len());
        match owners.get_mut(place) {
            Some((_, pods)) => pods.push(one),
            None => owners.push((owner, vec![one])),
        }
    }
    owners
}
