//! Aggregated APIs, custom resources and webhooks that the upgrade has cut off.

use airworthy_testbed::{Client, Patch, wait_until};
use serde_json::{Value, json};

use super::upgraded::upgraded;
use crate::common_live::{DEADLINE, kubectl, live, set_endpoints_ready, until_gone};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[test]
fn an_aggregated_api_whose_back_end_is_gone() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let _alone = upgraded.endpoints.lock().await;
        let client = kubectl(&upgraded.cluster);
        let name = "v1.gauges.example.com";
        let (check, subject) = ("PostApiServices", format!("APIService {name}"));
        set_endpoints_ready(&client, "gauges", "server", false).await;
        let cluster = &upgraded.cluster;
        cluster.wait_for_api_service(name, false).await.unwrap();
        let report = upgraded.check(check).await;
        report.exits(1).finds(check, &subject, "blocker");
        set_endpoints_ready(&client, "gauges", "server", true).await;
        cluster.wait_for_api_service(name, true).await.unwrap();
        let report = upgraded.check(check).await;
        report.exits(0).spares(check, &subject);
    });
}

#[test]
fn a_webhook_whose_back_end_is_gone() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let _alone = upgraded.endpoints.lock().await;
        let client = kubectl(&upgraded.cluster);
        let (check, subject) = ("PostWebhooks", "ValidatingWebhookConfiguration guard");
        set_endpoints_ready(&client, "guarded", "guard", false).await;
        let report = upgraded.check(check).await;
        report.exits(1).finds(check, subject, "blocker");
        set_endpoints_ready(&client, "guarded", "guard", true).await;
        let report = upgraded.check(check).await;
        report.exits(0).spares(check, subject);
    });
}

#[test]
fn definitions_that_are_gone_or_cannot_convert() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let check = "PostCrds";
        let gone = "CustomResourceDefinition idlers.example.com";
        let stuck = "CustomResourceDefinition gears.example.com";
        let idlers = take(&client, "idlers.example.com").await;
        convert_by_nobody(&client).await;
        until_listed(&client, 500).await;
        let report = upgraded.check(check).await;
        report.exits(1).finds(check, stuck, "blocker");
        report.finds(check, gone, "note");

        let none = json!({ "spec": { "conversion": { "strategy": "None", "webhook": null } } });
        let gears = format!("{DEFINITIONS}/gears.example.com");
        client.patch(&gears, Patch::Merge, &none).await.unwrap();
        client.create(DEFINITIONS, &idlers).await.unwrap();
        until_listed(&client, 200).await;
        until_served(&client).await;
        let report = upgraded.check(check).await;
        report.exits(0).spares(check, stuck).spares(check, gone);
    });
}

/// Deletes a definition, and gives what it takes to make it again.
async fn take(client: &Client, name: &str) -> Value {
    let path = format!("{DEFINITIONS}/{name}");
    let definition = client.get(&path).await.unwrap();
    client.delete(&path).await.unwrap();
    until_gone(client, &path).await;
    let spec = &definition["spec"];
    json!({ "metadata": { "name": name }, "spec": spec })
}

/// From now on a Service that is not there converts gears.
async fn convert_by_nobody(client: &Client) {
    let service = json!({ "namespace": "default", "name": "nobody", "port": 443 });
    let webhook =
        json!({ "clientConfig": { "service": service }, "conversionReviewVersions": ["v1"] });
    let change = json!({ "spec": { "conversion": { "strategy": "Webhook", "webhook": webhook } } });
    let path = format!("{DEFINITIONS}/gears.example.com");
    client.patch(&path, Patch::Merge, &change).await.unwrap();
}

/// Gears are stored at v1, so that v1beta1 takes a conversion.
async fn until_listed(client: &Client, answer: u16) {
    let what = format!("{answer} for a list of gears at v1beta1");
    let answered = wait_until(DEADLINE, &what, || async {
        let seen = match client.list("/apis/example.com/v1beta1/gears").await {
            Ok(_) => 200,
            Err(error) => error.code().expect("an answer"),
        };
        Ok((seen == answer).then_some(()))
    });
    answered.await.unwrap();
}

async fn until_served(client: &Client) {
    let served = wait_until(DEADLINE, "idlers", || async {
        Ok(Some(client.list("/apis/example.com/v1/idlers").await?))
    });
    served.await.unwrap();
}
