//! What a real API server makes of quantities is what the table of them says, and what we read.

use airworthy_collect::Plan;
use airworthy_model::Need;
use airworthy_testbed::{Client, Cluster, ClusterOptions};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../quantities/table.txt");
/// What stands for more than is counted.
const BEYOND: u64 = 1 << 53;

/// Text, thousandths, units of each row.
fn rows() -> impl Iterator<Item = [&'static str; 3]> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        cells.try_into().expect("three cells")
    })
}

/// A pod that asks for so much of both.
fn pod(name: &str, quantity: &str) -> Value {
    let requests = json!({ "cpu": quantity, "memory": quantity });
    let container = json!({ "name": "c", "image": "i", "resources": { "requests": requests } });
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name },
        "spec": { "containers": [container], "automountServiceAccountToken": false },
    })
}

/// Whether the API server takes it.
async fn is_taken(admin: &Client, name: &str, quantity: &str) -> bool {
    let path = "/api/v1/namespaces/default/pods";
    let body = pod(name, quantity).to_string();
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
    match admin
        .send(Method::POST, path, headers, body)
        .await
        .unwrap()
        .status
        .as_u16()
    {
        201 => true,
        400 | 422 => false,
        other => panic!("{quantity}: {other}"),
    }
}

#[tokio::test]
async fn quantities_mean_what_a_real_api_server_takes_them_for() {
    let options = ClusterOptions::new("1.31").without_controllers();
    let cluster = Cluster::start(options).await.unwrap();
    let admin = cluster.client("test").unwrap();
    let account =
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default" } });
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    admin.create(accounts, &account).await.unwrap();
    let mut taken = Vec::new();
    for (number, [text, thousandths, units]) in rows().enumerate() {
        let name = format!("q{number}");
        let is_taken = is_taken(&admin, &name, text).await;
        let says = !["refused", "negative"].contains(&units);
        assert_eq!(is_taken, says, "{text:?}");
        if is_taken {
            taken.push((name, text, thousandths, units));
        }
    }
    let facts = crate::read(
        &cluster.kubeconfig(),
        &Plan::of([Need::Version, Need::Pods]),
    )
    .await;
    let pods = facts.pods.unwrap();
    let number = |text: &str| match text {
        "beyond" => BEYOND,
        text => text.parse().unwrap(),
    };
    for (name, text, thousandths, units) in taken {
        let pod = pods.iter().find(|pod| pod.name == name).unwrap();
        let shape = pod.shape.as_ref().unwrap();
        let asked = |of: &str| shape.requests.get(of).copied().unwrap_or_default();
        assert_eq!(
            [asked("cpu"), asked("memory")],
            [number(thousandths), number(units)],
            "{text:?}"
        );
    }
}
