//! The table of routes, each with what answers it.

use airworthy_cce::{
    ApiError,
    operations::{OPERATIONS, Operation, Verb},
};
use axum::{
    Router, middleware,
    routing::{MethodFilter, MethodRouter, get, on, post},
};

use crate::{
    answer::Refused,
    app::App,
    audit, clusters, observe, openapi, postcheck, precheck,
    probes::{self, HEALTH, METRICS, READY},
    projects,
};

/// Everything the server answers: the operations of the API, the probes, audit events, and an error for all else.
pub fn router(app: App) -> Router {
    let mut router = Router::new()
        .route(HEALTH, get(probes::health))
        .route(READY, get(probes::ready))
        .route(METRICS, get(probes::metrics))
        .route(audit::AUDIT, post(audit::take))
        .route(openapi::DOCUMENT, get(openapi::serve));
    for operation in OPERATIONS {
        router = router.route(operation.path, answering(operation));
    }
    router
        .fallback(no_such_api)
        .method_not_allowed_fallback(no_such_api)
        .layer(middleware::from_fn_with_state(
            app.clone(),
            observe::observe,
        ))
        .with_state(app)
}

/// What answers an operation; those that this release does not serve are known, but there is no such API.
fn answering(operation: &Operation) -> MethodRouter<App> {
    let method = filter(operation.method);
    match operation.name {
        "CreateAutopilotPreCheck" => on(method, precheck::create),
        "ListAutopilotPreCheckTasks" => on(method, precheck::list),
        "ShowAutopilotPreCheck" => on(method, precheck::show),
        "CreateAutopilotPostCheck" => on(method, postcheck::create),
        "ListAutopilotClusters" => on(method, clusters::list),
        "ShowAutopilotCluster" => on(method, clusters::show),
        "KeystoneListProjects" => on(method, projects::list),
        _ => on(method, no_such_api),
    }
}

fn filter(verb: Verb) -> MethodFilter {
    match verb {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
        Verb::Put => MethodFilter::PUT,
        Verb::Patch => MethodFilter::PATCH,
        Verb::Delete => MethodFilter::DELETE,
    }
}

async fn no_such_api() -> Refused {
    ApiError::no_such_api().into()
}
