//! `cargo bench -p airworthy-checks --bench drain`: how long the rollout of a large cluster takes to play through, and in how much memory.
//! Arguments: nodes (5000) and pods on each (30).

#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::{cell::RefCell, sync::Arc, time::Instant};

use airworthy_checks::{Context, context::Inputs};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, Pace, Policy,
    facts::{
        ClusterIdentity, ControllerRef, CsiNode, IntOrPercent, LabelSelector, Labels, Node,
        NodeDriver, NodeTerm, Pdb, PersistentVolume, PersistentVolumeClaim, Pod, PodShape, PodTerm,
        PodVolume, Requirement, Resources, Spread,
    },
};
use jiff::Timestamp;

/// Pods of one owner.
const REPLICAS: usize = 30;
const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

fn main() {
    let mut arguments = std::env::args().filter_map(|argument| argument.parse().ok());
    let nodes: usize = arguments.next().unwrap_or(5000);
    let each: usize = arguments.next().unwrap_or(30);
    println!("{nodes} nodes, {} pods", nodes * each);
    println!("| nodes are | asked of them | surge | findings | seconds | facts MB | peak MB |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (words, share, surge) in [
        ("half full", 50, None),
        ("rather full", 85, None),
        ("brim-full", 100, None),
        ("brim-full", 100, Some(5)),
    ] {
        let facts = cluster(nodes, each, share);
        let held = memory("VmRSS:");
        let policy = Policy {
            pace: Pace {
                surge: surge.map(IntOrPercent::Int),
                ..Pace::default()
            },
            ..Policy::default()
        };
        let start = Instant::now();
        let findings = judge(&facts, &policy);
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "| {words} | {share} % | {} | {findings} | {seconds:.2} | {held:.0} | {:.0} |",
            surge.unwrap_or(0),
            memory("VmHWM:")
        );
    }
}

fn judge(facts: &Facts, policy: &Policy) -> usize {
    let check = airworthy_checks::find("DrainCapacity").expect("the check is in the catalogue");
    let read = RefCell::default();
    let inputs = Inputs {
        facts,
        baseline: None,
        path: None,
        knowledge: Knowledge::embedded(),
        policy,
        left_out: &[],
    };
    let outcome = (check.run)(&Context::new(inputs, &read));
    outcome.expect("all facts are there").findings.len()
}

/// Megabytes that the kernel tells of this process.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|known| known.strip_prefix(line));
    let kilobytes = line.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1000.0
}

/// A cluster in three zones whose pods ask for a share of its nodes' cores; owner by owner they have other rules.
fn cluster(nodes: usize, each: usize, share: u64) -> Facts {
    let mut facts = Facts::unread(
        ClusterIdentity::default(),
        Timestamp::UNIX_EPOCH,
        "not read",
    );
    facts.nodes = Ok((0..nodes).map(node).collect());
    facts.csi_nodes = Ok((0..nodes).map(csi).collect());
    let cpu = 16_000 * share / 100 / each as u64;
    let mut pods: Vec<Pod> = (0..nodes * each)
        .map(|number| pod(number, nodes, cpu))
        .collect();
    pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    facts.persistent_volumes = Ok(pods.iter().filter_map(volume).collect());
    facts.persistent_volume_claims = Ok(pods.iter().filter_map(claim).collect());
    facts.pods = Ok(pods);
    facts.pdbs = Ok((0..nodes * each / REPLICAS)
        .step_by(2)
        .map(budget)
        .collect());
    facts.namespaces = Ok(Vec::new());
    facts
}

fn node(number: usize) -> Node {
    let name = format!("node-{number:05}");
    Node {
        labels: Labels::from_iter([
            (HOST, name.clone()),
            (ZONE, format!("zone-{}", number % 3)),
            ("node.kubernetes.io/pool", format!("pool-{}", number % 10)),
            ("kubernetes.io/os", "linux".into()),
            ("kubernetes.io/arch", "amd64".into()),
        ]),
        allocatable: Resources::from_iter([
            ("cpu".into(), 16_000),
            ("memory".into(), 64 << 30),
            ("pods".into(), 110),
        ]),
        name,
        ..Node::default()
    }
}

fn csi(number: usize) -> CsiNode {
    let driver = NodeDriver {
        name: "disk.example.com".into(),
        limit: Some(24),
    };
    CsiNode {
        name: format!("node-{number:05}"),
        drivers: vec![driver],
    }
}

/// The first pod of each node is its agent; the others belong to owners whose pods are all over the cluster.
fn pod(number: usize, nodes: usize, cpu: u64) -> Pod {
    let node = number % nodes;
    let agent = number < nodes;
    let app = if agent { 0 } else { number / REPLICAS };
    let (kind, name) = if agent {
        ("DaemonSet", "agent".to_owned())
    } else {
        ("ReplicaSet", format!("app-{app}"))
    };
    let namespace = if agent {
        "kube-system".to_owned()
    } else {
        format!("team-{}", app % 200)
    };
    let pod_name = format!("{name}-{number}");
    let claims = !agent && app % 20 == 7;
    let volume = claims.then(|| PodVolume::Claim(pod_name.as_str().into()));
    Pod {
        labels: Labels::from_iter([
            ("app", name.as_str()),
            ("pod-template-hash", "5d8f9c7b6"),
            ("team", "blue"),
        ]),
        controller: Some(ControllerRef {
            kind: kind.into(),
            name: name.into(),
        }),
        node: format!("node-{node:05}").into(),
        phase: "Running".into(),
        ready: true,
        volumes: volume.into_iter().collect(),
        shape: Some(shape(app, agent, cpu)),
        namespace: namespace.into(),
        name: pod_name,
        ..Pod::default()
    }
}

fn selector(app: usize) -> LabelSelector {
    LabelSelector {
        match_labels: Labels::from_iter([("app", format!("app-{app}"))]),
        match_expressions: Vec::new(),
    }
}

fn shape(app: usize, agent: bool, cpu: u64) -> Arc<PodShape> {
    let mut shape = PodShape {
        requests: Resources::from_iter([("cpu".into(), cpu), ("memory".into(), 256 << 20)]),
        ..PodShape::default()
    };
    match app % 10 {
        _ if agent => shape.priority = 2_000_001_000,
        1 => {
            shape.apart = vec![PodTerm {
                selector: Some(selector(app)),
                topology: HOST.into(),
                ..PodTerm::default()
            }];
        }
        2 => {
            shape.spread = vec![Spread {
                selector: Some(selector(app)),
                topology: ZONE.into(),
                max_skew: 10,
                ..Spread::default()
            }];
        }
        3 => {
            shape.node_selector =
                Labels::from_iter([("node.kubernetes.io/pool", format!("pool-{}", app / 10 % 10))]);
        }
        4 => {
            shape.spread = vec![Spread {
                selector: Some(selector(app)),
                topology: HOST.into(),
                max_skew: 5,
                ..Spread::default()
            }];
        }
        _ => {}
    }
    shape.shared()
}

fn claimed(pod: &Pod) -> Option<&str> {
    pod.volumes.iter().find_map(|volume| match volume {
        PodVolume::Claim(claim) => Some(&**claim),
        _ => None,
    })
}

fn volume(pod: &Pod) -> Option<PersistentVolume> {
    let claim = claimed(pod)?;
    let number: usize = pod.node.trim_start_matches("node-").parse().ok()?;
    let zone = Requirement {
        key: ZONE.into(),
        operator: "In".into(),
        values: vec![format!("zone-{}", number % 3)],
    };
    Some(PersistentVolume {
        name: format!("pv-{claim}"),
        driver: "disk.example.com".into(),
        node_terms: vec![NodeTerm {
            labels: vec![zone],
            fields: Vec::new(),
        }],
        ..PersistentVolume::default()
    })
}

fn claim(pod: &Pod) -> Option<PersistentVolumeClaim> {
    let claim = claimed(pod)?;
    Some(PersistentVolumeClaim {
        namespace: (&pod.namespace).into(),
        name: claim.into(),
        volume: format!("pv-{claim}"),
        ..PersistentVolumeClaim::default()
    })
}

fn budget(app: usize) -> Pdb {
    Pdb {
        api_version: "policy/v1".into(),
        namespace: format!("team-{}", app % 200),
        name: format!("app-{app}"),
        selector: Some(selector(app)),
        max_unavailable: Some(IntOrPercent::Int(1)),
        disruptions_allowed: 1,
        ..Pdb::default()
    }
}
