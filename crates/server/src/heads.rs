//! Heads of requests that are refused before anything else is looked at: what two readers could read in two ways, and
//! what is longer than anybody needs.

use airworthy_cce::ApiError;
use http::{
    HeaderMap, HeaderName, Request, StatusCode, Uri,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING},
};

/// The longest path and query, in bytes: as much as the vendor's gateway takes.
pub(crate) const URI_LIMIT: usize = 32 * 1024;

/// Headers that come once or not at all: whoever else reads the request could take another one of several.
/// `Authorization` is not here, because whoever judges it refuses a second one.
static ONCE: [HeaderName; 11] = [
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    TRANSFER_ENCODING,
    HeaderName::from_static("x-auth-token"),
    HeaderName::from_static("x-domain-id"),
    HeaderName::from_static("x-project-id"),
    HeaderName::from_static("x-sdk-content-sha256"),
    HeaderName::from_static("x-sdk-date"),
    HeaderName::from_static("x-security-token"),
];

/// Says why a request is refused for its head alone.
pub(crate) fn refuse<B>(request: &Request<B>) -> Result<(), ApiError> {
    refuse_long(request.uri())?;
    let headers = request.headers();
    let twice = ONCE.iter().find(|name| is_repeated(headers, name));
    if let Some(name) = twice {
        return Err(unreadable(&format!("The header {name} came twice.")));
    }
    refuse_codings(headers)
}

fn refuse_long(uri: &Uri) -> Result<(), ApiError> {
    let length = uri.path_and_query().map_or(0, |it| it.as_str().len());
    if length <= URI_LIMIT {
        return Ok(());
    }
    let told = format!("The path and the query have {length} bytes, {URI_LIMIT} are allowed.");
    Err(ApiError {
        status: StatusCode::URI_TOO_LONG,
        ..unreadable(&told)
    })
}

fn is_repeated(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// Bodies are taken as they are, whole or in chunks; the signature covers their bytes.
fn refuse_codings(headers: &HeaderMap) -> Result<(), ApiError> {
    let plain = |name: HeaderName, value: &str| {
        let given = headers.get(name).map(http::HeaderValue::as_bytes);
        given.is_none_or(|given| given.eq_ignore_ascii_case(value.as_bytes()))
    };
    if plain(TRANSFER_ENCODING, "chunked") && plain(CONTENT_ENCODING, "identity") {
        return Ok(());
    }
    Err(unreadable("A compressed body is not taken."))
}

fn unreadable(detail: &str) -> ApiError {
    ApiError {
        status: StatusCode::BAD_REQUEST,
        code: "APIGW.0201",
        message: format!("API request error. {detail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&str, &str)]) -> Option<(u16, String)> {
        let mut request = Request::get("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let refused = refuse(&request.body(()).unwrap()).err();
        refused.map(|error| (error.status.as_u16(), error.message))
    }

    #[test]
    fn what_decides_how_a_request_is_read_comes_once() {
        for name in &ONCE {
            let name = name.as_str();
            let value = match name {
                "transfer-encoding" => "chunked",
                "content-encoding" => "identity",
                _ => "1",
            };
            assert_eq!(refused(&[(name, value)]), None);
            let (status, message) = refused(&[(name, value), (name, value)]).unwrap();
            assert_eq!(status, 400);
            assert!(message.contains(name), "{message}");
        }
        assert_eq!(refused(&[("accept", "a"), ("accept", "b")]), None);
    }

    #[test]
    fn bodies_are_whole_or_in_chunks_and_never_compressed() {
        for (name, value) in [
            ("transfer-encoding", "gzip, chunked"),
            ("transfer-encoding", "chunked, chunked"),
            ("transfer-encoding", "xchunked"),
            ("content-encoding", "gzip"),
        ] {
            assert_eq!(refused(&[(name, value)]).unwrap().0, 400, "{value}");
        }
        assert_eq!(refused(&[("transfer-encoding", "Chunked")]), None);
    }

    #[test]
    fn a_path_has_as_many_bytes_as_allowed_and_no_more() {
        let status = |length: usize| {
            let target = format!("/{}", "x".repeat(length - 1));
            let refused = refuse(&Request::get(target).body(()).unwrap());
            refused.err().map(|error| error.status.as_u16())
        };
        assert_eq!(status(URI_LIMIT), None);
        assert_eq!(status(URI_LIMIT + 1), Some(414));
    }
}
