//! More of the APIs that are used: versions without a bridge, clients of long ago, definitions that are refused.

use airworthy_testbed::{Apply, Client, Cluster, ClusterOptions, How, are_there};

use crate::common_live::{apply, kubectl, live, precheck, until};

const GAP: &str = "ReplacementApiGap";
const SKEW: &str = "ClientSkew";
const HEALTH: &str = "CrdHealth";
const GROUP: &str = "/apis/flowcontrol.apiserver.k8s.io";

#[test]
fn versions_without_a_bridge_old_clients_and_refused_names() {
    if !are_there("1.25").unwrap() {
        return;
    }
    live(async {
        let options = ClusterOptions::new("1.25").without_controllers().audit();
        let mut cluster = Cluster::start(options).await.unwrap();
        a_version_that_nobody_can_leave_first(&mut cluster).await;
        let client = kubectl(&cluster);
        a_client_of_long_ago(&cluster).await;
        names_that_another_definition_holds(&cluster, &client).await;
    });
}

async fn write(cluster: &Cluster, version: &str) {
    let yaml = format!(
        "apiVersion: flowcontrol.apiserver.k8s.io/{version}\nkind: FlowSchema\nmetadata: {{name: batch}}\nspec:\n  \
         priorityLevelConfiguration: {{name: global-default}}\n  matchingPrecedence: 9000\n"
    );
    let apply = Apply::new("deployer/v1", How::ServerSide).field_manager("deployer");
    cluster.apply(&yaml, &apply).await.unwrap();
}

async fn a_version_that_nobody_can_leave_first(cluster: &mut Cluster) {
    let args = ["--check", GAP, "--target", "1.26"];
    write(cluster, "v1beta1").await;
    let report = precheck(cluster, &args).await;
    let finding = report.exits(0).finds(GAP, "FlowSchema flowschemas", "note");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("nobody can move first"), "{message}");
    // The API server does not have the one that follows.
    let next = kubectl(cluster)
        .get(&format!("{GROUP}/v1beta3/flowschemas"))
        .await;
    assert_eq!(next.unwrap_err().code(), Some(404));

    write(cluster, "v1beta2").await;
    // Calls are counted until the API server starts anew.
    cluster.restart(|_| {}).await.unwrap();
    let report = precheck(cluster, &args).await;
    report.exits(0).spares(GAP, "FlowSchema flowschemas");
}

async fn a_client_of_long_ago(cluster: &Cluster) {
    for version in ["kubectl/v1.20.15", "kubectl/v1.25.16"] {
        let agent = format!("{version} (linux/amd64) kubernetes/8f1e5bf");
        let somebody = cluster.client(&agent).unwrap();
        somebody.list("/api/v1/namespaces?limit=1").await.unwrap();
    }
    let log = cluster.audit_log();
    let log = log.to_str().expect("a path of ours");
    let report = precheck(cluster, &["--check", SKEW, "--audit-log", log]).await;
    report
        .exits(0)
        .finds(SKEW, "Client kubectl/v1.20.15", "note");
    report.spares(SKEW, "Client kubectl/v1.25.16");
    let report = precheck(cluster, &["--check", SKEW]).await;
    assert_eq!(report.exits(0).status(SKEW), "notApplicable");
}

fn definition(plural: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.held.example.org}}
spec:
  group: held.example.org
  names: {{kind: Widget, plural: {plural}}}
  scope: Cluster
  versions:
  - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object}}}}}}
"
    )
}

async fn names_that_another_definition_holds(cluster: &Cluster, client: &Client) {
    let args = ["--check", HEALTH];
    let path = |plural: &str| {
        format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.held.example.org")
    };
    let accepted = |object: &serde_json::Value, status: &str| {
        let conditions = object["status"]["conditions"].as_array();
        conditions.is_some_and(|all| {
            all.iter()
                .any(|one| one["type"] == "NamesAccepted" && one["status"] == status)
        })
    };
    apply(cluster, &definition("widgets")).await;
    until(client, &path("widgets"), "its names", |object| {
        accepted(object, "True")
    })
    .await;
    apply(cluster, &definition("gadgets")).await;
    until(client, &path("gadgets"), "its refusal", |object| {
        accepted(object, "False")
    })
    .await;
    let subject = "CustomResourceDefinition gadgets.held.example.org";
    let report = precheck(cluster, &args).await;
    report.exits(0).finds(HEALTH, subject, "risk");
    report.spares(HEALTH, "CustomResourceDefinition widgets.held.example.org");
    let served = client.get("/apis/held.example.org/v1/gadgets").await;
    assert_eq!(served.unwrap_err().code(), Some(404));

    client.delete(&path("widgets")).await.unwrap();
    until(client, &path("gadgets"), "its names", |object| {
        accepted(object, "True")
    })
    .await;
    let report = precheck(cluster, &args).await;
    report.exits(0).spares(HEALTH, subject);
}
