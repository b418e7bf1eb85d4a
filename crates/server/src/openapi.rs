//! The OpenAPI document, generated from the handlers: each says its path, what it takes and what it answers, and what all
//! have in common is added here.

mod common;
mod examples;

use airworthy_cce::operations;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::OpenApi;

use crate::{
    audit, clusters, iam, info, jobs, pages, plans, postcheck, precheck, probes, snapshots, tokens,
    trail, upgrades, workflows,
};

/// Where the document is served.
pub(crate) const DOCUMENT: &str = "/openapi.json";

/// Name of the route in log and metrics.
pub(crate) const NAME: &str = "openapi";

#[derive(OpenApi)]
#[openapi(
    paths(
        precheck::create,
        precheck::list,
        precheck::show,
        postcheck::create,
        upgrades::create,
        upgrades::list,
        upgrades::show,
        upgrades::retry,
        workflows::create,
        workflows::list,
        workflows::show,
        workflows::update,
        plans::list,
        plans::update,
        info::show,
        info::paths,
        info::gates,
        snapshots::create,
        snapshots::list,
        clusters::create,
        clusters::list,
        clusters::show,
        clusters::delete,
        jobs::show,
        tokens::create,
        iam::list_projects,
        iam::create_project,
        iam::list_domains,
        iam::list_regions,
        trail::list,
        audit::take,
        probes::health,
        probes::ready,
        probes::metrics,
        serve,
        pages::clusters::show,
        pages::runs::show,
        pages::run::show,
        pages::checks::list,
        pages::checks::show,
        pages::session::form,
        pages::session::log_in,
        pages::session::log_out,
        pages::assets::explorer,
        pages::assets::file,
    ),
    tags(
        (name = "Pre-check", description = "Is the cluster fit to be upgraded?"),
        (name = "Post-check", description = "Did the cluster come out of the upgrade fit to serve?"),
        (name = "Workflow", description = "What belongs to one upgrade: pre-check, snapshot, upgrade, post-check."),
        (name = "Upgrade", description = "The upgrade itself, carried out as the operator configured."),
        (name = "Snapshot", description = "What a cluster was like before an upgrade."),
        (name = "Upgrade information", description = "Where clusters may go, and what of the API is supported."),
        (name = "Plan", description = "Upgrades that begin by themselves, in a window."),
        (name = "Clusters", description = "What is known of clusters, and their registration."),
        (name = "Identity", description = "Tokens, projects and domains, as SDKs look them up."),
        (name = "Operation", description = "What those ask who run the server, and API servers that send audit events."),
        (name = "Pages", description = "Pages for people, and what they load."),
    )
)]
struct Handlers;

/// The whole document.
pub fn document() -> Value {
    // Maps of texts can always be written.
    let mut document = serde_json::to_value(Handlers::openapi()).unwrap_or_default();
    common::add(&mut document);
    examples::add(&mut document);
    document
}

/// This document.
///
/// It holds nothing but what the sources say, so nobody has to be known to read it.
#[utoipa::path(
    get,
    path = DOCUMENT,
    operation_id = NAME,
    tag = "Operation",
    security(()),
    responses((status = 200, description = "The document.", body = Object)),
)]
pub(crate) async fn serve() -> Response {
    static TEXT: LazyLock<Bytes> =
        LazyLock::new(|| Bytes::from(serde_json::to_vec(&document()).unwrap_or_default()));
    ([(CONTENT_TYPE, "application/json")], TEXT.clone()).into_response()
}

/// The path of an operation of the table; handlers name it in their description.
pub(crate) fn path_of(operation: &str) -> &'static str {
    // A test finds every operation of the table in the document under its own path.
    operations::operation(operation).map_or("", |operation| operation.path)
}
