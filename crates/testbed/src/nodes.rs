//! Nodes: objects written whole by the testbed; kwok renews their leases and runs their pods.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Patch;
use crate::cluster::Cluster;
use crate::error::Result;
use crate::wait::wait_until;

const READY_DEADLINE: Duration = Duration::from_secs(30);
/// The first of the documentation addresses that nodes get.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
const KUBELET_PORT: u16 = 10250;

/// What a node is like, beside its name and kubelet version.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// `status.nodeInfo.containerRuntimeVersion`.
    pub runtime_version: String,
    /// `status.nodeInfo.kubeProxyVersion`; the kubelet's version unless given.
    pub kube_proxy_version: Option<String>,
    /// `status.nodeInfo.kernelVersion`.
    pub kernel_version: String,
    /// `status.nodeInfo.osImage`.
    pub os_image: String,
    /// `status.nodeInfo.architecture`.
    pub architecture: String,
    /// Labels beside those every node has.
    pub labels: Vec<(String, String)>,
    /// Annotations.
    pub annotations: Vec<(String, String)>,
    /// `spec.taints` as they are.
    pub taints: Vec<Value>,
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// Conditions that differ from a healthy node: type and status, such as `("DiskPressure", "True")`.
    pub conditions: Vec<(String, String)>,
    /// `status.capacity` and `status.allocatable`: cores.
    pub cpu: String,
    /// `status.capacity` and `status.allocatable`: memory.
    pub memory: String,
    /// `status.capacity` and `status.allocatable`: pods.
    pub pods: u32,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            runtime_version: "containerd://2.1.4".into(),
            kube_proxy_version: None,
            kernel_version: "6.1.0-37-amd64".into(),
            os_image: "Debian GNU/Linux 12 (bookworm)".into(),
            architecture: "amd64".into(),
            labels: Vec::new(),
            annotations: Vec::new(),
            taints: Vec::new(),
            unschedulable: false,
            conditions: Vec::new(),
            cpu: "8".into(),
            memory: "32Gi".into(),
            pods: 110,
        }
    }
}

impl NodeOptions {
    /// What a node with this kubelet is like, such as `v1.36.3`: with a runtime that this minor was tested with.
    pub fn of(kubelet: &str) -> Self {
        let minor = kubelet.split('.').nth(1);
        let minor: u32 = minor.and_then(|minor| minor.parse().ok()).unwrap_or(0);
        let own = Self::default();
        let runtime_version = match minor {
            0..36 => own.runtime_version,
            _ => "containerd://2.3.0".into(),
        };
        Self {
            runtime_version,
            ..own
        }
    }
}

impl Cluster {
    /// Creates a node whose kubelet has this version, such as `v1.31.14`.
    ///
    /// Does not wait until it is schedulable: [`Cluster::wait_for_nodes`] does.
    pub async fn add_node(&self, name: &str, kubelet: &str, options: &NodeOptions) -> Result<()> {
        let address = nth_address(self.next_node());
        let node = node(name, kubelet, address, options);
        self.admin().create("/api/v1/nodes", &node).await?;
        Ok(())
    }

    /// Waits until every node that is Ready has its lease and no not-ready taint.
    pub async fn wait_for_nodes(&self) -> Result<()> {
        wait_until(READY_DEADLINE, "schedulable nodes with leases", || async {
            let nodes = self.admin().list("/api/v1/nodes").await?;
            let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
            let leases = self.admin().list(leases).await?;
            let all = nodes.iter().filter(|node| is_ready(node)).all(|node| {
                let name = &node["metadata"]["name"];
                !is_tainted(node)
                    && leases
                        .iter()
                        .any(|lease| lease["metadata"]["name"] == *name)
            });
            Ok(all.then_some(()))
        })
        .await
    }

    /// Makes a node Ready or not, as its kubelet would report it; it stays so.
    pub async fn set_node_ready(&self, name: &str, ready: bool) -> Result<()> {
        self.set_node_condition(name, "Ready", if ready { "True" } else { "False" })
            .await
    }

    /// Sets a condition such as `DiskPressure` to `True`, `False` or `Unknown`; it stays so.
    pub async fn set_node_condition(&self, name: &str, kind: &str, status: &str) -> Result<()> {
        let change = json!({ "status": { "conditions": [condition(kind, status)] } });
        let path = format!("/api/v1/nodes/{name}/status");
        self.admin().patch(&path, Patch::Strategic, &change).await?;
        Ok(())
    }

    /// Sets the version of one node's kubelet and kube-proxy, as an upgrade of that node does.
    pub async fn move_node(&self, name: &str, version: &str) -> Result<()> {
        let info =
            json!({ "nodeInfo": { "kubeletVersion": version, "kubeProxyVersion": version } });
        self.admin()
            .patch_status(&format!("/api/v1/nodes/{name}"), &info)
            .await?;
        Ok(())
    }

    /// Moves every node to a version such as `v1.32.13`.
    pub async fn move_nodes(&self, version: &str) -> Result<()> {
        for node in self.admin().list("/api/v1/nodes").await? {
            let name = node["metadata"]["name"].as_str().unwrap_or_default();
            self.move_node(name, version).await?;
        }
        Ok(())
    }

    /// The address and port under which the API server looks for a node's kubelet.
    pub async fn kubelet_address(&self, name: &str) -> Result<String> {
        let node = self.admin().get(&format!("/api/v1/nodes/{name}")).await?;
        let address = node["status"]["addresses"][0]["address"]
            .as_str()
            .unwrap_or_default();
        Ok(format!("{address}:{KUBELET_PORT}"))
    }
}

fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions.is_some_and(|conditions| {
        conditions
            .iter()
            .any(|one| one["type"] == "Ready" && one["status"] == "True")
    })
}

fn is_tainted(node: &Value) -> bool {
    let taints = node["spec"]["taints"].as_array();
    taints.is_some_and(|taints| {
        taints
            .iter()
            .any(|taint| taint["key"] == "node.kubernetes.io/not-ready")
    })
}

/// 192.0.2.10 and on, then 198.51.100.0/24 and 203.0.113.0/24, the other documentation ranges.
fn nth_address(index: u32) -> Ipv4Addr {
    let first = u32::from(FIRST_ADDRESS);
    let room = 245;
    match index {
        0..245 => Ipv4Addr::from(first + index),
        245..490 => Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 51, 100, 10)) + index - room),
        _ => Ipv4Addr::from(u32::from(Ipv4Addr::new(203, 0, 113, 10)) + (index - 2 * room) % room),
    }
}

fn node(name: &str, kubelet: &str, address: Ipv4Addr, options: &NodeOptions) -> Value {
    let mut labels = serde_json::Map::new();
    for (key, value) in [
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", &options.architecture),
    ] {
        labels.insert(key.into(), value.into());
    }
    labels.extend(
        options
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into())),
    );
    let annotations: serde_json::Map<String, Value> = options
        .annotations
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": name, "labels": labels, "annotations": annotations },
        "spec": { "taints": options.taints, "unschedulable": options.unschedulable },
        "status": status(name, kubelet, address, options),
    })
}

fn status(name: &str, kubelet: &str, address: Ipv4Addr, options: &NodeOptions) -> Value {
    let room = json!({ "cpu": options.cpu, "memory": options.memory, "pods": options.pods.to_string(), "ephemeral-storage": "100Gi" });
    json!({
        "addresses": [
            { "type": "InternalIP", "address": address },
            { "type": "Hostname", "address": name },
        ],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": KUBELET_PORT } },
        "capacity": room,
        "allocatable": room,
        "conditions": conditions(options),
        "nodeInfo": {
            "architecture": options.architecture,
            "bootID": uuid::Uuid::new_v4().to_string(),
            "containerRuntimeVersion": options.runtime_version,
            "kernelVersion": options.kernel_version,
            "kubeProxyVersion": options.kube_proxy_version.as_deref().unwrap_or(kubelet),
            "kubeletVersion": kubelet,
            "machineID": uuid::Uuid::new_v4().simple().to_string(),
            "operatingSystem": "linux",
            "osImage": options.os_image,
            "systemUUID": uuid::Uuid::new_v4().to_string(),
        },
    })
}

fn conditions(options: &NodeOptions) -> Vec<Value> {
    let healthy = [
        ("MemoryPressure", "False"),
        ("DiskPressure", "False"),
        ("PIDPressure", "False"),
        ("Ready", "True"),
    ];
    let mut all: Vec<(&str, &str)> = healthy
        .into_iter()
        .filter(|(kind, _)| options.conditions.iter().all(|(other, _)| other != kind))
        .collect();
    all.extend(
        options
            .conditions
            .iter()
            .map(|(kind, status)| (kind.as_str(), status.as_str())),
    );
    all.into_iter()
        .map(|(kind, status)| condition(kind, status))
        .collect()
}

fn condition(kind: &str, status: &str) -> Value {
    let (reason, message) = match (kind, status) {
        ("Ready", "True") => ("KubeletReady", "kubelet is posting ready status"),
        ("Ready", _) => ("KubeletNotReady", "container runtime is down"),
        (_, "True") => ("KubeletHasProblem", "the testbed says so"),
        _ => ("KubeletHasNoProblem", "the testbed says so"),
    };
    json!({ "type": kind, "status": status, "reason": reason, "message": message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_in_the_documentation_ranges() {
        assert_eq!(nth_address(0).to_string(), "192.0.2.10");
        assert_eq!(nth_address(244).to_string(), "192.0.2.254");
        assert_eq!(nth_address(245).to_string(), "198.51.100.10");
        assert_eq!(nth_address(490).to_string(), "203.0.113.10");
        assert_eq!(nth_address(9999).octets()[..3], [203, 0, 113]);
    }

    #[test]
    fn given_conditions_replace_the_healthy_ones() {
        let options = NodeOptions {
            conditions: vec![("DiskPressure".into(), "True".into())],
            ..NodeOptions::default()
        };
        let found: Vec<Value> = conditions(&options);
        let disk: Vec<&Value> = found
            .iter()
            .filter(|one| one["type"] == "DiskPressure")
            .collect();
        assert_eq!(disk.len(), 1);
        assert_eq!(disk[0]["status"], "True");
        assert_eq!(found.len(), 4);
    }
}
