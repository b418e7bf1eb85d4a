use airworthy_model::{
    Missing,
    facts::{ClusterIdentity, ServerVersion},
};
use jiff::Timestamp;

use super::*;

fn order() -> Order {
    Order {
        task_id: "t".into(),
        attempt: 1,
        begun_at: Timestamp::now(),
        project_id: "p".into(),
        cluster_id: "c".into(),
        cluster_name: "prod".into(),
        from: "v1.31.14".parse().unwrap(),
        target: "v1.32.13-r0".parse().unwrap(),
        batch_size: 20,
        scope: "Cluster".into(),
        addons: json!([]),
        node_order: json!({}),
        node_pool_order: json!({}),
    }
}

fn facts(server: &str, kubelets: &[&str]) -> Facts {
    let mut facts = Facts::unread(
        ClusterIdentity::default(),
        Timestamp::now(),
        "not asked for",
    );
    facts.version = Ok(ServerVersion {
        version: server.parse().unwrap(),
        emulation: None,
    });
    facts.nodes = Ok(kubelets
        .iter()
        .enumerate()
        .map(|(number, version)| node(number, version))
        .collect());
    facts
}

fn node(number: usize, version: &str) -> Node {
    serde_json::from_value(json!({
        "name": format!("n{number}"), "uid": "", "conditions": [], "kubeletVersion": version, "runtimeVersion": "",
    }))
    .unwrap()
}

fn seen(server: &str, kubelets: &[&str]) -> Seen {
    judge(&order(), &facts(server, kubelets), Rollout::Nodes)
}

#[track_caller]
fn lags(seen: Seen, progress: u8, words: &str) {
    match seen {
        Seen::Lagging(is, message) => {
            assert_eq!(is, progress, "{message}");
            assert!(message.contains(words), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn converged_is_the_api_server_at_the_patch_and_all_kubelets_at_the_minor() {
    for (server, kubelets) in [
        ("v1.32.13", &["v1.32.13", "v1.32.0"][..]),
        ("v1.32.14", &["v1.32.99"]),
        ("v1.32.13", &[]),
    ] {
        assert!(
            matches!(seen(server, kubelets), Seen::Converged(_)),
            "{server}"
        );
    }
}

#[test]
fn what_lags_is_named() {
    lags(
        seen("v1.31.14", &["v1.31.14"]),
        0,
        "API server runs v1.31.14",
    );
    lags(
        seen("v1.32.12", &["v1.32.12"]),
        0,
        "API server runs v1.32.12",
    );
    lags(
        seen("v1.32.13", &["v1.31.14", "v1.31.14"]),
        30,
        "n0 runs v1.31.14, n1 runs v1.31.14",
    );
    lags(
        seen("v1.32.13", &["v1.31.14", "v1.32.13"]),
        65,
        "n0 runs v1.31.14",
    );
    lags(
        seen("v1.32.13", &["v1.31.0"; 9]),
        30,
        "n4 runs v1.31.0, and 4 more",
    );
}

#[test]
fn an_api_server_that_emulates_an_older_minor_has_not_arrived() {
    let mut emulating = facts("v1.32.13", &[]);
    let emulate = |minor: &str| {
        Ok(ServerVersion {
            version: "v1.32.13".parse().unwrap(),
            emulation: Some(minor.parse().unwrap()),
        })
    };
    emulating.version = emulate("1.31");
    let seen = judge(&order(), &emulating, Rollout::Nodes);
    lags(seen, 0, "runs v1.32.13 and behaves as 1.31");
    emulating.version = emulate("1.32");
    let seen = judge(&order(), &emulating, Rollout::Nodes);
    assert!(matches!(seen, Seen::Converged(_)));
}

#[test]
fn a_kubelet_that_is_ahead_is_not_converged() {
    lags(seen("v1.32.13", &["v1.33.0"]), 30, "n0 runs v1.33.0");
}

#[test]
fn an_api_server_beyond_the_target_never_will_be() {
    assert!(matches!(seen("v1.33.0", &[]), Seen::Beyond(_)));
}

#[test]
fn nodes_that_report_no_version_are_named_as_not_judged() {
    let Seen::Converged(message) = seen("v1.32.13", &["v1.32.1", "virtual"]) else {
        panic!("not converged");
    };
    assert!(
        message.contains("1 nodes that report no version"),
        "{message}"
    );
    lags(seen("v1.32.13", &["v1.31.1", "virtual"]), 30, "n0");
}

#[test]
fn what_could_not_be_read_is_not_converged() {
    let mut unread = facts("v1.32.13", &[]);
    unread.nodes = Err(Missing::not_collected(Need::Nodes, "forbidden by somebody"));
    lags(
        judge(&order(), &unread, Rollout::Nodes),
        0,
        "forbidden by somebody",
    );
    let control_plane = judge(&order(), &unread, Rollout::ControlPlane);
    assert!(matches!(control_plane, Seen::Converged(_)));
    unread.version = Err(Missing::not_collected(Need::Version, "nobody there"));
    lags(
        judge(&order(), &unread, Rollout::ControlPlane),
        0,
        "nobody there",
    );
}
