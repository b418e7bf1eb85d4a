//! Bodies of requests: collected whole, because a signature covers all of their bytes.

use airworthy_cce::{ApiError, request::BODY_LIMIT};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    answer::Refused,
    app::{App, SMALL_BODY},
};

/// A whole body; a large one gives its place free when this is dropped.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) bytes: Bytes,
    _place: Option<OwnedSemaphorePermit>,
}

/// Refuses a body whose announced length is over the limit before a byte of it is read.
pub(crate) fn refuse_oversize(headers: &HeaderMap) -> Result<(), ApiError> {
    refuse_longer(headers, BODY_LIMIT)
}

fn refuse_longer(headers: &HeaderMap, limit: usize) -> Result<(), ApiError> {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::body_too_large(limit));
    }
    Ok(())
}

/// Reads a body to its end, whether its length was announced or not.
pub(crate) async fn collect(app: &App, body: Body) -> Result<Collected, Refused> {
    collect_longest(app, body, BODY_LIMIT).await
}

/// Reads the body of a request whose sender nobody knows yet, and which is small.
pub(crate) async fn collect_within(
    app: &App,
    request: Request<Body>,
    limit: usize,
) -> Result<Bytes, Refused> {
    refuse_longer(request.headers(), limit)?;
    let collected = collect_longest(app, request.into_body(), limit).await?;
    Ok(collected.bytes)
}

async fn collect_longest(app: &App, body: Body, limit: usize) -> Result<Collected, Refused> {
    tokio::time::timeout(app.body_deadline, read(app, body, limit))
        .await
        .unwrap_or_else(|_| Err(unreadable("The body did not arrive in time.").into()))
}

async fn read(app: &App, mut body: Body, limit: usize) -> Result<Collected, Refused> {
    let mut bytes = BytesMut::new();
    let mut place = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| unreadable("The body broke off."))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            return Err(ApiError::body_too_large(limit).into());
        }
        if bytes.len() + data.len() > SMALL_BODY && place.is_none() {
            // The semaphore is never closed.
            place = app.large_bodies.clone().acquire_owned().await.ok();
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Collected {
        bytes: bytes.freeze(),
        _place: place,
    })
}

fn unreadable(detail: &str) -> ApiError {
    ApiError {
        status: StatusCode::BAD_REQUEST,
        code: "APIGW.0201",
        message: format!("API request error. {detail}"),
    }
}
