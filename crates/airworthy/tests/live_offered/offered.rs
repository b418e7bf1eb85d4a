//! The whole life of an offered cluster in the service.

use std::fs;

use airworthy_testbed::{Cluster, ClusterOptions};
use http::Method;
use serde_json::{Value, json};

use super::house::House;
use crate::common_live::{Report, kubectl, live, precheck};

#[test]
fn an_offered_cluster_is_taken_in_kept_as_a_snapshot_and_let_go() {
    live(async {
        let options = ClusterOptions::new("1.31").nodes(2);
        let cluster = Cluster::start(options).await.unwrap();
        let script = "echo \"$AIRWORTHY_CLUSTER_NAME $AIRWORTHY_VERSION\" >> \"$1/backups\"";
        let house = House::new(&cluster.kubeconfig(), script).await;
        let id = taken_in(&house, cluster.version()).await;
        let snapshot = kept(&house, &id, cluster.version()).await;
        exported(&house, &cluster, &id, &snapshot).await;
        let_go(&house, &cluster, &id).await;
    });
}

async fn taken_in(house: &House, version: &str) -> String {
    let body = json!({
        "kind": "Cluster", "apiVersion": "v3", "metadata": { "name": "shop-prod" },
        "spec": { "flavor": "cce.autopilot.cluster", "hostNetwork": { "vpc": "", "subnet": "" },
                  "containerNetwork": { "mode": "eni" }, "eniNetwork": { "subnets": [] } },
    });
    let (status, created) = house
        .send(Method::POST, "/clusters", &body.to_string())
        .await;
    assert_eq!(
        (status, &created["status"]["phase"]),
        (201, &json!("Creating")),
        "{created}"
    );
    let job = created["status"]["jobID"].as_str().unwrap();
    let job = house.ended(&format!("/jobs/{job}"), "/status/phase").await;
    assert_eq!(job["status"], json!({ "phase": "Success" }));
    let id = created["metadata"]["uid"].as_str().unwrap().to_owned();
    let shown = house.get(&format!("/clusters/{id}?detail=true")).await;
    assert_eq!(shown["status"]["phase"], "Available");
    assert_eq!(shown["spec"]["version"], "v1.31");
    // Each node of the testbed has 8 cores and 32 GiB.
    let totals = json!({ "totalNodesNumber": "2", "activeNodesNumber": "2",
                         "totalNodesCPU": "16", "totalNodesMemory": "65536" });
    assert_eq!(shown["metadata"]["annotations"], totals);
    let info = house.get(&format!("/clusters/{id}/upgradeinfo")).await;
    let versions = &info["spec"]["versionInfo"];
    assert_eq!(versions["release"], format!("v{version}"));
    let targets = versions["targetVersions"].as_array().unwrap();
    assert!(
        targets
            .iter()
            .any(|it| it.as_str().unwrap().starts_with("v1.32.")),
        "{info}"
    );
    id
}

async fn kept(house: &House, id: &str, version: &str) -> String {
    let snapshot = format!("/clusters/{id}/operation/snapshot");
    let (status, created) = house.send(Method::POST, &snapshot, "").await;
    assert_eq!(status, 200, "{created}");
    let tasks = format!("{snapshot}/tasks");
    let listed = house.ended(&tasks, "/items/0/status/phase").await;
    let item = &listed["items"][0];
    assert_eq!(item["metadata"]["uid"], created["uid"]);
    assert_eq!(item["status"]["phase"], "Success", "{listed}");
    assert_eq!(
        listed["status"]["latestBackupTime"],
        item["status"]["completionTime"]
    );
    let parts = item["spec"]["items"].as_array().unwrap();
    assert!(
        parts.len() == 2 && parts.iter().all(|part| part["status"] == "Success"),
        "{listed}"
    );
    let backups = fs::read_to_string(house.path("backups")).unwrap();
    assert_eq!(backups, format!("shop-prod v{version}\n"));
    created["uid"].as_str().unwrap().to_owned()
}

/// What was kept says the same of the cluster as the cluster itself.
async fn exported(house: &House, cluster: &Cluster, id: &str, snapshot: &str) {
    let listed = house.tell(&["snapshot", "list", "--cluster", id]).await;
    let line = listed
        .stdout
        .lines()
        .find(|line| line.starts_with(snapshot));
    assert!(
        line.is_some_and(|line| line.contains("Success")),
        "{listed}"
    );
    let file = house.path("snapshot.tar");
    let file = file.to_str().unwrap();
    house
        .tell(&["snapshot", "export", snapshot, "-o", file])
        .await;
    let args = ["precheck", "--from", file, "--target", "1.32", "-o", "json"];
    let run = crate::common_live::airworthy(&args).await;
    let (kept, asked) = (
        Report::of(run),
        precheck(cluster, &["--target", "1.32"]).await,
    );
    assert_eq!(kept.member("verdict"), asked.member("verdict"));
    let statuses = |report: &Report| -> Vec<Value> {
        let all = report.checks().iter();
        all.map(|it| json!([it["check"], it["status"]])).collect()
    };
    assert_eq!(statuses(&kept), statuses(&asked));
    let absent = [
        "snapshot",
        "export",
        "00000000-0000-4000-8000-000000000000",
        "-o",
        file,
    ];
    let refused = house.fails(&absent).await;
    assert!(refused.stderr.contains("snapshot list"), "{refused}");
}

async fn let_go(house: &House, cluster: &Cluster, id: &str) {
    let target = format!("/clusters/{id}");
    let (status, gone) = house.send(Method::DELETE, &target, "").await;
    assert_eq!(status, 200, "{gone}");
    let job = gone["status"]["jobID"].as_str().unwrap();
    let job = house.get(&format!("/jobs/{job}")).await;
    assert_eq!(job["status"]["phase"], "Success");
    let (status, _) = house.send(Method::GET, &target, "").await;
    assert_eq!(status, 404);
    let nodes = kubectl(cluster).get("/api/v1/nodes").await.unwrap();
    assert_eq!(
        nodes["items"].as_array().unwrap().len(),
        2,
        "the cluster itself is as it was"
    );
}
