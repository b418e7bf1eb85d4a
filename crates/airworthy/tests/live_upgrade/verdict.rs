//! What a whole post-check says: right after a good upgrade, without a baseline, with that of another cluster.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::upgraded::upgraded;
use crate::common_live::{airworthy, kubectl, live, set_image};

/// A recording of some other cluster.
const ANOTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/recording.tar");

/// Checks that ask the baseline only about what is wrong now; and nothing is.
const NOTHING_TO_ASK: [&str; 4] = [
    "PostPodFailuresNew",
    "PostWebhooks",
    "PostCertificates",
    "PostHpa",
];

/// Checks of what this cluster does not have: nodes here run no kube-proxy.
const NOT_HERE: [&str; 1] = ["PostKubeProxyConverged"];

/// Checks of what is looked at only on request.
const ON_REQUEST: [&str; 2] = ["PostNetworkProbe", "PostNewPodProbe"];

/// Whether a check has no meaning on this cluster, or was not asked for, and says so.
fn is_not_here(said: &Value) -> bool {
    let name = said["check"].as_str().unwrap_or_default();
    (NOT_HERE.contains(&name) && said["status"] == "notApplicable")
        || (ON_REQUEST.contains(&name) && said["status"] == "skipped")
}

#[test]
fn a_good_upgrade() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let report = upgraded.good.exits(0);
        assert_eq!(report.findings(), [] as [Value; 0]);
        for check in report.checks().iter().filter(|it| !is_not_here(it)) {
            assert_eq!(check["status"], "clear", "{check:#}");
        }
        assert_eq!(report.member("verdict"), "ready");
        assert_eq!(report.member("scope"), "full");
        assert_eq!(report.member("phase"), "post");
        let path = json!([{ "from": "1.31", "to": "1.32" }]);
        assert_eq!(*report.member("path"), path);
    });
}

#[test]
fn without_a_baseline_nothing_that_needs_one_passes() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let report = upgraded.without_baseline.exits(3);
        assert_eq!(report.member("verdict"), "cannotDetermine");
        let list = airworthy(&["checks", "list", "-o", "json"]).await;
        let list: Vec<Value> = serde_json::from_str(&list.exits(0).stdout).unwrap();
        let post = list.iter().filter(|check| check["phase"] == "post");
        for check in post {
            let name = check["name"].as_str().unwrap();
            let said = report.check(name);
            if is_not_here(said) {
                continue;
            }
            let needs = check["needs"].as_array().unwrap();
            if !needs.contains(&json!("baseline")) || NOTHING_TO_ASK.contains(&name) {
                assert_eq!(said["status"], "clear", "{said:#}");
                continue;
            }
            assert_eq!(said["status"], "unknown", "{said:#}");
            let missing = said["missing"].as_array().unwrap();
            let lacks = missing.iter().any(|one| one["need"] == "baseline");
            assert!(lacks, "{said:#}");
        }
    });
}

#[test]
fn the_baseline_of_another_cluster_is_refused() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let kubeconfig = upgraded.cluster.kubeconfig();
        assert!(Path::new(ANOTHER).is_file());
        let kubeconfig = kubeconfig.to_str().unwrap();
        let args = [
            "postcheck",
            "--baseline",
            ANOTHER,
            "--kubeconfig",
            kubeconfig,
        ];
        let run = airworthy(&args).await;
        run.exits(2);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains("another cluster"), "{run}");
    });
}

#[test]
fn a_target_that_was_not_reached() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let check = "PostVersionConverged";
        let report = upgraded
            .postcheck(&["--check", check, "--target", "1.33"])
            .await;
        report.exits(1);
        report.finds(check, "ControlPlane kube-apiserver", "blocker");
        let report = upgraded
            .postcheck(&["--check", check, "--target", "1.32"])
            .await;
        report.exits(0).spares(check, "ControlPlane kube-apiserver");
    });
}

/// The address says the target, and a part behind it is of the version before.
#[test]
fn a_part_that_stayed_behind() {
    live(async {
        let upgraded = upgraded().await.write().await;
        let client = kubectl(&upgraded.cluster);
        let (check, part) = ("PostVersionConverged", "kube-controller-manager");
        set_image(&client, part, "v1.31.14").await;
        let report = upgraded.check(check).await;
        let finding = report
            .exits(1)
            .finds(check, &format!("Component {part}"), "blocker");
        assert!(finding["message"].as_str().unwrap().contains("v1.31.14"));
        set_image(&client, part, &format!("v{}", upgraded.cluster.version())).await;
        let report = upgraded.check(check).await;
        assert_eq!(report.exits(0).status(check), "clear");
    });
}

/// Metrics of one of two API servers are not the metrics of all, after an upgrade either.
#[test]
fn a_second_api_server_that_nobody_asked() {
    live(async {
        let upgraded = upgraded().await.write().await;
        let client = kubectl(&upgraded.cluster);
        let (check, source) = ("PostEvidenceIncomplete", "Source /metrics");
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z");
        let now = now.to_string();
        let lease = json!({
            "metadata": { "name": "apiserver-other", "labels": { "apiserver.kubernetes.io/identity": "kube-apiserver" } },
            "spec": { "holderIdentity": "apiserver-other_x", "leaseDurationSeconds": 3600, "acquireTime": now, "renewTime": now },
        });
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
        client.create(leases, &lease).await.unwrap();
        // Metrics are asked for because another check reads them.
        let both = ["--check", check, "--check", "PostApiErrors"];
        let report = upgraded.postcheck(&both).await;
        report.finds(check, source, "risk");
        let other = format!("{leases}/apiserver-other");
        client.delete(&other).await.unwrap();
        let report = upgraded.postcheck(&both).await;
        report.spares(check, source);
    });
}
