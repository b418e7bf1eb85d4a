//! What a cluster shows of its own control plane: the mirror pods and settings that kubeadm leaves in `kube-system`.
//!
//! The testbed's components are plain processes, so nothing in the API would tell how they are started. A self-managed cluster
//! tells it by mirror pods and `ConfigMaps`; these are written here with the arguments that the processes really have.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::components;
use crate::error::Result;

const PODS: &str = "/api/v1/namespaces/kube-system/pods";
const CONFIG_MAPS: &str = "/api/v1/namespaces/kube-system/configmaps";
/// Where the mirror pods are: the garbage collector of pods would end those of a node that does not exist.
const NODE: &str = "node-1";
/// The etcd that kubeadm deploys, by the first minor that has it. Ours is whatever the machine has installed.
const ETCD: [(u32, &str); 6] = [
    (0, "3.5.6-0"),
    (25, "3.5.9-0"),
    (26, "3.5.24-0"),
    (34, "3.6.5-0"),
    (36, "3.6.8-0"),
    (37, "3.7.0-0"),
];

impl Cluster {
    /// Writes mirror pods and settings anew, as kubeadm does when it installs or upgrades. Nothing is written where no node
    /// could run them, or where the options hide the control plane.
    pub(crate) async fn publish(&self) -> Result<()> {
        let options = self.options();
        if options.hidden_control_plane || options.nodes == 0 {
            return Ok(());
        }
        for (name, command) in self.commands() {
            self.publish_pod(name, &command).await?;
        }
        for (name, data) in self.settings() {
            self.publish_settings(name, &data).await?;
        }
        Ok(())
    }

    /// Each component with its command line.
    fn commands(&self) -> [(&'static str, Vec<String>); 4] {
        let [api_server, controller_manager, scheduler] = self.arguments();
        let mut etcd = vec!["etcd".into(), "--data-dir=/var/lib/etcd".into()];
        etcd.extend(self.options().etcd_args.iter().cloned());
        [
            ("etcd", etcd),
            ("kube-apiserver", api_server),
            (components::CONTROLLER_MANAGER, controller_manager),
            (components::SCHEDULER, scheduler),
        ]
    }

    async fn publish_pod(&self, component: &str, command: &[String]) -> Result<()> {
        let path = format!("{PODS}/{component}-{NODE}");
        if self.admin().exists(&path).await? {
            self.admin()
                .delete(&format!("{path}?gracePeriodSeconds=0"))
                .await?;
        }
        let image = self.image(component);
        let pod = mirror_pod(component, &image, command);
        self.admin().create(PODS, &pod).await?;
        self.admin()
            .patch_status(&path, &running(component, &image))
            .await?;
        Ok(())
    }

    fn image(&self, component: &str) -> String {
        if component == "etcd" {
            return format!("registry.k8s.io/etcd:{}", etcd(self.minor_number()));
        }
        format!("registry.k8s.io/{component}:v{}", self.version())
    }

    async fn publish_settings(&self, name: &str, data: &Value) -> Result<()> {
        let path = format!("{CONFIG_MAPS}/{name}");
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": name },
            "data": data,
        });
        if self.admin().exists(&path).await? {
            self.admin().replace(&path, &object).await?;
        } else {
            self.admin().create(CONFIG_MAPS, &object).await?;
        }
        Ok(())
    }

    /// The `ConfigMaps` of kubeadm. JSON is YAML, so every tool reads the documents in them.
    fn settings(&self) -> [(&'static str, Value); 4] {
        let gates: serde_json::Map<String, Value> = self
            .options()
            .feature_gates
            .iter()
            .map(|(gate, on)| (gate.clone(), Value::Bool(*on)))
            .collect();
        let kubelet = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "cgroupDriver": "systemd",
            "featureGates": gates,
        });
        let proxy = json!({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "featureGates": gates,
        });
        [
            (
                "kubeadm-config",
                json!({ "ClusterConfiguration": self.kubeadm().to_string() }),
            ),
            ("kubelet-config", json!({ "kubelet": kubelet.to_string() })),
            ("kube-proxy", json!({ "config.conf": proxy.to_string() })),
            ("coredns", json!({ "Corefile": COREFILE })),
        ]
    }

    /// kubeadm's own configuration, at the newest version that it writes at this minor.
    fn kubeadm(&self) -> Value {
        let version = match self.minor_number() {
            0..31 => "v1beta3",
            _ => "v1beta4",
        };
        json!({
            "apiVersion": format!("kubeadm.k8s.io/{version}"),
            "kind": "ClusterConfiguration",
            "kubernetesVersion": format!("v{}", self.version()),
            "networking": { "serviceSubnet": components::SERVICE_RANGE },
            "etcd": { "local": { "dataDir": "/var/lib/etcd" } },
        })
    }

    fn minor_number(&self) -> u32 {
        let minor = self.version().split('.').nth(1);
        minor.and_then(|minor| minor.parse().ok()).unwrap_or(0)
    }
}

fn etcd(minor: u32) -> &'static str {
    let mut deployed = ETCD.iter().rev();
    deployed
        .find(|(from, _)| *from <= minor)
        .map_or("", |(_, version)| version)
}

fn mirror_pod(component: &str, image: &str, command: &[String]) -> Value {
    let hash = uuid::Uuid::new_v4().simple().to_string();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{component}-{NODE}"),
            "labels": { "component": component, "tier": "control-plane" },
            "annotations": {
                "kubernetes.io/config.hash": hash,
                "kubernetes.io/config.mirror": hash,
                "kubernetes.io/config.source": "file",
                "testbed.airworthy.dev/published": "true",
            },
        },
        "spec": {
            "nodeName": NODE,
            "hostNetwork": true,
            "tolerations": [{ "effect": "NoExecute", "operator": "Exists" }],
            "containers": [{ "name": component, "image": image, "command": command }],
        },
    })
}

/// With an address, so that kwok leaves it alone.
fn running(component: &str, image: &str) -> Value {
    let condition = |kind: &str| json!({ "type": kind, "status": "True" });
    json!({
        "phase": "Running",
        "hostIP": "192.0.2.10",
        "podIP": "192.0.2.10",
        "conditions": [
            condition("PodScheduled"),
            condition("Initialized"),
            condition("ContainersReady"),
            condition("Ready"),
        ],
        "containerStatuses": [{
            "name": component,
            "image": image,
            "imageID": "",
            "ready": true,
            "started": true,
            "restartCount": 0,
            "state": { "running": {} },
        }],
    })
}

const COREFILE: &str = ".:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
";

#[cfg(test)]
mod tests {
    use super::etcd;

    #[test]
    fn etcd_is_the_newest_that_the_minor_deploys() {
        assert_eq!(etcd(24), "3.5.6-0");
        assert_eq!(etcd(31), "3.5.24-0");
        assert_eq!(etcd(37), "3.7.0-0");
    }
}
