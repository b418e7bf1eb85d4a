//! What callers of the API send: their signature, the request it is made over, and each body.

use std::fmt::Debug;

use airworthy_cce::{
    ApiError, request,
    sign::{Authorization, Payload, SignedRequest, canonical_request, date_header, sign},
};
use http::{HeaderMap, HeaderValue, Method, header::AUTHORIZATION};
use jiff::Timestamp;

const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";

/// The header `Authorization`: whatever it says, a secret that nobody knows has not signed it.
pub fn authorization(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut headers = dated();
    headers.insert(AUTHORIZATION, value);
    if let Ok(claimed) = Authorization::from_headers(&headers) {
        assert_ne!(claimed.access_key(), "");
        let request = request(&headers, "/v3/projects", b"");
        let verified = claimed.verify(&request, "nobody", Timestamp::UNIX_EPOCH, Payload::Signed);
        assert!(verified.is_err(), "forged");
    }
}

/// A target in its first line, the value of a header in its second, then a body: what is signed verifies, the canonical form
/// is canonical, and nothing that was sent can end a line of it.
pub fn canonical(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n');
    let (target, value) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let body = lines.next().unwrap_or("").as_bytes();
    let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else {
        return;
    };
    let mut headers = dated();
    headers.insert("x-note", value);
    let form = |target: &str| {
        let form = canonical_request(&request(&headers, target, body), "x-note;x-sdk-date", "0");
        String::from_utf8_lossy(&form.expect("no header came twice")).into_owned()
    };
    let once = form(target);
    let parts: Vec<&str> = once.split('\n').collect();
    assert_eq!(parts.len(), 8, "a line more or less");
    assert_eq!(
        form(&format!("{}?{}", parts[1], parts[2])),
        once,
        "not canonical"
    );
    let made = sign(
        &request(&headers, target, body),
        "AK",
        "secret",
        &["x-note", "x-sdk-date"],
    );
    let made = made.expect("it has a date").parse().expect("a header");
    headers.insert(AUTHORIZATION, made);
    let claimed = Authorization::from_headers(&headers).expect("it was just made");
    let request = request(&headers, target, body);
    let verified = claimed.verify(&request, "secret", Timestamp::UNIX_EPOCH, Payload::Signed);
    assert_eq!(verified, Ok(()));
    // Queries are read for options too.
    let options = request::parse_delete_options(target.split_once('?').map_or("", |(_, it)| it));
    told(options);
}

fn dated() -> HeaderMap {
    let date = date_header(Timestamp::UNIX_EPOCH);
    HeaderMap::from_iter([(
        "x-sdk-date".parse().expect("a name"),
        date.parse().expect("a value"),
    )])
}

fn request<'a>(headers: &'a HeaderMap, target: &'a str, body: &'a [u8]) -> SignedRequest<'a> {
    SignedRequest {
        method: &Method::GET,
        target,
        headers,
        body,
    }
}

/// The body of a pre-check.
pub fn precheck(bytes: &[u8]) {
    body(bytes, |bytes| request::parse_precheck(CLUSTER, bytes));
}

/// The body of a post-check.
pub fn postcheck(bytes: &[u8]) {
    body(bytes, |bytes| request::parse_postcheck(CLUSTER, bytes));
}

/// The body of an upgrade.
pub fn upgrade(bytes: &[u8]) {
    body(bytes, request::parse_upgrade);
}

/// The bodies of a workflow that begins and of one that is called off.
pub fn workflow(bytes: &[u8]) {
    body(bytes, |bytes| request::parse_workflow(CLUSTER, bytes));
    body(bytes, request::parse_workflow_update);
}

/// The body of a plan that is put off.
pub fn delay(bytes: &[u8]) {
    body(bytes, request::parse_delay);
}

/// The body of a cluster that is taken in.
pub fn cluster(bytes: &[u8]) {
    body(bytes, request::parse_cluster);
}

/// The body of a log-in.
pub fn token(bytes: &[u8]) {
    body(bytes, request::parse_token_request);
}

/// The body of what has none.
pub fn nothing(bytes: &[u8]) {
    body(bytes, request::parse_nothing);
}

/// What is refused is refused in a few words; what is read reads the same with an end of line, as one client sends it.
fn body<T: Debug + PartialEq>(bytes: &[u8], parse: impl Fn(&[u8]) -> Result<T, ApiError>) {
    let once = parse(bytes);
    if once.is_ok() {
        let ended = [bytes, b" \r\n"].concat();
        assert_eq!(parse(&ended), once, "blanks behind it make a difference");
    }
    told(once);
}

/// The words for what is wrong are few, and fit for a log.
fn told<T>(read: Result<T, ApiError>) {
    if let Err(error) = read {
        assert!([400, 413].contains(&error.status.as_u16()), "{error}");
        assert!(error.message.len() < 2_000, "{error}");
        assert!(!error.message.contains(char::is_control), "{error:?}");
    }
}
