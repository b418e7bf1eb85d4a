//! What the API server calls, and what people apply.

use std::time::Duration;

use airworthy_testbed::{
    AggregatedApi, Apply, Cluster, ClusterOptions, How, Kubelet, Reply, Verdict, wait_until,
};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(20);

/// One cluster for all: starting one takes longer than everything below.
#[tokio::test]
async fn the_api_server_reaches_stand_ins_and_keeps_who_applied_what() {
    let options = ClusterOptions::new("1.31")
        .nodes(1)
        .user("viewer", &["viewers"])
        .audit();
    let cluster = Cluster::start(options).await.unwrap();
    kubelet(&cluster).await;
    webhook(&cluster).await;
    aggregated_api(&cluster).await;
    managed_fields(&cluster).await;
    old_version(&cluster).await;
    custom_resource(&cluster).await;
    users_and_audit(&cluster).await;
    node_conditions(&cluster).await;
}

async fn kubelet(cluster: &Cluster) {
    let client = cluster.client("test").unwrap();
    let path = "/api/v1/nodes/node-1/proxy/configz";
    assert_eq!(
        client.get(path).await.unwrap_err().code(),
        Some(503),
        "nothing is routed yet"
    );
    let config = json!({ "kubeletconfig": { "failSwapOn": false } });
    let kubelet = Kubelet::default().answer("/configz", Reply::json(&config));
    let kubelet = cluster.serve_kubelet("node-1", kubelet).await.unwrap();
    assert_eq!(client.get(path).await.unwrap(), config);
    assert_eq!(kubelet.seen()[0].path, "/configz");
    let metrics = client.get_text("/api/v1/nodes/node-1/proxy/metrics").await;
    assert!(metrics.unwrap().contains("kubelet_running_pods 0"));
}

async fn webhook(cluster: &Cluster) {
    let verdict = Verdict::Deny("not on my watch".into());
    let webhook = cluster
        .serve_webhook("hooks", "guard", verdict)
        .await
        .unwrap();
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": { "name": "guard" },
        "webhooks": [{
            "name": "guard.example.com",
            "clientConfig": {
                "service": { "namespace": "hooks", "name": "guard" },
                "caBundle": webhook.ca_bundle(),
            },
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"] }],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "hooks" } },
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    });
    let create = Apply::new("test", How::Create);
    cluster
        .apply(&configuration.to_string(), &create)
        .await
        .unwrap();
    let client = cluster.client("test").unwrap();
    let map = json!({ "metadata": { "name": "b" } });
    let denied = wait_until(DEADLINE, "a denial", || async {
        let made = client
            .create("/api/v1/namespaces/hooks/configmaps", &map)
            .await;
        if made.is_ok() {
            // The API server has not seen the configuration yet.
            client
                .delete("/api/v1/namespaces/hooks/configmaps/b")
                .await?;
        }
        Ok(made.err())
    });
    let denied = denied.await.unwrap().to_string();
    assert!(denied.contains("not on my watch"), "{denied}");
    assert_eq!(webhook.seen().len(), 1);
}

async fn aggregated_api(cluster: &Cluster) {
    let api = AggregatedApi {
        group: "gauges.example.com".into(),
        version: "v1beta1".into(),
        kind: "Gauge".into(),
    };
    let stand_in = cluster.serve_api("gauges", "server", api).await.unwrap();
    let client = cluster.client("test").unwrap();
    let list = client
        .get("/apis/gauges.example.com/v1beta1/gauges")
        .await
        .unwrap();
    assert_eq!(list["kind"], "GaugeList");
    drop(stand_in);
    assert!(
        client
            .get("/apis/gauges.example.com/v1beta1/gauges")
            .await
            .is_err()
    );
}

async fn managed_fields(cluster: &Cluster) {
    for (name, user_agent, how) in [
        ("by-client", "kubectl/v1.31.0", How::ClientSide),
        ("by-server", "flux/v2", How::ServerSide),
        ("by-create", "Helm/3.19", How::Create),
    ] {
        let map = |value: &str| {
            format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{{value}: x}}}}"
            )
        };
        let apply = Apply::new(user_agent, how);
        let mut stored = cluster.apply(&map("a"), &apply).await.unwrap().remove(0);
        let manager = user_agent.split('/').next().unwrap();
        let field = &stored["metadata"]["managedFields"][0];
        assert_eq!(field["manager"], manager);
        let operation = if how == How::ServerSide {
            "Apply"
        } else {
            "Update"
        };
        assert_eq!(field["operation"], operation);
        let annotation = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
        assert_eq!(stored.pointer(annotation).is_some(), how == How::ClientSide);
        if how == How::Create {
            let again = cluster.apply(&map("a"), &apply).await;
            assert_eq!(again.unwrap_err().code(), Some(409));
        } else {
            stored = cluster.apply(&map("b"), &apply).await.unwrap().remove(0);
            assert_eq!(
                stored["data"],
                json!({ "b": "x" }),
                "what is no longer applied goes"
            );
        }
    }
}

/// Objects are sent at the version they name, so that it shows in the managed fields.
async fn old_version(cluster: &Cluster) {
    let yaml = "
apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
kind: PriorityLevelConfiguration
metadata: {name: old}
spec: {type: Limited, limited: {nominalConcurrencyShares: 1, limitResponse: {type: Reject}}}
";
    let stored = cluster
        .apply(yaml, &Apply::new("old", How::Create))
        .await
        .unwrap()
        .remove(0);
    let version = &stored["metadata"]["managedFields"][0]["apiVersion"];
    assert_eq!(version, "flowcontrol.apiserver.k8s.io/v1beta3");
}

async fn custom_resource(cluster: &Cluster) {
    let yaml = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: a}
spec: {size: 1}
";
    let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
    cluster.apply(yaml, &apply).await.unwrap();
    let again = cluster
        .apply(&yaml.replace("size: 1", "width: 2"), &apply)
        .await
        .unwrap();
    assert_eq!(again[1]["spec"], json!({ "width": 2 }));
    let client = cluster.client("test").unwrap();
    let path = "/apis/example.com/v1/namespaces/default/widgets/a";
    let patched = client
        .patch_status(path, &json!({ "ready": true }))
        .await
        .unwrap();
    assert_eq!(patched["status"], json!({ "ready": true }));
}

async fn users_and_audit(cluster: &Cluster) {
    let viewer = cluster.client_for("viewer", "looker/1").unwrap();
    assert_eq!(
        viewer.get("/api/v1/nodes").await.unwrap_err().code(),
        Some(403)
    );
    assert!(cluster.client_for("stranger", "x").is_err());
    let kubeconfig = std::fs::read_to_string(cluster.kubeconfig_for("viewer").unwrap()).unwrap();
    assert!(kubeconfig.contains(cluster.token_for("viewer").unwrap()));
    let log = std::fs::read_to_string(cluster.audit_log()).unwrap();
    let refused = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .any(|event| event["userAgent"] == "looker/1" && event["responseStatus"]["code"] == 403);
    assert!(refused, "the audit log has the refused request");
}

async fn node_conditions(cluster: &Cluster) {
    cluster
        .set_node_condition("node-1", "DiskPressure", "True")
        .await
        .unwrap();
    cluster.set_node_ready("node-1", false).await.unwrap();
    let client = cluster.client("test").unwrap();
    // The node controller has seen both when the taints are there; kwok has left them alone.
    let taints = wait_until(DEADLINE, "taints", || async {
        let node = client.get("/api/v1/nodes/node-1").await?;
        let taints = node["spec"]["taints"].to_string();
        Ok((taints.contains("not-ready") && taints.contains("disk-pressure")).then_some(node))
    });
    let node = taints.await.unwrap();
    let status = |kind: &str| {
        let conditions = node["status"]["conditions"].as_array().unwrap();
        conditions.iter().find(|one| one["type"] == kind).unwrap()["status"].clone()
    };
    assert_eq!(
        (status("Ready"), status("DiskPressure")),
        (json!("False"), json!("True"))
    );
    assert_eq!(status("MemoryPressure"), "False");
}
