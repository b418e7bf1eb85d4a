use http::StatusCode;

use super::super::{
    parse_cluster, parse_delay, parse_postcheck, parse_precheck, parse_token_request,
    parse_upgrade, parse_workflow, parse_workflow_update,
};
use super::*;

const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";

/// What each parser says of a body.
fn told(body: &[u8]) -> Vec<ApiError> {
    [
        parse_precheck(CLUSTER, body).map(drop),
        parse_postcheck(CLUSTER, body).map(drop),
        parse_upgrade(body).map(drop),
        parse_workflow(CLUSTER, body).map(drop),
        parse_workflow_update(body).map(drop),
        parse_delay(body).map(drop),
        parse_cluster(body).map(drop),
        parse_token_request(body).map(drop),
        parse_nothing(body),
    ]
    .into_iter()
    .map(|result| result.expect_err("it is refused"))
    .collect()
}

fn nested(depth: usize, opening: &str, closing: &str) -> String {
    // The outermost object is one level.
    let inside = depth - 1;
    format!(
        "{{\"x\":{}1{}}}",
        opening.repeat(inside),
        closing.repeat(inside)
    )
}

#[test]
fn deep_bodies_are_refused_by_every_parser() {
    for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [DEPTH_LIMIT + 1, 200, 100_000] {
            for error in told(nested(depth, opening, closing).as_bytes()) {
                // A log-in of that length is not looked at.
                if depth < 100_000 || error.status != StatusCode::PAYLOAD_TOO_LARGE {
                    assert_eq!(error.code, "CCE.01400001", "{depth}");
                    assert!(error.message.contains("nested deeper than 64"), "{error}");
                }
            }
        }
        let cut = format!("{{\"x\":{}", opening.repeat(200));
        for error in told(cut.as_bytes()) {
            assert!(error.message.contains("nested deeper"), "{error}");
        }
    }
}

#[test]
fn what_is_deep_enough_to_be_read_is_read() {
    for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
        let body = nested(DEPTH_LIMIT, opening, closing);
        assert_eq!(parse_nothing(body.as_bytes()), Ok(()));
    }
    let side_by_side = format!("{{\"x\":[{}1]}}", "[[]],".repeat(1_000));
    assert_eq!(parse_nothing(side_by_side.as_bytes()), Ok(()));
}

#[test]
fn braces_and_commas_inside_texts_do_not_count() {
    let text = "[{,\\\"\\\\".repeat(300_000);
    let body = format!("{{\"x\":\"{text}\"}}");
    assert_eq!(parse_nothing(body.as_bytes()), Ok(()));
    let after = format!("{{\"x\":\"\\\\\",\"y\":{}", "[".repeat(200));
    let error = parse_nothing(after.as_bytes()).unwrap_err();
    assert!(error.message.contains("nested deeper"), "{error}");
}

#[test]
fn long_bodies_are_refused() {
    let mut long = vec![b' '; BODY_LIMIT + 1];
    long[0] = b'[';
    for error in told(&long) {
        assert_eq!(error.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[test]
fn bodies_of_many_values_are_refused() {
    let many = format!("{{\"x\":[{}1]}}", "1,".repeat(VALUES_LIMIT + 1));
    let error = parse_precheck(CLUSTER, many.as_bytes()).unwrap_err();
    assert!(error.message.contains("more than 200000 values"), "{error}");
    let fewer = format!("{{\"x\":[{}1]}}", "1,".repeat(VALUES_LIMIT));
    assert_eq!(parse_nothing(fewer.as_bytes()), Ok(()));
}

#[test]
fn nothing_may_be_spelled_as_an_empty_object() {
    for body in [&b""[..], b"\n", b"{}", b" {} \n", b"{\"a\":[1]}"] {
        assert_eq!(parse_nothing(body), Ok(()), "{body:?}");
    }
    for body in [&b"[]"[..], b"null", b"{", b"x", b"{}{}", b"\xff"] {
        let error = parse_nothing(body).unwrap_err();
        assert_eq!(error.code, "CCE.01400001", "{body:?}");
    }
}
