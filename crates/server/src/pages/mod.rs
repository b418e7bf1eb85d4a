//! Pages for people, made by the server: they work without script, and load nothing from elsewhere.

pub(crate) mod assets;
pub(crate) mod checks;
pub(crate) mod clusters;
mod guard;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod session;
mod sign;
mod when;

use airworthy_cce::operations::Verb;
use axum::{
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};

use crate::app::App;

use guard::Page;
use session::Visitor;

/// The first page.
const CONSOLE: &str = "/console";
const LOG_IN: &str = "/console/log-in";
const LOG_OUT: &str = "/console/log-out";
const CHECKS: &str = "/console/checks";
const CHECK: &str = "/console/checks/{name}";
const RUNS: &str = "/console/projects/{project_id}/clusters/{cluster_id}";
const RUN: &str = "/console/projects/{project_id}/clusters/{cluster_id}/runs/{task_id}";
const EXPLORER: &str = "/explorer";
const ASSET: &str = "/assets/{file}";

/// A route: its method, its path, its name in log, metrics and trail, and what answers it.
type Route = (Verb, &'static str, &'static str, fn() -> MethodRouter<App>);

/// Every route of a page.
pub(crate) const ROUTES: &[Route] = &[
    (Verb::Get, CONSOLE, "console", || get(clusters::show)),
    (Verb::Get, LOG_IN, "console-log-in", || get(session::form)),
    (Verb::Post, LOG_IN, "console-log-in", || {
        post(session::log_in)
    }),
    (Verb::Post, LOG_OUT, "console-log-out", || {
        post(session::log_out)
    }),
    (Verb::Get, CHECKS, "console-checks", || get(checks::list)),
    (Verb::Get, CHECK, "console-check", || get(checks::show)),
    (Verb::Get, RUNS, "console-runs", || get(runs::show)),
    (Verb::Get, RUN, "console-run", || get(run::show)),
    (Verb::Get, EXPLORER, "explorer", || get(assets::explorer)),
    (Verb::Get, ASSET, "asset", || get(assets::file)),
];

/// The name of a page's route in log, metrics and trail.
pub(crate) fn name(route: &str) -> Option<&'static str> {
    let found = ROUTES.iter().find(|(_, path, ..)| *path == route);
    found.map(|(_, _, name, _)| *name)
}

/// The address of a cluster's runs.
fn runs_address(project: &str, cluster: &str) -> String {
    RUNS.replace("{project_id}", project)
        .replace("{cluster_id}", cluster)
}

/// The address of a run.
fn run_address(project: &str, cluster: &str, task: &str) -> String {
    format!("{}/runs/{task}", runs_address(project, cluster))
}

/// What a page answers: itself, or another page that says why not.
type Shown = Result<Page, Refused>;

/// Why a page is not shown.
enum Refused {
    /// Nobody is signed in; afterwards it goes on here.
    SignIn(String),
    /// There is no such thing, as far as the visitor may know.
    NotFound,
    /// The request is not one that our own pages make.
    Foreign,
    /// Something broke.
    Broken(crate::answer::Refused),
}

impl<E: Into<crate::answer::Refused>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(to) => session::sign_in_first(&to),
            Self::NotFound => guard::problem(
                http::StatusCode::NOT_FOUND,
                "Not found",
                "There is no such page, or what it is about is in no project that is open to you.",
            ),
            Self::Foreign => guard::problem(
                http::StatusCode::FORBIDDEN,
                "Refused",
                "The request came from another site.",
            ),
            Self::Broken(refused) => guard::broken(&refused),
        }
    }
}
