//! Ways into the cluster that were closed, and clients that were cut off.

use airworthy_testbed::{Client, Cluster};
use serde_json::{Value, json};

use super::upgraded::upgraded;
use crate::common_live::{apply, kubectl, live, until};

const WAYS: &str = include_str!("ways.yaml");
const INGRESS: &str = "/apis/networking.k8s.io/v1/namespaces/edge/ingresses/web";
const GATEWAY: &str = "/apis/gateway.networking.k8s.io/v1/namespaces/edge/gateways/public";
const ROUTE: &str = "/apis/gateway.networking.k8s.io/v1/namespaces/edge/httproutes/web";

/// Makes the ways in, as their controllers have them before the upgrade.
pub(super) async fn open(cluster: &Cluster, client: &Client) {
    apply(cluster, WAYS).await;
    let gateways = "/apis/gateway.networking.k8s.io/v1/namespaces/edge/gateways";
    let gateway = json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": { "name": "public" },
        "spec": { "gatewayClassName": "envoy" } });
    until_made(client, gateways, &gateway).await;
    let routes = "/apis/gateway.networking.k8s.io/v1/namespaces/edge/httproutes";
    let route = json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": { "name": "web" } });
    until_made(client, routes, &route).await;
    publish(client, true).await;
}

/// A definition takes a moment to be served.
async fn until_made(client: &Client, path: &str, object: &Value) {
    airworthy_testbed::wait_until(crate::common_live::DEADLINE, path, || async {
        Ok(client.create(path, object).await.ok())
    })
    .await
    .unwrap();
}

/// What controllers say of the ways in when they serve them, and when they are gone and others cleared up after them.
async fn publish(client: &Client, open: bool) {
    let status = if open { "True" } else { "False" };
    let condition = |kind: &str| json!({ "type": kind, "status": status, "reason": "Tested", "message": "", "lastTransitionTime": "2026-11-22T08:00:00Z" });
    let addresses = |key: &str| {
        if open {
            json!([{ (key): "192.0.2.7" }])
        } else {
            json!([])
        }
    };
    let ingress = json!({ "loadBalancer": { "ingress": addresses("ip") } });
    client.patch_status(INGRESS, &ingress).await.unwrap();
    let gateway = json!({ "addresses": addresses("value"), "conditions": [condition("Accepted"), condition("Programmed")] });
    client.patch_status(GATEWAY, &gateway).await.unwrap();
    let parent = json!({ "parentRef": { "name": "public" }, "controllerName": "example.com/envoy", "conditions": [condition("Accepted")] });
    let route = json!({ "parents": [parent] });
    client.patch_status(ROUTE, &route).await.unwrap();
}

#[test]
fn an_ingress_and_a_gateway_that_lost_their_addresses() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let check = "PostIngress";
        let subjects = [
            "Ingress edge/web",
            "Gateway edge/public",
            "HTTPRoute edge/web",
        ];
        publish(&client, false).await;
        let report = upgraded.check(check).await;
        for subject in subjects {
            report.exits(1).finds(check, subject, "blocker");
        }
        publish(&client, true).await;
        until(&client, INGRESS, "its address", |it| {
            it["status"]["loadBalancer"]["ingress"][0].is_object()
        })
        .await;
        let report = upgraded.check(check).await;
        for subject in subjects {
            report.exits(0).spares(check, subject);
        }
    });
}

/// Which 1.31 served and 1.32 does not.
const GONE: &str = "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas";
const AGENT: &str = "flow-exporter/2.3.0 (linux/amd64) exporter/846d251";

#[test]
fn a_client_that_is_refused() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let check = "PostRemovedApiCallers";
        let log = upgraded.cluster.audit_log();
        let log = log.to_str().unwrap();
        let args = ["--check", check, "--audit-log", log];
        let named = |report: &crate::common_live::Report| {
            report
                .findings()
                .iter()
                .find(|finding| finding["caller"]["userAgent"] == AGENT)
                .cloned()
        };
        assert_eq!(named(&upgraded.postcheck(&args).await), None);

        let client = upgraded.cluster.client(AGENT).unwrap();
        // It was served before the upgrade: the API server has no such path any more.
        assert!(!client.exists(GONE).await.unwrap());
        let report = upgraded.postcheck(&args).await;
        let finding =
            named(&report).unwrap_or_else(|| panic!("no client in\n{}", report.exits(1).run()));
        assert_eq!(finding["severity"], "blocker", "{finding:#}");
        assert_eq!(finding["api"]["url"], GONE, "{finding:#}");

        // The client is at a version that is served, and the log is one of after that.
        let lasting = GONE.replace("v1beta3", "v1");
        let whole = std::fs::read(log).unwrap();
        assert!(!client.list(&lasting).await.unwrap().is_empty());
        let now = std::fs::read(log).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let newer = folder.path().join("audit.log");
        std::fs::write(&newer, &now[whole.len()..]).unwrap();
        let args = ["--check", check, "--audit-log", newer.to_str().unwrap()];
        let report = upgraded.postcheck(&args).await;
        assert_eq!(named(&report), None);
        report.exits(0);
    });
}
