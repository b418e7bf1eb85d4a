use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::*;

const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";

fn precheck_body() -> Value {
    json!({
        "apiVersion": "v3", "kind": "PreCheckTask",
        "spec": {
            "clusterID": CLUSTER, "clusterVersion": "v1.28.6-r0", "targetVersion": "v1.31.4-r10",
            "skippedCheckItemList": [
                {"name": "arpCheck", "resourceSelector": {
                    "key": "node.uid", "values": ["d8b2ab11-8e0b-4b26-8c2b-1f3c3c1f8f1a"], "operator": "In"}},
                {"name": "DeprecatedApiCheck", "resourceSelector": {}, "future": [1, {"a": null}]},
            ],
        },
        "later": {"unknown": true},
    })
}

fn precheck(body: &Value) -> Result<PrecheckRequest, ApiError> {
    parse_precheck(CLUSTER, body.to_string().as_bytes())
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = precheck_body();
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

fn refused(body: &Value) -> String {
    let error = precheck(body).expect_err(&body.to_string());
    assert_eq!(
        (error.status, error.code),
        (StatusCode::BAD_REQUEST, "CCE.01400001")
    );
    error.message
}

#[test]
fn a_whole_precheck_is_read() {
    assert_eq!(
        precheck(&precheck_body()).unwrap(),
        PrecheckRequest {
            cluster_version: Some("v1.28.6-r0".into()),
            target_version: "v1.31.4-r10".into(),
            skips: vec![
                Skip {
                    name: "arpCheck".into(),
                    node_uids: Some(vec!["d8b2ab11-8e0b-4b26-8c2b-1f3c3c1f8f1a".into()]),
                },
                Skip {
                    name: "DeprecatedApiCheck".into(),
                    node_uids: None,
                },
            ],
        }
    );
}

#[test]
fn empty_strings_and_nulls_are_absent() {
    for nothing in [json!(""), Value::Null] {
        let body = json!({"apiVersion": "v3", "kind": "PreCheckTask", "spec": {
            "clusterID": nothing, "clusterVersion": nothing, "targetVersion": "v1.31",
            "skippedCheckItemList": null}});
        let read = precheck(&body).unwrap();
        assert_eq!(
            (read.cluster_version, read.skips.as_slice()),
            (None, &[][..])
        );
        assert!(refused(&with("/spec/targetVersion", nothing)).contains("spec.targetVersion"));
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let cases = [
        (
            "/apiVersion",
            json!("v1"),
            "apiVersion must be v3, not \"v1\"",
        ),
        ("/apiVersion", json!(""), "apiVersion is missing"),
        ("/kind", json!("PostCheckTask"), "kind must be PreCheckTask"),
        ("/spec", Value::Null, "spec is missing"),
        ("/spec", json!([]), "expected an object at line 1 column"),
        ("/spec", json!("x"), "expected an object at line 1 column"),
        (
            "/spec/clusterID",
            json!("a"),
            "is not the cluster of the path",
        ),
        (
            "/spec/targetVersion",
            json!(1.31),
            "expected a string at line 1 column",
        ),
        (
            "/spec/skippedCheckItemList",
            json!({}),
            "expected a sequence",
        ),
        (
            "/spec/skippedCheckItemList/0",
            json!(["arpCheck"]),
            "expected an object",
        ),
        (
            "/spec/skippedCheckItemList/1/name",
            json!(""),
            "spec.skippedCheckItemList[1].name is missing",
        ),
        (
            "/spec/skippedCheckItemList/0/resourceSelector/key",
            json!("uid"),
            "key must be node.uid",
        ),
        (
            "/spec/skippedCheckItemList/0/resourceSelector/operator",
            json!("NotIn"),
            "operator must be In",
        ),
        (
            "/spec/skippedCheckItemList/0/resourceSelector/values",
            json!([]),
            "resourceSelector.values is missing",
        ),
    ];
    for (pointer, value, expected) in cases {
        let message = refused(&with(pointer, value));
        assert!(message.contains(expected), "{pointer}: {message}");
    }
}

#[test]
fn malformed_json_is_placed() {
    let error = parse_precheck(CLUSTER, b"{\"apiVersion\":\n  \"v3\",,}").unwrap_err();
    assert!(error.message.contains("line 2 column 8"), "{error}");
    for body in [&b""[..], b"[]", b"null", b"\xff\xfe", b"{}{}"] {
        assert_eq!(
            parse_precheck(CLUSTER, body).unwrap_err().code,
            "CCE.01400001"
        );
    }
}

#[test]
fn postchecks_are_read() {
    let body = br#"{"apiVersion": "v3", "kind": "PostCheckTask", "spec": {"clusterID": "8978deaa-1743-11ee-8e46-0255ac10004c", "clusterVersion": "v1.15.11-r1", "targetVersion": "v1.19.16-r80"}}"#;
    let read = parse_postcheck(CLUSTER, body).unwrap();
    assert_eq!(read.cluster_version.as_deref(), Some("v1.15.11-r1"));
    assert_eq!(read.target_version.as_deref(), Some("v1.19.16-r80"));
    let other = parse_postcheck("00000000-1743-11ee-8e46-0255ac10004c", body);
    assert_eq!(other.unwrap_err().code, "CCE.01400001");
    let bare = br#"{"apiVersion":"v3","kind":"PostCheckTask","spec":{}}"#;
    assert_eq!(parse_postcheck(CLUSTER, bare).unwrap().target_version, None);
}

#[test]
fn no_cut_or_changed_body_panics_and_no_cut_one_is_taken() {
    let whole = precheck_body().to_string().into_bytes();
    for end in 0..whole.len() {
        assert!(
            parse_precheck(CLUSTER, &whole[..end]).is_err(),
            "cut at {end}"
        );
    }
    for place in 0..whole.len() {
        for byte in [0, b'"', b'{', b'[', b']', b',', b'\\', b'9', 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[place] = byte;
            let _ = parse_precheck(CLUSTER, &changed);
            let _ = parse_postcheck(CLUSTER, &changed);
        }
    }
}

#[test]
fn long_texts_are_not_repeated_in_full() {
    let message = refused(&with("/kind", json!("x".repeat(10_000))));
    assert!(message.len() < 300, "{}", message.len());
}

#[test]
fn ids_have_their_pattern() {
    assert!(check_id("cluster_id", CLUSTER).is_ok());
    assert!(check_id("cluster_id", "zzzzzzzz-1743-11ee-8e46-0255ac10004z").is_ok());
    for id in [
        "",
        "8978deaa",
        "8978DEAA-1743-11ee-8e46-0255ac10004c",
        "8978deaa-1743-11ee-8e46-0255ac10004c-",
        "8978deaa-1743-11ee-8e46-0255ac10004c\n",
        "8978deaa-1743-11ee-8e46-0255ac1004c",
        "8978deaa-1743-11ee-8e4-60255ac10004c",
    ] {
        let error = check_id("cluster_id", id).expect_err(id);
        assert!(error.message.contains("cluster_id"), "{error}");
    }
}

#[test]
fn an_unfilled_project_is_explained() {
    assert!(check_project_id("0605767a768010f92f1fc00e2b7c4f31").is_ok());
    for id in ["{project_id}", "%7Bproject_id%7D", ""] {
        let error = check_project_id(id).unwrap_err();
        assert!(error.message.contains("set project_id"), "{error}");
    }
}

#[test]
fn bodies_must_be_announced_as_json() {
    let announced = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
        require_json(&headers).map_err(|error| error.code)
    };
    assert_eq!(announced("application/json"), Ok(()));
    assert_eq!(announced("Application/JSON; charset=utf-8"), Ok(()));
    assert_eq!(announced("text/plain"), Err("CCE.01400006"));
    assert_eq!(announced("application/jsonx"), Err("CCE.01400006"));
    assert_eq!(
        require_json(&HeaderMap::new()).unwrap_err().code,
        "CCE.01400006"
    );
}
