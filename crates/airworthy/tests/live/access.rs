//! Images, rights, tokens and backups: what an API server tells of them at once.

use serde_json::json;

use super::shared::shared;
use crate::common_live::{apply, kubectl, live, precheck};

const OBJECTS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: rights}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: metrics, namespace: rights}
spec:
  selector: {matchLabels: {app: metrics}}
  template:
    metadata: {labels: {app: metrics}}
    spec: {containers: [{name: main, image: 'k8s.gcr.io/metrics-server/metrics-server:v0.6.1'}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: debug, namespace: rights}
rules: [{apiGroups: [''], resources: [pods/exec], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: debug, namespace: rights}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: debug}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: ann}]
---
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata:
  name: robot-token
  namespace: rights
  labels: {kubernetes.io/legacy-token-last-used: '2024-01-01', kubernetes.io/legacy-token-invalid-since: '2025-11-01'}
  annotations: {kubernetes.io/service-account.name: default}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: etcd-backup, namespace: rights}
spec:
  schedule: '0 2 * * *'
  suspend: true
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: main, image: example.com/backup}]}
";

/// Check, subject, and what leads there when the usual target does not.
const FOUND: [(&str, &str, &str); 4] = [
    ("ImageRegistryFrozen", "Deployment rights/metrics", "1.32"),
    ("RbacVerbChange", "Role rights/debug", "1.35"),
    ("ServiceAccountToken", "Secret rights/robot-token", "1.32"),
    ("BackupFreshness", "Cluster backups", "1.32"),
];

#[test]
fn images_roles_tokens_and_backups() {
    live(async {
        let cluster = shared().await;
        apply(cluster, OBJECTS).await;
        let client = kubectl(cluster);
        for (check, subject, target) in FOUND {
            let report = precheck(cluster, &["--check", check, "--target", target]).await;
            report.exits(0).finds(check, subject, "risk");
        }
        let ended = precheck(cluster, &["--check", "VersionEol"]).await;
        ended.exits(0).finds("VersionEol", "Version 1.32", "note");

        let group = "/apis/rbac.authorization.k8s.io/v1/namespaces/rights";
        let more = json!({ "rules": [{ "apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"] }] });
        let role = format!("{group}/roles/debug");
        let merge = airworthy_testbed::Patch::Merge;
        client.patch(&role, merge, &more).await.unwrap();
        for path in [
            "/apis/apps/v1/namespaces/rights/deployments/metrics",
            "/api/v1/namespaces/rights/secrets/robot-token",
            "/apis/batch/v1/namespaces/rights/cronjobs/etcd-backup",
        ] {
            client.delete(path).await.unwrap();
        }
        for (check, subject, target) in &FOUND[..3] {
            let report = precheck(cluster, &["--check", check, "--target", target]).await;
            report.exits(0).spares(check, subject);
        }
    });
}
