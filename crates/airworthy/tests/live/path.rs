//! The way to the target, and what is known of it. Nothing is wrong with the cluster, so that whole runs can be judged.

use super::shared::quiet;
use crate::common_live::{live, precheck};

const API_SERVER: &str = "Component kube-apiserver";

#[test]
fn a_target_that_is_two_minors_away() {
    live(async {
        let cluster = quiet().await;
        let far = ["--target", "1.33"];
        let report = precheck(cluster, &far).await;
        report.exits(1).finds("UpgradePath", API_SERVER, "blocker");
        assert_eq!(report.member("path").as_array().unwrap().len(), 2);
        let jump = ["--target", "1.33", "--allow-jump", "1.31:1.33"];
        let report = precheck(cluster, &jump).await;
        report.exits(0).spares("UpgradePath", API_SERVER);
        let report = precheck(cluster, &["--target", "1.32.4-r2"]).await;
        report.exits(0).spares("UpgradePath", API_SERVER);
        assert_eq!(report.member("target"), "v1.32.4-r2");
    });
}

#[test]
fn a_target_that_nobody_knows() {
    live(async {
        let cluster = quiet().await;
        let (check, subject) = ("KnowledgeBaseCoverage", "Knowledge versions");
        let jump = ["--allow-jump", "1.31:1.99"];
        let args = [&["--target", "1.99", "--check", check], &jump[..]].concat();
        let report = precheck(cluster, &args).await;
        let outside = |one: &&&serde_json::Value| one["severity"] == "blocker";
        assert_eq!(
            report
                .exits(1)
                .about(check, subject)
                .iter()
                .filter(outside)
                .count(),
            1
        );
        let report = precheck(cluster, &["--target", "1.32", "--check", check]).await;
        assert_eq!(
            report
                .exits(0)
                .about(check, subject)
                .iter()
                .filter(outside)
                .count(),
            0
        );
    });
}

#[test]
fn targets_that_are_no_upgrade_are_usage_errors() {
    live(async {
        let cluster = quiet().await;
        let kubeconfig = cluster.kubeconfig();
        let kubeconfig = kubeconfig.to_str().unwrap();
        for target in ["1.31", "1.30", "v1.31.14", "latest"] {
            let args = ["precheck", "--kubeconfig", kubeconfig, "--target", target];
            let run = crate::common_live::airworthy(&args).await;
            run.exits(2);
            assert_eq!(run.stdout, "", "{target}");
            assert!(run.stderr.contains(target), "{run}");
        }
    });
}
