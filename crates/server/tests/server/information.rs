//! Where clusters may go, how upgrades stand, and what of the API is supported.

use airworthy_service::Settings;
use airworthy_store::{Access, NewCluster, NewTask, Observed, Phase, TaskKind};
use airworthy_upgrade::paths::{Row, Table};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::fixture::{Fixture, LEASE, precheck, request};

const PATHS: &str = "/autopilot/v3/clusterupgradepaths";
const GATES: &str = "/autopilot/v3/clusterupgradefeaturegates";

/// A distribution that goes its own ways from 1.31.
async fn distribution() -> Fixture {
    let paths = Table {
        rows: vec![Row {
            from: "1.31".parse().unwrap(),
            to: vec!["v1.33.2-r4".parse().unwrap(), "1.32".parse().unwrap()],
        }],
        patches: vec![
            "v1.31.4-r80".parse().unwrap(),
            "v1.32.6-r2".parse().unwrap(),
        ],
    };
    Fixture::with(Settings {
        paths,
        ..Settings::default()
    })
    .await
}

async fn runs(fixture: &Fixture, version: &str) {
    let seen = Observed {
        version: Some(version.to_owned()),
        ..Observed::default()
    };
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let now = Timestamp::now();
    let kept = fixture.store.update_observed(project, cluster, &seen, now);
    assert!(kept.await.unwrap());
}

async fn info(fixture: &Fixture) -> Value {
    fixture.get(&fixture.ours.path("/upgradeinfo")).await.ok()
}

#[tokio::test]
async fn a_cluster_that_was_never_upgraded_says_what_it_runs_and_where_it_may_go() {
    let fixture = Fixture::new().await;
    let (store, ours) = (&fixture.store, &fixture.ours);
    let kept = store.cluster(&ours.project.id, &ours.cluster.id).await;
    let kept = kept.unwrap().unwrap();
    let expected = json!({
        "kind": "UpgradeInfo", "apiVersion": "v3",
        "metadata": { "uid": kept.id, "name": "ours-1-prod",
                      "creationTimestamp": kept.created_at.to_string(),
                      "updateTimestamp": kept.updated_at.to_string() },
        "spec": {
            "versionInfo": { "release": "v1.31.14", "patch": "r0", "suggestPatch": "r0",
                             "targetVersions": ["v1.32.13-r0"] },
            "upgradeFeatureGates": { "supportUpgradePageV4": false },
        },
    });
    assert_eq!(info(&fixture).await, expected);
    runs(&fixture, "v1.31.4").await;
    let versions = info(&fixture).await["spec"]["versionInfo"].clone();
    let targets = json!(["v1.31.14-r0", "v1.32.13-r0"]);
    assert_eq!(versions["targetVersions"], targets);
    runs(&fixture, "v1.37.2").await;
    let versions = info(&fixture).await["spec"]["versionInfo"].clone();
    assert_eq!(versions["targetVersions"], json!([]));
}

#[tokio::test]
async fn versions_of_a_distribution_are_split_and_compared_by_number() {
    let fixture = distribution().await;
    for (running, release, patch, suggested, targets) in [
        (
            "v1.31.4-r4",
            "v1.31.4",
            "r4",
            "r80",
            &["v1.31.4-r80", "v1.32.6-r2", "v1.33.2-r4"][..],
        ),
        (
            "v1.31.4-r80",
            "v1.31.4",
            "r80",
            "r80",
            &["v1.32.6-r2", "v1.33.2-r4"],
        ),
        (
            "v1.31.4-r100",
            "v1.31.4",
            "r100",
            "r100",
            &["v1.32.6-r2", "v1.33.2-r4"],
        ),
        (
            "v1.31.2-r7",
            "v1.31.2",
            "r7",
            "r7",
            &["v1.31.4-r80", "v1.32.6-r2", "v1.33.2-r4"],
        ),
    ] {
        runs(&fixture, running).await;
        let versions = info(&fixture).await["spec"]["versionInfo"].clone();
        let expected = json!({ "release": release, "patch": patch, "suggestPatch": suggested, "targetVersions": targets });
        assert_eq!(versions, expected, "{running}");
    }
}

#[tokio::test]
async fn what_is_shown_as_a_target_is_accepted_and_other_ways_are_not() {
    let fixture = distribution().await;
    runs(&fixture, "v1.31.4-r4").await;
    let target = fixture.ours.path("/operation/precheck");
    for (asked, resolved) in [
        ("v1.31.4-r80", "v1.31.4-r80"),
        ("v1.31", "v1.31.4-r80"),
        ("v1.32", "v1.32.6-r2"),
        ("v1.32.6-r2", "v1.32.6-r2"),
        ("v1.33", "v1.33.2-r4"),
    ] {
        let created = fixture.post(&target, &precheck(asked)).await.ok();
        assert_eq!(created["spec"]["targetVersion"], resolved, "{asked}");
        fixture.finish(Phase::Error, None).await;
    }
    for asked in [
        "v1.33.2-r5",
        "v1.33.9",
        "v1.34",
        "v1.31.4-r4",
        "v1.31.4-r3",
        "v1.30",
    ] {
        let refused = fixture.post(&target, &precheck(asked)).await;
        refused.refused(400, "CCE.01400015");
    }
    let told = fixture.post(&target, &precheck("v1.34")).await;
    let told = told.refused(400, "CCE.01400015");
    assert!(
        told.contains("to v1.31.4-r80, v1.32.6-r2, v1.33.2-r4"),
        "{told}"
    );
}

#[tokio::test]
async fn the_upgrade_under_way_is_told_beside_the_last_one_that_ended() {
    let fixture = Fixture::new().await;
    let new = NewTask {
        project_id: fixture.ours.project.id.clone(),
        cluster_id: fixture.ours.cluster.id.clone(),
        workflow: None,
        kind: TaskKind::Upgrade,
        spec: "{}".to_owned(),
        max_attempts: 3,
    };
    let begin = async || fixture.store.enqueue(&new, Timestamp::now()).await.unwrap();
    let standing = async || {
        let info = info(&fixture).await;
        (
            info["status"].clone(),
            info["spec"]["lastUpgradeInfo"].clone(),
        )
    };
    begin().await;
    let fresh = json!({ "phase": "Init", "progress": "0" });
    assert_eq!(standing().await, (fresh.clone(), Value::Null));
    fixture.finish(Phase::Success, None).await;
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let done = fixture
        .store
        .briefs(project, cluster, TaskKind::Upgrade)
        .await;
    let ended = done.unwrap()[0].ended_at.unwrap();
    let ended = airworthy_cce::time::SpacedTime(ended).to_string();
    let success = json!({ "phase": "Success", "progress": "100", "completionTime": ended });
    assert_eq!(standing().await, (success.clone(), success.clone()));
    begin().await;
    assert_eq!(standing().await, (fresh, success.clone()));
    let lease = fixture.store.claim("w", Timestamp::now(), LEASE).await;
    let lease = lease.unwrap().unwrap();
    assert_eq!(standing().await.0["phase"], "Running");
    fixture
        .store
        .release(&lease, Timestamp::now())
        .await
        .unwrap();
    fixture.finish(Phase::Error, None).await;
    let (status, last) = standing().await;
    assert_eq!(status["phase"], "Failed");
    assert_eq!(last, status);
}

#[tokio::test]
async fn a_cluster_that_was_never_reached_has_no_versions() {
    let fixture = Fixture::new().await;
    let new = NewCluster {
        id: None,
        name: "unseen".into(),
        alias: None,
        access: Access::Kubeconfig {
            path: "/nowhere/kubeconfig".into(),
            context: None,
        },
    };
    let project = &fixture.ours.project.id;
    let cluster = fixture
        .store
        .add_cluster(project, new, Timestamp::now())
        .await;
    let target = format!(
        "{}/{}/upgradeinfo",
        fixture.ours.clusters(),
        cluster.unwrap().id
    );
    let shown = fixture.get(&target).await.ok();
    assert_eq!(shown["spec"].get("versionInfo"), None, "{shown}");
    assert_eq!(shown["metadata"]["name"], "unseen");
}

#[tokio::test]
async fn each_minor_leads_to_the_next_and_old_ones_are_exact() {
    let fixture = Fixture::new().await;
    let shown = fixture.get(PATHS).await.ok();
    let ways = shown["upgradePaths"].as_array().unwrap();
    assert_eq!(ways.len(), 18, "1.19 to 1.36");
    let way = |version: &str| ways.iter().find(|way| way["version"] == version).cloned();
    for (from, to) in [
        ("v1.19.16-r0", "v1.20.15-r0"),
        ("v1.20.15-r0", "v1.21.14-r0"),
        ("v1.21", "v1.22.17-r0"),
        ("v1.31", "v1.32.13-r0"),
        ("v1.36", "v1.37.2-r0"),
    ] {
        let expected = json!({ "version": from, "targetVersions": [to] });
        assert_eq!(way(from), Some(expected), "{shown}");
    }
    assert_eq!(way("v1.37"), None);
    let frame = json!({ "apiVersion": "v3", "kind": "ClusterUpgradePaths", "metadata": {},
                        "upgradePaths": shown["upgradePaths"] });
    assert_eq!(shown, frame);
    let own = distribution().await.get(PATHS).await.ok();
    let ways = own["upgradePaths"].as_array().unwrap();
    let row = json!({ "version": "v1.31", "targetVersions": ["v1.32.6-r2", "v1.33.2-r4"] });
    assert!(ways.contains(&row), "{own}");
}

#[tokio::test]
async fn gates_say_what_there_is() {
    let fixture = Fixture::new().await;
    let expected = json!({
        "apiVersion": "v3", "kind": "ClusterUpgradeFeatureGates", "metadata": {},
        "upgradeFeatureGates": {
            "DisplayPreCheckDetail": "Support", "EvsSnapshot": "Disable",
            "LabelForSkippedNode": "Disable", "UpgradeStrategy": "Default",
        },
    });
    assert_eq!(fixture.get(GATES).await.ok(), expected);
}

/// These paths name no project: the header alone does.
#[tokio::test]
async fn routes_without_a_project_are_walled_by_the_header() {
    let fixture = Fixture::new().await;
    for target in [PATHS, GATES] {
        for (project, status) in [
            (&fixture.ours.project.id, 200),
            (&fixture.theirs.project.id, 403),
        ] {
            let mut request = request(&fixture.ours.key, http::Method::GET, target, "");
            let named = project.parse().unwrap();
            request.headers_mut().insert("x-project-id", named);
            let answer = fixture.send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        }
    }
}

/// What was seen in the last half minute is taken as it is; what is older is asked for again.
#[tokio::test]
async fn a_version_that_was_just_seen_is_not_asked_for() {
    let fixture = Fixture::new().await;
    let new = NewCluster {
        id: None,
        name: "recorded".into(),
        alias: None,
        access: Access::Recording {
            path: concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../airworthy/demo/recording.tar"
            )
            .into(),
        },
    };
    let (store, project) = (&fixture.store, &fixture.ours.project.id);
    let cluster = store.add_cluster(project, new, Timestamp::now()).await;
    let cluster = cluster.unwrap();
    let target = format!("{}/{}/upgradeinfo", fixture.ours.clusters(), cluster.id);
    for (seconds_ago, asked) in [(0, false), (25, false), (31, true), (-60, true)] {
        let seen = Observed {
            version: Some("v1.30.2".to_owned()),
            ..Observed::default()
        };
        let then = Timestamp::now() - SignedDuration::from_secs(seconds_ago);
        let kept = store.update_observed(project, &cluster.id, &seen, then);
        assert!(kept.await.unwrap());
        let shown = fixture.get(&target).await.ok();
        let release = shown["spec"]["versionInfo"]["release"].as_str().unwrap();
        assert_eq!(release != "v1.30.2", asked, "{seconds_ago}: {release}");
    }
}
