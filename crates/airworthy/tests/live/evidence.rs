//! What could be looked at, and what is said about what could not.

use airworthy_testbed::{Client, Patch, wait_until};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::shared::{READER, quiet, shared};
use crate::common_live::{
    DEADLINE, Report, airworthy, apply, kubectl, live, precheck, precheck_as,
};

/// Risks that come with time, not from the cluster.
fn is_age_of_tables(finding: &Value) -> bool {
    finding["check"] == "KnowledgeBaseCoverage" && finding["severity"] == "risk"
}

/// That the support of the target has ended, which comes with time as well.
fn is_end_of_support(finding: &Value) -> bool {
    finding["check"] == "VersionEol" && finding["severity"] == "note"
}

/// Whether a check was left out because nobody asked for what it reads.
fn is_on_request(check: &Value) -> bool {
    let why = check["why"].as_str().unwrap_or_default();
    check["status"] == "skipped" && why.contains("switched off")
}

/// A whole run that found nothing and lacked nothing.
#[track_caller]
fn demand_ready(report: &Report) {
    report.exits(0);
    let found: Vec<_> = report
        .findings()
        .iter()
        .filter(|one| !is_age_of_tables(one) && !is_end_of_support(one))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    for check in report.checks() {
        let status = check["status"].as_str().unwrap();
        let fine = ["clear", "notApplicable"].contains(&status)
            || ["KnowledgeBaseCoverage", "VersionEol"].contains(&check["check"].as_str().unwrap())
            || is_on_request(check);
        assert!(fine, "{check:#}");
    }
    assert_eq!(report.member("scope"), "full");
    let coverage = report.member("coverage");
    assert_eq!(coverage["decided"], coverage["applicable"]);
    let verdict = report.member("verdict").as_str().unwrap();
    let aged = report.findings().iter().any(is_age_of_tables);
    assert_eq!(verdict, if aged { "readyWithRisks" } else { "ready" });
}

#[test]
fn a_good_cluster_is_ready() {
    live(async {
        let report = precheck(quiet().await, &[]).await;
        demand_ready(&report);
        assert_eq!(report.member("version"), "v1.31.14");
        assert_eq!(report.member("target"), "v1.32");
    });
}

/// The role that `airworthy rbac` prints is enough; without one rule of it, a run says so and does not call the cluster ready.
#[test]
fn a_permission_that_lacks() {
    live(async {
        let cluster = quiet().await;
        let admin = kubectl(cluster);
        let reader = cluster.client_for(READER, "test").unwrap();
        let kubeconfig = cluster.kubeconfig_for(READER).unwrap();
        let role = airworthy(&["rbac", "--user", READER]).await;
        apply(cluster, &role.exits(0).stdout).await;
        until_pods_answer(&reader, 200).await;
        demand_ready(&precheck_as(&kubeconfig, &[]).await);

        take_pods_from_role(&admin).await;
        until_pods_answer(&reader, 403).await;
        let report = precheck_as(&kubeconfig, &[]).await;
        report.exits(3);
        assert_eq!(report.member("verdict"), "cannotDetermine");
        let missing = "Permission list pods";
        let finding = report.finds("PermissionCoverage", missing, "risk");
        let command = finding["fix"][0]["command"].as_str().unwrap();
        assert!(
            command.contains("--verb=list '--resource=pods'"),
            "{command}"
        );
        demand_unknown_without_pods(&report).await;

        apply(cluster, &role.stdout).await;
        until_pods_answer(&reader, 200).await;
        demand_ready(&precheck_as(&kubeconfig, &[]).await);
    });
}

async fn take_pods_from_role(admin: &Client) {
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/airworthy-reader";
    let mut role = admin.get(path).await.unwrap();
    let mut taken = 0;
    for rule in role["rules"].as_array_mut().unwrap() {
        if let Some(resources) = rule["resources"].as_array_mut() {
            let before = resources.len();
            resources.retain(|resource| resource != "pods");
            taken += before - resources.len();
        }
    }
    assert_eq!(taken, 1);
    let rules = json!({ "rules": role["rules"] });
    admin.patch(path, Patch::Merge, &rules).await.unwrap();
}

async fn until_pods_answer(reader: &Client, answer: u16) {
    let what = format!("{answer} for a list of pods");
    let answered = wait_until(DEADLINE, &what, || async {
        let seen = match reader.get("/api/v1/pods?limit=1").await {
            Ok(_) => 200,
            Err(error) => error.code().expect("an answer"),
        };
        Ok((seen == answer).then_some(()))
    });
    answered.await.unwrap();
}

/// Checks that read pods lack them and say so; only one that had nothing to ask of pods may have come to a conclusion.
async fn demand_unknown_without_pods(report: &Report) {
    let list = airworthy(&["checks", "list", "-o", "json"]).await;
    let list: Vec<Value> = serde_json::from_str(&list.exits(0).stdout).unwrap();
    let reads = |check: &&Value| {
        check["phase"] == "pre" && check["needs"].as_array().unwrap().contains(&json!("pods"))
    };
    let mut unknown = Vec::new();
    for check in list.iter().filter(reads) {
        let name = check["name"].as_str().unwrap();
        let said = report.check(name);
        if said["status"] == "unknown" {
            let missing = said["missing"].as_array().unwrap();
            let forbidden = |one: &Value| one["need"] == "pods" && one["reason"] == "forbidden";
            assert!(missing.iter().any(forbidden), "{said:#}");
            unknown.push(name);
        }
    }
    for name in ["BarePod", "PdbOverlap", "PodUnhealthy", "DrainCapacity"] {
        assert!(unknown.contains(&name), "{name} is clear without pods");
    }
}

/// Metrics of one of two API servers are not the metrics of all.
#[test]
fn a_second_api_server_that_nobody_asked() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
        let now = Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%S.000000Z")
            .to_string();
        let lease = json!({
            "metadata": { "name": "apiserver-other", "labels": { "apiserver.kubernetes.io/identity": "kube-apiserver" } },
            "spec": { "holderIdentity": "apiserver-other_x", "leaseDurationSeconds": 3600, "acquireTime": now, "renewTime": now },
        });
        client.create(path, &lease).await.unwrap();
        let args = [
            "--check",
            "EvidenceIncomplete",
            "--check",
            "DeprecatedApiCheck",
        ];
        let report = precheck(cluster, &args).await;
        let finding = report.finds("EvidenceIncomplete", "Source /metrics", "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("1 of 2 API servers"), "{message}");
        client
            .delete(&format!("{path}/apiserver-other"))
            .await
            .unwrap();
        let report = precheck(cluster, &args).await;
        report.spares("EvidenceIncomplete", "Source /metrics");
    });
}
