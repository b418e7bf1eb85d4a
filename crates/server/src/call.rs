//! A call by a known caller: a handler that takes one cannot be reached without a good signature, nor with another
//! project's path.

use std::sync::{Arc, OnceLock};

use airworthy_cce::{
    ApiError,
    request::{check_id, check_project_id},
    sign::{Authorization, Payload, Refusal, SignedRequest},
};
use airworthy_store::AccessKey;
use axum::{
    RequestExt,
    body::Body,
    extract::{FromRequest, Path, Query, Request},
};
use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use jiff::Timestamp;

use crate::{
    answer::Refused,
    app::App,
    body::{self, Collected},
};

/// Stands in for the secret of an access key that does not exist, so that both take the same way.
const NO_SECRET: &str = "there is no such access key, and no signature fits";

/// Header that names the caller's project.
const PROJECT_HEADER: &str = "x-project-id";

/// Where the verified access key is left for the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownAs(pub(crate) Arc<OnceLock<String>>);

/// A verified request.
#[derive(Debug)]
pub(crate) struct Call {
    /// The caller's project; that of the path is the same.
    pub(crate) project: String,
    pub(crate) headers: HeaderMap,
    ids: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Collected,
}

impl Call {
    /// The cluster of the path.
    pub(crate) fn cluster(&self) -> &str {
        value(&self.ids, "cluster_id").unwrap_or_default()
    }

    /// The task of the path.
    pub(crate) fn task(&self) -> &str {
        value(&self.ids, "task_id").unwrap_or_default()
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        value(&self.query, name)
    }

    /// The body.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body.bytes
    }
}

impl FromRequest<App> for Call {
    type Rejection = Refused;

    async fn from_request(mut request: Request, app: &App) -> Result<Self, Refused> {
        body::refuse_oversize(request.headers())?;
        let authorization = authorization(request.headers())?;
        let ids = path_ids(&mut request).await?;
        let (parts, body) = request.into_parts();
        let body = body::collect(app, body).await?;
        let project = verify(app, &authorization, &parts, &body.bytes).await?;
        if let Some(known) = parts.extensions.get::<KnownAs>() {
            let _ = known.0.set(authorization.access_key().to_owned());
        }
        same_project(&project, &parts.headers, value(&ids, "project_id"))?;
        for (name, id) in ids.iter().filter(|(name, _)| name != "project_id") {
            check_id(name, id)?;
        }
        Ok(Self {
            project,
            query: query(&parts),
            headers: parts.headers,
            ids,
            body,
        })
    }
}

fn authorization(headers: &HeaderMap) -> Result<Authorization, ApiError> {
    match Authorization::from_headers(headers) {
        Ok(authorization) => Ok(authorization),
        // No tokens are issued, so none is known.
        Err(Refusal::MissingCredentials) if headers.contains_key("x-auth-token") => {
            Err(ApiError::unknown_token())
        }
        Err(refusal) => Err(ApiError::from(&refusal)),
    }
}

async fn path_ids(request: &mut Request<Body>) -> Result<Vec<(String, String)>, ApiError> {
    request
        .extract_parts::<Path<Vec<(String, String)>>>()
        .await
        .map(|Path(ids)| ids)
        .map_err(|_| ApiError::invalid_request("The path is not UTF-8 once it is decoded."))
}

/// The project of the key that signed the request.
async fn verify(
    app: &App,
    authorization: &Authorization,
    parts: &Parts,
    body: &[u8],
) -> Result<String, Refused> {
    let key = app
        .service
        .store()
        .access_key(authorization.access_key())
        .await?;
    let request = SignedRequest {
        method: &parts.method,
        target: parts.uri.path_and_query().map_or("/", |it| it.as_str()),
        headers: &parts.headers,
        body,
    };
    let secret = key.as_ref().map_or(NO_SECRET, |key| key.secret.expose());
    authorization
        .verify(&request, secret, Timestamp::now(), Payload::Signed)
        .and_then(|()| key.ok_or(Refusal::UnknownKey))
        .map(|AccessKey { project_id, .. }| project_id)
        .map_err(|refusal| ApiError::from(&refusal).into())
}

fn same_project(project: &str, headers: &HeaderMap, in_path: Option<&str>) -> Result<(), ApiError> {
    if let Some(in_path) = in_path {
        check_project_id(in_path)?;
        if in_path != project {
            return Err(ApiError::forbidden(
                "The project of the path is not that of the access key.",
            ));
        }
    }
    let named = headers.get_all(PROJECT_HEADER);
    if named
        .iter()
        .any(|named| named.as_bytes() != project.as_bytes())
    {
        return Err(ApiError::forbidden(
            "X-Project-Id is not the project of the access key.",
        ));
    }
    Ok(())
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
