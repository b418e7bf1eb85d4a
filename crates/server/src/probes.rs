//! What an orchestrator and Prometheus ask, without credentials.

use std::time::Duration;

use airworthy_cce::ApiError;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    answer::{Refused, broken},
    app::App,
};

pub(crate) const HEALTH: &str = "/healthz";
pub(crate) const READY: &str = "/readyz";
pub(crate) const METRICS: &str = "/metrics";

/// How long the store may take to answer a probe.
const PATIENCE: Duration = Duration::from_secs(2);

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process lives.
#[utoipa::path(
    get,
    path = HEALTH,
    operation_id = "health",
    tag = "Operation",
    security(()),
    responses((status = 200, description = "It does.", body = Object, example = json!({ "status": "ok" }))),
)]
pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Requests can be answered: the store responds, and the server is not about to stop.
#[utoipa::path(
    get,
    path = READY,
    operation_id = "ready",
    tag = "Operation",
    security(()),
    responses(
        (status = 200, description = "They can.", body = Object, example = json!({ "status": "ok" })),
        (status = 503, description = "They cannot, now."),
    ),
)]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Value>, Refused> {
    if app.is_stopping() {
        return Err(unavailable("The server is stopping.", None));
    }
    match tokio::time::timeout(PATIENCE, app.service.store().ping()).await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "ok" }))),
        Ok(Err(error)) => Err(unavailable(
            "The database does not answer.",
            broken(&error).detail,
        )),
        Err(_) => Err(unavailable("The database does not answer in time.", None)),
    }
}

/// The numbers of the server, for Prometheus.
///
/// Where the store does not answer, what it would tell is as it was at the last scrape.
#[utoipa::path(
    get,
    path = METRICS,
    operation_id = "metrics",
    tag = "Operation",
    security(()),
    responses((status = 200, description = "The numbers.", body = String, content_type = OPENMETRICS)),
)]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let store = app.service.store();
    if let Ok(Ok(counts)) = tokio::time::timeout(PATIENCE, store.task_counts()).await {
        app.metrics.tasks(&counts);
    }
    let due = tokio::time::timeout(PATIENCE, store.next_due()).await;
    let due = due.ok().and_then(Result::ok).flatten();
    let overdue = due.and_then(|due| Duration::try_from(Timestamp::now().duration_since(due)).ok());
    match app.metrics.text(overdue.unwrap_or_default()) {
        Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => broken(&error).into_response(),
    }
}

/// The answer of a service that cannot serve now.
pub(crate) fn unavailable(message: &str, detail: Option<String>) -> Refused {
    let error = ApiError {
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: format!("Internal error. {message}"),
        ..ApiError::internal()
    };
    Refused { error, detail }
}

/// Whether a route is one of these.
pub(crate) fn is_probe(route: &str) -> bool {
    name(route).is_some()
}

/// The name of a probe in the metrics.
pub(crate) fn name(route: &str) -> Option<&'static str> {
    [HEALTH, READY, METRICS]
        .into_iter()
        .find(|probe| *probe == route)
        .and_then(|probe| probe.strip_prefix('/'))
}
