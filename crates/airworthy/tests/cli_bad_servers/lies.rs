//! Clusters that say one thing and then another, or whose clock is not ours: told, and never a bare *ready*.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    common_cli::{Ended, Recordings, airworthy, kubeconfig::for_server},
    fake::{Fake, Reply, json, list},
};

async fn precheck(fake: &Fake, more: &[&str]) -> Ended {
    let folder = Recordings::new();
    let config = for_server(&format!("http://{}", fake.address));
    let config = folder.bytes("kubeconfig", config.as_bytes());
    let config = config.to_str().expect("a path of ours");
    let args = [
        "precheck",
        "-o",
        "json",
        "--kubeconfig",
        config,
        "--control-plane",
        "managed",
    ];
    airworthy([&args[..], more].concat()).ended().await
}

fn findings<'a>(report: &'a Value, check: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().expect("findings");
    all.iter().filter(|one| one["check"] == check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_behind_one_address_are_never_a_bare_ready() {
    let versions = ["v1.32.1", "v1.31.14"];
    let fake = Fake::start(move |seen, earlier| {
        let version = || json(&format!(r#"{{"gitVersion":"{}"}}"#, versions[earlier % 2]));
        (seen.path == "/version").then(version)
    });
    let fake = fake.await;
    for fail_on in ["blocker", "risk"] {
        let ended = precheck(&fake, &["--target", "1.32", "--fail-on", fail_on]).await;
        let report = ended.json();
        assert_ne!(report["verdict"], "ready", "{ended}");
        assert_eq!(report["version"], "v1.31.14", "{ended}");
        let told = findings(&report, "EvidenceIncomplete");
        let told = told.iter().find(|one| one["subject"]["name"] == "/version");
        let told = told.unwrap_or_else(|| panic!("nothing is told: {ended}"));
        assert_eq!(told["severity"], "risk", "{ended}");
        assert!(
            told["message"]
                .as_str()
                .is_some_and(|text| text.contains("v1.31.14, v1.32.1")),
            "{ended}"
        );
        assert!(fail_on == "blocker" || ended.code != 0, "{ended}");
    }
}

/// A head line that tells this time. A head is a constant of the stand-in; a test of a clock has a handful of them.
fn date(now: Timestamp) -> &'static str {
    format!("Date: {}\r\n", now.strftime("%a, %d %b %Y %H:%M:%S GMT")).leak()
}

/// A node that calls itself ready and renewed its lease so long ago, by a clock so many hours ahead of ours.
async fn with_a_lease(hours: i64, ago: i64) -> Ended {
    let now = Timestamp::now() + SignedDuration::from_hours(hours);
    let renewed = now - SignedDuration::from_secs(ago);
    let long_ago = now - SignedDuration::from_hours(900);
    let date = date(now);
    let node = format!(
        r#"{{"metadata":{{"name":"n1","creationTimestamp":"{long_ago}"}},"status":{{
            "conditions":[{{"type":"Ready","status":"True","lastTransitionTime":"{long_ago}"}}],
            "nodeInfo":{{"kubeletVersion":"v1.31.14"}}}}}}"#
    );
    let lease = format!(
        r#"{{"metadata":{{"name":"n1","namespace":"kube-node-lease"}},"spec":{{"holderIdentity":"n1","leaseDurationSeconds":40,
            "renewTime":"{}"}}}}"#,
        renewed.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    );
    let fake = Fake::start(move |seen, _| match seen.path.as_str() {
        "/version" => {
            let body = br#"{"gitVersion":"v1.31.14"}"#.to_vec();
            Some(Reply::Whole(200, "application/json", date, body))
        }
        "/api/v1/nodes" => Some(json(&list("NodeList", "", std::slice::from_ref(&node)))),
        path if path.contains("/kube-node-lease/") => {
            Some(json(&list("LeaseList", "", std::slice::from_ref(&lease))))
        }
        _ => None,
    });
    precheck(&fake.await, &["--target", "1.32"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_the_server_says_how_old_a_lease_is() {
    for hours in [-7, 0, 7] {
        for (ago, silent) in [(5, false), (3_600, true)] {
            let ended = with_a_lease(hours, ago).await;
            let report = ended.json();
            assert_eq!(
                !findings(&report, "NodeReady").is_empty(),
                silent,
                "{hours}, {ago}: {ended}"
            );
            let told = findings(&report, "EvidenceIncomplete");
            let told = told.iter().filter_map(|one| one["message"].as_str());
            let told = told.filter(|text| text.contains("clock")).count();
            assert_eq!(told, usize::from(hours != 0), "{hours}: {ended}");
        }
    }
}

/// A waiver ends by whichever clock is ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_waiver_that_has_ended_for_the_server_has_ended() {
    for (hours, counts) in [(0, 0), (48, 1)] {
        let now = Timestamp::now() + SignedDuration::from_hours(hours);
        let date = date(now);
        let fake = Fake::start(move |seen, _| match seen.path.as_str() {
            "/version" => {
                let body = br#"{"gitVersion":"v1.31.14"}"#.to_vec();
                Some(Reply::Whole(200, "application/json", date, body))
            }
            "/api/v1/persistentvolumeclaims" => {
                let claim =
                    r#"{"metadata":{"name":"c","namespace":"n"},"status":{"phase":"Lost"}}"#;
                Some(json(&list(
                    "PersistentVolumeClaimList",
                    "",
                    &[claim.to_owned()],
                )))
            }
            _ => None,
        });
        let ends = Timestamp::now() + SignedDuration::from_hours(24);
        let text = format!(
            "waivers:\n- check: PvcUnhealthy\n  subject: PersistentVolumeClaim n/c\n  owner: team\n  reason: known\n  expires: {}\n",
            ends.strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        let folder = Recordings::new();
        let waivers = folder.bytes("waivers.yaml", text.as_bytes());
        let waivers = waivers.to_str().expect("a path of ours");
        let ended = precheck(&fake.await, &["--target", "1.32", "--waivers", waivers]).await;
        assert_eq!(
            findings(&ended.json(), "PvcUnhealthy").len(),
            counts,
            "{hours}: {ended}"
        );
    }
}
