//! How the programs of a cluster are started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::version::KubeVersion;

/// How the components of the control plane and kube-proxy are started: what their mirror pods and the settings in `kube-system`
/// tell, and the API server itself where it can.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Components {
    /// What each source tells of one component.
    pub components: Vec<Component>,
    /// Documents of configuration that were read, with the API version at which each is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<ConfigDocument>,
    /// Settings of kube-proxy, where its `ConfigMap` is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxySettings>,
    /// Whether kubeadm's configuration names an etcd that it does not run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub external_etcd: bool,
    /// Sources that are there, or may be, and could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadSource>,
}

impl Components {
    /// How many API servers have a pod in `kube-system`: all of them where there is one at all.
    #[must_use]
    pub fn api_servers(&self) -> usize {
        let is_pod = |one: &&Component| one.name == "kube-apiserver" && !one.node.is_empty();
        self.components.iter().filter(is_pod).count()
    }
}

/// What one source tells of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Its program, such as `kube-apiserver`.
    pub name: String,
    /// The node it runs on; empty where the source is no pod.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// The tag of its image, such as `v1.31.14`; empty where the source is no pod, or the image is named by digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// The source lists every flag with the value in effect, set or not: then no name is kept, and of values only what is not empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub effective: bool,
    /// Names of the flags that are set, without the hyphens before them and with hyphens inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Values of the few flags whose values are read (see [`READ_FLAGS`]), as they are written; the last one where a flag is given twice.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Where it was read: a path of the API.
    pub source: String,
}

/// The flags whose values are kept. None of them can hold a secret or a path.
pub const READ_FLAGS: [&str; 10] = [
    "admission-control",
    "cloud-provider",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "fail-cgroupv1",
    "feature-gates",
    "leader-elect-resource-lock",
    "proxy-mode",
    "quota-backend-bytes",
    "runtime-config",
];

/// A document of configuration: its type and nothing of its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigDocument {
    /// Where it was read: a path of the API.
    pub source: String,
    /// The key of the `ConfigMap`.
    pub key: String,
    /// `apiVersion`, such as `kubeadm.k8s.io/v1beta4`.
    pub api_version: String,
    /// `kind`, such as `ClusterConfiguration`.
    pub kind: String,
}

/// What the configuration of kube-proxy says, as far as upgrades change its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxySettings {
    /// `mode`: `iptables`, `ipvs`, `nftables`, `userspace` or `kernelspace`; empty lets kube-proxy choose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mode: String,
    /// `conntrack.maxPerCore`; 0 leaves the limit of the node alone, absent takes the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conntrack_max_per_core: Option<i64>,
    /// Whether `udpIdleTimeout` is set, which only the userspace mode had.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub udp_idle_timeout: bool,
    /// Where it was read: a path of the API.
    pub source: String,
}

/// A source that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadSource {
    /// The program that it would tell of.
    pub component: String,
    /// A path of the API.
    pub source: String,
    /// What was asked and answered, or what is wrong with it.
    pub why: String,
}

impl Components {
    /// Whether a pod of the cluster is its API server.
    pub fn runs_api_server(&self) -> bool {
        let mut all = self.components.iter();
        all.any(|one| one.name == "kube-apiserver" && !one.node.is_empty())
    }

    /// What is told of a program.
    pub fn of(&self, program: &str) -> impl Iterator<Item = &Component> {
        self.components
            .iter()
            .filter(move |one| one.name == program)
    }
}

impl Component {
    /// The version that its image names, where the tag is one.
    pub fn version(&self) -> Option<KubeVersion> {
        self.tag.parse().ok()
    }

    /// Whether a flag is set, whatever its value.
    pub fn sets(&self, flag: &str) -> bool {
        self.flags.iter().any(|set| set == flag)
    }

    /// The value of a flag of [`READ_FLAGS`].
    pub fn value(&self, flag: &str) -> Option<&str> {
        self.values.get(flag).map(String::as_str)
    }

    /// The feature gates that are set, with their values: `true`, `false`, or whatever else is written.
    pub fn gates(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.list("feature-gates");
        pairs.filter_map(|pair| {
            // `kube:Name=true` names the part of the API server that the gate is of.
            let (name, value) = pair.split_once('=')?;
            let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
            Some((name.trim(), value.trim()))
        })
    }

    /// The entries of a flag that takes a list with commas.
    pub fn list(&self, flag: &str) -> impl Iterator<Item = &str> {
        let value = self.value(flag).unwrap_or_default();
        let entries = value.split(',').map(str::trim);
        entries.filter(|entry| !entry.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_read_as_the_programs_read_them() {
        let gates = "A=true, kube:B=false,,C";
        let component = Component {
            values: BTreeMap::from([("feature-gates".to_owned(), gates.to_owned())]),
            ..Component::default()
        };
        let read: Vec<_> = component.gates().collect();
        assert_eq!(read, [("A", "true"), ("B", "false")]);
    }
}
