//! Addresses that newer API servers refuse; an API server of that minor says whether it does.

use airworthy_testbed::{Client, Cluster, ClusterOptions};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{apply, kubectl, live, precheck};

/// Written as API servers before 1.36 take it, and plainly.
const LOOSE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: loose}
---
apiVersion: v1
kind: Service
metadata: {name: zeros, namespace: loose}
spec: {ports: [{port: 80}], externalIPs: [010.9.0.1]}
---
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: loose}
spec: {ports: [{port: 80}], externalIPs: [10.9.0.1, '2001:DB8:0::1']}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: beyond, namespace: loose}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.7/24}}]}]}
";

const WAY: [&str; 4] = ["--check", "IpCidrFormat", "--target", "1.36"];

#[test]
fn addresses_that_newer_api_servers_refuse() {
    live(async {
        let cluster = shared().await;
        apply(cluster, LOOSE).await;
        let client = kubectl(cluster);
        let report = precheck(cluster, &WAY).await;
        report.exits(0);
        report.finds("IpCidrFormat", "Service loose/zeros", "risk");
        report.finds("IpCidrFormat", "NetworkPolicy loose/beyond", "risk");
        report.spares("IpCidrFormat", "Service loose/plain");
        // Minors whose control planes are asked for: they take long to build.
        let minors = std::env::var("AIRWORTHY_TEST_MINORS").unwrap_or_default();
        if minors.split(',').any(|minor| minor == "1.36") {
            refused_by("1.36", &client).await;
        }

        let way = ["--check", "IpCidrFormat"];
        let none = precheck(cluster, &way).await;
        assert_eq!(none.exits(0).status("IpCidrFormat"), "notApplicable");
        client
            .delete("/api/v1/namespaces/loose/services/zeros")
            .await
            .unwrap();
        let report = precheck(cluster, &WAY).await;
        report.spares("IpCidrFormat", "Service loose/zeros");
    });
}

/// A newer API server takes of these objects what is not found, and nothing else.
async fn refused_by(minor: &str, old: &Client) {
    let options = ClusterOptions::new(minor).without_controllers();
    let cluster = Cluster::start(options).await.unwrap();
    let new = kubectl(&cluster);
    for (path, answer) in [
        ("/api/v1/namespaces/loose/services/zeros", 422),
        ("/api/v1/namespaces/loose/services/plain", 201),
        (
            "/apis/networking.k8s.io/v1/namespaces/loose/networkpolicies/beyond",
            422,
        ),
    ] {
        let object = old.get(path).await.unwrap();
        let (list, _) = path.rsplit_once('/').unwrap();
        let list = list.replace("/loose/", "/default/");
        assert_eq!(taken(&new, &list, &object).await, answer, "{path}");
    }
}

async fn taken(client: &Client, list: &str, object: &Value) -> u16 {
    let mut spec = object["spec"].clone();
    for chosen in ["clusterIP", "clusterIPs"] {
        spec.as_object_mut().expect("a spec").remove(chosen);
    }
    let name = &object["metadata"]["name"];
    let sent = client
        .create(list, &json!({ "metadata": { "name": name }, "spec": spec }))
        .await;
    match sent {
        Ok(_) => 201,
        Err(error) => error.code().expect("an answer"),
    }
}
