//! Few requests to the management cluster: read an object, list one kind, change one member.

use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use kube::Client;
use serde_json::Value;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// Most bytes of one answer.
const MOST: usize = 16 << 20;

/// Objects on one page of a list.
const PAGE: usize = 100;

/// Most pages of one list.
const PAGES: usize = 100;

/// Longest text of the server's that is passed on.
const TEXT: usize = 300;

/// Group of the objects that describe clusters.
pub(super) const GROUP: &str = "cluster.x-k8s.io";

/// Versions of Cluster API's groups that we speak, the newest first.
const VERSIONS: [&str; 2] = ["v1beta2", "v1beta1"];

/// Why a request gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It will not be otherwise next time.
    #[error("{0}")]
    Final(String),
    /// It may be.
    #[error("{0}")]
    Passing(String),
}

/// The management cluster.
pub(super) struct Api {
    client: Client,
}

impl Api {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The newest version of a group that both sides speak.
    pub(super) async fn version(&self, group: &str) -> Result<&'static str, Failure> {
        let path = format!("/apis/{group}");
        let found = self.get(&path).await?.ok_or_else(|| {
            Failure::Final(format!("the management cluster does not serve {group}"))
        })?;
        let versions = array(&found["versions"]);
        let serves = |version: &&str| versions.iter().any(|it| it["version"] == **version);
        VERSIONS.into_iter().find(serves).ok_or_else(|| {
            Failure::Final(format!(
                "the management cluster serves {group} at no version of {VERSIONS:?}"
            ))
        })
    }

    /// An object; nothing when there is none.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, Failure> {
        let (status, answer) = self.send(Method::GET, path, None).await?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        accepted("GET", path, status, answer).map(Some)
    }

    /// All objects of a path, `query` without a limit.
    pub(super) async fn list(&self, path: &str, query: &str) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut next = String::new();
        for _ in 0..PAGES {
            let path = format!("{path}?{query}&limit={PAGE}{next}");
            let (status, answer) = self.send(Method::GET, &path, None).await?;
            let mut page = accepted("GET", &path, status, answer)?;
            let Value::Array(read) = page["items"].take() else {
                return Err(Failure::Passing(format!(
                    "GET {path}: the answer is no list"
                )));
            };
            items.extend(read);
            match page["metadata"]["continue"].as_str() {
                Some(token) if !token.is_empty() => next = format!("&continue={token}"),
                _ => return Ok(items),
            }
        }
        Err(Failure::Final(format!(
            "{path} has more than {PAGES} pages"
        )))
    }

    /// Merges a change into an object. The change names the resource version it was made for, so that it meets no other.
    pub(super) async fn change(&self, path: &str, change: &Value) -> Result<(), Failure> {
        let path = format!("{path}?fieldManager=airworthy");
        let (status, answer) = self.send(Method::PATCH, &path, Some(change)).await?;
        accepted("PATCH", &path, status, answer).map(drop)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Failure> {
        let failed = |why: String| Failure::Passing(format!("{method} {path}: {}", short(&why)));
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/merge-patch+json")
            .body(
                body.map(Value::to_string)
                    .unwrap_or_default()
                    .into_bytes()
                    .into(),
            )
            .map_err(|error| Failure::Final(error.to_string()))?;
        let answering = async {
            let response = self.client.send(request).await;
            let (head, body) = response
                .map_err(|error| failed(error.to_string()))?
                .into_parts();
            let body = Limited::new(body, MOST).collect().await;
            let body = body.map_err(|error| failed(error.to_string()))?.to_bytes();
            Ok((
                head.status,
                serde_json::from_slice(&body).unwrap_or(Value::Null),
            ))
        };
        let answer = tokio::time::timeout(DEADLINE, answering).await;
        answer.unwrap_or_else(|_| Err(failed("no answer in time".to_owned())))
    }
}

fn accepted(method: &str, path: &str, status: StatusCode, answer: Value) -> Result<Value, Failure> {
    if status.is_success() && answer.is_object() {
        return Ok(answer);
    }
    let said = short(answer["message"].as_str().unwrap_or_default());
    let why = format!("{method} {path}: {status} {said}");
    match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Final(why)),
        _ => Err(Failure::Passing(why)),
    }
}

/// The elements of an array; none when it is no array.
pub(super) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The beginning of a text of somebody else's.
pub(super) fn short(text: &str) -> String {
    text.chars()
        .filter(|it| !it.is_control())
        .take(TEXT)
        .collect()
}
