//! Errors as the vendor's SDKs can read them: one JSON object, one code in both of its places.

use http::StatusCode;
use serde::Serialize;

use crate::sign::Refusal;

/// An answer that says what went wrong, fit to be shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// Code such as `CCE.01400001`; never empty.
    pub code: &'static str,
    /// What went wrong, in a sentence or two; never empty.
    pub message: String,
}

/// The JSON of an [`ApiError`].
#[derive(Debug, Serialize)]
pub struct ErrorBody<'a> {
    kind: &'static str,
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    metadata: Empty,
    status: &'static str,
    code: u16,
    reason: &'static str,
    #[serde(rename = "errorCode")]
    documented_code: &'a str,
    #[serde(rename = "errorMessage")]
    documented_message: &'a str,
    error_code: &'a str,
    error_msg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Empty {}

/// The JSON of an [`ApiError`] on the identity routes (`/v3/projects` and its like).
#[derive(Debug, Serialize)]
pub struct KeystoneBody<'a> {
    error: KeystoneError<'a>,
    error_code: &'a str,
    error_msg: &'a str,
}

#[derive(Debug, Serialize)]
struct KeystoneError<'a> {
    code: u16,
    message: &'a str,
    title: &'static str,
}

const AKSK_FAIL: &str = "Incorrect IAM authentication information: verify aksk signature fail";

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// 401: the request carries neither a signature nor a token.
    pub fn no_credentials() -> Self {
        let message = "Incorrect IAM authentication information: x-auth-token not found";
        Self::new(StatusCode::UNAUTHORIZED, "APIGW.0301", message)
    }

    /// 401: the signature does not hold, for `reason`.
    pub fn bad_signature(reason: &str) -> Self {
        let message = format!("{AKSK_FAIL}, {reason}.");
        Self::new(StatusCode::UNAUTHORIZED, "APIGW.0301", message)
    }

    /// 401: the token is not one of ours.
    pub fn unknown_token() -> Self {
        let message = "Incorrect IAM authentication information: decrypt token fail";
        Self::new(StatusCode::UNAUTHORIZED, "APIGW.0301", message)
    }

    /// 401: the token was ours and has expired.
    pub fn expired_token() -> Self {
        let message = "The token must be updated.";
        Self::new(StatusCode::UNAUTHORIZED, "APIGW.0307", message)
    }

    /// 403: the path or `X-Project-Id` names a project that is not the caller's.
    pub fn forbidden(detail: &str) -> Self {
        let message = format!("Forbidden. {detail}");
        Self::new(StatusCode::FORBIDDEN, "CCE.01403001", message)
    }

    /// 404: no route has this path and method.
    pub fn no_such_api() -> Self {
        let message = "The API does not exist or has not been published in the environment.";
        Self::new(StatusCode::NOT_FOUND, "APIGW.0101", message)
    }

    /// 400: the request, its JSON or an identifier in its path is not acceptable.
    pub fn invalid_request(detail: &str) -> Self {
        let message = format!("Invalid request. {detail}");
        Self::new(StatusCode::BAD_REQUEST, "CCE.01400001", message)
    }

    /// 400: the body is not announced as JSON.
    pub fn content_type(detail: &str) -> Self {
        let message = format!("Content type not supported. {detail}");
        Self::new(StatusCode::BAD_REQUEST, "CCE.01400006", message)
    }

    /// 400: the target version is unknown, not above the present one, or cannot be reached.
    pub fn version_not_supported(detail: &str) -> Self {
        let message = format!("Version not supported. {detail}");
        Self::new(StatusCode::BAD_REQUEST, "CCE.01400015", message)
    }

    /// 404: `what` (such as `Cluster 8978…`) does not exist in the caller's project.
    pub fn not_found(what: &str) -> Self {
        let message = format!("Resource not found. {what} does not exist.");
        Self::new(StatusCode::NOT_FOUND, "CCE.01404001", message)
    }

    /// 409: something of this kind is still unfinished.
    pub fn conflict(detail: &str) -> Self {
        let message = format!("Resource already exists. {detail}");
        Self::new(StatusCode::CONFLICT, "CCE.01409001", message)
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn body_too_large(limit: usize) -> Self {
        let message = format!("The request body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "APIGW.0201", message)
    }

    /// 429: more is sent than can be taken right now; only ways that are not the vendor's answer so.
    pub fn too_many_requests() -> Self {
        let message = "Too many requests. Send it again in a moment.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "APIGW.0308", message)
    }

    /// 500: something broke on our side; the log has it under the request id.
    pub fn internal() -> Self {
        let message = "Internal error. The server's log has more under the request id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "CCE.01500001", message)
    }

    /// The body to send; `request_id` is what `X-Request-Id` carries.
    pub fn body<'a>(&'a self, request_id: Option<&'a str>) -> ErrorBody<'a> {
        ErrorBody {
            kind: "Status",
            api_version: "v1",
            metadata: Empty {},
            status: "Failure",
            code: self.status.as_u16(),
            reason: reason(self.status),
            documented_code: self.code,
            documented_message: &self.message,
            error_code: self.code,
            error_msg: &self.message,
            request_id,
        }
    }

    /// The body to send from an identity route.
    pub fn keystone_body(&self) -> KeystoneBody<'_> {
        KeystoneBody {
            error: KeystoneError {
                code: self.status.as_u16(),
                message: &self.message,
                title: self.status.canonical_reason().unwrap_or("Error"),
            },
            error_code: self.code,
            error_msg: &self.message,
        }
    }
}

impl From<&Refusal> for ApiError {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::MissingCredentials => Self::no_credentials(),
            other => Self::bad_signature(&other.to_string()),
        }
    }
}

fn reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "AlreadyExists",
        413 => "RequestEntityTooLarge",
        414 => "RequestURITooLong",
        429 => "TooManyRequests",
        431 => "RequestHeaderFieldsTooLarge",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn all() -> Vec<ApiError> {
        vec![
            ApiError::no_credentials(),
            ApiError::bad_signature("x"),
            ApiError::unknown_token(),
            ApiError::expired_token(),
            ApiError::forbidden("x"),
            ApiError::no_such_api(),
            ApiError::invalid_request("x"),
            ApiError::content_type("x"),
            ApiError::version_not_supported("x"),
            ApiError::not_found("x"),
            ApiError::conflict("x"),
            ApiError::body_too_large(1),
            ApiError::internal(),
        ]
    }

    #[test]
    fn the_body_is_the_one_of_the_contract() {
        let error = ApiError::not_found("Cluster 8978deaa-1743-11ee-8e46-0255ac10004c");
        let message =
            "Resource not found. Cluster 8978deaa-1743-11ee-8e46-0255ac10004c does not exist.";
        assert_eq!(
            serde_json::to_value(error.body(None)).unwrap(),
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "code": 404, "reason": "NotFound",
                "errorCode": "CCE.01404001", "errorMessage": message,
                "error_code": "CCE.01404001", "error_msg": message,
            })
        );
    }

    #[test]
    fn no_body_has_a_message_member_or_an_empty_code() {
        for error in all() {
            for body in [
                serde_json::to_value(error.body(Some("3f1d"))).unwrap(),
                serde_json::to_value(error.keystone_body()).unwrap(),
            ] {
                assert_eq!(body.get("message"), None, "{error}");
                assert_ne!(body["error_code"].as_str().unwrap(), "");
                assert_ne!(body["error_msg"].as_str().unwrap(), "");
            }
            assert_ne!(reason(error.status), "Unknown", "{error}");
            assert_ne!(error.status, StatusCode::TOO_MANY_REQUESTS);
        }
    }

    #[test]
    fn keystone_errors_have_a_title() {
        let body: Value = serde_json::to_value(ApiError::no_credentials().keystone_body()).unwrap();
        assert_eq!(body["error"]["code"], 401);
        assert_eq!(body["error"]["title"], "Unauthorized");
    }
}
