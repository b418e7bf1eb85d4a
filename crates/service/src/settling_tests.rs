//! Settling by an injected clock: a recording stands for the cluster, and is another one at each look.

use std::path::PathBuf;

use airworthy_collect::Limits;
use airworthy_model::{
    Missing, Need,
    facts::{ClusterIdentity, GroupFiller, Node, Read, Rows, Workload},
};
use airworthy_store::{
    Access, NewBaseline, NewCluster, NewTask, Options, Outcome, Phase, SealingKey, Store, TaskKind,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{PostcheckTaskSpec, Settings, SettleAt, judge::Judged};

/// Facts of which each group is there and empty.
struct Quiet;

impl GroupFiller for Quiet {
    type Error = serde_json::Error;

    fn group<T: Rows>(&mut self, need: Need) -> Result<Read<T>, Self::Error> {
        let row = match need {
            Need::Version => json!({"version": "v1.32.4"}),
            Need::Health => {
                let ping = json!([{"name": "ping", "ok": true}]);
                json!({"ready": ping, "live": ping})
            }
            Need::Metrics => json!({"deprecatedRequests": [], "objectCounts": {"pods": 1}}),
            Need::Discovery => json!({"resources": []}),
            Need::Collection => json!({"requests": 1, "bytes": 1}),
            Need::Components => json!({"components": []}),
            Need::ClusterDns => json!({"corefile": ""}),
            Need::Audit => json!({"sources": ["x"], "events": 1}),
            Need::Manifests => json!({"roots": [], "files": 0, "bytes": 0, "objects": 0}),
            _ => Value::Null,
        };
        let rows = if row.is_null() {
            Vec::new()
        } else {
            vec![serde_json::from_value(row)?]
        };
        Ok(T::from_rows(rows).ok_or_else(|| Missing::not_collected(need, "odd")))
    }
}

fn quiet(version: &str) -> Facts {
    let identity = ClusterIdentity::default();
    let mut facts = Facts::unread(identity, Timestamp::UNIX_EPOCH, "");
    facts.fill(&mut Quiet).unwrap();
    facts.version = Ok(serde_json::from_value(json!({"version": version})).unwrap());
    facts
}

fn workload(name: &str, ready: i32) -> Workload {
    serde_json::from_value(json!({
        "kind": "Deployment", "namespace": "kube-system", "name": name, "desired": 1, "updated": ready, "ready": ready,
        "available": ready, "generation": 1, "observedGeneration": 1, "images": [], "conditions": [],
    }))
    .unwrap()
}

fn node(kubelet: &str) -> Node {
    serde_json::from_value(json!({
        "name": "n1", "uid": "u", "kubeletVersion": kubelet, "runtimeVersion": "containerd://2.0", "operatingSystem": "linux",
        "conditions": [{"type": "Ready", "status": "True"}], "taints": [], "unschedulable": false,
    }))
    .unwrap()
}

struct House {
    service: Service,
    cluster: Cluster,
    begun: Timestamp,
    recording: PathBuf,
    directory: TempDir,
}

impl House {
    async fn settling_at(settle_at: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let begun = Timestamp::now();
        let store = open(&directory, begun).await;
        let project = store.add_project("p", None, begun).await.unwrap().id;
        let recording = directory.path().join("cluster.tar");
        let new = NewCluster {
            id: None,
            name: "prod".into(),
            alias: None,
            access: Access::Recording {
                path: recording.to_str().unwrap().to_owned(),
            },
        };
        let cluster = store.add_cluster(&project, new, begun).await.unwrap();
        let house = Self {
            service: service(store, settle_at),
            cluster,
            begun,
            recording,
            directory,
        };
        house.shows(&["web"]);
        house
    }

    fn at(&self, seconds: i64) -> Timestamp {
        self.begun + SignedDuration::from_secs(seconds)
    }

    /// From now on, these are ready, of `web` and `db`.
    fn shows(&self, ready: &[&str]) {
        let mut facts = quiet("v1.32.4");
        let workloads = ["web", "db"].map(|name| workload(name, i32::from(ready.contains(&name))));
        facts.deployments = Ok(workloads.into());
        self.is(&facts);
    }

    fn is(&self, facts: &Facts) {
        recording::write_file(&self.recording, facts).unwrap();
    }

    /// Keeps a baseline of 1.31 in which both are ready.
    async fn baseline(&self) {
        let mut facts = quiet("v1.31.14");
        facts.deployments = Ok(["web", "db"].map(|name| workload(name, 1)).into());
        let mut bytes = Vec::new();
        recording::write(&facts, &mut bytes).unwrap();
        let task = NewTask {
            project_id: self.cluster.project_id.clone(),
            cluster_id: self.cluster.id.clone(),
            workflow: None,
            kind: TaskKind::Precheck,
            spec: "{}".into(),
            max_attempts: 1,
        };
        let store = self.service.store();
        store.enqueue(&task, self.begun).await.unwrap();
        let lease = store
            .claim("w", self.begun, std::time::Duration::from_secs(9))
            .await;
        let baseline = NewBaseline {
            version: "v1.31.14".into(),
            target_version: "v1.32.4".into(),
            taken_at: self.begun,
            recording: bytes,
        };
        let outcome = Outcome {
            phase: Phase::Success,
            message: None,
            result: None,
            expires_at: None,
        };
        let lease = lease.unwrap().unwrap();
        store
            .finish(&lease, outcome, Some(baseline), self.begun)
            .await
            .unwrap();
    }

    async fn converges(&self, second: i64) {
        let at = self.at(second);
        self.service
            .converged(&self.cluster, "v1.32.4", at)
            .await
            .unwrap();
    }

    async fn settle(&self, second: i64) -> i64 {
        self.service.settle(self.at(second)).await.unwrap();
        self.taken().await
    }

    async fn state(&self) -> Settling {
        let state = self.service.store().settling(&self.cluster.id).await;
        state.unwrap().expect("a settling")
    }

    async fn taken(&self) -> i64 {
        self.state().await.taken
    }

    async fn postcheck(&self, second: i64) -> (Phase, String) {
        let spec = PostcheckTaskSpec {
            cluster_version: None,
            target_version: None,
        };
        let done = self
            .service
            .postcheck_task(&self.cluster, spec, self.at(second));
        let Judged { outcome, .. } = done.await.unwrap();
        (outcome.phase, outcome.message.unwrap_or_default())
    }
}

async fn open(directory: &TempDir, now: Timestamp) -> Store {
    let path = directory.path().join("a.db");
    let options = Options::new(path, SealingKey::from([7; 32]));
    Store::open(&options, now).await.unwrap()
}

fn service(store: Store, settle_at: &str) -> Service {
    let settings = Settings {
        settle_at: settle_at.parse::<SettleAt>().unwrap(),
        limits: Limits::default(),
        ..Settings::default()
    };
    Service::new(store, settings)
}

#[tokio::test]
async fn samples_are_taken_in_the_background_at_their_times() {
    let house = House::settling_at("0,2m,5m,15m").await;
    house.converges(0).await;
    let mut taken = Vec::new();
    for second in [0, 60, 119, 120, 200, 300, 899, 900, 4000] {
        taken.push(house.settle(second).await);
    }
    assert_eq!(taken, [1, 1, 1, 2, 2, 3, 3, 4, 4]);
}

#[tokio::test]
async fn a_post_check_waits_for_the_second_sample_and_names_its_time() {
    let house = House::settling_at("0,2m,5m,15m").await;
    house.baseline().await;
    house.converges(0).await;
    house.settle(0).await;
    let (phase, message) = house.postcheck(60).await;
    assert_eq!(phase, Phase::Error);
    let due = super::super::postcheck::second(house.at(120)).to_string();
    assert!(
        message.contains("1 of the 2 samples") && message.contains(&due),
        "{message}"
    );
    assert_eq!(house.taken().await, 1);
    // The second one is due now, and nobody was there to take it.
    let (phase, message) = house.postcheck(120).await;
    assert_eq!((phase, house.taken().await), (Phase::Failed, 2));
    assert!(message.contains("kube-system/db"), "{message}");
}

#[tokio::test]
async fn what_comes_back_between_two_samples_is_not_held_against_the_upgrade() {
    let house = House::settling_at("0,2m,5m,15m").await;
    house.baseline().await;
    house.converges(0).await;
    house.settle(0).await;
    house.shows(&["web", "db"]);
    house.settle(120).await;
    let (_, message) = house.postcheck(121).await;
    assert!(!message.contains("PostWorkloadBaseline"), "{message}");
}

#[tokio::test]
async fn what_breaks_later_waits_for_the_look_after_and_then_counts() {
    let house = House::settling_at("0,2m,5m,15m").await;
    house.baseline().await;
    house.shows(&["web", "db"]);
    house.converges(0).await;
    house.settle(0).await;
    house.settle(120).await;
    house.shows(&["web"]);
    house.settle(300).await;
    let (phase, message) = house.postcheck(301).await;
    assert_eq!(phase, Phase::Error, "{message}");
    assert!(message.contains("only in the last sample"), "{message}");
    house.settle(900).await;
    let (phase, message) = house.postcheck(901).await;
    assert_eq!(phase, Phase::Failed, "{message}");
}

#[tokio::test]
async fn long_after_it_has_settled_a_request_looks_anew() {
    let house = House::settling_at("0,2m").await;
    house.baseline().await;
    house.converges(0).await;
    house.settle(0).await;
    house.settle(120).await;
    assert_eq!(house.postcheck(121).await.0, Phase::Failed);
    assert_eq!(house.taken().await, 2);
    house.shows(&["web", "db"]);
    // Repaired, and asked at once: what was seen lately still counts.
    assert_eq!(house.postcheck(180).await.0, Phase::Failed);
    let (_, message) = house.postcheck(240).await;
    assert!(!message.contains("PostWorkloadBaseline"), "{message}");
    assert_eq!(house.taken().await, 3);
}

#[tokio::test]
async fn settling_outlives_the_process_and_looks_stay_apart() {
    let mut house = House::settling_at("0,2m,5m,15m").await;
    house.converges(0).await;
    house.settle(0).await;
    house.service.store().close().await.unwrap();
    // It was down when the second and the third were due.
    let store = open(&house.directory, house.at(400)).await;
    house.service = service(store, "0,2m,5m,15m");
    assert_eq!(house.settle(400).await, 2);
    assert_eq!(house.settle(520).await, 2);
    assert_eq!(house.settle(900).await, 3);
}

#[tokio::test]
async fn the_last_node_begins_it_anew() {
    let house = House::settling_at("0,2m,5m").await;
    let mut facts = quiet("v1.32.4");
    facts.nodes = Ok(vec![node("v1.31.14")]);
    house.is(&facts);
    house.converges(0).await;
    house.settle(0).await;
    house.settle(120).await;
    assert_eq!(
        (house.taken().await, house.state().await.behind),
        (2, Some(1))
    );
    facts.nodes = Ok(vec![node("v1.32.4")]);
    house.is(&facts);
    house.settle(300).await;
    let state = house.state().await;
    assert_eq!((state.taken, state.behind), (1, Some(0)));
    assert_eq!(state.converged_at.as_second(), house.at(300).as_second());
}

#[tokio::test]
async fn a_version_that_grew_unwatched_is_noticed() {
    let house = House::settling_at("0,2m,5m").await;
    house.is(&quiet("v1.31.14"));
    house.service.facts(&house.cluster).await.unwrap();
    let cluster = async || {
        house
            .service
            .cluster(&house.cluster.project_id, &house.cluster.id)
            .await
    };
    let store = house.service.store();
    assert_eq!(store.settling(&house.cluster.id).await.unwrap(), None);
    house.is(&quiet("v1.32.4"));
    let known = cluster().await.unwrap();
    house.service.facts(&known).await.unwrap();
    assert_eq!(house.state().await.version, "v1.32.4");
    // The same news again begins nothing.
    let begun = house.state().await.converged_at;
    house.service.facts(&known).await.unwrap();
    assert_eq!(house.state().await.converged_at, begun);
}

#[tokio::test]
async fn looks_at_once_need_no_waiting() {
    let house = House::settling_at("0,0").await;
    house.baseline().await;
    let (phase, message) = house.postcheck(0).await;
    assert_eq!(phase, Phase::Failed, "{message}");
    assert!(house.taken().await >= 2);
    house.shows(&["web", "db"]);
    let (_, message) = house.postcheck(1).await;
    assert!(!message.contains("PostWorkloadBaseline"), "{message}");
    house.shows(&["web"]);
    let (phase, message) = house.postcheck(2).await;
    assert_eq!(phase, Phase::Failed, "{message}");
}

#[tokio::test]
async fn a_cluster_that_cannot_be_read_is_tried_again() {
    let house = House::settling_at("0,2m").await;
    house.converges(0).await;
    std::fs::remove_file(&house.recording).unwrap();
    assert_eq!(house.settle(0).await, 0);
    assert_eq!(house.settle(29).await, 0);
    house.shows(&["web"]);
    assert_eq!(house.settle(29).await, 0);
    assert_eq!(house.settle(30).await, 1);
    // The second look keeps its distance.
    assert_eq!(house.settle(120).await, 2);
}

/// The process may end while it reads: the next one does everything else first.
#[tokio::test]
async fn a_look_is_put_off_before_it_is_taken() {
    let house = House::settling_at("0,2m").await;
    house.converges(0).await;
    let path = &house.recording;
    std::fs::remove_file(path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
    // Whoever opens a pipe waits for the other end.
    let while_it_reads = async {
        let end = tokio::fs::OpenOptions::new().write(true).open(path).await;
        let next_at = house.state().await.next_at.unwrap();
        drop(end.unwrap());
        next_at.as_second()
    };
    let (_, next_at) = tokio::join!(house.settle(0), while_it_reads);
    assert_eq!(next_at, house.at(30).as_second());
}

/// At the end of time there is none left for the second look at a cluster: planning it panics, as whatever is wrong with one cluster may.
#[tokio::test]
async fn a_panic_over_one_cluster_ends_nothing_of_the_others() {
    let house = House::settling_at("0,2m").await;
    house.converges(0).await;
    house.settle(0).await;
    let project = &house.cluster.project_id;
    let new = NewCluster {
        id: None,
        name: "other".into(),
        alias: None,
        access: house.cluster.access.clone(),
    };
    let store = house.service.store();
    let other = store.add_cluster(project, new, house.begun).await.unwrap();
    let at = house.begun;
    house
        .service
        .converged(&other, "v1.32.4", at)
        .await
        .unwrap();
    let end = Timestamp::MAX - SignedDuration::from_secs(60);
    house.service.settle(end).await.unwrap();
    assert_eq!(house.taken().await, 2);
    let other = store.settling(&other.id).await.unwrap();
    assert_eq!(other.unwrap().taken, 0, "it did not panic");
}
