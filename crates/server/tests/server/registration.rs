//! Clusters that callers take in and let go, and the jobs that tell of it.

use std::{net::TcpListener, time::Duration};

use airworthy_model::Role;
use airworthy_service::{ClusterSettings, Settings, Workers};
use airworthy_store::{Access, NewTask, Observed, TaskKind};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{Answered, Fixture, request};

/// A recording of a real API server.
const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../airworthy/demo/recording.tar"
);

fn offer(project: &str, name: &str, access: Access) -> ClusterSettings {
    ClusterSettings {
        offer: Some(access),
        ..ClusterSettings::of(project, name)
    }
}

/// Our project is offered a cluster that can be read, and one that nobody listens for; theirs another one.
async fn fixture() -> (Fixture, TempDir) {
    let recording = || Access::Recording {
        path: RECORDING.into(),
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n\
         users: [{{name: u, user: {{token: t}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n"
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let unreachable = Access::Kubeconfig {
        path: kubeconfig.to_str().unwrap().into(),
        context: None,
    };
    let mut named = offer("ours-1", "not-offered", recording());
    named.offer = None;
    let mut fixture = Fixture::with(Settings {
        clusters: vec![
            // By the name of the project, and by its id.
            offer("ours-1", "shop-prod", recording()),
            offer("0605767a768010f92f1fc00e2b7c4f31", "shop-dark", unreachable),
            offer("theirs-1", "their-prod", recording()),
            named,
        ],
        ..Settings::default()
    })
    .await;
    // Operators may not take in nor let go.
    let project = &fixture.ours.project.id;
    let admin = fixture
        .store
        .create_key(project, Role::Admin, "admin", Timestamp::now());
    fixture.ours.key = admin.await.unwrap();
    (fixture, folder)
}

fn body(name: &str) -> Value {
    json!({
        "kind": "Cluster", "apiVersion": "v3",
        "metadata": { "name": name, "alias": "Shop" },
        "spec": { "flavor": "cce.autopilot.cluster", "hostNetwork": { "vpc": "", "subnet": "" },
                  "containerNetwork": { "mode": "eni" }, "eniNetwork": { "subnets": [] } },
    })
}

async fn create(fixture: &Fixture, name: &str) -> Answered {
    fixture.post(&fixture.ours.clusters(), &body(name)).await
}

async fn created(fixture: &Fixture, name: &str) -> Value {
    let answer = create(fixture, name).await;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    answer.json()
}

async fn job(fixture: &Fixture, id: &Value) -> Value {
    let (project, id) = (&fixture.ours.project.id, id.as_str().unwrap());
    let target = format!("/autopilot/v3/projects/{project}/jobs/{id}");
    fixture.get(&target).await.ok()
}

/// Waits until the job is over, as clients do.
async fn over(fixture: &Fixture, id: &Value) -> Value {
    let mut changes = fixture.store.changes();
    let waited = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            changes.borrow_and_update();
            let job = job(fixture, id).await;
            if ["Success", "Failed"].contains(&job["status"]["phase"].as_str().unwrap()) {
                return job;
            }
            changes.changed().await.unwrap();
        }
    });
    waited.await.unwrap()
}

#[tokio::test]
async fn an_offered_cluster_is_taken_in_by_a_job() {
    let (fixture, _folder) = fixture().await;
    let cluster = created(&fixture, "shop-prod").await;
    let uid = cluster["metadata"]["uid"].as_str().unwrap();
    let job_id = &cluster["status"]["jobID"];
    assert_eq!(
        cluster["status"],
        json!({ "phase": "Creating", "jobID": job_id })
    );
    assert_eq!(cluster["metadata"]["alias"], "Shop");
    let fresh = job(&fixture, job_id).await;
    let expected = json!({
        "kind": "Job", "apiVersion": "v3",
        "metadata": { "uid": job_id, "creationTimestamp": cluster["metadata"]["creationTimestamp"],
                      "updateTimestamp": cluster["metadata"]["creationTimestamp"] },
        "spec": { "type": "CreateCluster", "clusterUID": uid, "resourceID": uid, "resourceName": "shop-prod" },
        "status": { "phase": "Initializing" },
    });
    assert_eq!(fresh, expected);
    let target = format!("{}/{uid}", fixture.ours.clusters());
    assert_eq!(fixture.get(&target).await.ok(), cluster);
    let twice = create(&fixture, "shop-prod").await;
    assert!(twice.refused(409, "CCE.01409001").contains("shop-prod"));

    let workers = Workers::start(&fixture.service);
    let ended = over(&fixture, job_id).await;
    workers.stop().await;
    assert_eq!(ended["status"], json!({ "phase": "Success" }));
    let shown = fixture.get(&format!("{target}?detail=true")).await.ok();
    assert_eq!(shown["status"]["phase"], "Available");
    assert_eq!(shown["status"].get("jobID"), None);
    assert!(
        shown["spec"]["version"]
            .as_str()
            .unwrap()
            .starts_with("v1."),
        "{shown}"
    );
    let annotations = &shown["metadata"]["annotations"];
    assert!(annotations["totalNodesNumber"].is_string(), "{shown}");
    assert_eq!(annotations.get("installedAddonInstances"), None);
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_fails_its_job_and_says_why() {
    let (fixture, _folder) = fixture().await;
    let cluster = created(&fixture, "shop-dark").await;
    let workers = Workers::start(&fixture.service);
    let ended = over(&fixture, &cluster["status"]["jobID"]).await;
    workers.stop().await;
    assert_eq!(ended["status"]["phase"], "Failed");
    let reason = ended["status"]["reason"].as_str().unwrap();
    assert!(reason.contains("127.0.0.1"), "{reason}");
    let uid = cluster["metadata"]["uid"].as_str().unwrap();
    let shown = fixture
        .get(&format!("{}/{uid}", fixture.ours.clusters()))
        .await
        .ok();
    assert_eq!(shown["status"]["phase"], "Unavailable");
    assert_eq!(shown["status"]["reason"], "NeverReached");
    assert_eq!(shown["status"]["jobID"], cluster["status"]["jobID"]);
}

#[tokio::test]
async fn what_is_not_offered_to_the_project_is_refused_with_the_way_to_offer_it() {
    let (fixture, _folder) = fixture().await;
    for name in ["elsewhere", "their-prod", "not-offered"] {
        let told = create(&fixture, name).await.refused(400, "CCE.01400001");
        for words in ["[[cluster]]", name, &fixture.ours.project.id, "kubeconfig"] {
            assert!(told.contains(words), "{told}");
        }
    }
    let clusters = fixture.get(&fixture.ours.clusters()).await.ok();
    assert_eq!(clusters["items"].as_array().unwrap().len(), 1);
    let mut plain = body("shop-prod");
    plain["kind"] = json!("Node");
    let refused = fixture.post(&fixture.ours.clusters(), &plain).await;
    refused.refused(400, "CCE.01400001");
}

#[tokio::test]
async fn a_cluster_is_let_go_at_once_and_its_job_remains() {
    let (fixture, _folder) = fixture().await;
    let cluster = created(&fixture, "shop-prod").await;
    let uid = cluster["metadata"]["uid"].as_str().unwrap();
    let target = format!("{}/{uid}", fixture.ours.clusters());
    let odd = fixture
        .call(Method::DELETE, &format!("{target}?delete_efs=perhaps"), "")
        .await;
    assert!(odd.refused(400, "CCE.01400001").contains("delete_efs"));
    let query = "delete_efs=true&lts_reclaim_policy=Retain&unknown=1";
    let gone = fixture
        .call(Method::DELETE, &format!("{target}?{query}"), "")
        .await
        .ok();
    let job_id = &gone["status"]["jobID"];
    let options = json!({ "delete_efs": "true", "lts_reclaim_policy": "Retain" });
    assert_eq!(
        gone["status"],
        json!({ "phase": "Deleting", "jobID": job_id, "deleteOption": options })
    );
    assert_eq!(gone["metadata"], cluster["metadata"]);
    fixture.get(&target).await.refused(404, "CCE.01404001");
    fixture
        .call(Method::DELETE, &target, "")
        .await
        .refused(404, "CCE.01404001");
    let deleted = job(&fixture, job_id).await;
    assert_eq!(deleted["spec"]["type"], "DeleteCluster");
    assert_eq!(deleted["spec"]["clusterUID"], uid);
    assert_eq!(deleted["status"], json!({ "phase": "Success" }));
    let cut_short = job(&fixture, &cluster["status"]["jobID"]).await;
    assert_eq!(cut_short["status"]["phase"], "Failed");
    // The offer stands.
    let again = created(&fixture, "shop-prod").await;
    assert_ne!(again["metadata"]["uid"], uid);
}

#[tokio::test]
async fn a_cluster_is_not_let_go_while_it_is_upgraded_and_shows_that() {
    let (fixture, _folder) = fixture().await;
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let new = NewTask {
        project_id: project.clone(),
        cluster_id: cluster.clone(),
        workflow: None,
        kind: TaskKind::Upgrade,
        spec: "{}".to_owned(),
        max_attempts: 1,
    };
    fixture.store.enqueue(&new, Timestamp::now()).await.unwrap();
    let target = fixture.ours.path("");
    let refused = fixture.call(Method::DELETE, &target, "").await;
    refused.refused(400, "CCE.01400001");
    let shown = fixture.get(&target).await.ok();
    assert_eq!(shown["status"]["phase"], "Upgrading");
    for (status, count) in [("Upgrading", 1), ("Available", 0)] {
        let target = format!("{}?status={status}", fixture.ours.clusters());
        let listed = fixture.get(&target).await.ok();
        assert_eq!(listed["items"].as_array().unwrap().len(), count, "{status}");
    }
}

#[tokio::test]
async fn jobs_are_behind_the_wall() {
    let (fixture, _folder) = fixture().await;
    let ours = created(&fixture, "shop-prod").await;
    let id = ours["status"]["jobID"].as_str().unwrap();
    let absent = "00000000-0000-4000-8000-000000000000";
    for (project, id, status, code) in [
        (&fixture.theirs.project.id, id, 404, "CCE.01404001"),
        (&fixture.ours.project.id, id, 403, "CCE.01403001"),
        (&fixture.theirs.project.id, absent, 404, "CCE.01404001"),
        (&fixture.theirs.project.id, "x", 400, "CCE.01400001"),
    ] {
        let target = format!("/autopilot/v3/projects/{project}/jobs/{id}");
        let asked = request(&fixture.theirs.key, Method::GET, &target, "");
        let answer = fixture.send(asked).await;
        let told = answer.refused(status, code);
        assert!(!told.contains("shop"), "{told}");
    }
}

#[tokio::test]
async fn totals_are_shown_to_those_who_ask() {
    let (fixture, _folder) = fixture().await;
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let totals =
        json!({ "nodes": 3, "active": 2, "cpuThousandths": 24_500, "memoryBytes": 96_u64 << 30 });
    let seen = Observed {
        totals: Some(totals.to_string()),
        ..Observed::default()
    };
    let kept = fixture
        .store
        .update_observed(project, cluster, &seen, Timestamp::now());
    assert!(kept.await.unwrap());
    let expected = json!({ "totalNodesNumber": "3", "activeNodesNumber": "2",
                           "totalNodesCPU": "24.5", "totalNodesMemory": "98304" });
    let target = fixture.ours.path("");
    let shown = fixture.get(&format!("{target}?detail=true")).await.ok();
    assert_eq!(shown["metadata"]["annotations"], expected);
    let listed = fixture
        .get(&format!("{}?detail=true", fixture.ours.clusters()))
        .await
        .ok();
    assert_eq!(listed["items"][0]["metadata"]["annotations"], expected);
    for target in [target.clone(), format!("{target}?detail=false")] {
        let plain = fixture.get(&target).await.ok();
        assert_eq!(plain["metadata"].get("annotations"), None);
    }
}
