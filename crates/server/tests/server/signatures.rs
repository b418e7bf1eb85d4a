//! Who is let in, and what the others are told.

use airworthy_cce::sign::{CONTENT_HASH_HEADER, DATE_HEADER, UNSIGNED_PAYLOAD, date_header};
use axum::body::Body;
use http::{HeaderValue, Method, Request};
use jiff::{SignedDuration, Timestamp};

use crate::fixture::{Fixture, precheck, request, signed, unsigned};

const BODY: &str = "{}";

fn set(request: &mut Request<Body>, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    request.headers_mut().insert(name, value);
}

#[tokio::test]
async fn a_good_signature_is_let_in_whatever_it_covers_beyond_the_date() {
    let fixture = Fixture::new().await;
    let (key, target) = (&fixture.ours.key, fixture.ours.clusters());
    for names in [
        &[DATE_HEADER][..],
        &["host", DATE_HEADER],
        &["content-type", "host", DATE_HEADER, "x-never-sent"],
    ] {
        let request = unsigned(Method::GET, &target, BODY);
        let request = signed(request, &key.ak, key.sk.expose(), BODY.as_bytes(), names);
        fixture.send(request).await.ok();
    }
}

#[tokio::test]
async fn every_sort_of_wrong_signature_is_refused_as_json() {
    let fixture = Fixture::new().await;
    let (ak, sk) = (&fixture.ours.key.ak, fixture.ours.key.sk.expose());
    let target = fixture.ours.clusters();
    let names = ["host", DATE_HEADER];
    let plain = || unsigned(Method::GET, &target, BODY);
    let good = || signed(plain(), ak, sk, BODY.as_bytes(), &names);
    let with = |authorization: &str| {
        let mut request = plain();
        set(&mut request, "authorization", authorization);
        request
    };
    let dated = |text: &str| {
        let mut request = plain();
        set(&mut request, DATE_HEADER, text);
        signed(request, ak, sk, BODY.as_bytes(), &names)
    };
    let away = |minutes| {
        dated(&date_header(
            Timestamp::now() + SignedDuration::from_mins(minutes),
        ))
    };
    let mut other_header = good();
    set(&mut other_header, "host", "elsewhere:1");
    let mut other_path = good();
    *other_path.uri_mut() = format!("{target}?detail=true").parse().unwrap();
    let mut other_method = good();
    *other_method.method_mut() = Method::POST;
    *other_method.uri_mut() = fixture.ours.path("/operation/precheck").parse().unwrap();
    let mut claimed = plain();
    set(&mut claimed, CONTENT_HASH_HEADER, UNSIGNED_PAYLOAD);
    let mut twice = good();
    let first = twice.headers()["authorization"].clone();
    twice.headers_mut().append("authorization", first);
    let wrong = "the access key or the signature is wrong";
    for (request, why) in [
        (plain(), "x-auth-token not found"),
        (with("Basic abc"), "algorithm Basic"),
        (
            with("SDK-HMAC-SM3 Access=a, SignedHeaders=b, Signature=c"),
            "algorithm SDK-HMAC-SM3",
        ),
        (with("SDK-HMAC-SHA256 "), "malformed"),
        (
            with(&format!(
                "SDK-HMAC-SHA256 Access={ak}, SignedHeaders={DATE_HEADER}, Signature=abc"
            )),
            "malformed",
        ),
        (twice, "more than once"),
        (
            signed(plain(), ak, "another secret", BODY.as_bytes(), &names),
            wrong,
        ),
        (
            signed(plain(), "NOSUCHKEY00000000000", sk, BODY.as_bytes(), &names),
            wrong,
        ),
        (signed(plain(), ak, sk, b"another body", &names), wrong),
        (
            signed(plain(), ak, sk, BODY.as_bytes(), &["host"]),
            "x-sdk-date is not among",
        ),
        (dated("yesterday"), "x-sdk-date is absent or not"),
        (away(16), "away from the server's clock"),
        (away(-16), "away from the server's clock"),
        (
            signed(claimed, ak, sk, BODY.as_bytes(), &names),
            "the body is not covered by the signature",
        ),
        (other_header, wrong),
        (other_path, wrong),
        (other_method, wrong),
    ] {
        let message = fixture.send(request).await.refused(401, "APIGW.0301");
        assert!(message.contains(why), "{why}: {message}");
    }
}

#[tokio::test]
async fn an_unknown_key_is_not_told_from_a_wrong_signature() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.clusters();
    let answer = async |ak: &str| {
        let request = unsigned(Method::GET, &target, "");
        let request = signed(request, ak, "a guess", b"", &[DATE_HEADER]);
        fixture.send(request).await.refused(401, "APIGW.0301")
    };
    assert_eq!(answer(&fixture.ours.key.ak).await, answer("AK").await);
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_then_on() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.clusters();
    fixture.get(&target).await.ok();
    let (project, ak) = (&fixture.ours.project.id, &fixture.ours.key.ak);
    let revoked = fixture
        .store
        .revoke_key(project, ak, Timestamp::now())
        .await;
    assert!(revoked.unwrap());
    fixture.get(&target).await.refused(401, "APIGW.0301");
}

#[tokio::test]
async fn a_token_alone_is_unknown_and_beside_a_signature_without_effect() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.clusters();
    let mut alone = unsigned(Method::GET, &target, "");
    set(&mut alone, "x-auth-token", "made up");
    let message = fixture.send(alone).await.refused(401, "APIGW.0301");
    assert!(message.contains("decrypt token fail"), "{message}");
    let mut beside = request(&fixture.ours.key, Method::GET, &target, "");
    set(&mut beside, "x-auth-token", "made up");
    fixture.send(beside).await.ok();
}

#[tokio::test]
async fn the_target_is_decoded_and_encoded_again_before_it_is_compared() {
    let fixture = Fixture::new().await;
    let key = &fixture.ours.key;
    // Signed over one spelling, sent in another, as some SDKs do.
    let mut request = request(key, Method::GET, "/v3/projects?name=a%7Eb&a=1", "");
    *request.uri_mut() = "/v3/projects?a=1&name=a~b".parse().unwrap();
    fixture.send(request).await.ok();
}

#[tokio::test]
async fn a_wrong_signature_starts_no_task() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    let body = precheck("v1.32").to_string();
    let request = unsigned(Method::POST, &target, body.clone());
    let request = signed(
        request,
        &fixture.ours.key.ak,
        "wrong",
        body.as_bytes(),
        &[DATE_HEADER],
    );
    fixture.send(request).await.refused(401, "APIGW.0301");
    assert_eq!(fixture.store.next_due().await.unwrap(), None);
}
