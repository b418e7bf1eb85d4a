//! The table of routes, each with what answers it.

use airworthy_cce::{
    ApiError,
    operations::{OPERATIONS, OWN, Operation, Verb},
};
use axum::{
    Router, middleware,
    routing::{MethodFilter, MethodRouter, get, on, post},
};

use crate::{
    answer::Refused,
    app::App,
    audit, clusters, iam, info, jobs, observe, openapi, pages, plans, postcheck, precheck,
    probes::{self, HEALTH, METRICS, READY},
    snapshots, tokens, trail, upgrades, workflows,
};

/// A route that is no operation of the API: its method, its path, and what answers it.
type Other = (Verb, &'static str, fn() -> MethodRouter<App>);

const OTHERS: &[Other] = &[
    (Verb::Get, HEALTH, || get(probes::health)),
    (Verb::Get, READY, || get(probes::ready)),
    (Verb::Get, METRICS, || get(probes::metrics)),
    (Verb::Post, audit::AUDIT, || post(audit::take)),
    (Verb::Get, openapi::DOCUMENT, || get(openapi::serve)),
];

/// Every route that is answered, by method and path.
pub fn routes() -> impl Iterator<Item = (Verb, &'static str)> {
    let served = OPERATIONS.iter().chain(OWN);
    let others = OTHERS.iter().map(|(method, path, _)| (*method, *path));
    let pages = pages::ROUTES
        .iter()
        .map(|(method, path, ..)| (*method, *path));
    served
        .map(|operation| (operation.method, operation.path))
        .chain(others)
        .chain(pages)
}

/// Everything the server answers: the operations of the API, the probes, audit events, and an error for all else.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for (_, path, answering) in OTHERS {
        router = router.route(path, answering());
    }
    for (_, path, _, answering) in pages::ROUTES {
        router = router.route(path, answering());
    }
    for operation in OPERATIONS.iter().chain(OWN) {
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
        "UpgradeAutopilotCluster" => on(method, upgrades::create),
        "ListAutopilotUpgradeClusterTasks" => on(method, upgrades::list),
        "ShowAutopilotUpgradeClusterTask" => on(method, upgrades::show),
        "RetryAutopilotUpgradeClusterTask" => on(method, upgrades::retry),
        "CreateAutopilotUpgradeWorkFlow" => on(method, workflows::create),
        "ListAutopilotUpgradeWorkFlows" => on(method, workflows::list),
        "ShowAutopilotUpgradeWorkFlow" => on(method, workflows::show),
        "UpgradeAutopilotWorkFlowUpdate" => on(method, workflows::update),
        "ShowAutopilotClusterUpgradeInfo" => on(method, info::show),
        "ListAutopilotClusterUpgradePaths" => on(method, info::paths),
        "ListAutopilotClusterUpgradeFeatureGates" => on(method, info::gates),
        "CreateAutopilotClusterMasterSnapshot" => on(method, snapshots::create),
        "ListAutopilotClusterMasterSnapshotTasks" => on(method, snapshots::list),
        "ListAutopilotUpgradePlans" => on(method, plans::list),
        "UpdateAutopilotUpgradePlan" => on(method, plans::update),
        "CreateAutopilotCluster" => on(method, clusters::create),
        "ListAutopilotClusters" => on(method, clusters::list),
        "ShowAutopilotCluster" => on(method, clusters::show),
        "DeleteAutopilotCluster" => on(method, clusters::delete),
        "ShowAutopilotJob" => on(method, jobs::show),
        "KeystoneCreateUserTokenByPassword" => on(method, tokens::create),
        "KeystoneListProjects" => on(method, iam::list_projects),
        "KeystoneListAuthDomains" => on(method, iam::list_domains),
        "KeystoneListRegions" => on(method, iam::list_regions),
        "KeystoneCreateProject" => on(method, iam::create_project),
        "ListRequests" => on(method, trail::list),
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
