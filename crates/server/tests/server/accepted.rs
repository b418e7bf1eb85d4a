//! What is accepted: by a request, with its caller in the assessment and in the trail, and by a file of the operator.

use std::time::Duration;

use airworthy_model::{Assessment, CheckInfo, Group, Kind, Phase, Severity, WaiverFault};
use airworthy_service::{ClusterSettings, Settings, Workers};
use airworthy_store::{Access, NewCluster, TaskKind};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fixture::{Fixture, precheck};

/// A recording of a real API server.
const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../airworthy/demo/recording.tar"
);

/// A cluster in front of the recording, and the id that its calls need.
async fn recorded(fixture: &Fixture) -> String {
    let new = NewCluster {
        id: None,
        name: "recorded".into(),
        alias: None,
        access: Access::Recording {
            path: RECORDING.into(),
        },
    };
    let project = &fixture.ours.project.id;
    let added = fixture.store.add_cluster(project, new, Timestamp::now());
    added.await.unwrap().id
}

/// A pre-check that has ended: what is shown of it, and its assessment.
async fn judged(fixture: &Fixture, cluster: &str, skips: &Value) -> (Value, Assessment) {
    let workers = Workers::start(&fixture.service);
    let target = format!("{}/{cluster}/operation/precheck", fixture.ours.clusters());
    let mut body = precheck("v1.32");
    body["spec"]["skippedCheckItemList"] = skips.clone();
    let created = fixture.post(&target, &body).await.ok();
    let id = created["metadata"]["uid"].as_str().unwrap().to_owned();
    let ended = fixture.store.finished(&id, Duration::from_secs(1));
    let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
    ended.unwrap().unwrap();
    workers.stop().await;
    let shown = fixture.get(&format!("{target}/tasks/{id}")).await.ok();
    let project = &fixture.ours.project.id;
    let task = fixture
        .store
        .task(project, cluster, TaskKind::Precheck, &id);
    let result = task.await.unwrap().unwrap().result.unwrap();
    (shown, serde_json::from_slice(&result).unwrap())
}

/// The items that are shown, by name.
fn items(shown: &Value) -> Vec<(String, String, String)> {
    let groups = ["clusterCheckStatus", "addonCheckStatus"];
    let items = groups.map(|group| shown["status"][group]["itemsStatus"].as_array().cloned());
    let text = |item: &Value, member: &str| item[member].as_str().unwrap().to_owned();
    let items = items.into_iter().flatten().flatten();
    items
        .map(|item| {
            (
                text(&item, "name"),
                text(&item, "kind"),
                text(&item, "phase"),
            )
        })
        .collect()
}

#[tokio::test]
async fn what_a_request_skips_bears_its_caller_and_is_in_the_trail() {
    let fixture = Fixture::new().await;
    let cluster = recorded(&fixture).await;
    let (before, _) = judged(&fixture, &cluster, &json!([])).await;
    let risks = items(&before).into_iter();
    let risks = risks.filter(|(_, kind, phase)| kind == "Risk" && phase == "Failed");
    let names: Vec<_> = risks.map(|(name, ..)| name).collect();
    assert!(!names.is_empty(), "{before}");
    let skips: Value = names.iter().map(|name| json!({ "name": name })).collect();
    // The same list may be sent again: what was skipped is still something that may be.
    for _ in 0..2 {
        let (after, assessment) = judged(&fixture, &cluster, &skips).await;
        assert_eq!(after["spec"]["skippedCheckItemList"], skips);
        let shown = items(&after);
        assert!(
            !shown.iter().any(|(name, ..)| names.contains(name)),
            "{shown:?}"
        );
        let actor = format!("key:{}", fixture.ours.key.ak);
        for name in &names {
            let mut accepted = assessment.waived.iter().filter(|it| it.check == *name);
            let waiver = &accepted.next().expect("it stays in the assessment").waiver;
            assert_eq!(
                (&waiver.owner, waiver.reason.as_str()),
                (&actor, "skipped by API")
            );
        }
    }
    let kept = fixture
        .store
        .trail(&fixture.ours.project.id, None, 1)
        .await
        .unwrap();
    let detail = kept[0].entry.detail.clone().unwrap();
    assert_eq!(detail, format!("skips {}", names.join(", ")));
}

#[tokio::test]
async fn a_skip_of_some_nodes_says_which_in_the_trail() {
    let fixture = Fixture::new().await;
    let cluster = recorded(&fixture).await;
    let all = airworthy_assess::catalogue(Some(Phase::Pre));
    let of_nodes = |info: &&&CheckInfo| info.group == Group::NodeCheck && info.kind == Kind::Risk;
    let name = all.iter().find(of_nodes).expect("there is one").name;
    let skips = json!([{ "name": name,
        "resourceSelector": { "key": "node.uid", "values": ["u1", "u2"], "operator": "In" } }]);
    let (shown, assessment) = judged(&fixture, &cluster, &skips).await;
    assert_eq!(shown["spec"]["skippedCheckItemList"], skips);
    assert!(assessment.waived.is_empty(), "no node has those uids");
    let kept = fixture
        .store
        .trail(&fixture.ours.project.id, None, 1)
        .await
        .unwrap();
    let detail = kept[0].entry.detail.clone().unwrap();
    assert_eq!(detail, format!("skips {name} on nodes u1 u2"));
}

#[tokio::test]
async fn what_the_operator_waived_in_a_file_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("waivers.toml");
    std::fs::write(&file, "").unwrap();
    let fixture = Fixture::with(Settings {
        clusters: vec![ClusterSettings {
            waivers: Some(file.clone()),
            ..ClusterSettings::of("ours-1", "recorded")
        }],
        ..Settings::default()
    })
    .await;
    let cluster = recorded(&fixture).await;
    let (_, before) = judged(&fixture, &cluster, &json!([])).await;
    let risk = before
        .of(Severity::Risk)
        .next()
        .expect("the recording has one");
    let row = format!(
        "[[waiver]]\ncheck = \"{}\"\nfingerprint = \"{}\"\nowner = \"team\"\nreason = \"known\"\nexpires = 2099-12-31\n",
        risk.check,
        risk.fingerprint()
    );
    // The next run reads it anew.
    std::fs::write(&file, row).unwrap();
    let (_, after) = judged(&fixture, &cluster, &json!([])).await;
    assert_eq!(after.waived.len(), 1);
    assert_eq!(after.waived[0].waiver.source, "waivers.toml:1");
    assert_eq!(after.findings.len(), before.findings.len() - 1);
    // One that cannot be read accepts nothing, and the result says so.
    std::fs::write(&file, "[[waiver]]\n").unwrap();
    let (_, broken) = judged(&fixture, &cluster, &json!([])).await;
    assert_eq!(broken.findings.len(), before.findings.len());
    assert_eq!(broken.waiver_notes[0].fault, WaiverFault::Unreadable);
}
