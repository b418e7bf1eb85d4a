//! What only a new API server or a new scheduler puts right; so nobody else has the cluster meanwhile.

use airworthy_testbed::Client;
use serde_json::{Value, json};

use super::upgraded::upgraded;
use crate::common_live::{kubectl, live, make_stale, until_counted};

const CRON_JOBS: &str = "/apis/batch/v1/namespaces/shop/cronjobs";
const SUBJECT: &str = "Resource cronjobs.batch";

#[test]
fn a_kind_without_objects_and_a_dead_scheduler() {
    live(async {
        let mut upgraded = upgraded().await.write().await;
        let client = kubectl(&upgraded.cluster);
        let taken = take_all(&client).await;
        upgraded.cluster.restart(|_| ()).await.unwrap();
        until_counted(&client, "cronjobs.batch", 0).await;
        until_counted(&client, "gears.example.com", 1).await;
        let report = upgraded.check("PostObjectLoss").await;
        report.exits(1).finds("PostObjectLoss", SUBJECT, "blocker");
        let health = "PostControlPlaneHealth";
        let report = upgraded.check(health).await;
        report.exits(0).spares(health, "Component kube-scheduler");

        upgraded.cluster.stop("kube-scheduler").unwrap();
        make_stale(&client, "kube-scheduler").await;
        let report = upgraded.check(health).await;
        report
            .exits(1)
            .finds(health, "Component kube-scheduler", "blocker");
        for job in taken {
            client.create(CRON_JOBS, &job).await.unwrap();
        }
        upgraded.cluster.restart(|_| ()).await.unwrap();
        until_counted(&client, "cronjobs.batch", 3).await;
        until_counted(&client, "gears.example.com", 1).await;
        let report = upgraded.check("PostObjectLoss").await;
        report.exits(0).spares("PostObjectLoss", SUBJECT);
        let report = upgraded.check(health).await;
        report.exits(0).spares(health, "Component kube-scheduler");
    });
}

/// Deletes the objects and gives what it takes to make them again.
async fn take_all(client: &Client) -> Vec<Value> {
    let jobs = client.list(CRON_JOBS).await.unwrap();
    client.delete(CRON_JOBS).await.unwrap();
    let again = |job: &Value| json!({ "metadata": { "name": job["metadata"]["name"] }, "spec": job["spec"] });
    jobs.iter().map(again).collect()
}
