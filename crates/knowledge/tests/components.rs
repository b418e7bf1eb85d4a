//! Facts about gates, flags, admission plugins and storage versions that were looked up by hand, true ones and false ones.

use airworthy_knowledge::{
    Component::{
        self, KubeApiserver, KubeControllerManager, KubeProxy, KubeScheduler, Kubeadm, Kubelet,
    },
    ConfigState, FlagState, GateState, Knowledge, PluginState,
    Stage::{self, Alpha, Beta, Deprecated, Ga},
};
use airworthy_model::Minor;

fn v(minor: u16) -> Minor {
    Minor::v1(minor)
}

fn gate(component: Component, name: &str, minor: u16) -> GateState<'static> {
    Knowledge::embedded().gate(component, name, v(minor))
}

fn flag(component: Component, name: &str, minor: u16) -> FlagState {
    Knowledge::embedded().flag(component, name, v(minor))
}

fn known(deprecated: Option<u16>) -> FlagState {
    FlagState::Known {
        deprecated: deprecated.map(v),
    }
}

/// Stage, default and lock of a gate that the kubelet knows.
fn told(name: &str, minor: u16) -> (Stage, bool, bool) {
    match gate(Kubelet, name, minor) {
        GateState::Known(known) => (known.stage, known.default, known.locked),
        other => panic!("{name} {minor}: {other:?}"),
    }
}

#[test]
fn gates_go_through_their_stages() {
    for (name, minor, expected) in [
        ("SidecarContainers", 28, (Alpha, false, false)),
        ("SidecarContainers", 29, (Beta, true, false)),
        ("SidecarContainers", 33, (Ga, true, true)),
        // Was on for one minor, and off again.
        ("WatchList", 32, (Beta, true, false)),
        ("WatchList", 33, (Beta, false, false)),
        ("KMSv1", 28, (Deprecated, true, false)),
        ("KMSv1", 29, (Deprecated, false, false)),
        // Stable, and locked off.
        ("LegacyNodeRoleBehavior", 21, (Ga, false, true)),
        // Stable a minor before it was locked.
        ("CSIMigrationvSphere", 26, (Ga, true, false)),
        ("CSIMigrationvSphere", 27, (Ga, true, true)),
    ] {
        assert_eq!(told(name, minor), expected, "{name} {minor}");
    }
}

#[test]
fn gates_that_come_go_and_are_somebody_elses() {
    let removed = |since| GateState::Removed { since: v(since) };
    let not_yet = |since| GateState::NotYet { since: v(since) };
    for (component, name, minor, expected) in [
        (Kubelet, "SidecarContainers", 37, removed(37)),
        (Kubelet, "SidecarContainers", 27, not_yet(28)),
        (KubeApiserver, "PodSecurity", 28, removed(28)),
        (KubeScheduler, "IPv6DualStack", 25, removed(25)),
        // The library of controllers kept it longer than the list of all programs.
        (KubeControllerManager, "IPv6DualStack", 27, removed(27)),
        // It left kubeadm's list before that of the others.
        (Kubeadm, "IPv6DualStack", 24, removed(24)),
        (Kubeadm, "SidecarContainers", 31, GateState::Unheard),
        (Kubelet, "EtcdLearnerMode", 31, GateState::Unheard),
        (Kubelet, "sidecarcontainers", 31, GateState::Unheard),
        (Kubelet, "MyVendorsGate", 31, GateState::Unheard),
        (Kubelet, "SidecarContainers", 38, GateState::Unread),
    ] {
        assert_eq!(
            gate(component, name, minor),
            expected,
            "{component} {name} {minor}"
        );
    }
    let kept = gate(KubeControllerManager, "IPv6DualStack", 26);
    assert!(matches!(kept, GateState::Known(stage) if stage.locked));
}

#[test]
fn flags_that_are_there() {
    for (component, name, minor, expected) in [
        (Kubelet, "--container-runtime", 26, known(Some(24))),
        (Kubelet, "--log-dir", 22, known(None)),
        (Kubelet, "--log_dir", 25, known(Some(23))),
        (Kubelet, "v", 37, known(None)),
        // What it did went in 1.32, the flag did not.
        (Kubelet, "--runonce", 37, known(Some(19))),
        // It does nothing from 1.20 on, and is still taken.
        (
            Kubelet,
            "--redirect-container-streaming",
            21,
            known(Some(19)),
        ),
        (
            KubeControllerManager,
            "--pod-eviction-timeout",
            26,
            known(Some(26)),
        ),
        (KubeApiserver, "--insecure-port", 23, known(Some(19))),
        (KubeProxy, "--log-json-split-stream", 31, known(None)),
    ] {
        assert_eq!(
            flag(component, name, minor),
            expected,
            "{component} {name} {minor}"
        );
    }
}

#[test]
fn flags_that_stop_a_program() {
    let removed = |since| FlagState::Removed { since: v(since) };
    let not_yet = |since| FlagState::NotYet { since: v(since) };
    for (component, name, minor, expected) in [
        (Kubelet, "--container-runtime", 27, removed(27)),
        (Kubelet, "--network-plugin", 24, removed(24)),
        (Kubelet, "--log-dir", 26, removed(26)),
        (KubeApiserver, "--insecure-port", 24, removed(24)),
        (
            KubeControllerManager,
            "--pod-eviction-timeout",
            27,
            removed(27),
        ),
        (KubeProxy, "--udp-timeout", 26, removed(26)),
        (KubeScheduler, "--policy-config-file", 23, removed(23)),
        (KubeApiserver, "--authentication-config", 28, not_yet(29)),
        (KubeProxy, "--pod-eviction-timeout", 26, FlagState::Unheard),
        (Kubelet, "--cgroup-drivers", 31, FlagState::Unheard),
        (Kubelet, "--v", 38, FlagState::Unread),
        (Kubeadm, "--v", 31, FlagState::Unread),
    ] {
        assert_eq!(
            flag(component, name, minor),
            expected,
            "{component} {name} {minor}"
        );
    }
}

#[test]
fn admission_plugins() {
    let on = |default_on| PluginState::Known { default_on };
    for (name, minor, expected) in [
        ("PodSecurityPolicy", 24, on(false)),
        (
            "PodSecurityPolicy",
            25,
            PluginState::Removed { since: v(25) },
        ),
        ("PodSecurity", 22, on(true)),
        ("PodSecurity", 21, PluginState::NotYet { since: v(22) }),
        (
            "SecurityContextDeny",
            30,
            PluginState::Removed { since: v(30) },
        ),
        ("PodPreset", 20, PluginState::Removed { since: v(20) }),
        ("NodeRestriction", 37, on(false)),
        ("NamespaceLifecycle", 19, on(true)),
        ("NodeRestrictions", 37, PluginState::Unheard),
        ("NodeRestriction", 38, PluginState::Unread),
    ] {
        assert_eq!(
            Knowledge::embedded().plugin(name, v(minor)),
            expected,
            "{name} {minor}"
        );
    }
}

#[test]
fn storage_versions() {
    let stored = |group, resource, minor| {
        let found = Knowledge::embedded().storage_version(group, resource, v(minor));
        found.map(airworthy_knowledge::StorageVersion::api_version)
    };
    for (group, resource, minor, expected) in [
        ("batch", "cronjobs", 20, Some("batch/v1beta1")),
        ("batch", "cronjobs", 37, Some("batch/v1")),
        ("events.k8s.io", "events", 31, Some("v1")),
        (
            "autoscaling",
            "horizontalpodautoscalers",
            25,
            Some("autoscaling/v1"),
        ),
        (
            "autoscaling",
            "horizontalpodautoscalers",
            31,
            Some("autoscaling/v2"),
        ),
        ("apps", "deployments", 19, Some("apps/v1")),
        (
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            31,
            Some("apiextensions.k8s.io/v1beta1"),
        ),
        ("policy", "podsecuritypolicies", 24, Some("policy/v1beta1")),
        ("policy", "podsecuritypolicies", 25, None),
        ("apps", "deployment", 31, None),
        ("awesome.bears.com", "pandas", 31, None),
    ] {
        assert_eq!(
            stored(group, resource, minor).as_deref(),
            expected,
            "{resource} {minor}"
        );
    }
}

#[test]
fn every_row_names_its_source() {
    let knowledge = Knowledge::embedded();
    let gates = knowledge.gates().iter().map(|row| &row.source);
    let flags = knowledge.flags().iter().map(|row| &row.source);
    let plugins = knowledge.plugins().iter().map(|row| &row.source);
    let stored = knowledge.stored().iter().map(|row| &row.source);
    let all: Vec<_> = gates.chain(flags).chain(plugins).chain(stored).collect();
    assert!(all.len() > 1_300, "{}", all.len());
    for source in all {
        assert!(
            source.file.contains(".go") && source.module.contains('/'),
            "{source:?}"
        );
        assert!(!source.tag.is_empty(), "{source:?}");
    }
}

#[test]
fn versions_of_configuration() {
    let knowledge = Knowledge::embedded();
    let config = |api: &str, kind: &str, minor: u16| knowledge.config(api, kind, v(minor));
    let kubeadm = "kubeadm.k8s.io/v1beta3";
    assert_eq!(
        config(kubeadm, "ClusterConfiguration", 36),
        ConfigState::Read
    );
    let gone = ConfigState::Removed { since: v(37) };
    assert_eq!(config(kubeadm, "ClusterConfiguration", 37), gone);
    let scheduler = "kubescheduler.config.k8s.io/v1";
    let not_yet = ConfigState::NotYet { since: v(25) };
    assert_eq!(config(scheduler, "KubeSchedulerConfiguration", 24), not_yet);
    assert_eq!(config("example.com/v1", "Policy", 31), ConfigState::Unheard);
    assert_eq!(config(kubeadm, "Policy", 31), ConfigState::Unheard);
    assert_eq!(
        config(kubeadm, "ClusterConfiguration", 99),
        ConfigState::Unread
    );
    let lost: Vec<_> = knowledge.configs_lost(v(24)).map(|row| &*row.api).collect();
    assert_eq!(lost, ["audit.k8s.io/v1alpha1", "audit.k8s.io/v1beta1"]);
    assert!(knowledge.configs_lost(v(32)).next().is_none());
}
