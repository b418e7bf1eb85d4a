//! What comes to light some time after the upgrade: addresses, devices, schedules, autoscalers, certificates.

use airworthy_testbed::{Authority, Client, Patch};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::upgraded::{Upgraded, upgraded};
use crate::common_live::{kubectl, live, until, until_gone};

const NODE: &str = "/api/v1/nodes/marked";
const FRONT: &str = "/api/v1/namespaces/late/services/front";
const HPA: &str = "/apis/autoscaling/v2/namespaces/late/horizontalpodautoscalers/sleeper";
const STORE: &str = "/apis/apps/v1/namespaces/late/statefulsets/store";

/// What these tests lose: an address, a device, an autoscaler that rests.
pub(super) async fn fill(client: &Client) {
    let address = json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } });
    client.patch_status(FRONT, &address).await.unwrap();
    let label = json!({ "metadata": { "labels": { "tier": "gold" } } });
    client.patch(NODE, Patch::Merge, &label).await.unwrap();
    client
        .patch_status(NODE, &devices(&json!("2")))
        .await
        .unwrap();
    until(client, HPA, "an autoscaler that rests", |hpa| {
        reason(hpa, "ScalingActive") == "ScalingDisabled"
    })
    .await;
    until(client, STORE, "a revision", |store| {
        store["status"]["updateRevision"].is_string()
    })
    .await;
    let job = "/apis/batch/v1/namespaces/late/jobs/long";
    let active = |job: &Value| job["status"]["active"] == 1;
    until(client, job, "a job that is active", active).await;
}

fn devices(count: &Value) -> Value {
    let gpu = json!({ "example.com/gpu": count });
    json!({ "capacity": gpu, "allocatable": gpu })
}

fn reason<'a>(object: &'a Value, condition: &str) -> &'a str {
    let conditions = object["status"]["conditions"].as_array();
    let mut of = conditions.into_iter().flatten();
    let found = of.find(|one| one["type"] == condition);
    found
        .and_then(|one| one["reason"].as_str())
        .unwrap_or_default()
}

impl Upgraded {
    async fn loses(&self, check: &str, subject: &str, severity: &str) {
        self.check(check).await.finds(check, subject, severity);
    }

    async fn has(&self, check: &str, subject: &str) {
        self.check(check).await.exits(0).spares(check, subject);
    }
}

#[test]
fn an_address_that_is_gone_and_one_that_has_moved() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let (check, subject) = ("PostLoadBalancers", "Service late/front");
        let show = async |ingress: Value| {
            let status = json!({ "loadBalancer": { "ingress": ingress } });
            client.patch_status(FRONT, &status).await.unwrap();
        };
        show(Value::Null).await;
        upgraded.loses(check, subject, "blocker").await;
        show(json!([{ "ip": "192.0.2.2" }])).await;
        upgraded.loses(check, subject, "risk").await;
        show(json!([{ "ip": "192.0.2.1" }])).await;
        upgraded.has(check, subject).await;
    });
}

#[test]
fn a_node_without_its_label_and_its_devices() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let label = async |tier: Value| {
            let label = json!({ "metadata": { "labels": { "tier": tier } } });
            client.patch(NODE, Patch::Merge, &label).await.unwrap();
        };
        label(Value::Null).await;
        let check = "PostNodeLabelsTaints";
        upgraded.loses(check, "Node marked", "risk").await;
        label(json!("gold")).await;
        upgraded.has(check, "Node marked").await;

        let none = devices(&Value::Null);
        client.patch_status(NODE, &none).await.unwrap();
        upgraded.loses("PostGpu", "Node marked", "blocker").await;
        let both = devices(&json!("2"));
        client.patch_status(NODE, &both).await.unwrap();
        upgraded.has("PostGpu", "Node marked").await;
    });
}

#[test]
fn a_cron_job_left_suspended_and_a_job_that_has_failed() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let (check, subject) = ("PostCronJobs", "CronJob shop/three");
        let path = "/apis/batch/v1/namespaces/shop/cronjobs/three";
        for suspended in [true, false] {
            let change = json!({ "spec": { "suspend": suspended } });
            client.patch(path, Patch::Merge, &change).await.unwrap();
            if suspended {
                upgraded.loses(check, subject, "risk").await;
            } else {
                upgraded.has(check, subject).await;
            }
        }

        let path = "/apis/batch/v1/namespaces/late/jobs/long";
        let deadline = json!({ "spec": { "activeDeadlineSeconds": 1 } });
        client.patch(path, Patch::Merge, &deadline).await.unwrap();
        until(&client, path, "a job that failed", |job| {
            reason(job, "Failed") == "DeadlineExceeded"
        })
        .await;
        upgraded.loses("PostJobs", "Job late/long", "risk").await;
        let orphans = format!("{path}?propagationPolicy=Background");
        client.delete(&orphans).await.unwrap();
        until_gone(&client, path).await;
        upgraded.has("PostJobs", "Job late/long").await;
    });
}

/// Nothing here tells what pods use, so an autoscaler that is woken gets no metrics.
#[test]
fn an_autoscaler_without_metrics() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let (check, subject) = ("PostHpa", "HorizontalPodAutoscaler late/sleeper");
        let path = "/apis/apps/v1/namespaces/late/deployments/sleeper";
        for (replicas, said) in [(1, "FailedGetResourceMetric"), (0, "ScalingDisabled")] {
            let change = json!({ "spec": { "replicas": replicas } });
            client.patch(path, Patch::Merge, &change).await.unwrap();
            until(&client, HPA, said, |hpa| {
                reason(hpa, "ScalingActive") == said
            })
            .await;
            if replicas == 1 {
                upgraded.loses(check, subject, "risk").await;
            } else {
                upgraded.has(check, subject).await;
            }
        }
    });
}

/// Its controller takes a revision that it does not find, or that had a clash, for a new one, and replaces every pod.
#[test]
fn a_stateful_set_that_nobody_has_changed() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let store = client.get(STORE).await.unwrap();
        let old = store["status"]["updateRevision"].as_str().unwrap();
        let clash = json!({ "collisionCount": 1 });
        client.patch_status(STORE, &clash).await.unwrap();
        let revisions = "/apis/apps/v1/namespaces/late/controllerrevisions";
        client.delete(&format!("{revisions}/{old}")).await.unwrap();
        let wake = json!({ "metadata": { "annotations": { "seen": "yes" } } });
        client.patch(STORE, Patch::Merge, &wake).await.unwrap();
        until(&client, STORE, "another revision", |store| {
            store["status"]["updateRevision"] != old
        })
        .await;
        let (check, subject) = ("PostStatefulSetSurprise", "StatefulSet late/store");
        upgraded.loses(check, subject, "risk").await;
        client.delete(STORE).await.unwrap();
        until_gone(&client, STORE).await;
        upgraded.has(check, subject).await;
    });
}

#[test]
fn a_version_that_is_not_served_and_one_that_is_still_stored() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cogs.late.example.com";
        let definition = client.get(path).await.unwrap();
        let mut without = definition["spec"]["versions"].clone();
        without[1]["served"] = false.into();
        let (check, subject) = ("PostApiServedDiff", "APIVersion late.example.com/v2");
        for versions in [&without, &definition["spec"]["versions"]] {
            let served = versions[1]["served"] == true;
            let change = json!({ "spec": { "versions": versions } });
            client.patch(path, Patch::Merge, &change).await.unwrap();
            let group = "/apis/late.example.com";
            until(&client, group, "discovery", |group| {
                let versions = group["versions"].as_array().unwrap();
                versions.iter().any(|one| one["version"] == "v2") == served
            })
            .await;
            if served {
                upgraded.has(check, subject).await;
            } else {
                upgraded.loses(check, subject, "note").await;
            }
        }

        let (check, subject) = (
            "PostStorageMigration",
            "CustomResourceDefinition cogs.late.example.com",
        );
        for stored in [json!(["v2", "v1"]), json!(["v1"])] {
            let status = json!({ "storedVersions": stored });
            client.patch_status(path, &status).await.unwrap();
            if stored.as_array().unwrap().len() > 1 {
                upgraded.loses(check, subject, "note").await;
            } else {
                upgraded.has(check, subject).await;
            }
        }
    });
}

#[test]
fn warnings_that_come_much_faster() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        let events = "/api/v1/namespaces/late/events";
        let now = jiff::Timestamp::now().to_string();
        let event = json!({
            "metadata": { "name": "many" }, "type": "Warning", "reason": "TestedToDeath", "message": "x", "count": 900,
            "firstTimestamp": now, "lastTimestamp": now, "source": { "component": "test" },
            "involvedObject": { "apiVersion": "v1", "kind": "Service", "name": "front", "namespace": "late" },
        });
        client.create(events, &event).await.unwrap();
        let check = "PostEventRate";
        let report = upgraded.check(check).await;
        let found = report.exits(0).findings();
        let ours = |finding: &Value| finding.to_string().contains("TestedToDeath");
        assert!(found.iter().any(ours), "{found:#?}");
        client.delete(&format!("{events}/many")).await.unwrap();
        let report = upgraded.check(check).await;
        assert!(!report.exits(0).findings().iter().any(ours));
    });
}

#[test]
fn a_bundle_that_has_expired() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let _alone = upgraded.endpoints.lock().await;
        let client = kubectl(&upgraded.cluster);
        let (check, subject) = ("PostCertificates", "ValidatingWebhookConfiguration guard");
        let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/guard";
        let good = client.get(path).await.unwrap()["webhooks"].clone();
        let former = Authority::valid("former", (2020, 1, 1), (2021, 1, 1)).unwrap();
        let mut bad = good.clone();
        bad[0]["clientConfig"]["caBundle"] = former.ca_bundle().into();
        let trust = async |webhooks: &Value| {
            let change = json!({ "webhooks": webhooks });
            client.patch(path, Patch::Merge, &change).await.unwrap();
        };
        trust(&bad).await;
        upgraded.loses(check, subject, "blocker").await;
        trust(&good).await;
        upgraded.has(check, subject).await;
    });
}

/// Requests that have no time to be answered count as errors of the API server, until another process begins to count.
#[test]
fn an_api_server_that_does_not_answer_in_time() {
    live(async {
        let mut upgraded = upgraded().await.write().await;
        upgraded.cluster.restart(|_| ()).await.unwrap();
        let client = kubectl(&upgraded.cluster);
        let (check, subject) = ("PostApiErrors", "ControlPlane kube-apiserver");
        for _ in 0..400 {
            let path = "/api/v1/pods?timeout=1ns";
            let sent = client.send(Method::GET, path, HeaderMap::new(), String::new());
            assert!(sent.await.unwrap().status.is_server_error());
        }
        upgraded.loses(check, subject, "risk").await;
        upgraded.cluster.restart(|_| ()).await.unwrap();
        upgraded.has(check, subject).await;
    });
}
