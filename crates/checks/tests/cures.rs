//! What a check says helps where evidence lacks: it has to help.

mod common;

use airworthy_checks::find;
use common::World;
use serde_json::{Value, json};

fn cure(check: &str, facts: &Value) -> String {
    let missing = World::of(facts).missing(find(check).expect("a check"));
    let [missing] = &missing[..] else {
        panic!("{missing:#?}")
    };
    missing.cure.clone().expect("a cure")
}

fn way(from: &str, target: &str, kubelets: &[&str]) -> Value {
    let nodes = kubelets.iter().enumerate();
    let nodes: Vec<_> = nodes
        .map(|(number, kubelet)| json!({"name": format!("n{number}"), "kubeletVersion": kubelet}))
        .collect();
    json!({"version": from, "target": target, "nodes": nodes, "missing": {"kubelets": "switchedOff"}})
}

/// Kubelets before 1.36 show no flags to anybody: asking them is no cure.
#[test]
fn a_flag_that_no_kubelet_shows_is_looked_for_on_the_node() {
    let old = cure(
        "KubeletFlagRemoved",
        &way("v1.34.10", "1.35", &["v1.34.10"]),
    );
    assert!(!old.contains("asks every kubelet"), "{old}");
    for word in [
        "--pod-infra-container-image in",
        "ps -o args= -C kubelet",
        "--skip KubeletFlagRemoved",
    ] {
        assert!(old.contains(word), "{old}");
    }

    let mut asked = way("v1.34.10", "1.35", &["v1.34.10"]);
    asked["missing"] = json!({});
    asked["kubelets"] = json!([{"name": "n0", "config": {"podPidsLimit": "100"}}]);
    assert_eq!(cure("KubeletFlagRemoved", &asked), old);
}

/// A role is offered for the `ConfigMaps` that are read, not for all that there are.
#[test]
fn config_maps_are_granted_by_name() {
    let facts = json!({"target": "1.32", "permissions": [
        {"verb": "get", "resource": "configmaps", "allowed": false},
        {"resource": "pods", "allowed": false},
    ]});
    let findings = World::of(&facts).findings(find("PermissionCoverage").expect("a check"));
    let commands: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.fix[0].command.as_deref())
        .collect();
    assert!(
        commands[0].contains("--resource=configmaps' --resource-name=airworthy-freeze ")
            && commands[0].contains(" --resource-name=kubeadm-config"),
        "{commands:?}"
    );
    assert_eq!(
        commands[1],
        "kubectl create clusterrole airworthy-list-pods --verb=list '--resource=pods'"
    );
}

/// What shows its flags is asked; what does not, is looked at.
#[test]
fn kubelets_that_show_their_flags_are_asked() {
    let new = cure("KubeletFlagRemoved", &way("v1.36.3", "1.37", &["v1.36.3"]));
    assert!(new.contains("asks every kubelet"), "{new}");
    assert!(!new.contains("--skip"), "{new}");
    let both = cure(
        "KubeletFlagRemoved",
        &way("v1.36.3", "1.37", &["v1.36.3", "v1.35.7"]),
    );
    for word in ["asks every kubelet", "--skip KubeletFlagRemoved"] {
        assert!(both.contains(word), "{both}");
    }
}
