//! The steps of an upgrade: control plane, add-ons, nodes, minor by minor or as the platform sells it, with what each step meets.

use airworthy_assess::{Run, Selection, assess};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, Hop, Minor, Part, Phase, Policy, Rollout, Step, UpgradePath,
    facts::{ClusterIdentity, Node, ServerVersion},
};

fn node(kubelet: &str) -> Node {
    serde_json::from_str(&format!(
        r#"{{"name": "n1", "uid": "u1", "kubeletVersion": "{kubelet}", "runtimeVersion": "docker://20.10.0", "conditions": [{{"type": "Ready", "status": "True"}}]}}"#
    ))
    .unwrap()
}

fn plan(from: &str, target: &str, nodes: Vec<Node>, policy: &Policy) -> Vec<Step> {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut facts = Facts::unread(ClusterIdentity::default(), now, "not in this test");
    facts.version = Ok(ServerVersion {
        version: from.parse().unwrap(),
        emulation: None,
    });
    facts.nodes = Ok(nodes);
    let path = UpgradePath::new(from.parse().unwrap(), target.parse().unwrap()).unwrap();
    assess(Run {
        phase: Phase::Pre,
        facts: &facts,
        baseline: None,
        path: Some(&path),
        knowledge: Knowledge::embedded(),
        policy,
        selection: &Selection::default(),
    })
    .unwrap()
    .plan
}

/// Each step as `part from to`, with how long its nodes may wait.
fn told(plan: &[Step]) -> Vec<String> {
    let one = |step: &Step| {
        let part = match step.part {
            Part::ControlPlane => "control plane",
            Part::Addons => "add-ons",
            Part::Nodes => "nodes",
        };
        let wait = step.may_wait_until;
        let wait = wait.map_or(String::new(), |minor| format!(" until {minor}"));
        format!("{part} {} {}{wait}", step.from, step.to)
    };
    plan.iter().map(one).collect()
}

#[test]
fn each_minor_is_control_plane_then_addons_then_nodes() {
    let plan = plan(
        "v1.29.14",
        "1.32",
        vec![node("v1.29.3")],
        &Policy::default(),
    );
    assert_eq!(
        told(&plan),
        [
            "control plane 1.29 1.30",
            "add-ons 1.29 1.30",
            "nodes 1.29 1.30 until 1.32",
            "control plane 1.30 1.31",
            "add-ons 1.30 1.31",
            "nodes 1.30 1.31 until 1.32",
            "control plane 1.31 1.32",
            "add-ons 1.31 1.32",
            "nodes 1.31 1.32",
        ]
    );
}

/// Nodes that are behind already may wait less long; before 1.25 two minors were allowed, not three.
#[test]
fn nodes_wait_within_the_skew() {
    let waits = |from: &str, target: &str, kubelet: &str| {
        let plan = plan(from, target, vec![node(kubelet)], &Policy::default());
        let first = plan.iter().find(|step| step.part == Part::Nodes);
        first.unwrap().may_wait_until
    };
    assert_eq!(waits("v1.29.14", "1.33", "v1.29.3"), Some(Minor::v1(32)));
    assert_eq!(waits("v1.29.14", "1.33", "v1.28.3"), Some(Minor::v1(31)));
    assert_eq!(waits("v1.29.14", "1.33", "v1.27.3"), None);
    assert_eq!(waits("v1.22.17", "1.26", "v1.22.3"), Some(Minor::v1(24)));
}

#[test]
fn a_jump_that_the_platform_sells_is_one_step() {
    let hop = |from, to| Hop {
        from: Minor::v1(from),
        to: Minor::v1(to),
    };
    let policy = Policy {
        allowed_jumps: vec![hop(28, 31), hop(31, 32)],
        ..Policy::default()
    };
    let plan = plan("v1.28.9-r4", "1.32", Vec::new(), &policy);
    let moves: Vec<_> = told(&plan)
        .into_iter()
        .filter(|it| it.starts_with("control"))
        .collect();
    assert_eq!(
        moves,
        ["control plane 1.28 1.31", "control plane 1.31 1.32"]
    );
}

#[test]
fn what_is_not_touched_has_no_step() {
    let of = |rollout, target: &str| {
        let policy = Policy {
            rollout,
            ..Policy::default()
        };
        told(&plan("v1.31.10", target, vec![node("v1.31.3")], &policy))
    };
    let expected = ["control plane 1.31 1.32", "add-ons 1.31 1.32"];
    assert_eq!(of(Rollout::ControlPlane, "1.32"), expected);
    let patch = ["control plane 1.31 1.31"];
    assert_eq!(of(Rollout::Patch, "1.31.14"), patch);
}

/// A container runtime that 1.24 dropped is met by the nodes of the step to 1.24, and by no other.
#[test]
fn each_finding_counts_at_the_step_that_meets_it() {
    let plan = plan(
        "v1.22.17",
        "1.25",
        vec![node("v1.22.3")],
        &Policy::default(),
    );
    let with_blockers: Vec<_> = plan
        .iter()
        .filter(|step| step.part == Part::Nodes && step.blockers > 0)
        .map(|step| (step.from, step.to))
        .collect();
    assert_eq!(with_blockers, [(Minor::v1(23), Minor::v1(24))]);
}
