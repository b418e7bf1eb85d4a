//! Who uses API versions that the target does not serve, on a cluster whose API server writes an audit log.

use airworthy_testbed::{Apply, Client, Cluster, ClusterOptions, How, are_there};
use serde_json::{Value, json};

use crate::common_live::{kubectl, live, postcheck, precheck, precheck_as};

const WRITER: [&str; 2] = ["--check", "DeprecatedApiWriter"];
const OLD: &str = "flowcontrol.apiserver.k8s.io/v1beta3";
const NEW: &str = "flowcontrol.apiserver.k8s.io/v1";
const APPLY: &str = "FieldManager kubectl-client-side-apply";

#[test]
fn writers_and_callers_of_an_old_version() {
    live(async {
        let options = ClusterOptions::new("1.31").without_controllers().audit();
        let cluster = Cluster::start(options).await.unwrap();
        let client = kubectl(&cluster);
        // What the API server made itself is nobody's.
        let report = precheck(&cluster, &WRITER).await;
        report.exits(0);
        assert_eq!(report.status("DeprecatedApiWriter"), "clear");
        let later = ["--check", "PostNextDeprecated"];
        let report = postcheck(&cluster, None, &later).await;
        assert_eq!(report.exits(0).status(later[1]), "clear");
        applied_by_kubectl(&cluster).await;
        let report = postcheck(&cluster, None, &later).await;
        let subject = format!("FlowSchema /apis/{OLD}/flowschemas");
        report.exits(0).finds(later[1], &subject, "note");
        applied_by_another_manager(&cluster).await;
        applied_on_the_servers_side(&cluster).await;
        created_by_a_program(&cluster).await;
        kept_by_a_source(&cluster, &client).await;
        called_by_a_reader(&cluster).await;
    });
}

fn flow_schema(name: &str, version: &str) -> String {
    format!(
        "apiVersion: {version}\nkind: FlowSchema\nmetadata: {{name: {name}}}\nspec:\n  priorityLevelConfiguration: {{name: global-default}}\n  matchingPrecedence: 9000\n"
    )
}

async fn apply(cluster: &Cluster, name: &str, version: &str, manager: &str, how: How) {
    let apply = Apply::new(&format!("{manager}/v1"), how).field_manager(manager);
    let yaml = flow_schema(name, version);
    cluster.apply(&yaml, &apply).await.unwrap();
}

/// Applied at the old version, then at the new one by the same manager.
async fn applied_by_kubectl(cluster: &Cluster) {
    let manager = "kubectl-client-side-apply";
    apply(cluster, "one", OLD, manager, How::ClientSide).await;
    let report = precheck(cluster, &WRITER).await;
    let finding = report.exits(0).finds("DeprecatedApiWriter", APPLY, "risk");
    assert_eq!(finding["objects"][0]["name"], "one", "{finding:#}");
    assert_eq!(finding["api"]["apiVersion"], OLD, "{finding:#}");
    assert_eq!(finding["breaks"], "nextDeploy", "{finding:#}");
    assert!(finding["caller"].is_null(), "{finding:#}");

    apply(cluster, "one", NEW, manager, How::ClientSide).await;
    spared(cluster, APPLY).await;
}

/// The annotation of the first is left over, and nothing breaks.
async fn applied_by_another_manager(cluster: &Cluster) {
    apply(
        cluster,
        "two",
        OLD,
        "kubectl-client-side-apply",
        How::ClientSide,
    )
    .await;
    apply(cluster, "two", NEW, "pipeline", How::ServerSide).await;
    let report = precheck(cluster, &WRITER).await;
    let finding = report.exits(0).finds("DeprecatedApiWriter", APPLY, "note");
    assert_eq!(finding["breaks"], "stale", "{finding:#}");
    let client = kubectl(cluster);
    client
        .delete("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/two")
        .await
        .unwrap();
}

async fn applied_on_the_servers_side(cluster: &Cluster) {
    apply(cluster, "three", OLD, "deployer", How::ServerSide).await;
    let report = precheck(cluster, &WRITER).await;
    report
        .exits(0)
        .finds("DeprecatedApiWriter", "FieldManager deployer", "risk");
    apply(cluster, "three", NEW, "deployer", How::ServerSide).await;
    spared(cluster, "FieldManager deployer").await;
}

async fn created_by_a_program(cluster: &Cluster) {
    apply(cluster, "four", OLD, "queue-operator", How::Create).await;
    let report = precheck(cluster, &WRITER).await;
    let finding =
        report
            .exits(0)
            .finds("DeprecatedApiWriter", "FieldManager queue-operator", "risk");
    assert_eq!(finding["breaks"], "runningClient", "{finding:#}");
    let client = kubectl(cluster);
    client
        .delete("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/four")
        .await
        .unwrap();
    spared(cluster, "FieldManager queue-operator").await;
}

async fn spared(cluster: &Cluster, subject: &str) {
    let report = precheck(cluster, &WRITER).await;
    report.exits(0).spares("DeprecatedApiWriter", subject);
}

const APPLICATIONS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io}
spec:
  group: argoproj.io
  names: {kind: Application, plural: applications}
  scope: Namespaced
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// An Application says that it applies at the old version, then at the new one.
async fn kept_by_a_source(cluster: &Cluster, client: &Client) {
    let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
    cluster.apply(APPLICATIONS, &apply).await.unwrap();
    for (version, found) in [("v1beta3", true), ("v1", false)] {
        let resource = json!({"group": "flowcontrol.apiserver.k8s.io", "version": version, "kind": "FlowSchema", "name": "five"});
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"source": {"repoURL": "https://jane:hush@git.example.com/shop", "path": "deploy"}},
            "status": {"resources": [resource]},
        });
        cluster
            .apply(&application.to_string(), &apply)
            .await
            .unwrap();
        let report = precheck(cluster, &["--check", "ManifestDeprecatedApi"]).await;
        let subject = "Application default/web";
        if found {
            report
                .exits(0)
                .finds("ManifestDeprecatedApi", subject, "risk");
            assert!(!report.run().stdout.contains("hush"));
        } else {
            report.exits(0).spares("ManifestDeprecatedApi", subject);
        }
    }
    client
        .delete("/apis/argoproj.io/v1alpha1/namespaces/default/applications/web")
        .await
        .unwrap();
}

/// Only the audit log names a client that reads.
async fn called_by_a_reader(cluster: &Cluster) {
    let reader = cluster.client("reporter/v2 (linux/amd64)").unwrap();
    let path = format!("/apis/{OLD}/flowschemas?limit=1");
    reader.list(&path).await.unwrap();
    let log = cluster.audit_log();
    let log = log.to_str().expect("a path of ours");
    let report = precheck(
        cluster,
        &["--check", "DeprecatedApiCheck", "--audit-log", log],
    )
    .await;
    let callers = report.exits(1).findings().iter();
    let agents: Vec<_> = callers
        .filter_map(|finding| finding["caller"]["userAgent"].as_str())
        .collect();
    assert!(
        agents.contains(&"reporter/v2 (linux/amd64)"),
        "{agents:?}\n{}",
        report.run()
    );
    assert!(
        !agents.iter().any(|agent| agent.starts_with("airworthy")),
        "{agents:?}"
    );

    // Without the log nobody is named.
    let report = precheck(cluster, &["--check", "DeprecatedApiCheck"]).await;
    let named = report
        .exits(1)
        .findings()
        .iter()
        .any(|finding| !finding["caller"].is_null());
    assert!(!named, "{}", report.run());
}

/// Kinds of 1.24, most of which its API server or its controllers write themselves.
const OLD_OBJECTS: &str = "
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: cleanup, namespace: default}
spec:
  schedule: '@daily'
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: example.com/c}]}}}}
---
apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: default}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: default}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
";

/// What a reader may list who may not list CronJobs.
const ROLE: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: partly}
rules:
- {apiGroups: [autoscaling, policy, discovery.k8s.io, events.k8s.io, node.k8s.io, storage.k8s.io, flowcontrol.apiserver.k8s.io], resources: ['*'], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: partly}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: partly}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: partly}]
";

/// Before 1.25, with controllers that write at the same time, and with a reader who may not see everything.
#[test]
fn writers_on_1_24() {
    if !are_there("1.24").unwrap() {
        return;
    }
    live(async {
        let options = ClusterOptions::new("1.24").nodes(1).user("partly", &[]);
        let cluster = Cluster::start(options).await.unwrap();
        let manager = "kubectl-client-side-apply";
        let apply = Apply::new("kubectl/v1.24.0", How::ClientSide).field_manager(manager);
        cluster.apply(OLD_OBJECTS, &apply).await.unwrap();
        cluster.apply(ROLE, &apply).await.unwrap();
        let report = precheck(&cluster, &WRITER).await;
        let found: Vec<_> = told(report.exits(0).findings());
        let at = |version: &str, kind: &str| format!("default/{manager} {version} {kind}");
        assert_eq!(
            found,
            [
                at("autoscaling/v2beta1", "HorizontalPodAutoscaler"),
                at("batch/v1beta1", "CronJob")
            ]
        );

        let report = precheck_as(&cluster.kubeconfig_for("partly").unwrap(), &WRITER).await;
        assert_eq!(told(report.exits(0).findings()), found[..1]);
        let missing = &report.check("DeprecatedApiWriter")["missing"];
        let cures: Vec<_> = missing
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["cure"].as_str().unwrap())
            .collect();
        assert_eq!(cures, ["allow `list` on `cronjobs` (API group `batch`)"]);

        let fixed = OLD_OBJECTS
            .replace("v1beta1", "v1")
            .replace("v2beta1", "v2");
        cluster.apply(&fixed, &apply).await.unwrap();
        let report = precheck(&cluster, &WRITER).await;
        assert_eq!(report.exits(0).status("DeprecatedApiWriter"), "clear");
    });
}

/// Whose use of what each finding tells.
fn told(findings: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut told: Vec<_> = findings
        .iter()
        .map(|finding| {
            let (subject, api) = (&finding["subject"], &finding["api"]);
            format!(
                "{}/{} {} {}",
                text(&subject["namespace"]),
                text(&subject["name"]),
                text(&api["apiVersion"]),
                text(&api["kind"])
            )
        })
        .collect();
    told.sort();
    told
}
