//! The objects of a probe: all in one namespace, all with one label, small, and with no right to anything.

use std::time::Duration;

use airworthy_model::facts::{PROBE_EXPIRES, PROBE_LABEL, PROBE_NAMESPACE};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What a pod does on its node.
pub(super) const LOOK: &str = include_str!("look.sh");
/// The container that does it; who reads the pod looks for this name.
pub(super) const LOOKER: &str = "look";
/// Most pods that each pod tries to reach.
const MOST_TARGETS: usize = 20;

/// What a probe is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeOrder {
    /// An image with a shell, `nslookup`, `nc`, `httpd` and `timeout`, such as busybox.
    pub image: String,
    /// A name outside the cluster to resolve; empty for none.
    pub external_name: String,
    /// How long pods may take to come up and to look.
    pub deadline: Duration,
    /// How long everything may stand before it counts as left behind.
    pub stands: Duration,
}

impl Default for ProbeOrder {
    fn default() -> Self {
        Self {
            image: "docker.io/library/busybox:1.37".to_owned(),
            external_name: "kubernetes.io".to_owned(),
            deadline: Duration::from_mins(3),
            stands: Duration::from_hours(1),
        }
    }
}

/// An object, and the path under which it is created.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The path of its list.
    pub path: String,
    /// The object.
    pub object: Value,
}

impl Made {
    /// `Namespace airworthy-probe`.
    pub fn name(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}",
            text(&self.object["kind"]),
            text(&self.object["metadata"]["name"])
        )
    }
}

/// The namespace, and the pods on all nodes that are looked for, with their Service.
pub fn targets(order: &ProbeOrder, now: Timestamp) -> [Made; 3] {
    let serve = json!({ "name": "serve", "image": order.image, "command": ["httpd", "-f", "-p", "8080", "-h", "/tmp"],
        "ports": [{ "containerPort": 8080 }], "resources": resources(), "securityContext": container() });
    let pods = json!({ "containers": [serve] });
    let expires = now.as_second() + i64::try_from(order.stands.as_secs()).unwrap_or(i64::MAX / 2);
    let mut labels = labels("all");
    labels["pod-security.kubernetes.io/enforce"] = json!("restricted");
    labels[PROBE_EXPIRES] = json!(expires.to_string());
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": PROBE_NAMESPACE, "labels": labels } });
    let service = json!({ "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": "target", "namespace": PROBE_NAMESPACE, "labels": self::labels("target") },
        "spec": { "selector": self::labels("target"), "ports": [{ "port": 8080 }] } });
    [
        Made {
            path: "/api/v1/namespaces".to_owned(),
            object: namespace,
        },
        Made {
            path: format!("/api/v1/namespaces/{PROBE_NAMESPACE}/services"),
            object: service,
        },
        daemon_set("target", pods),
    ]
}

/// The pods on all nodes that look; `targets` are addresses of the others, `service` that of their Service.
pub fn lookers(order: &ProbeOrder, service: &str, targets: &[String]) -> Made {
    let targets = targets.iter().take(MOST_TARGETS);
    let targets = targets.cloned().collect::<Vec<_>>().join(" ");
    let environment = json!([
        { "name": "EXTERNAL_NAME", "value": order.external_name },
        { "name": "TARGET_SERVICE_HOST", "value": service },
        { "name": "TARGETS", "value": targets },
    ]);
    let look = json!({ "name": LOOKER, "image": order.image, "command": ["sh", "-c", LOOK], "env": environment,
        "resources": resources(), "securityContext": container() });
    let rest = json!({ "name": "rest", "image": order.image, "command": ["sleep", "86400"],
        "resources": resources(), "securityContext": container() });
    daemon_set(
        "look",
        json!({ "initContainers": [look], "containers": [rest] }),
    )
}

fn labels(component: &str) -> Value {
    let (key, value) = PROBE_LABEL;
    json!({ key: value, "app.kubernetes.io/name": "airworthy-probe", "app.kubernetes.io/component": component })
}

fn resources() -> Value {
    json!({ "requests": { "cpu": "10m", "memory": "16Mi" }, "limits": { "cpu": "100m", "memory": "32Mi" } })
}

fn container() -> Value {
    json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } })
}

/// Nodes that stand for a service of a provider: a pod there is a machine that costs, or waits for ever.
fn real_machines() -> Value {
    json!([
        { "key": "type", "operator": "NotIn", "values": ["virtual-kubelet"] },
        { "key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"] },
    ])
}

fn daemon_set(component: &str, mut pods: Value) -> Made {
    pods["automountServiceAccountToken"] = json!(false);
    pods["enableServiceLinks"] = json!(false);
    pods["terminationGracePeriodSeconds"] = json!(1);
    // Every node counts, whatever it is reserved for.
    pods["tolerations"] = json!([{ "operator": "Exists" }]);
    pods["nodeSelector"] = json!({ "kubernetes.io/os": "linux" });
    pods["affinity"] = json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
        { "matchExpressions": real_machines() }] } } });
    pods["securityContext"] = json!({ "runAsNonRoot": true, "runAsUser": 65534, "runAsGroup": 65534,
        "seccompProfile": { "type": "RuntimeDefault" } });
    let labels = labels(component);
    let object = json!({ "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": { "name": component, "namespace": PROBE_NAMESPACE, "labels": labels },
        "spec": { "selector": { "matchLabels": labels }, "updateStrategy": { "type": "OnDelete" },
            "template": { "metadata": { "labels": labels }, "spec": pods } } });
    Made {
        path: format!("/apis/apps/v1/namespaces/{PROBE_NAMESPACE}/daemonsets"),
        object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_ours_by_label_small_and_without_rights() {
        let order = ProbeOrder::default();
        let now = Timestamp::from_second(1000).unwrap();
        let targets = targets(&order, now);
        let many: Vec<_> = (0..50).map(|n| format!("10.0.0.{n}")).collect();
        let looker = lookers(&order, "10.96.0.9", &many);
        for made in targets.iter().chain([&looker]) {
            let labels = &made.object["metadata"]["labels"];
            assert_eq!(labels[PROBE_LABEL.0], PROBE_LABEL.1, "{made:?}");
        }
        assert_eq!(
            targets[0].object["metadata"]["labels"][PROBE_EXPIRES],
            "4600"
        );
        let pods = &looker.object["spec"]["template"]["spec"];
        assert_eq!(pods["automountServiceAccountToken"], false);
        for kind in ["initContainers", "containers"] {
            for container in pods[kind].as_array().unwrap() {
                assert!(container["resources"]["limits"]["memory"].is_string());
                assert_eq!(
                    container["securityContext"]["allowPrivilegeEscalation"],
                    false
                );
            }
        }
        let told = pods["initContainers"][0]["env"][2]["value"]
            .as_str()
            .unwrap();
        assert_eq!(told.split(' ').count(), MOST_TARGETS);
    }
}
