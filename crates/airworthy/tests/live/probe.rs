//! Pods on the nodes that look at names and networks; kwok runs them, and the test gives their answers.

use airworthy_testbed::{Client, Cluster, Patch};
use serde_json::{Value, json};

use super::kubelets::cluster;
use crate::common_live::{Run, airworthy, kubectl, live, postcheck, precheck, until_gone};

const NAMESPACE: &str = "/api/v1/namespaces/airworthy-probe";

async fn probe(cluster: &Cluster, args: &[&str]) -> Run {
    let kubeconfig = cluster.kubeconfig();
    let kubeconfig = kubeconfig.to_str().expect("a path of ours");
    airworthy(&[&["probe"], args, &["--kubeconfig", kubeconfig]].concat()).await
}

/// Says of the pod on a node what it would have said itself.
pub(super) async fn answer(client: &Client, node: &str, message: &str) {
    let said = |state: &Value| {
        let mut ended = state["terminated"].clone();
        ended["message"] = json!(message);
        ended["startedAt"] = ended["finishedAt"].clone();
        json!({ "terminated": ended })
    };
    change_state(client, node, said).await;
}

/// Changes the state of the container that looks, on a node; gives what it was.
async fn change_state(client: &Client, node: &str, change: impl Fn(&Value) -> Value) -> Value {
    let pods = format!("{NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Fcomponent%3Dlook");
    let pods = client.list(&pods).await.unwrap();
    let pod = pods
        .iter()
        .find(|pod| pod["spec"]["nodeName"] == node)
        .unwrap();
    let mut looked = pod["status"]["initContainerStatuses"][0].clone();
    let before = looked["state"].clone();
    looked["state"] = change(&before);
    let name = pod["metadata"]["name"].as_str().unwrap();
    let status = json!({ "initContainerStatuses": [looked] });
    client
        .patch_status(&format!("{NAMESPACE}/pods/{name}"), &status)
        .await
        .unwrap();
    before
}

#[test]
fn pods_that_look_and_are_taken_away_again() {
    live(async {
        let cluster = cluster().await;
        let client = kubectl(cluster);
        nothing_is_done_unasked(cluster, &client).await;
        let run = probe(cluster, &["run", "--yes"]).await;
        run.exits(0);
        harmless(&client).await;
        not_everywhere(cluster, &client).await;
        found(cluster, &client).await;
        left_behind(cluster, &client).await;
        let run = probe(cluster, &["clean", "--yes"]).await;
        run.exits(0);
        until_gone(&client, NAMESPACE).await;
        let report = postcheck(cluster, None, &["--check", "PostCleanup"]).await;
        report
            .exits(0)
            .spares("PostCleanup", "Namespace airworthy-probe");
        let report = postcheck(
            cluster,
            None,
            &["--check", "PostDns", "--evidence", "probes"],
        )
        .await;
        let cure = &report.exits(3).check("PostDns")["missing"][0]["cure"];
        assert!(cure.as_str().unwrap().contains("probe run"), "{cure}");
        somebody_elses(cluster, &client).await;
    });
}

async fn nothing_is_done_unasked(cluster: &Cluster, client: &Client) {
    let shown = probe(cluster, &["run", "--dry-run"]).await;
    shown.exits(0);
    let objects: Vec<Value> = shown
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<_> = objects
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Namespace", "Service", "DaemonSet", "DaemonSet"]);
    // Nobody sits at the terminal.
    probe(cluster, &["run"]).await.exits(2);
    assert!(!client.exists(NAMESPACE).await.unwrap());
}

/// The API server holds the pods to the strictest profile, and lets them in.
async fn harmless(client: &Client) {
    let namespace = client.get(NAMESPACE).await.unwrap();
    assert_eq!(
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
    let pods = client
        .list(&format!("{NAMESPACE}/pods?limit=100"))
        .await
        .unwrap();
    assert_eq!(pods.len(), 6, "{pods:#?}");
}

/// A pod whose image the node does not get has not looked.
async fn not_everywhere(cluster: &Cluster, client: &Client) {
    let (check, subject) = ("NodeAgentCoverage", "Node k1");
    let args = ["--check", check, "--evidence", "probes"];
    precheck(cluster, &args)
        .await
        .exits(0)
        .spares(check, subject);
    let waits = json!({ "waiting": { "reason": "ImagePullBackOff" } });
    let before = change_state(client, "k1", |_| waits.clone()).await;
    let report = precheck(cluster, &args).await;
    let finding = report.exits(0).finds(check, subject, "note");
    let message = finding["message"].as_str().unwrap();
    assert!(message.ends_with("ImagePullBackOff"), "{message}");
    change_state(client, "k1", |_| before.clone()).await;
    precheck(cluster, &args)
        .await
        .exits(0)
        .spares(check, subject);
}

async fn found(cluster: &Cluster, client: &Client) {
    let fine = "dns=ok external=ok api=ok service=ok pods=3/3";
    answer(
        client,
        "k1",
        "dns=fail external=fail api=ok service=fail pods=1/3",
    )
    .await;
    answer(client, "k2", fine).await;
    answer(client, "k3", fine).await;
    let check = [
        "--check",
        "PostDns,PostNetworkProbe,PostNewPodProbe",
        "--evidence",
        "probes",
    ];
    let report = postcheck(cluster, None, &check).await;
    report.exits(1).finds("PostDns", "Node k1", "blocker");
    report
        .spares("PostDns", "Node k2")
        .spares("PostNewPodProbe", "Node k1");
    assert_eq!(report.about("PostNetworkProbe", "Node k1").len(), 2);
    // An image without tools says nothing of the node.
    let silent = "dns=none external=none api=none service=none pods=none";
    answer(client, "k1", silent).await;
    let report = postcheck(cluster, None, &check).await;
    for name in ["PostDns", "PostNetworkProbe"] {
        assert_eq!(report.exits(3).status(name), "unknown", "{}", report.run());
    }
    answer(client, "k1", fine).await;
    let report = postcheck(cluster, None, &check).await;
    report
        .exits(0)
        .spares("PostDns", "Node k1")
        .spares("PostNetworkProbe", "Node k1");
}

async fn left_behind(cluster: &Cluster, client: &Client) {
    let check = ["--check", "PostCleanup"];
    let report = postcheck(cluster, None, &check).await;
    report
        .exits(0)
        .spares("PostCleanup", "Namespace airworthy-probe");
    let old = json!({ "metadata": { "labels": { "airworthy.dev/expires": "1000" } } });
    client.patch(NAMESPACE, Patch::Merge, &old).await.unwrap();
    let report = postcheck(cluster, None, &check).await;
    report
        .exits(0)
        .finds("PostCleanup", "Namespace airworthy-probe", "risk");
}

/// A namespace of that name that is not ours is left alone.
async fn somebody_elses(cluster: &Cluster, client: &Client) {
    let theirs = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "airworthy-probe" } });
    client.create("/api/v1/namespaces", &theirs).await.unwrap();
    for command in ["run", "clean"] {
        let refused = probe(cluster, &[command, "--yes"]).await;
        refused.exits(2);
        assert!(refused.stderr.contains("left alone"), "{refused}");
    }
    assert!(client.exists(NAMESPACE).await.unwrap());
    client.delete(NAMESPACE).await.unwrap();
}
