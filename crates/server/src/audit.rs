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
    let token = bearer(request.headers()).ok_or_else(ApiError::no_credentials)?;
    let sender = app.service.audit_sender(cluster, token).await?;
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

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
