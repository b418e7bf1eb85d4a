//! Kinds that a cluster need not have: what cannot be read of them is not none.

use airworthy_collect::Plan;
use airworthy_model::{Missing, Need, Reason};

use crate::{
    fake::{Fake, Reply, json, list, status},
    lacking, only_missing,
};

const MACHINES: &str = "/apis/cluster.x-k8s.io/v1beta1/machines";

/// Discovery of one kind of an add-on, and of nothing else outside the core group.
fn discovery(path: &str, group_version: &str, resource: &str) -> Option<Reply> {
    if path == "/apis" {
        return Some(json(&format!(
            r#"{{"groups":[{{"versions":[{{"groupVersion":"{group_version}"}}]}}]}}"#
        )));
    }
    let resources = || {
        json(&format!(
            r#"{{"resources":[{{"name":"{resource}","kind":"X","namespaced":true,"verbs":["list"]}}]}}"#
        ))
    };
    (path.strip_prefix("/apis/") == Some(group_version)).then(resources)
}

/// Reads a server that serves one kind of an add-on only so: it is told as not served, with these words.
async fn is_told_as_not_served(
    need: Need,
    group_version: &'static str,
    resource: &'static str,
    answer: fn(&str) -> Option<Reply>,
    words: &str,
) {
    let missing = lacking_of(need, group_version, resource, answer).await;
    let missing = missing.expect("something lacks");
    assert_eq!(missing.reason, Reason::NotServed);
    assert!(missing.detail.contains(words), "{missing:?}");
}

/// What lacks of a server that serves one kind of an add-on only so.
async fn lacking_of(
    need: Need,
    group_version: &'static str,
    resource: &'static str,
    answer: fn(&str) -> Option<Reply>,
) -> Option<Missing> {
    let fake = Fake::start(move |seen, _| {
        answer(&seen.path).or_else(|| discovery(&seen.path, group_version, resource))
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    lacking(&facts)
        .into_iter()
        .find(|one| one.need == need)
        .cloned()
}

#[tokio::test]
async fn without_discovery_each_version_that_is_understood_is_tried() {
    let machine = r#"{"metadata":{"name":"m","namespace":"n"},"spec":{"clusterName":"c","version":"v1.32.0"},
        "status":{"phase":"Provisioning"}}"#;
    let page = list("MachineList", "", &[machine.to_owned()]);
    let fake = Fake::start(move |seen, _| match seen.path.as_str() {
        "/apis" => Some(status(403, "forbidden")),
        MACHINES => Some(json(&page)),
        _ => None,
    });
    let (facts, missing) = only_missing(&fake.await, &Plan::everything()).await;
    assert_eq!(missing.need, Need::Discovery);
    assert_eq!(facts.operations.unwrap().len(), 1);
}

#[tokio::test]
async fn a_kind_at_versions_that_nobody_understands_is_not_none() {
    let newer = "cluster.x-k8s.io/v1beta9";
    is_told_as_not_served(
        Need::Operations,
        newer,
        "machines",
        |_| None,
        "only at v1beta9",
    )
    .await;
}

#[tokio::test]
async fn a_kind_that_discovery_lists_and_the_server_refuses_is_not_none() {
    let refused = |path: &str| (path == MACHINES).then(|| status(404, "not found"));
    let served = "cluster.x-k8s.io/v1beta1";
    is_told_as_not_served(Need::Operations, served, "machines", refused, MACHINES).await;
}

/// The versions of policies before the first stable one are off unless somebody asks for them.
#[tokio::test]
async fn policies_of_old_versions_alone_are_not_none() {
    let old = "admissionregistration.k8s.io/v1beta1";
    let (need, policies) = (Need::AdmissionPolicies, "validatingadmissionpolicies");
    is_told_as_not_served(need, old, policies, |_| None, "only at v1beta1").await;
}

/// As a 1.19 serves them.
#[tokio::test]
async fn runtime_classes_are_read_before_they_were_stable() {
    let class = list(
        "RuntimeClassList",
        "",
        &[r#"{"metadata":{"name":"gvisor"}}"#.into()],
    );
    let fake = Fake::start(move |seen, _| match seen.path.as_str() {
        "/version" => Some(json(r#"{"gitVersion":"v1.19.16"}"#)),
        "/apis/node.k8s.io/v1beta1/runtimeclasses" => Some(json(&class)),
        "/apis/node.k8s.io/v1/runtimeclasses" => Some(status(404, "not found")),
        path => discovery(path, "node.k8s.io/v1beta1", "runtimeclasses"),
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let classes = facts.pod_admission.unwrap().runtime_classes;
    assert_eq!(classes, ["gvisor"]);
}

/// A deprecated version is not asked for, and what is only served at one is not none.
#[tokio::test]
async fn a_kind_that_is_served_only_at_a_deprecated_version_is_not_none() {
    let (need, old) = (Need::PodAdmission, "node.k8s.io/v1beta1");
    is_told_as_not_served(need, old, "runtimeclasses", |_| None, "marks deprecated").await;
}

#[tokio::test]
async fn what_discovery_does_not_know_is_none() {
    let missing = lacking_of(Need::Operations, "velero.io/v1", "widgets", |_| None);
    assert_eq!(missing.await, None);
}
