//! What is wrong with a body is said, and nothing is done.

use std::{convert::Infallible, iter};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use crate::fixture::{Fixture, precheck, signed, unsigned};

#[tokio::test]
async fn malformed_bodies_are_refused_each_with_its_reason() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    let with = |pointer: &str, value: Value| {
        let mut body = precheck("v1.32");
        *body.pointer_mut(pointer).unwrap() = value;
        body.to_string()
    };
    let skip = |name: &str| {
        with(
            "/spec",
            json!({ "targetVersion": "v1.32", "skippedCheckItemList": [{ "name": name }] }),
        )
    };
    let nested = "[".repeat(100_000);
    for (body, why) in [
        (String::new(), "not the JSON expected"),
        ("{".to_owned(), "not the JSON expected"),
        ("[]".to_owned(), "not the JSON expected"),
        ("null".to_owned(), "not the JSON expected"),
        ("<html></html>".to_owned(), "not the JSON expected"),
        (nested, "nested deeper"),
        ("{}".to_owned(), "apiVersion is missing"),
        (with("/apiVersion", json!("v4")), "apiVersion must be v3"),
        (
            with("/kind", json!("PostCheckTask")),
            "kind must be PreCheckTask",
        ),
        (with("/spec", json!([])), "not the JSON expected"),
        (with("/spec", json!({})), "spec.targetVersion is missing"),
        (
            with("/spec/targetVersion", json!(132)),
            "not the JSON expected",
        ),
        (
            with(
                "/spec",
                json!({ "targetVersion": "v1.32", "clusterID": "another" }),
            ),
            "not the cluster of the path",
        ),
        (
            with(
                "/spec",
                json!({ "targetVersion": "v1.32", "clusterVersion": "v1.30.1" }),
            ),
            "the cluster runs v1.31.14",
        ),
        (skip("NoSuchItem"), "NoSuchItem"),
        (skip("InternalError"), "InternalError"),
    ] {
        let answer = fixture.call(Method::POST, &target, &body).await;
        let message = answer.refused(400, "CCE.01400001");
        assert!(message.contains(why), "{why}: {message}");
    }
    assert_eq!(fixture.store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn targets_that_no_upgrade_leads_to_have_a_code_of_their_own() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    for version in [
        "v1.31", "v1.31.14", "v1.30", "v1.99", "v1.34", "banana", "2.0",
    ] {
        let answer = fixture.post(&target, &precheck(version)).await;
        let message = answer.refused(400, "CCE.01400015");
        assert!(
            message.contains(version.trim_start_matches('v')),
            "{message}"
        );
    }
    assert_eq!(fixture.store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_body_must_be_announced_as_json() {
    let fixture = Fixture::new().await;
    let key = &fixture.ours.key;
    let body = precheck("v1.32").to_string();
    for rest in ["/operation/precheck", "/operation/postcheck"] {
        let mut request = unsigned(Method::POST, &fixture.ours.path(rest), body.clone());
        request
            .headers_mut()
            .insert("content-type", HeaderValue::from_static("text/plain"));
        let request = signed(
            request,
            &key.ak,
            key.sk.expose(),
            body.as_bytes(),
            &["x-sdk-date"],
        );
        fixture.send(request).await.refused(400, "CCE.01400006");
    }
}

#[tokio::test]
async fn thirteen_megabytes_are_too_many_announced_or_not() {
    let fixture = Fixture::new().await;
    let key = &fixture.ours.key;
    let target = fixture.ours.path("/operation/precheck");
    let body = Bytes::from(vec![b' '; 13 * 1024 * 1024]);
    let megabyte = body.slice(..1024 * 1024);
    let chunks = stream::iter((0..13).map(move |_| Ok::<_, Infallible>(megabyte.clone())));
    for sent in [Body::from(body.clone()), Body::from_stream(chunks)] {
        let request = unsigned(Method::POST, &target, sent);
        let request = signed(request, &key.ak, key.sk.expose(), &body, &["x-sdk-date"]);
        fixture.send(request).await.refused(413, "APIGW.0201");
    }
    let mut announced = unsigned(Method::POST, &target, "");
    announced
        .headers_mut()
        .insert("content-length", HeaderValue::from_static("13631488"));
    fixture.send(announced).await.refused(413, "APIGW.0201");
}

#[tokio::test]
async fn a_large_body_is_read_whole_before_it_is_judged() {
    let fixture = Fixture::new().await;
    let padding: String = iter::repeat_n(' ', 11 * 1024 * 1024).collect();
    let body = format!("{}{padding}", precheck("v1.32"));
    let target = fixture.ours.path("/operation/precheck");
    fixture.call(Method::POST, &target, &body).await.ok();
}

#[tokio::test]
async fn unknown_members_and_query_parameters_do_not_matter() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck?newer=1&newer=2&%ff");
    let mut body = precheck("v1.32");
    body["metadata"] = json!({});
    body["spec"]["upgradeStrategy"] = json!({ "type": "x" });
    body["spec"]["clusterVersion"] = json!("");
    fixture.post(&target, &body).await.ok();
}

#[tokio::test]
async fn a_second_check_of_a_cluster_waits_for_the_first() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    let first = fixture.post(&target, &precheck("v1.32")).await.ok();
    let uid = first["metadata"]["uid"].as_str().unwrap();
    let message = fixture
        .post(&target, &precheck("v1.32"))
        .await
        .refused(409, "CCE.01409001");
    assert!(message.contains(uid), "{message}");
}
