//! Which level of the Pod Security Standards a pod breaks for certain, as `k8s.io/pod-security-admission` judges it at the newest version
//! of its policy. What is not read breaks nothing.

use airworthy_model::facts::SecurityLevel;
use serde::Deserialize;

use super::{
    meta::nullable,
    shape::{Container, PodSpec},
};

/// Capabilities that baseline lets a container add.
const COMMON: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// The one that restricted does.
const BIND: &str = "NET_BIND_SERVICE";
const UNCONFINED: &str = "Unconfined";
const WINDOWS: &str = "windows";

/// `spec.os`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct OperatingSystem {
    #[prost(string, tag = "1")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodSecurityContext {
    #[prost(int64, optional, tag = "2")]
    pub run_as_user: Option<i64>,
    #[prost(bool, optional, tag = "3")]
    pub run_as_non_root: Option<bool>,
    #[prost(message, optional, tag = "10")]
    pub seccomp_profile: Option<Seccomp>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SecurityContext {
    #[prost(message, optional, tag = "1")]
    pub capabilities: Option<Capabilities>,
    #[prost(bool, optional, tag = "2")]
    pub privileged: Option<bool>,
    #[prost(int64, optional, tag = "4")]
    pub run_as_user: Option<i64>,
    #[prost(bool, optional, tag = "5")]
    pub run_as_non_root: Option<bool>,
    #[prost(bool, optional, tag = "7")]
    pub allow_privilege_escalation: Option<bool>,
    #[prost(message, optional, tag = "11")]
    pub seccomp_profile: Option<Seccomp>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Seccomp {
    #[prost(string, tag = "1")]
    pub r#type: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Capabilities {
    #[prost(string, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub add: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub drop: Vec<String>,
}

impl Seccomp {
    fn is_unconfined(&self) -> bool {
        self.r#type == UNCONFINED
    }
}

impl SecurityContext {
    fn adds_more_than(&self, allowed: &[&str]) -> bool {
        let added = self.capabilities.iter().flat_map(|list| &list.add);
        added
            .into_iter()
            .any(|one| !allowed.contains(&one.as_str()))
    }

    fn drops_all(&self) -> bool {
        let mut dropped = self.capabilities.iter().flat_map(|list| &list.drop);
        dropped.any(|one| one == "ALL")
    }

    fn breaks_baseline(&self) -> bool {
        let profile = self.seccomp_profile.as_ref();
        self.privileged == Some(true)
            || self.adds_more_than(&COMMON)
            || profile.is_some_and(Seccomp::is_unconfined)
    }

    fn breaks_restricted(&self, pod: &PodSecurityContext) -> bool {
        let profile = self.seccomp_profile.as_ref();
        let confined = profile.or(pod.seccomp_profile.as_ref());
        self.allow_privilege_escalation != Some(false)
            || !self.drops_all()
            || self.adds_more_than(&[BIND])
            || self.run_as_non_root.or(pod.run_as_non_root) != Some(true)
            || self.run_as_user.or(pod.run_as_user) == Some(0)
            || confined.is_none_or(Seccomp::is_unconfined)
    }
}

impl PodSpec {
    /// The least strict level that the pod breaks. Nothing is said of pods of Windows, of which less is asked.
    pub(super) fn breaks(&self) -> Option<SecurityLevel> {
        let (no_pods, no_containers) = Default::default();
        let pod = self.security_context.as_ref().unwrap_or(&no_pods);
        let profile = pod.seccomp_profile.as_ref();
        if self.shares_its_node() || profile.is_some_and(Seccomp::is_unconfined) {
            return Some(SecurityLevel::Baseline);
        }
        let windows = self.os.as_ref().is_some_and(|os| os.name == WINDOWS);
        let mut worst = None;
        for container in self.init_containers.iter().chain(&self.containers) {
            let own = container.security_context.as_ref();
            let own = own.unwrap_or(&no_containers);
            if own.breaks_baseline() || container.takes_host_ports() {
                return Some(SecurityLevel::Baseline);
            }
            if own.breaks_restricted(pod) && !windows {
                worst = Some(SecurityLevel::Restricted);
            }
        }
        worst
    }

    fn shares_its_node(&self) -> bool {
        let mut volumes = self.volumes.iter();
        self.host_network
            || self.host_pid
            || self.host_ipc
            || volumes.any(|volume| volume.source.host_path.is_some())
    }
}

impl Container {
    fn takes_host_ports(&self) -> bool {
        self.ports.iter().any(|port| port.host_port > 0)
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use serde_json::{Value, json};

    use super::*;

    fn breaks(spec: Value) -> Option<SecurityLevel> {
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        // What the binary encoding makes of it is the same.
        let again = PodSpec::decode(&*spec.encode_to_vec()).unwrap();
        assert_eq!(again.breaks(), spec.breaks());
        spec.breaks()
    }

    fn hardened(change: &Value) -> Value {
        let mut container = json!({"securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}});
        for (name, value) in change.as_object().unwrap() {
            container["securityContext"][name] = value.clone();
        }
        json!({ "containers": [container] })
    }

    #[test]
    fn a_hardened_pod_breaks_nothing() {
        assert_eq!(breaks(hardened(&json!({}))), None);
        let bind = json!({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, "runAsUser": 1000});
        assert_eq!(breaks(hardened(&bind)), None);
        let mut by_pod = hardened(&json!({"runAsNonRoot": null, "seccompProfile": null}));
        by_pod["securityContext"] =
            json!({"runAsNonRoot": true, "seccompProfile": {"type": "Localhost"}});
        assert_eq!(breaks(by_pod), None);
    }

    #[test]
    fn what_is_not_hardened_breaks_restricted() {
        for change in [
            json!({"allowPrivilegeEscalation": null}),
            json!({"runAsNonRoot": null}),
            json!({"runAsNonRoot": false}),
            json!({"runAsUser": 0}),
            json!({"capabilities": {"drop": ["NET_RAW"]}}),
            json!({"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}),
            json!({"seccompProfile": null}),
        ] {
            let broken = breaks(hardened(&change));
            assert_eq!(broken, Some(SecurityLevel::Restricted), "{change}");
        }
        let plain = json!({"containers": [{}]});
        assert_eq!(breaks(plain), Some(SecurityLevel::Restricted));
        let windows = json!({"os": {"name": "windows"}, "containers": [{}]});
        assert_eq!(breaks(windows), None);
    }

    #[test]
    fn what_reaches_for_the_node_breaks_baseline() {
        for spec in [
            json!({"hostNetwork": true}),
            json!({"hostPID": true}),
            json!({"hostIPC": true}),
            json!({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}),
            json!({"initContainers": [{"securityContext": {"privileged": true}}]}),
            json!({"containers": [{"ports": [{"hostPort": 80}]}]}),
            json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
            hardened(&json!({"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}})),
        ] {
            assert_eq!(
                breaks(spec.clone()),
                Some(SecurityLevel::Baseline),
                "{spec}"
            );
        }
    }
}
