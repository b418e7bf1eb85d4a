use serde_json::json;

use super::*;

fn whole() -> Value {
    json!({
        "kind": "Cluster", "apiVersion": "v3",
        "metadata": {"name": "autopilot-a", "alias": "A", "annotations": {"a": "b"}, "labels": {"c": "d"},
            "creationTimestamp": "", "uid": 5},
        "spec": {"category": "Turbo", "type": "VirtualMachine", "flavor": "cce.autopilot.cluster",
            "version": "v1.31", "description": "d", "customSan": ["a.example"], "enableSnat": true,
            "enableAutopilot": true, "deleteProtection": false,
            "hostNetwork": {"vpc": "v", "subnet": "s"}, "containerNetwork": {"mode": "eni"},
            "eniNetwork": {"subnets": [{"subnetID": "s"}]}, "serviceNetwork": {"IPv4CIDR": "10.247.0.0/16"},
            "authentication": {"mode": "rbac"}, "clusterTags": [{"key": "k", "value": "v"}],
            "kubeProxyMode": "iptables", "extendParam": {"enterpriseProjectId": "0"},
            "configurationsOverride": [{"name": "kube-apiserver",
                "configurations": [{"name": "support-overload", "value": true}]}]},
    })
}

fn cluster(body: &Value) -> Result<ClusterRequest, ApiError> {
    parse_cluster(body.to_string().as_bytes())
}

#[test]
fn a_whole_cluster_is_read() {
    let read = cluster(&whole()).unwrap();
    assert_eq!(read.name, "autopilot-a");
    assert_eq!(read.alias.as_deref(), Some("A"));
    assert_eq!(read.annotations["a"], "b");
    assert_eq!(read.labels["c"], "d");
    let mut sent = whole()["spec"].take();
    let members = sent.as_object_mut().unwrap();
    members.retain(|name, _| name != "enableAutopilot" && name != "deleteProtection");
    assert_eq!(serde_json::to_value(&read.spec).unwrap(), sent);
}

#[test]
fn a_cluster_without_a_cloud_is_read() {
    // What our own answers carry can be sent back.
    let body = json!({"kind": "cluster", "apiVersion": "v3", "metadata": {"name": "prod"},
        "spec": AutopilotClusterSpec::default()});
    let read = cluster(&body).unwrap();
    assert_eq!(read.alias, None);
    assert_eq!(read.spec, AutopilotClusterSpec::default());
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let cases = [
        ("/kind", json!(null), "kind is missing"),
        ("/kind", json!("List"), "kind must be Cluster or cluster"),
        ("/apiVersion", json!("v1"), "apiVersion must be v3"),
        ("/metadata", json!(null), "metadata is missing"),
        ("/metadata", json!(["autopilot-a"]), "expected an object"),
        ("/metadata/name", json!(""), "metadata.name is missing"),
        ("/metadata/labels/c", json!(1), "expected a string"),
        ("/spec", json!(null), "spec is missing"),
        ("/spec", json!([]), "expected a map"),
        ("/spec/flavor", json!(null), "spec.flavor is missing"),
        (
            "/spec/flavor",
            json!("cce.s2.small"),
            "spec.flavor must be cce.autopilot.cluster",
        ),
        (
            "/spec/category",
            json!("CCE"),
            "spec.category must be Turbo",
        ),
        (
            "/spec/type",
            json!("BareMetal"),
            "spec.type must be VirtualMachine",
        ),
        (
            "/spec/hostNetwork",
            json!(null),
            "spec.hostNetwork.vpc is missing",
        ),
        ("/spec/hostNetwork", json!(["v", "s"]), "expected an object"),
        (
            "/spec/hostNetwork/subnet",
            json!(null),
            "spec.hostNetwork.subnet is missing",
        ),
        (
            "/spec/containerNetwork",
            json!({}),
            "spec.containerNetwork.mode is missing",
        ),
        (
            "/spec/containerNetwork/mode",
            json!("vpc-router"),
            "spec.containerNetwork.mode must be eni",
        ),
        (
            "/spec/eniNetwork",
            json!({}),
            "spec.eniNetwork.subnets is missing",
        ),
        (
            "/spec/eniNetwork/subnets/0",
            json!(["s"]),
            "expected an object",
        ),
        (
            "/spec/serviceNetwork",
            json!(["10.0.0.0/8"]),
            "expected an object",
        ),
        (
            "/spec/kubeProxyMode",
            json!("ipvs"),
            "spec.kubeProxyMode must be iptables",
        ),
        (
            "/spec/description",
            json!("x".repeat(201)),
            "spec.description is longer than 200",
        ),
        (
            "/spec/clusterTags",
            json!([{}, {}, {}, {}, {}, {}]),
            "spec.clusterTags is longer than 5",
        ),
        ("/spec/enableSnat", json!("true"), "expected a boolean"),
    ];
    for (pointer, value, expected) in cases {
        let mut body = whole();
        *body.pointer_mut(pointer).expect(pointer) = value;
        let error = cluster(&body).expect_err(pointer);
        assert_eq!(error.code, "CCE.01400001", "{pointer}");
        assert!(error.message.contains(expected), "{pointer}: {error}");
    }
}

#[test]
fn names_have_their_rule() {
    let named = |name: &str| {
        let mut body = whole();
        body["metadata"]["name"] = json!(name);
        cluster(&body)
    };
    let longest = "a".repeat(128);
    for name in ["abcd", "a1-2", "a--b", longest.as_str()] {
        assert!(named(name).is_ok(), "{name}");
    }
    let too_long = "a".repeat(129);
    for name in [
        "abc",
        "1abc",
        "-abc",
        "abc-",
        "Abcd",
        "ab_d",
        "ab.d",
        "abcé",
        "abc\n",
        too_long.as_str(),
    ] {
        let error = named(name).expect_err(name);
        assert!(error.message.contains("metadata.name"), "{error}");
        assert!(error.message.len() < 300);
    }
}

#[test]
fn options_of_deletion_are_read() {
    let read = parse_delete_options(
        "delete_efs=true&delete_net=block&lts_reclaim_policy=Retain&x=y&delete_obs=",
    );
    assert_eq!(
        Value::Object(read.unwrap()),
        json!({"delete_efs": "true", "delete_net": "block", "lts_reclaim_policy": "Retain"})
    );
    assert_eq!(parse_delete_options(""), Ok(Map::new()));
    assert_eq!(
        parse_delete_options("delete_%65fs=tr%75e").unwrap()["delete_efs"],
        "true"
    );
    for (query, expected) in [
        ("delete_efs=yes", "delete_efs must be true or block"),
        ("delete_eni", ""),
        ("delete_sfs30=%ff", "delete_sfs30 must be"),
        ("lts_reclaim_policy=retain", "lts_reclaim_policy must be"),
        (
            "delete_obs=try&delete_obs=skip",
            "delete_obs came more than once",
        ),
    ] {
        match parse_delete_options(query) {
            Ok(options) => assert!(expected.is_empty() && options.is_empty(), "{query}"),
            Err(error) => assert!(error.message.contains(expected), "{error}"),
        }
    }
}
