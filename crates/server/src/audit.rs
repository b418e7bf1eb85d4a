//! Where API servers send their audit events (`--audit-webhook-config-file`): a way that is not the vendor's, with a token for
//! each cluster.
//!
//! An API server sends a batch again after 429, 500 or a broken connection, and drops it after any other error. So 200 means
//! that the batch is in the database, and what is refused for good is noted there as a hole.

use airworthy_cce::{ApiError, request::BODY_LIMIT};
use airworthy_service::AuditSender;
use axum::{
    Json,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER},
};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Refused},
    app::App,
    body,
};

/// The route.
pub(crate) const AUDIT: &str = "/audit/v1/clusters/{cluster_id}";

/// Name of the route in log and metrics.
pub(crate) const NAME: &str = "SendAuditEvents";

/// Seconds after which a batch may come again.
const AGAIN: HeaderValue = HeaderValue::from_static("1");

/// Takes a batch of audit events.
///
/// An API server sends them, by its `--audit-webhook-config-file`. After 429 and 500 it sends the batch again.
#[utoipa::path(
    post,
    path = AUDIT,
    operation_id = NAME,
    tag = "Operation",
    security(("audit" = [])),
    request_body(
        content = Object,
        description = "An `EventList` of `audit.k8s.io/v1`.",
        example = json!({ "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [] }),
    ),
    responses(
        (status = 200, description = "The batch is kept.", body = Object),
        (status = 400, description = "It is no such list."),
        (status = 401, description = "There is no such token for this cluster."),
        (status = 413, description = "The batch is larger than 12 MiB."),
        (status = 429, description = "Too many batches at once; send it again."),
        (status = 500, description = "Something broke on this side; send it again."),
    ),
)]
pub(crate) async fn take(
    State(app): State<App>,
    Path(cluster): Path<String>,
    request: Request,
) -> Response {
    match accept(&app, &cluster, request).await {
        Ok(accepted) => accepted.into_response(),
        Err(refused) => {
            let busy = refused.error.status == StatusCode::TOO_MANY_REQUESTS;
            let mut response = refused.into_response();
            if busy {
                response.headers_mut().insert(RETRY_AFTER, AGAIN);
            }
            response
        }
    }
}

async fn accept(app: &App, cluster: &str, request: Request) -> Answer<Value> {
    let token = token(request.headers()).ok_or_else(ApiError::no_credentials)?;
    let sender = app.service.audit_sender(cluster, &token).await?;
    let sender = sender.ok_or_else(ApiError::unknown_token)?;
    // A place is held from the first byte of the body until the batch is in the database.
    let _place = app
        .audit_places
        .try_acquire()
        .map_err(|_| ApiError::too_many_requests())?;
    let body = whole(app, &sender, request).await?;
    app.service.take_audit_batch(&sender, body).await?;
    Ok(Json(
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" }),
    ))
}

async fn whole(app: &App, sender: &AuditSender, request: Request) -> Result<Bytes, Refused> {
    let read = match body::refuse_oversize(request.headers()) {
        Ok(()) => body::collect(app, request.into_body()).await,
        Err(oversize) => Err(oversize.into()),
    };
    match read {
        Ok(body) => Ok(body.bytes),
        Err(refused) if refused.error.status == StatusCode::PAYLOAD_TOO_LARGE => {
            let why = format!("it was larger than {BODY_LIMIT} bytes");
            app.service.refuse_audit_batch(sender, &why).await?;
            Err(refused)
        }
        // It did not come in time, for want of a place perhaps: it shall come again.
        Err(_) => Err(ApiError::too_many_requests().into()),
    }
}

/// The token, as `Bearer`, or as the password of `Basic`: an API server leaves the credentials of its file out when the address
/// is not https, but not those within the address.
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, given) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(given.trim().to_owned());
    }
    scheme.eq_ignore_ascii_case("basic").then_some(())?;
    let pair = String::from_utf8(BASE64_STANDARD.decode(given.trim()).ok()?).ok()?;
    pair.split_once(':')
        .map(|(_, password)| password.to_owned())
}
