//! Upgrades as their callers meet them: accepted, refused, watched, tried again.

use std::{fs, time::Duration};

use airworthy_drivers::{Means, Program};
use airworthy_service::{CheckBeforeUpgrade, ClusterSettings, DriverSettings, Settings, Workers};
use airworthy_store::{Lease, Observed, Outcome, Parked, Phase, TaskKind};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::fixture::{Answered, Fixture, LEASE, precheck};

const UPGRADE: &str = "/operation/upgrade";
const RETRY: &str = "/operation/upgrade/retry";
const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

/// As the Python SDK sends it, without what may be left out.
fn body(target: &str) -> Value {
    json!({
        "metadata": { "apiVersion": "v3", "kind": "UpgradeTask" },
        "spec": { "clusterUpgradeAction": {
            "strategy": { "type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": { "userDefinedStep": 20 } },
            "targetVersion": target,
        } },
    })
}

fn only_upgrade(target: &str) -> Value {
    let mut body = body(target);
    body["spec"]["clusterUpgradeAction"]["isOnlyUpgrade"] = true.into();
    body
}

impl Fixture {
    async fn upgrade(&self, body: &Value) -> Answered {
        self.post(&self.ours.path(UPGRADE), body).await
    }

    async fn accepted(&self, target: &str) -> String {
        let answer = self.upgrade(&body(target)).await.ok();
        answer["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    async fn retry(&self) -> Answered {
        self.call(Method::POST, &self.ours.path(RETRY), "").await
    }

    async fn shown(&self, uid: &str) -> Value {
        let target = self.ours.path(&format!("{UPGRADE}/tasks/{uid}"));
        self.get(&target).await.ok()
    }

    async fn listed(&self) -> Vec<Value> {
        let listed = self.get(&self.ours.path("/operation/upgrade/tasks")).await;
        let listed = listed.ok();
        assert_eq!(
            (&listed["kind"], &listed["apiVersion"]),
            (&json!("List"), &json!("v3"))
        );
        listed["items"].as_array().unwrap().clone()
    }

    async fn claim(&self) -> Lease {
        let claimed = self.store.claim("test", Timestamp::now(), LEASE).await;
        claimed.unwrap().expect("a task is due")
    }

    async fn cluster_phase(&self) -> Value {
        let shown = self.get(&self.ours.path("")).await.ok();
        shown["status"]["phase"].clone()
    }

    async fn ended(&self, uid: &str) -> Value {
        let ended = self.store.finished(uid, Duration::from_millis(100));
        let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
        ended.expect("it ends").unwrap().expect("it is there");
        self.shown(uid).await
    }
}

#[tokio::test]
async fn an_upgrade_is_answered_with_its_resolved_target() {
    let fixture = Fixture::new().await;
    let answer = fixture.upgrade(&body("v1.32")).await.ok();
    let uid = &answer["metadata"]["uid"];
    let newest = answer["spec"]["clusterUpgradeAction"]["targetVersion"]
        .as_str()
        .unwrap();
    assert!(
        newest.starts_with("v1.32.") && newest.ends_with("-r0"),
        "{newest}"
    );
    assert_eq!(
        answer,
        json!({
            "metadata": { "uid": uid },
            "spec": { "clusterUpgradeAction": {
                "version": "v1.31.14-r0",
                "targetVersion": newest,
                "strategy": {
                    "type": "inPlaceRollingUpdate",
                    "inPlaceRollingUpdate": { "userDefinedStep": 20, "scope": "Cluster" },
                },
                "config": {},
            } },
        })
    );
}

#[tokio::test]
async fn a_fresh_upgrade_is_shown_and_makes_the_cluster_upgrading() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.cluster_phase().await, "Available");
    let uid = fixture.accepted("v1.32.4-r0").await;
    assert_eq!(fixture.cluster_phase().await, "Upgrading");
    let shown = fixture.shown(&uid).await;
    let made = shown["metadata"]["creationTimestamp"].clone();
    assert!(made.as_str().unwrap().ends_with(" +0000 UTC"), "{made}");
    assert_eq!(
        shown,
        json!({
            "apiVersion": "v3",
            "kind": "UpgradeTask",
            "metadata": { "uid": uid, "creationTimestamp": made, "updateTimestamp": made },
            "spec": { "version": "v1.31.14-r0", "targetVersion": "v1.32.4-r0" },
            "status": { "phase": "Init", "progress": "0" },
        })
    );
    assert_eq!(fixture.listed().await, [shown]);
}

#[tokio::test]
async fn progress_is_text_and_grows_until_the_end() {
    let fixture = Fixture::new().await;
    let uid = fixture.accepted("v1.32").await;
    for (progress, shown) in [(35, "35"), (20, "35"), (90, "90")] {
        let lease = fixture.claim().await;
        assert_eq!(fixture.shown(&uid).await["status"]["phase"], "Running");
        let now = Timestamp::now();
        let parked = Parked {
            progress,
            scratch: None,
            message: Some("on its way".into()),
            again_at: now,
        };
        fixture.store.park(&lease, parked, None, now).await.unwrap();
        let status = fixture.shown(&uid).await["status"].clone();
        assert_eq!(
            status,
            json!({ "phase": "Running", "progress": shown, "message": "on its way" })
        );
    }
    fixture.finish(Phase::Success, None).await;
    let status = fixture.shown(&uid).await["status"].clone();
    assert_eq!(
        (&status["phase"], &status["progress"]),
        (&json!("Success"), &json!("100"))
    );
    assert!(
        status["completionTime"]
            .as_str()
            .unwrap()
            .ends_with(" +0000 UTC")
    );
    assert_eq!(fixture.cluster_phase().await, "Available");
}

#[tokio::test]
async fn targets_that_no_way_leads_to_are_not_supported() {
    let fixture = Fixture::new().await;
    for (target, words) in [
        ("v1.31.14-r0", "nothing to upgrade"),
        ("v1.31", "nothing to upgrade"),
        ("v1.30", "below"),
        ("v1.31.2", "below"),
        ("v1.33", "2 minors above"),
        ("v1.99", "not known"),
        ("latest", "not a Kubernetes version"),
    ] {
        let message = fixture
            .upgrade(&body(target))
            .await
            .refused(400, "CCE.01400015");
        assert!(message.contains(words), "{target}: {message}");
    }
    assert!(fixture.listed().await.is_empty());
}

#[tokio::test]
async fn a_cluster_that_is_being_created_is_not_upgraded() {
    let fixture = Fixture::new().await;
    let seen = Observed {
        phase: Some("Creating".into()),
        ..Observed::default()
    };
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let now = Timestamp::now();
    let seen = fixture.store.update_observed(project, cluster, &seen, now);
    seen.await.unwrap();
    let message = fixture
        .upgrade(&body("v1.32"))
        .await
        .refused(400, "CCE.01400001");
    assert!(message.contains("being created"), "{message}");
}

#[tokio::test]
async fn bodies_that_are_none_are_refused() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path(UPGRADE);
    for text in ["", "{", "[]", "{}", "{\"metadata\":{}}"] {
        fixture
            .call(Method::POST, &target, text)
            .await
            .refused(400, "CCE.01400001");
    }
    let mut wrong = body("v1.32");
    wrong["metadata"]["kind"] = "PreCheckTask".into();
    fixture.upgrade(&wrong).await.refused(400, "CCE.01400001");
}

#[tokio::test]
async fn upgrades_exclude_each_other_and_what_looks_at_the_cluster() {
    let fixture = Fixture::new().await;
    let uid = fixture.accepted("v1.32").await;
    let message = fixture
        .upgrade(&body("v1.32"))
        .await
        .refused(409, "CCE.01409001");
    assert!(message.contains(&uid), "{message}");
    for rest in ["/operation/precheck", "/operation/snapshot"] {
        let (target, body) = match rest {
            "/operation/snapshot" => (fixture.ours.path(rest).replace("/v3/", "/v3.1/"), json!({})),
            _ => (fixture.ours.path(rest), precheck("v1.32")),
        };
        let message = fixture
            .post(&target, &body)
            .await
            .refused(409, "CCE.01409001");
        assert!(message.contains(&uid), "{message}");
    }
    let postcheck = json!({ "apiVersion": "v3", "kind": "PostCheckTask", "spec": {} });
    let target = fixture.ours.path("/operation/postcheck");
    fixture
        .post(&target, &postcheck)
        .await
        .refused(400, "CCE.01400001");
    fixture.finish(Phase::Failed, None).await;
    fixture
        .post(
            &fixture.ours.path("/operation/precheck"),
            &precheck("v1.32"),
        )
        .await
        .ok();
    fixture
        .upgrade(&body("v1.32"))
        .await
        .refused(409, "CCE.01409001");
    fixture.retry().await.refused(409, "CCE.01409001");
}

#[tokio::test]
async fn an_open_workflow_takes_its_upgrade_and_refuses_one_of_another_target() {
    let fixture = Fixture::new().await;
    let flow =
        json!({ "kind": "WorkFlowTask", "apiVersion": "v3", "spec": { "targetVersion": "v1.32" } });
    let flows = fixture.ours.path("/operation/upgradeworkflows");
    let flow = fixture.post(&flows, &flow).await.json();
    let message = fixture
        .upgrade(&body("v1.31.99"))
        .await
        .refused(400, "CCE.01400001");
    assert!(
        message.contains(flow["metadata"]["uid"].as_str().unwrap()),
        "{message}"
    );
    let uid = fixture.accepted("v1.32").await;
    let shown = async || {
        let one = format!("{flows}/{}", flow["metadata"]["uid"].as_str().unwrap());
        fixture.get(&one).await.ok()["status"].clone()
    };
    let status = shown().await;
    let point = &status["pointStatuses"][2];
    assert_eq!(
        (&status["phase"], &point["taskID"]),
        (&json!("Running"), &json!(uid))
    );
    assert_eq!(point["taskType"], "Cluster");
    fixture.finish(Phase::Failed, None).await;
    assert_eq!(shown().await["phase"], "Pending");
    fixture.retry().await.ok();
    let status = shown().await;
    assert_eq!(
        (&status["phase"], &status["pointStatuses"][2]["status"]),
        (&json!("Running"), &json!("Queuing"))
    );
}

#[tokio::test]
async fn a_failed_upgrade_is_tried_again_with_its_id() {
    let fixture = Fixture::new().await;
    let message = fixture.retry().await.refused(400, "CCE.01400001");
    assert!(message.contains("none was ever begun"), "{message}");
    let uid = fixture.accepted("v1.32").await;
    let message = fixture.retry().await.refused(400, "CCE.01400001");
    assert!(message.contains("is unfinished"), "{message}");
    let made = fixture.shown(&uid).await["metadata"]["creationTimestamp"].clone();
    for phase in [Phase::Failed, Phase::Error] {
        fixture.finish(phase, None).await;
        // A task that could not be carried out has failed, too: the wire has no other word.
        assert_eq!(fixture.shown(&uid).await["status"]["phase"], "Failed");
        assert_eq!(fixture.retry().await.ok(), json!({}));
        let shown = fixture.shown(&uid).await;
        assert_eq!(
            shown["status"],
            json!({ "phase": "Queuing", "progress": "0" })
        );
        assert_eq!(shown["metadata"]["creationTimestamp"], made);
        assert_eq!(fixture.cluster_phase().await, "Upgrading");
    }
    fixture.finish(Phase::Success, None).await;
    let message = fixture.retry().await.refused(400, "CCE.01400001");
    assert!(message.contains("succeeded"), "{message}");
    assert_eq!(fixture.listed().await.len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_others_projects_are_walls() {
    let fixture = Fixture::new().await;
    let uid = fixture.accepted("v1.32").await;
    let ours = |rest: &str| fixture.ours.path(rest);
    fixture
        .get(&ours(&format!("{UPGRADE}/tasks/{ABSENT}")))
        .await
        .refused(404, "CCE.01404001");
    fixture
        .get(&ours(&format!("{UPGRADE}/tasks/{uid}x")))
        .await
        .refused(400, "CCE.01400001");
    let check = fixture
        .get(&ours(&format!("/operation/precheck/tasks/{uid}")))
        .await;
    check.refused(404, "CCE.01404001");
    let elsewhere = format!("{}/{ABSENT}", fixture.ours.clusters());
    let strangers = format!("{}/{}", fixture.ours.clusters(), fixture.theirs.cluster.id);
    for base in [elsewhere, strangers] {
        fixture
            .post(&format!("{base}{UPGRADE}"), &body("v1.32"))
            .await
            .refused(404, "CCE.01404001");
        fixture
            .post(&format!("{base}{RETRY}"), &json!({}))
            .await
            .refused(404, "CCE.01404001");
        fixture
            .get(&format!("{base}{UPGRADE}/tasks"))
            .await
            .refused(404, "CCE.01404001");
        fixture
            .get(&format!("{base}{UPGRADE}/tasks/{uid}"))
            .await
            .refused(404, "CCE.01404001");
    }
    let theirs = fixture.theirs.path(&format!("{UPGRADE}/tasks/{uid}"));
    let message = fixture.get(&theirs).await.refused(403, "CCE.01403001");
    assert!(!message.contains(&uid), "{message}");
}

/// A service that upgrades only after a check.
async fn strict() -> Fixture {
    Fixture::with(Settings {
        check_before_upgrade: CheckBeforeUpgrade::Required,
        ..Settings::default()
    })
    .await
}

impl Fixture {
    /// A pre-check that ended, and until when it counts, in seconds from now.
    async fn checked(&self, target: &str, phase: Phase, seconds: i64) {
        let path = self.ours.path("/operation/precheck");
        self.post(&path, &precheck(target)).await.ok();
        let lease = self.claim().await;
        assert_eq!(lease.task.kind, TaskKind::Precheck);
        let now = Timestamp::now();
        let outcome = Outcome {
            phase,
            message: None,
            result: None,
            expires_at: Some(now + SignedDuration::from_secs(seconds)),
        };
        self.store.finish(&lease, outcome, None, now).await.unwrap();
    }
}

#[tokio::test]
async fn where_a_check_is_required_one_that_counts_must_be_there() {
    let fixture = strict().await;
    let refused = async |words: &str| {
        for body in [body("v1.32"), only_upgrade("v1.32")] {
            let message = fixture.upgrade(&body).await.refused(400, "CCE.01400001");
            assert!(message.contains(words), "{message}");
        }
    };
    refused("no pre-check of v1.32.").await;
    fixture.checked("v1.31.99", Phase::Success, 3600).await;
    refused("no pre-check of v1.32.").await;
    fixture.checked("v1.32", Phase::Success, -1).await;
    refused("has expired").await;
    fixture.checked("v1.32", Phase::Success, 3600).await;
    fixture.checked("v1.32", Phase::Failed, 3600).await;
    refused("failed").await;
    fixture.checked("v1.32", Phase::Success, 3600).await;
    // The same version in other words.
    let exact = fixture
        .get(&fixture.ours.path("/operation/precheck/tasks"))
        .await;
    let exact = exact.ok()["items"][0]["spec"]["targetVersion"].clone();
    let uid = fixture.accepted(exact.as_str().unwrap()).await;
    fixture.finish(Phase::Failed, None).await;
    fixture.retry().await.ok();
    fixture.finish(Phase::Failed, None).await;
    fixture.checked("v1.32", Phase::Failed, 3600).await;
    let message = fixture.retry().await.refused(400, "CCE.01400001");
    assert!(message.contains("failed"), "{message}");
    assert_eq!(fixture.shown(&uid).await["status"]["phase"], "Failed");
}

/// Our cluster, upgraded by a program.
fn by_program(script: &str) -> (Settings, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let cluster = ClusterSettings {
        driver: DriverSettings {
            means: Means::Command(Program {
                file: "/bin/sh".into(),
                arguments: vec!["-c".into(), script.into()],
                environment: Vec::new(),
                deadline: Duration::from_mins(1),
            }),
            grace: Duration::ZERO,
            ..DriverSettings::default()
        },
        ..ClusterSettings::of("ours-1", "ours-1-prod")
    };
    let this = std::env::current_exe().unwrap().into_os_string();
    let words = ["upgrades::a_supervisor", "--exact", "--nocapture", "--"];
    let settings = Settings {
        clusters: vec![cluster],
        upgrades: folder.path().join("upgrades"),
        supervisor: [this].into_iter().chain(words.map(Into::into)).collect(),
        probe_deadline: Duration::from_secs(2),
        ..Settings::default()
    };
    (settings, folder)
}

/// No test: what the others start as their supervisor. Without a folder it does nothing.
#[test]
fn a_supervisor() {
    let mut words = std::env::args().skip(1);
    let asked = words
        .next()
        .is_some_and(|word| word == "upgrades::a_supervisor");
    let folder = words
        .next_back()
        .filter(|folder| fs::exists(format!("{folder}/job")).unwrap_or(false));
    if let Some(folder) = folder.filter(|_| asked) {
        airworthy_drivers::program::supervise(folder.as_ref()).unwrap();
    }
}

/// The check inside cannot read the cluster: the upgrade fails before anything is run.
#[tokio::test]
async fn without_a_check_that_passes_no_driver_is_asked() {
    let (settings, folder) = by_program("touch ../../../ran");
    let fixture = Fixture::with(settings).await;
    let workers = Workers::start(&fixture.service);
    let uid = fixture.accepted("v1.32").await;
    let ended = fixture.ended(&uid).await;
    workers.stop().await;
    assert_eq!(ended["status"]["phase"], "Failed", "{ended}");
    let message = ended["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the check inside the upgrade failed: "),
        "{message}"
    );
    assert!(
        !message.contains("/nowhere"),
        "callers learn nothing of our files: {message}"
    );
    assert!(!folder.path().join("upgrades").exists());
}

/// A program that says it is done does not make the cluster run the target.
#[tokio::test]
async fn what_a_driver_says_is_verified() {
    let (settings, folder) = by_program("echo $AIRWORTHY_ATTEMPT >> ../../../ran");
    let forgotten = settings.upgrades.join(ABSENT).join("1");
    fs::create_dir_all(&forgotten).unwrap();
    let fixture = Fixture::with(settings).await;
    let workers = Workers::start(&fixture.service);
    let answer = fixture.upgrade(&only_upgrade("v1.32")).await.ok();
    let uid = answer["metadata"]["uid"].as_str().unwrap();
    let ended = fixture.ended(uid).await;
    let message = ended["status"]["message"].as_str().unwrap().to_owned();
    assert_eq!(ended["status"]["phase"], "Failed", "{ended}");
    assert!(message.contains("is not reached"), "{message}");
    assert_eq!(ended["status"]["progress"], "95");
    assert_eq!(fixture.cluster_phase().await, "Unavailable");
    fixture.retry().await.ok();
    let ended = fixture.ended(uid).await;
    workers.stop().await;
    assert_eq!(ended["status"]["phase"], "Failed");
    let ran = fs::read_to_string(folder.path().join("ran")).unwrap();
    assert_eq!(ran, "1\n2\n", "each attempt ran it once");
    assert!(
        !forgotten.exists(),
        "the run of a task that is gone is removed"
    );
}

#[tokio::test]
async fn a_program_that_fails_fails_the_upgrade() {
    let (settings, _folder) = by_program("exit 7");
    let fixture = Fixture::with(settings).await;
    let workers = Workers::start(&fixture.service);
    let answer = fixture.upgrade(&only_upgrade("v1.32")).await.ok();
    let ended = fixture
        .ended(answer["metadata"]["uid"].as_str().unwrap())
        .await;
    workers.stop().await;
    assert_eq!(ended["status"]["phase"], "Failed", "{ended}");
    assert_eq!(
        ended["status"]["message"],
        "the program ended with exit code 7"
    );
}
