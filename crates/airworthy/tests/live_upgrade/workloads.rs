//! Workloads and Services that did not come back.

use airworthy_testbed::Patch;
use serde_json::json;

use super::upgraded::upgraded;
use crate::common_live::{crash, kubectl, live, until, until_available, until_gone};

#[test]
fn a_workload_whose_pods_crash() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let pod = crash(&client, "back", "web").await;
        let path = "/apis/apps/v1/namespaces/back/deployments/web";
        let none_ready = |web: &serde_json::Value| web["status"]["readyReplicas"].is_null();
        until(&client, path, "no ready pod", none_ready).await;
        let subject = "Deployment back/web";
        for check in ["PostWorkloadBaseline", "PostPodFailuresNew"] {
            let report = upgraded.check(check).await;
            report.exits(1).finds(check, subject, "blocker");
        }

        let budget = "/apis/policy/v1/namespaces/back/poddisruptionbudgets/web";
        let none_allowed = |pdb: &serde_json::Value| pdb["status"]["disruptionsAllowed"] == 0;
        until(&client, budget, "a budget without room", none_allowed).await;
        let report = upgraded.check("PostRestartDelta").await;
        report.finds("PostRestartDelta", subject, "risk");
        let report = upgraded.check("PostPdbState").await;
        report.finds("PostPdbState", "PodDisruptionBudget back/web", "risk");

        client.delete(&pod).await.unwrap();
        until_gone(&client, &pod).await;
        until_available(&client, "back", "web").await;
        let allowed = |pdb: &serde_json::Value| pdb["status"]["disruptionsAllowed"] == 1;
        until(&client, budget, "a budget with room", allowed).await;
        for check in ["PostRestartDelta", "PostPdbState"] {
            let report = upgraded.check(check).await;
            assert_eq!(report.exits(0).status(check), "clear");
        }
        for check in ["PostWorkloadBaseline", "PostPodFailuresNew"] {
            let report = upgraded.check(check).await;
            report.exits(0).spares(check, subject);
        }
    });
}

#[test]
fn a_service_without_endpoints() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let _alone = upgraded.endpoints.lock().await;
        let client = kubectl(&upgraded.cluster);
        let (check, subject) = ("PostEndpointsEmpty", "Service shop/web");
        for (app, endpoints) in [("nobody", false), ("web", true)] {
            let path = "/api/v1/namespaces/shop/services/web";
            let selector = json!({ "spec": { "selector": { "app": app } } });
            client.patch(path, Patch::Merge, &selector).await.unwrap();
            let slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices\
                ?labelSelector=kubernetes.io%2Fservice-name%3Dweb";
            let any = |slices: &serde_json::Value| {
                let slices = slices["items"].as_array().unwrap();
                let has = |slice: &serde_json::Value| slice["endpoints"][0].is_object();
                slices.iter().any(has) == endpoints
            };
            until(&client, slices, "endpoints", any).await;
            let report = upgraded.check(check).await;
            if endpoints {
                report.exits(0).spares(check, subject);
            } else {
                report.exits(1).finds(check, subject, "blocker");
            }
        }
    });
}
