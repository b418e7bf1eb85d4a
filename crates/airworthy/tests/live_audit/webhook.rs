//! The API server's own audit webhook, sending to the service.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Mutex};

use airworthy_testbed::{Cluster, wait_until};
use serde_json::{Value, json};

use super::{
    callers::{OLD_KUBECTL, READS, URL, options, read_what_ends, use_an_old_kubectl},
    service::{CLUSTER, Service},
};
use crate::common_live::{DEADLINE, live};

/// The item of a check, as the wire has it.
fn item<'a>(task: &'a Value, name: &str) -> Option<&'a Value> {
    let items = task["status"]["clusterCheckStatus"]["itemsStatus"].as_array();
    items?.iter().find(|item| item["name"] == name)
}

#[test]
fn an_api_server_tells_the_service_who_calls() {
    live(async {
        let mut cluster = Cluster::start(options()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(folder.path(), &cluster.kubeconfig()).await;
        let config = folder.path().join("webhook.json");
        let file = service.audit_token().await;
        fs::write(&config, &file).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        let sends = [
            format!("--audit-webhook-config-file={}", config.display()),
            "--audit-webhook-batch-max-wait=1s".to_owned(),
        ];
        cluster
            .restart(|options| options.api_server_args = sends.to_vec())
            .await
            .unwrap();
        read_what_ends(&cluster).await;
        use_an_old_kubectl(&cluster).await;

        let last = Mutex::<String>::default();
        let told = wait_until(DEADLINE, "the clients on the wire", || async {
            let seen = service.precheck().await.to_string();
            last.lock().unwrap().clone_from(&seen);
            Ok(
                (seen.contains("flow-exporter") && seen.contains("kubectl/v1.24.3"))
                    .then_some(seen),
            )
        });
        let told = told.await.unwrap_or_else(|error| {
            let log = fs::read_to_string(folder.path().join("log")).unwrap();
            let batches: Vec<_> = log
                .lines()
                .filter(|line| line.contains("audit"))
                .take(5)
                .collect();
            panic!("{error}: {}\n{batches:#?}", last.lock().unwrap())
        });
        let task: Value = serde_json::from_str(&told).unwrap();
        let deprecated = item(&task, "DeprecatedApiCheck").unwrap_or_else(|| panic!("{task:#}"));
        let risks = deprecated["riskSource"]["deprecatedAPIRisks"].as_array();
        let named = json!({ "url": URL, "userAgent": READS });
        assert!(
            risks.is_some_and(|risks| risks.contains(&named)),
            "{deprecated:#}"
        );
        assert!(
            task.to_string()
                .contains(OLD_KUBECTL.split(' ').next().unwrap()),
            "{task:#}"
        );
        // The token is in the API server's file alone.
        let file: Value = serde_json::from_str(&file).unwrap();
        let server = file["clusters"][0]["cluster"]["server"].as_str().unwrap();
        let (_, rest) = server.split_once("audit:").unwrap();
        let (token, _) = rest.split_once('@').unwrap();
        assert!(server.ends_with(CLUSTER));
        let ours = fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(ours.contains("/audit/v1/clusters/"), "no line for a batch");
        let theirs = fs::read_to_string(cluster.log("kube-apiserver")).unwrap();
        for log in [ours, theirs] {
            assert!(!log.contains(token));
        }
        service.stop().await;
    });
}
