//! A call by a known caller: a handler that takes one cannot be reached without good credentials, nor with another project's
//! path, nor with too small a role.

use airworthy_cce::{ApiError, operations::Operation, request::check_id};
use axum::{
    RequestExt,
    body::Body,
    extract::{FromRequest, Path, Query, Request},
};
use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    access::{Caller, KnownAs, NO_PROJECT, Shown, demand, same_project},
    answer::{Refused, broken},
    app::App,
    body::{self, Collected},
    probes::unavailable,
};

/// A request of a known caller, who may do what is asked for in the project of the path, if that names one.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) caller: Caller,
    pub(crate) headers: HeaderMap,
    ids: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Collected,
    /// A place among the requests that change something.
    _place: Option<OwnedSemaphorePermit>,
}

impl Visit {
    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        value(&self.query, name)
    }
}

impl FromRequest<App> for Visit {
    type Rejection = Refused;

    async fn from_request(mut request: Request, app: &App) -> Result<Self, Refused> {
        body::refuse_oversize(request.headers())?;
        let shown = Shown::of(app, request.headers()).await?;
        let ids = path_ids(&mut request).await?;
        let (parts, body) = request.into_parts();
        let body = body::collect(app, body).await?;
        let caller = shown.caller(app, &parts, &body.bytes).await?;
        remember(&parts, &caller, &ids);
        same_project(&caller, &parts.headers, value(&ids, "project_id"))?;
        may(&parts, &caller)?;
        for (name, id) in ids.iter().filter(|(name, _)| name != "project_id") {
            check_id(name, id)?;
        }
        Ok(Self {
            caller,
            query: query(&parts),
            _place: place(app, &parts)?,
            headers: parts.headers,
            ids,
            body,
        })
    }
}

/// A request of a known caller in a project.
#[derive(Debug)]
pub(crate) struct Call {
    /// The caller's project; that of the path is the same.
    pub(crate) project: String,
    pub(crate) headers: HeaderMap,
    visit: Visit,
}

impl Call {
    /// The cluster of the path.
    pub(crate) fn cluster(&self) -> &str {
        self.id("cluster_id")
    }

    /// The task of the path.
    pub(crate) fn task(&self) -> &str {
        self.id("task_id")
    }

    /// The job of the path.
    pub(crate) fn job(&self) -> &str {
        self.id("job_id")
    }

    /// The workflow of the path.
    pub(crate) fn workflow(&self) -> &str {
        self.id("upgrade_workflow_id")
    }

    /// The plan of the path.
    pub(crate) fn plan(&self) -> &str {
        self.id("upgrade_plan_id")
    }

    fn id(&self, name: &str) -> &str {
        value(&self.visit.ids, name).unwrap_or_default()
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.visit.query(name)
    }

    /// The caller, as the trail names callers.
    pub(crate) fn actor(&self) -> String {
        self.visit.caller.actor()
    }

    /// The body.
    pub(crate) fn body(&self) -> &Bytes {
        &self.visit.body.bytes
    }
}

impl FromRequest<App> for Call {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        let mut visit = Visit::from_request(request, app).await?;
        let (project, _) = visit
            .caller
            .scope
            .clone()
            .ok_or_else(|| ApiError::forbidden(NO_PROJECT))?;
        Ok(Self {
            project,
            headers: std::mem::take(&mut visit.headers),
            visit,
        })
    }
}

async fn path_ids(request: &mut Request<Body>) -> Result<Vec<(String, String)>, ApiError> {
    request
        .extract_parts::<Path<Vec<(String, String)>>>()
        .await
        .map(|Path(ids)| ids)
        .map_err(|_| ApiError::invalid_request("The path is not UTF-8 once it is decoded."))
}

/// Leaves the caller for the log and the trail, also when the request is refused from here on.
fn remember(parts: &Parts, caller: &Caller, ids: &[(String, String)]) {
    if let Some(known) = parts.extensions.get::<KnownAs>() {
        let cluster = value(ids, "cluster_id");
        let cluster = cluster.filter(|id| check_id("cluster_id", id).is_ok());
        known.caller(caller, cluster);
    }
}

/// Whether the caller's role is enough for the operation. Callers without a project meet no operation that looks at roles.
fn may(parts: &Parts, caller: &Caller) -> Result<(), Refused> {
    let operation = parts.extensions.get::<&'static Operation>();
    let Some(operation) = operation else {
        return Err(broken(&NotInTheTable));
    };
    if let Some((_, role)) = &caller.scope {
        demand(operation, *role)?;
    }
    Ok(())
}

/// A route takes a caller without being in the table of operations, which says what role it takes.
#[derive(Debug, thiserror::Error)]
#[error("the route is in no table of operations: nobody may call it")]
struct NotInTheTable;

/// A place among the requests that change something: those of clients who went away go on, so they are bounded.
fn place(app: &App, parts: &Parts) -> Result<Option<OwnedSemaphorePermit>, Refused> {
    if parts.method.is_safe() {
        return Ok(None);
    }
    let place = app.changes.clone().try_acquire_owned();
    let busy = |_| {
        unavailable(
            "Too many requests change something at once; repeat this one.",
            None,
        )
    };
    place.map(Some).map_err(busy)
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    Query::try_from_uri(&parts.uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs)
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
