//! Facts of a cluster that is well, and what can be wrong with one.

use std::collections::BTreeMap;

use airworthy_model::{
    Facts, Missing, Need, Reason,
    facts::{
        Answers, Certificate, ClusterDns, ClusterIdentity, CollectionReport, Component, Components,
        Condition, Disk, DiskPurpose, Health, HealthCheck, IntOrPercent, Kubelet, Lease, Metrics,
        Namespace, Node, NodeUsage, Pdb, Pod, PodAdmission, PodShape, Probe, Served,
        ServerCertificates, ServerVersion, Workload, WorkloadKind,
    },
};
use jiff::{SignedDuration, Timestamp};

pub(crate) const UID: &str = "11111111-2222-4333-8444-555555555555";

/// A 1.31 cluster with one node in which no check finds anything.
pub(crate) fn healthy() -> Facts {
    running("v1.31.14")
}

/// Such a cluster of another version.
pub(crate) fn running(version: &str) -> Facts {
    let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
    let cluster = ClusterIdentity {
        name: Some("test".into()),
        server: Some("https://192.0.2.1:6443".into()),
        uid: Some(UID.into()),
    };
    let mut facts = Facts::unread(cluster, now, "not in this test");
    facts.version = Ok(ServerVersion {
        version: version.parse().expect("a version"),
        emulation: None,
    });
    control_plane(&mut facts, now);
    facts.components = Ok(components(version));
    facts.nodes = Ok(vec![node(version)]);
    facts.namespaces = Ok(vec![namespace("default"), namespace("kube-system")]);
    nothing_else(&mut facts);
    facts
}

/// Good for years.
fn certificates() -> ServerCertificates {
    let certificate = |authority: bool| Certificate {
        not_before: "2026-01-01T00:00:00Z".parse().expect("a time"),
        not_after: "2036-01-01T00:00:00Z".parse().expect("a time"),
        authority,
        alternative_names: !authority,
        sha1: false,
    };
    ServerCertificates {
        serving: certificate(false),
        authority: Some(certificate(true)),
        ours_ends: None,
    }
}

fn control_plane(facts: &mut Facts, now: Timestamp) {
    let check = |name: &str| HealthCheck {
        name: name.into(),
        ok: true,
    };
    let well = || vec![check("ping"), check("etcd")];
    facts.health = Ok(Health {
        certificates: Some(Box::new(certificates())),
        ready: well(),
        live: well(),
    });
    let lease = |name: &str| Lease {
        namespace: "kube-system".into(),
        name: name.into(),
        holder: Some("control-plane-1".into()),
        renewed: Some(now),
        duration_seconds: Some(15),
    };
    facts.leases = Ok(vec![
        lease("kube-controller-manager"),
        lease("kube-scheduler"),
    ]);
    facts.metrics = Ok(Metrics {
        process_started: Some(now - SignedDuration::from_hours(240)),
        object_counts: [("nodes".to_owned(), 1), ("namespaces".to_owned(), 2)].into(),
        answers: Some(Answers {
            all: 1000,
            errors: 0,
            throttled: 0,
        }),
        storage_bytes: vec![20_000_000],
        ..Metrics::default()
    });
}

/// The programs of the control plane as their mirror pods show them, without any flag that says something.
fn components(version: &str) -> Components {
    let component = |name: &str| Component {
        name: name.into(),
        node: "node-1".into(),
        tag: version.into(),
        source: format!("/api/v1/namespaces/kube-system/pods/{name}-node-1"),
        ..Component::default()
    };
    // An etcd that every minor of these tests is content with.
    let etcd = Component {
        tag: "3.5.24-0".into(),
        ..component("etcd")
    };
    let kubelet = Component {
        source: "/api/v1/namespaces/kube-system/configmaps/kubelet-config".into(),
        node: String::new(),
        tag: String::new(),
        ..component("kubelet")
    };
    let programs = [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ];
    Components {
        components: programs
            .map(component)
            .into_iter()
            .chain([etcd, kubelet])
            .collect(),
        ..Components::default()
    }
}

fn nothing_else(facts: &mut Facts) {
    facts.discovery = Ok(Served::default());
    facts.pods = Ok(Vec::new());
    facts.deployments = Ok(Vec::new());
    facts.stateful_sets = Ok(Vec::new());
    facts.daemon_sets = Ok(Vec::new());
    facts.pdbs = Ok(Vec::new());
    facts.crds = Ok(Vec::new());
    facts.api_services = Ok(Vec::new());
    facts.webhooks = Ok(Vec::new());
    facts.services = Ok(Vec::new());
    facts.endpoint_slices = Ok(Vec::new());
    facts.api_writers = Ok(Vec::new());
    facts.persistent_volumes = Ok(Vec::new());
    facts.persistent_volume_claims = Ok(Vec::new());
    facts.storage_classes = Ok(Vec::new());
    facts.csi_drivers = Ok(Vec::new());
    facts.csi_nodes = Ok(Vec::new());
    facts.volume_attachments = Ok(Vec::new());
    facts.jobs = Ok(Vec::new());
    facts.cron_jobs = Ok(Vec::new());
    facts.hpas = Ok(Vec::new());
    facts.ingresses = Ok(Vec::new());
    facts.ingress_classes = Ok(Vec::new());
    facts.gateways = Ok(Vec::new());
    facts.network_policies = Ok(Vec::new());
    facts.roles = Ok(Vec::new());
    facts.service_accounts = Ok(Vec::new());
    facts.token_secrets = Ok(Vec::new());
    facts.csrs = Ok(Vec::new());
    facts.events = Ok(Vec::new());
    facts.node_leases = Ok(Vec::new());
    facts.node_usage = Ok(Vec::new());
    facts.kubelets = Ok(vec![kubelet()]);
    facts.probes = Ok(vec![probe(facts.observed_at)]);
    facts.operations = Ok(Vec::new());
    facts.backups = Ok(Vec::new());
    facts.cluster_dns = Ok(ClusterDns::default());
    facts.pod_admission = Ok(PodAdmission::default());
    facts.admission_policies = Ok(Vec::new());
    facts.helm_releases = Ok(Vec::new());
    facts.git_ops = Ok(Vec::new());
    facts.permissions = Ok(Vec::new());
    facts.collection = Ok(CollectionReport::default());
}

/// The kubelet of the node, which was asked.
fn kubelet() -> Kubelet {
    let disk = |purpose| Disk {
        purpose,
        capacity_bytes: 100 << 30,
        available_bytes: 60 << 30,
        inodes: None,
        inodes_free: None,
    };
    Kubelet {
        name: "node-1".into(),
        config: [("rotateCertificates".into(), "true".into())].into(),
        flags: Some(BTreeMap::new()),
        cgroup_version: Some(2),
        disks: vec![disk(DiskPurpose::Node), disk(DiskPurpose::Images)],
        usage: Some(NodeUsage {
            name: "node-1".into(),
            cpu_thousandths: Some(200),
            memory_bytes: Some(1 << 30),
            measured: None,
        }),
        ..Kubelet::default()
    }
}

/// What a pod on the node found out: all is well.
fn probe(now: Timestamp) -> Probe {
    Probe {
        name: "node-1".into(),
        pod: "probe-1".into(),
        created: Some(now),
        started: Some(now),
        finished: Some(now),
        dns: Some(true),
        external_dns: Some(true),
        api: Some(true),
        service: Some(true),
        pods_tried: Some(1),
        pods_reached: Some(1),
        ..Probe::default()
    }
}

fn namespace(name: &str) -> Namespace {
    Namespace {
        name: name.into(),
        uid: if name == "kube-system" { UID } else { name }.into(),
        phase: "Active".into(),
        ..Namespace::default()
    }
}

/// A node that is ready, with a kubelet of this version.
pub(crate) fn node(version: &str) -> Node {
    let ready = Condition {
        r#type: "Ready".into(),
        status: "True".into(),
        ..Condition::default()
    };
    Node {
        name: "node-1".into(),
        uid: "99999999-2222-4333-8444-555555555555".into(),
        conditions: vec![ready],
        kubelet_version: version.into(),
        runtime_version: "containerd://2.1.4".into(),
        operating_system: "linux".into(),
        ..Node::default()
    }
}

/// A blocker: a budget that never allows an eviction.
pub(crate) fn with_blocker(mut facts: Facts) -> Facts {
    facts.pdbs = Ok(vec![Pdb {
        api_version: "policy/v1".into(),
        namespace: "shop".into(),
        name: "web".into(),
        max_unavailable: Some(IntOrPercent::Int(0)),
        expected_pods: 1,
        current_healthy: 1,
        desired_healthy: 1,
        ..Pdb::default()
    }]);
    facts
}

/// A risk: a pod without a controller.
pub(crate) fn with_risk(mut facts: Facts) -> Facts {
    facts.pods = Ok(vec![Pod {
        namespace: "shop".into(),
        name: "import-once".into(),
        shape: Some(PodShape::default().into()),
        node: "node-1".into(),
        phase: "Running".into(),
        ready: true,
        ..Pod::default()
    }]);
    facts
}

/// A note: an add-on that no table knows.
pub(crate) fn with_note(mut facts: Facts) -> Facts {
    facts.deployments = Ok(vec![Workload {
        kind: WorkloadKind::Deployment,
        namespace: "kube-system".into(),
        name: "names".into(),
        created: None,
        generation: 1,
        observed_generation: 1,
        desired: 1,
        updated: 1,
        ready: 1,
        available: 1,
        paused: false,
        conditions: Vec::new(),
        images: vec!["registry.example/names:v1.11.3".into()],
        annotated_profiles: Vec::new(),
        selector: None,
        strategy: "RollingUpdate".into(),
        grace_seconds: Some(30),
        revision: String::new(),
        node_terms: None,
    }]);
    facts
}

/// The budgets could not be listed: that can hide a blocker.
pub(crate) fn without_pdbs(mut facts: Facts) -> Facts {
    facts.pdbs = Err(forbidden(Need::Pdbs));
    facts
}

/// Our own rights could not be asked for: that hides no blocker.
pub(crate) fn without_permissions(mut facts: Facts) -> Facts {
    facts.permissions = Err(forbidden(Need::Permissions));
    facts
}

pub(crate) fn forbidden(need: Need) -> Missing {
    Missing {
        need,
        reason: Reason::Forbidden,
        detail: "GET /some/list answered 403".into(),
        cure: Some("allow `list`".into()),
    }
}
