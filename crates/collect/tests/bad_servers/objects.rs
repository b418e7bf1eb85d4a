//! Objects that are half there, of newer versions, or that only call themselves like kinds of Kubernetes.

use std::collections::BTreeSet;

use airworthy_collect::Plan;
use airworthy_model::{
    Facts, Missing, Reason,
    facts::{FailurePolicy, Labels},
};

use crate::{
    PODS,
    fake::{self, Fake, json, list, protobuf},
    lacking,
};

/// What each list answers with these items, in JSON or in protobuf; only what could not be understood may lack.
async fn every_list_of(items: &'static [&'static str], whole: bool) -> Facts {
    let fake = Fake::start(move |seen, _| {
        let kind = fake::kind_of(&seen.path)?;
        let items: Vec<_> = items.iter().map(|&item| item.to_owned()).collect();
        Some(json(&list(kind, "", &items)))
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    for missing in lacking(&facts) {
        assert_eq!(missing.reason, Reason::Malformed, "{missing:?}");
        assert!(!whole, "{items:?}: {missing:?}");
    }
    facts
}

#[tokio::test]
async fn members_that_lack_or_are_null_are_empty() {
    let rows = |facts: &Facts| {
        let pods = facts.pods.as_ref().unwrap().len();
        [
            pods,
            facts.nodes.as_ref().unwrap().len(),
            facts.crds.as_ref().unwrap().len(),
        ]
    };
    for items in [
        &["{}", "{}"][..],
        &[r#"{"metadata":{}}"#, r#"{"spec":{},"status":{}}"#],
        &[
            r#"{"metadata":{"name":"a","labels":null,"annotations":null,"creationTimestamp":null,"ownerReferences":null}}"#,
            r#"{"metadata":{"name":"b","managedFields":null,"finalizers":null}}"#,
        ],
    ] {
        let facts = every_list_of(items, true).await;
        assert_eq!(rows(&facts), [2, 2, 2], "{items:?}");
    }
}

#[tokio::test]
async fn members_and_words_of_newer_versions_are_read_over() {
    let future: &[&str] = &[
        r#"{"metadata":{"name":"a","future":{"x":[1,{"y":null}]}},"future":true,
            "spec":{"future":[[[]]],"type":"Future","operator":"Future","policy":"Future"},
            "status":{"phase":"Future","conditions":[{"type":"Future","status":"Perhaps","future":1},{}],"future":{}}}"#,
    ];
    let facts = every_list_of(future, false).await;
    assert_eq!(facts.pods.unwrap()[0].phase, "Future");
    assert!(
        !facts.nodes.unwrap()[0]
            .conditions
            .iter()
            .any(airworthy_model::facts::Condition::is_true)
    );
}

/// None of these is an object of any kind: the group is not read, and nothing of it counts.
#[tokio::test]
async fn members_of_another_sort_make_a_list_unreadable() {
    let deep: &'static str = format!(
        r#"{{"metadata":{}{}}}"#,
        r#"{"x":"#.repeat(5_000),
        "}".repeat(5_000)
    )
    .leak();
    for item in [
        "null",
        "1",
        "\"x\"",
        r#"{"metadata":{"name":1}}"#,
        r#"{"metadata":{"name":"a","name":"b"}}"#,
        r#"{"metadata":{"labels":"x"}}"#,
        r#"{"metadata":{"creationTimestamp":"0000-00-00T00:00:00Z"}}"#,
        r#"{"metadata":{"creationTimestamp":"2026-11-22T25:61:00Z"}}"#,
        r#"{"metadata":{"name":"\ud800"}}"#,
        deep,
    ] {
        let items: &'static [&'static str] = vec![item].leak();
        let facts = every_list_of(items, false).await;
        let pods = facts.pods.map(|pods| pods.len());
        assert_eq!(
            pods.map_err(|missing| missing.reason),
            Err(Reason::Malformed),
            "{item:.80}"
        );
    }
}

#[tokio::test]
async fn times_in_odd_zones_are_the_same_instant() {
    for (text, seconds) in [
        ("2026-11-22T12:00:00Z", 1_795_348_800),
        ("2026-11-22T13:00:00+01:00", 1_795_348_800),
        ("2026-11-22T12:00:00.999999999Z", 1_795_348_800),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
    ] {
        let pod = format!(r#"{{"metadata":{{"name":"a","creationTimestamp":"{text}"}}}}"#);
        let page = list("PodList", "", &[pod]);
        let fake = Fake::start(move |seen, _| (seen.path == PODS).then(|| json(&page)));
        let facts = fake.await.collect(&Plan::everything()).await.unwrap();
        let created = facts.pods.unwrap()[0].created.unwrap();
        assert_eq!(created.as_second(), seconds, "{text}");
    }
}

/// The envelope of protobuf around a list of a kind.
fn envelope(kind: &str, list: &[u8]) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| {
        let mut field = vec![tag << 3 | 2];
        prost::encoding::encode_varint(bytes.len() as u64, &mut field);
        field.extend_from_slice(bytes);
        field
    };
    let type_meta = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), field(1, &type_meta), field(2, list)].concat()
}

async fn protobuf_everywhere(list: &'static [u8]) -> Vec<Missing> {
    let fake = Fake::start(move |seen, _| {
        let kind = fake::kind_of(&seen.path)?;
        Some(protobuf(envelope(kind, list)))
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    lacking(&facts).into_iter().cloned().collect()
}

#[tokio::test]
async fn protobuf_that_is_half_there_or_of_the_future_is_read_over() {
    for list in [
        // Two objects of nothing.
        &b"\x12\x00\x12\x00"[..],
        // A list of the future: numbers that nobody knows, of every sort.
        b"\xf8\x06\x01\xf2\x06\x03abc\xfd\x06abcd\xf9\x06abcdefgh",
        // An object of the future.
        b"\x12\x08\xf8\x06\x01\xf2\x06\x01a\x00\x00\x00\x00",
    ] {
        for missing in protobuf_everywhere(list).await {
            assert_eq!(missing.reason, Reason::Malformed, "{list:?}: {missing:?}");
        }
    }
    assert_eq!(protobuf_everywhere(b"\x12\x00\x12\x00").await, []);
}

#[tokio::test]
async fn broken_protobuf_is_missing_everywhere() {
    let groups = |missing: Vec<Missing>| {
        assert!(
            missing.iter().all(|one| one.reason == Reason::Malformed),
            "{missing:?}"
        );
        missing
            .iter()
            .map(|one| one.need)
            .collect::<BTreeSet<_>>()
            .len()
    };
    let deep: &'static [u8] = vec![0x0b; 4_000].leak();
    for list in [
        &b"\x12\x7f"[..],
        b"\x12\x02\x0a\x7f",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        deep,
    ] {
        assert!(groups(protobuf_everywhere(list).await) > 20, "{list:.20?}");
    }
}

/// Others call their kinds like ours. Their pods are not driven as ours are.
#[tokio::test]
async fn owners_that_only_call_themselves_like_ours_are_told_apart() {
    let pod = |name: &str, owner: &str| {
        format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"n","ownerReferences":[{owner}]}},"spec":{{"nodeName":"n1"}}}}"#
        )
    };
    let owner = |api_version: &str, kind: &str| {
        format!(r#"{{"apiVersion":"{api_version}","kind":"{kind}","name":"x","controller":true}}"#)
    };
    let pods = [
        pod("ours", &owner("apps/v1", "DaemonSet")),
        pod("old", &owner("extensions/v1beta1", "DaemonSet")),
        pod("theirs", &owner("apps.kruise.io/v1alpha1", "DaemonSet")),
        pod("mirror", &owner("v1", "Node")),
        pod("farm", &owner("farm.example/v1", "Node")),
        pod("custom", &owner("farm.example/v1", "Herd")),
    ];
    let page = list("PodList", "", &pods);
    let fake = Fake::start(move |seen, _| (seen.path == PODS).then(|| json(&page)));
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let pods = facts.pods.unwrap();
    let kinds: Vec<_> = pods
        .iter()
        .map(|pod| &*pod.controller.as_ref().unwrap().kind)
        .collect();
    assert_eq!(
        kinds,
        [
            "DaemonSet",
            "DaemonSet",
            "DaemonSet.apps.kruise.io",
            "Node",
            "Node.farm.example",
            "Herd"
        ]
    );
}

#[tokio::test]
async fn an_autoscaler_of_others_does_not_scale_ours() {
    let autoscaler = |api_version: &str| {
        format!(
            r#"{{"metadata":{{"name":"h"}},"spec":{{"maxReplicas":3,"scaleTargetRef":
                {{"apiVersion":"{api_version}","kind":"Deployment","name":"web"}}}}}}"#
        )
    };
    let items = ["apps/v1", "extensions/v1beta1", "theirs.example/v1"].map(autoscaler);
    let page = list("HorizontalPodAutoscalerList", "", &items);
    let path = "/apis/autoscaling/v2/horizontalpodautoscalers";
    let fake = Fake::start(move |seen, _| (seen.path == path).then(|| json(&page)));
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let hpas = facts.hpas.unwrap();
    let kinds: Vec<_> = hpas.iter().map(|hpa| hpa.target_kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["Deployment", "Deployment", "Deployment.theirs.example"]
    );
}

/// Custom kinds may be called `pods` and `secrets`: they are counted, listed and asked for as what they are.
#[tokio::test]
async fn custom_kinds_that_are_called_like_ours_stay_apart() {
    let crd = |plural: &str, kind: &str| {
        format!(
            r#"{{"metadata":{{"name":"{plural}.theirs.example"}},"spec":{{"group":"theirs.example",
                "names":{{"plural":"{plural}","kind":"{kind}"}},"versions":[{{"name":"v1","served":true,"storage":true}}]}},"status":{{}}}}"#
        )
    };
    let page = list(
        "CustomResourceDefinitionList",
        "",
        &[
            crd("pods", "Pod"),
            crd("nodes", "Node"),
            crd("secrets", "Secret"),
        ],
    );
    let metrics = "apiserver_resource_objects{group=\"\",resource=\"pods\"} 5\n\
                   apiserver_resource_objects{group=\"theirs.example\",resource=\"pods\"} 7\n\
                   apiserver_storage_objects{resource=\"nodes\"} 2\n\
                   apiserver_storage_objects{resource=\"nodes.theirs.example\"} 9\n";
    let fake = Fake::start(move |seen, _| match seen.path.as_str() {
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions" => Some(json(&page)),
        "/metrics" => Some(fake::Reply::Whole(200, "text/plain", "", metrics.into())),
        path if path.starts_with("/apis/theirs.example/v1/") => Some(json("{}")),
        PODS => Some(json(&list("PodList", "", &[fake::pod("ours")]))),
        _ => None,
    });
    let fake = fake.await;
    let facts = fake.collect(&Plan::everything()).await.unwrap();
    let names: Vec<_> = facts
        .pods
        .unwrap()
        .into_iter()
        .map(|pod| pod.name)
        .collect();
    assert_eq!(names, ["ours"]);
    let counts = facts.metrics.unwrap().object_counts;
    let counts: Vec<_> = counts.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(
        counts,
        [
            ("nodes", 2),
            ("nodes.theirs.example", 9),
            ("pods", 5),
            ("pods.theirs.example", 7)
        ]
    );
    // Nobody's Secret is read: of theirs one object proves that the list works, as of any custom kind.
    assert_eq!(fake.queries("/apis/theirs.example/v1/secrets"), ["limit=1"]);
    assert_eq!(facts.crds.unwrap().len(), 3);
}

/// What a webhook's selector says in words of the future does not say that it is not called.
#[tokio::test]
async fn a_selector_of_a_webhook_that_is_not_understood_leaves_nothing_out() {
    let configuration = r#"{"metadata":{"name":"c"},"webhooks":[{"name":"w","failurePolicy":"Perhaps","clientConfig":{},
        "namespaceSelector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"x","operator":"Like","values":["y"]},
        {"key":"z","operator":"Exists"}]}}]}"#;
    let page = list(
        "ValidatingWebhookConfigurationList",
        "",
        &[configuration.to_owned()],
    );
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let fake = Fake::start(move |seen, _| (seen.path == path).then(|| json(&page)));
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let webhook = &facts.webhooks.unwrap()[0];
    let labels = [("a", "b"), ("z", "")].into_iter().collect();
    assert!(webhook.namespace_selector.selects(&labels));
    assert!(!webhook.namespace_selector.selects(&Labels::default()));
    assert_eq!(webhook.failure_policy, FailurePolicy::Fail);
}
