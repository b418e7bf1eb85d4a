//! Aggregated APIs. Custom resources need a definition of some age, see `waits`; built-in kinds need an API server of their
//! own, see `control_plane`.

use airworthy_testbed::{AggregatedApi, Client, Cluster};
use serde_json::json;

use super::shared::shared;
use crate::common_live::{kubectl, live, precheck, set_endpoints_ready};

const API_SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";
const CHECK: [&str; 2] = ["--check", "ApiServiceAvailability"];

#[test]
fn aggregated_apis_that_do_not_answer() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        stopped(cluster, &client).await;
        without_service(cluster, &client).await;
    });
}

/// It answers, its back end stops, it comes back.
async fn stopped(cluster: &Cluster, client: &Client) {
    let api = AggregatedApi {
        group: "gauges.example.com".into(),
        version: "v1".into(),
        kind: "Gauge".into(),
    };
    let name = "v1.gauges.example.com";
    let subject = format!("APIService {name}");
    let _stand_in = cluster.serve_api("gauges", "server", api).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    report.exits(0).spares("ApiServiceAvailability", &subject);

    set_endpoints_ready(client, "gauges", "server", false).await;
    cluster.wait_for_api_service(name, false).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    let finding = report
        .exits(1)
        .finds("ApiServiceAvailability", &subject, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("MissingEndpoints"), "{message}");

    set_endpoints_ready(client, "gauges", "server", true).await;
    cluster.wait_for_api_service(name, true).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    report.exits(0).spares("ApiServiceAvailability", &subject);
}

/// Registered, but the Service that it names was never there.
async fn without_service(cluster: &Cluster, client: &Client) {
    let name = "v1.nowhere.example.com";
    let registration = json!({
        "metadata": { "name": name },
        "spec": {
            "group": "nowhere.example.com", "version": "v1",
            "groupPriorityMinimum": 1000, "versionPriority": 15,
            "service": { "namespace": "default", "name": "nowhere" },
            "insecureSkipTLSVerify": true,
        },
    });
    client.create(API_SERVICES, &registration).await.unwrap();
    cluster.wait_for_api_service(name, false).await.unwrap();
    let subject = format!("APIService {name}");
    let report = precheck(cluster, &CHECK).await;
    report.exits(1);
    report.finds("ApiServiceAvailability", &subject, "blocker");
    let path = format!("{API_SERVICES}/{name}");
    client.delete(&path).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    report.exits(0).spares("ApiServiceAvailability", &subject);
}
