use serde_json::{Value, json};

use super::*;

fn whole() -> Value {
    json!({
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {"clusterUpgradeAction": {
            "addons": [{"addonTemplateName": "coredns", "operation": "patch", "version": "1.29.4",
                "values": {"basic": {}, "custom": {}}}],
            "nodeOrder": {"DefaultPool": [{
                "nodeSelector": {"key": "uid", "value": ["u1"], "operator": "in"}, "priority": 1}]},
            "nodePoolOrder": {"DefaultPool": 10},
            "strategy": {"type": "inPlaceRollingUpdate",
                "inPlaceRollingUpdate": {"userDefinedStep": 40, "scope": "NodePool"}},
            "targetVersion": "v1.31.4-r10", "isOnlyUpgrade": true}},
    })
}

/// The least there can be.
fn bare() -> Value {
    json!({
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {"clusterUpgradeAction": {
            "strategy": {"type": "inPlaceRollingUpdate"}, "targetVersion": "v1.32"}},
    })
}

fn upgrade(body: &Value) -> Result<UpgradeRequest, ApiError> {
    parse_upgrade(body.to_string().as_bytes())
}

#[test]
fn a_whole_order_is_read_and_kept() {
    let read = upgrade(&whole()).unwrap();
    assert_eq!(read.target_version, "v1.31.4-r10");
    assert_eq!((read.step, read.scope), (40, BatchScope::NodePool));
    assert!(read.is_only_upgrade);
    let action = &whole()["spec"]["clusterUpgradeAction"];
    for (kept, sent) in [
        (serde_json::to_value(&read.addons), "addons"),
        (serde_json::to_value(&read.node_order), "nodeOrder"),
        (serde_json::to_value(&read.node_pool_order), "nodePoolOrder"),
        (serde_json::to_value(read.strategy()), "strategy"),
    ] {
        assert_eq!(kept.unwrap(), action[sent], "{sent}");
    }
}

#[test]
fn what_is_not_said_has_its_default() {
    let read = upgrade(&bare()).unwrap();
    assert_eq!((read.step, read.scope), (20, BatchScope::Cluster));
    assert!(!read.is_only_upgrade);
    assert!(read.addons.is_empty() && read.node_order.is_empty());
    assert_eq!(
        serde_json::to_value(read.strategy()).unwrap(),
        json!({"type": "inPlaceRollingUpdate",
            "inPlaceRollingUpdate": {"userDefinedStep": 20, "scope": "Cluster"}})
    );
}

#[test]
fn nothing_in_any_spelling_is_the_default() {
    let mut body = bare();
    let action = &mut body["spec"]["clusterUpgradeAction"];
    action["addons"] = json!(null);
    action["nodeOrder"] = json!({});
    action["nodePoolOrder"] = json!(null);
    action["isOnlyUpgrade"] = json!(null);
    action["agencyName"] = json!("");
    action["future"] = json!([{"a": 1}]);
    action["strategy"]["inPlaceRollingUpdate"] = json!({"scope": "", "userDefinedStep": null});
    assert_eq!(upgrade(&body).unwrap(), upgrade(&bare()).unwrap());
}

#[test]
fn the_settings_have_a_second_name() {
    let mut body = whole();
    let spec = body["spec"].as_object_mut().unwrap();
    let action = spec.remove("clusterUpgradeAction").unwrap();
    spec.insert("autopilotClusterUpgradeAction".into(), action.clone());
    assert_eq!(upgrade(&body).unwrap(), upgrade(&whole()).unwrap());
    body["spec"]["clusterUpgradeAction"] = action;
    let error = upgrade(&body).unwrap_err();
    assert!(error.message.contains("duplicate field"), "{error}");
}

#[test]
fn steps_have_bounds() {
    for (step, fits) in [
        (1, true),
        (120, true),
        (0, false),
        (121, false),
        (-1, false),
        (300, false),
    ] {
        let mut body = whole();
        *body
            .pointer_mut("/spec/clusterUpgradeAction/strategy/inPlaceRollingUpdate/userDefinedStep")
            .unwrap() = json!(step);
        let read = upgrade(&body);
        assert_eq!(read.is_ok(), fits, "{step}: {read:?}");
        if let Err(error) = read {
            assert!(
                error.message.contains("userDefinedStep must be 1 to 120"),
                "{error}"
            );
        }
    }
}

fn each_is_named(cases: &[(&str, Value, &str)]) {
    for (pointer, value, expected) in cases {
        let mut body = whole();
        *body.pointer_mut(pointer).expect(pointer) = value.clone();
        let error = upgrade(&body).expect_err(pointer);
        assert_eq!(error.code, "CCE.01400001");
        assert!(error.message.contains(expected), "{pointer}: {error}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    each_is_named(&[
        ("/metadata", json!(null), "metadata is missing"),
        (
            "/metadata",
            json!(["v3", "UpgradeTask"]),
            "expected an object",
        ),
        (
            "/metadata/apiVersion",
            json!("v1"),
            "metadata.apiVersion must be v3",
        ),
        ("/metadata/kind", json!(""), "metadata.kind is missing"),
        (
            "/metadata/kind",
            json!("PreCheckTask"),
            "metadata.kind must be UpgradeTask",
        ),
        ("/spec", json!(null), "spec is missing"),
        ("/spec", json!([{}]), "expected an object"),
        (
            "/spec/clusterUpgradeAction",
            json!(null),
            "spec.clusterUpgradeAction is missing",
        ),
        (
            "/spec/clusterUpgradeAction",
            json!([]),
            "expected an object",
        ),
        (
            "/spec/clusterUpgradeAction/targetVersion",
            json!(""),
            "spec.clusterUpgradeAction.targetVersion is missing",
        ),
        (
            "/spec/clusterUpgradeAction/targetVersion",
            json!(1.32),
            "expected a string",
        ),
        (
            "/spec/clusterUpgradeAction/isOnlyUpgrade",
            json!("true"),
            "expected a boolean",
        ),
        (
            "/spec/clusterUpgradeAction/strategy",
            json!(null),
            "clusterUpgradeAction.strategy is missing",
        ),
        (
            "/spec/clusterUpgradeAction/strategy/type",
            json!(""),
            "strategy.type is missing",
        ),
        (
            "/spec/clusterUpgradeAction/strategy/type",
            json!("replace"),
            "strategy.type must be inPlaceRollingUpdate",
        ),
        (
            "/spec/clusterUpgradeAction/strategy/inPlaceRollingUpdate",
            json!([20]),
            "expected an object",
        ),
        (
            "/spec/clusterUpgradeAction/strategy/inPlaceRollingUpdate/scope",
            json!("Node"),
            "scope must be Cluster or NodePool",
        ),
        (
            "/spec/clusterUpgradeAction/strategy/inPlaceRollingUpdate/userDefinedStep",
            json!("20"),
            "expected i64",
        ),
    ]);
}

#[test]
fn what_is_missing_or_wrong_in_addons_and_orders_is_named() {
    each_is_named(&[
        (
            "/spec/clusterUpgradeAction/addons",
            json!({}),
            "expected a sequence",
        ),
        (
            "/spec/clusterUpgradeAction/addons/0",
            json!(["coredns"]),
            "expected an object",
        ),
        (
            "/spec/clusterUpgradeAction/addons/0/addonTemplateName",
            json!(""),
            "addons[0].addonTemplateName is missing",
        ),
        (
            "/spec/clusterUpgradeAction/addons/0/operation",
            json!("delete"),
            "addons[0].operation must be patch",
        ),
        (
            "/spec/clusterUpgradeAction/addons/0/version",
            json!(null),
            "addons[0].version is missing",
        ),
        (
            "/spec/clusterUpgradeAction/addons/0/values",
            json!([]),
            "expected a map",
        ),
        (
            "/spec/clusterUpgradeAction/nodeOrder",
            json!([]),
            "expected a map",
        ),
        (
            "/spec/clusterUpgradeAction/nodeOrder/DefaultPool/0",
            json!([]),
            "expected an object",
        ),
        (
            "/spec/clusterUpgradeAction/nodeOrder/DefaultPool/0/nodeSelector",
            json!(null),
            "nodeOrder[\"DefaultPool\"][0].nodeSelector is missing",
        ),
        (
            "/spec/clusterUpgradeAction/nodeOrder/DefaultPool/0/nodeSelector/key",
            json!(""),
            "nodeSelector.key is missing",
        ),
        (
            "/spec/clusterUpgradeAction/nodeOrder/DefaultPool/0/nodeSelector/operator",
            json!("In"),
            "operator must be in or notin",
        ),
        (
            "/spec/clusterUpgradeAction/nodeOrder/DefaultPool/0/priority",
            json!(-1),
            "priority must not be negative",
        ),
        (
            "/spec/clusterUpgradeAction/nodePoolOrder/DefaultPool",
            json!(-1),
            "nodePoolOrder[\"DefaultPool\"] must not be negative",
        ),
        (
            "/spec/clusterUpgradeAction/nodePoolOrder/DefaultPool",
            json!("1"),
            "expected i64",
        ),
    ]);
}

#[test]
fn long_names_of_pools_are_not_repeated_in_full() {
    let mut body = whole();
    let pools = json!({"p".repeat(100_000): [{"priority": 1}]});
    body["spec"]["clusterUpgradeAction"]["nodeOrder"] = pools;
    let message = upgrade(&body).unwrap_err().message;
    assert!(message.len() < 300, "{}", message.len());
}
