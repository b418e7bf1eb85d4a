//! What comes in, who may do what, and what scales.

use airworthy_model::{Facts, facts::CaBundle};
use airworthy_testbed::{Apply, Client, Cluster, How};
use serde_json::json;

/// Makes the objects; what older API servers take and newer refuse only where it is taken.
pub(crate) async fn fill(cluster: &Cluster, admin: &Client, minor: &str) {
    let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
    cluster
        .apply(include_str!("routes.yaml"), &apply)
        .await
        .unwrap();
    autoscaler(admin).await;
    if has_policies(minor) {
        let yaml = include_str!("policies.yaml");
        cluster.apply(yaml, &apply).await.unwrap();
    }
    if loose(minor) {
        let service = json!({
            "metadata": { "name": "loose" },
            "spec": { "ports": [{ "port": 80 }], "externalIPs": ["010.9.0.1", "10.9.0.2"] },
        });
        let path = "/api/v1/namespaces/shop/services";
        admin.create(path, &service).await.unwrap();
    }
    let going = json!({ "metadata": { "name": "going", "finalizers": ["example.com/held"] }, "spec": { "ports": [{ "port": 80 }] } });
    let path = "/api/v1/namespaces/shop/services";
    admin.create(path, &going).await.unwrap();
    admin.delete(&format!("{path}/going")).await.unwrap();
}

fn loose(minor: &str) -> bool {
    !["1.36", "1.37"].contains(&minor)
}

/// Policies came to stay with 1.30.
fn has_policies(minor: &str) -> bool {
    !["1.24", "1.25", "1.26", "1.27", "1.28", "1.29"].contains(&minor)
}

async fn autoscaler(admin: &Client) {
    let metric = json!({ "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } } });
    let autoscaler = json!({
        "metadata": { "name": "web" },
        "spec": {
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
            "minReplicas": 2, "maxReplicas": 3, "metrics": [metric],
        },
    });
    let path = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers";
    admin.create(path, &autoscaler).await.unwrap();
}

pub(crate) fn read_back(facts: &Facts, minor: &str) {
    traffic(facts, minor);
    access(facts);
    webhook(facts, minor);
    policies(facts, minor);
    let autoscalers = facts.hpas.as_ref().unwrap();
    let web = &autoscalers[0];
    assert_eq!(
        (web.min, web.max, web.target_name.as_str()),
        (Some(2), 3, "web")
    );
    assert_eq!(web.metrics, ["Resource"]);
    assert_eq!(web.api_version, "autoscaling/v2");
    assert!(facts.backups.as_ref().unwrap().is_empty());
}

fn traffic(facts: &Facts, minor: &str) {
    let class = &facts.ingress_classes.as_ref().unwrap()[0];
    assert!(class.is_default && class.controller == "example.com/front");
    let web = &facts.ingresses.as_ref().unwrap()[0];
    assert_eq!(web.class.as_deref(), Some("front"));
    assert_eq!(web.services, ["api", "web"]);
    assert_eq!(web.snippets, ["nginx.ingress.kubernetes.io/server-snippet"]);
    assert_eq!(web.tls_secrets, ["web-tls"]);
    let gate = &facts.network_policies.as_ref().unwrap()[0];
    assert!(gate.name == "gate" && gate.loose_addresses.is_empty());
    let services = facts.services.as_ref().unwrap();
    let service = |name: &str| services.iter().find(|one| one.name == name);
    assert_eq!(service("web").unwrap().selector.get("app"), Some("web"));
    let going = service("going").unwrap().deletion.as_ref().unwrap();
    assert_eq!(going.finalizers, ["example.com/held"]);
    if loose(minor) {
        let [odd] = &service("loose").unwrap().loose_addresses[..] else {
            panic!("{services:?}");
        };
        assert_eq!(
            (odd.field.as_str(), odd.value.as_str()),
            ("spec.externalIPs[0]", "010.9.0.1")
        );
    }
}

fn access(facts: &Facts) {
    let roles = facts.roles.as_ref().unwrap();
    let role = |name: &str| roles.iter().find(|one| one.name == name).unwrap();
    let debug = role("debug");
    assert_eq!(debug.bound, ["ServiceAccount shop/helper", "User ann"]);
    assert_eq!(debug.rules.len(), 1);
    assert_eq!(debug.rules[0].resources, ["pods/exec"]);
    assert!(!debug.built_in && role("cluster-admin").built_in);
    assert!(roles.iter().all(|one| one.name != "system:node-proxier"));
    let accounts = facts.service_accounts.as_ref().unwrap();
    let helper = accounts.iter().find(|one| one.name == "helper").unwrap();
    assert!(helper.secrets.contains(&"helper-token".to_owned()));
    let tokens = facts.token_secrets.as_ref().unwrap();
    let token = tokens
        .iter()
        .find(|one| one.name == "helper-token")
        .unwrap();
    assert_eq!(token.account, "helper");
    assert_eq!(token.last_used.as_deref(), Some("2026-10-01"));
    assert!(tokens.iter().all(|one| one.name != "login"));
}

fn policies(facts: &Facts, minor: &str) {
    let rows = facts.admission_policies.as_ref().unwrap();
    if !has_policies(minor) {
        assert!(rows.is_empty());
        return;
    }
    let [guard] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!((&*guard.name, &*guard.binding), ("guard", "refuse"));
    assert!(guard.since.is_some_and(|since| since <= facts.observed_at));
    assert_eq!((guard.namespaces.len(), guard.pods.len()), (2, 1));
    assert_eq!(guard.excepted_namespaces, ["kube-system"]);
}

fn webhook(facts: &Facts, minor: &str) {
    let webhooks = facts.webhooks.as_ref().unwrap();
    let mut narrow = webhooks.iter().filter(|one| one.configuration == "narrow");
    let narrow = narrow.next().unwrap();
    assert_eq!(narrow.timeout_seconds, Some(7));
    assert_eq!(narrow.match_policy, "Exact");
    let Some(CaBundle {
        certificates,
        unreadable: 0,
    }) = &narrow.ca
    else {
        panic!("{narrow:?}");
    };
    assert!(certificates[0].sha1);
    // Match conditions came with 1.27.
    if !["1.24", "1.25", "1.26"].contains(&minor) {
        assert_eq!(narrow.match_conditions, 2);
        assert_eq!(narrow.opaque_conditions, Some(1));
        assert_eq!(narrow.excepted_namespaces, ["kube-system", "shop"]);
    }
    assert!(webhooks.iter().any(|one| one.ca.is_none()));
}
