//! The few requests that a probe takes.

use std::{sync::OnceLock, time::Duration};

use airworthy_collect::server_time;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::{Value, json};

use super::ProbeError;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// Most bytes of one answer.
const MOST: usize = 32 << 20;
/// Objects on one page of a list.
const PAGE: usize = 500;
/// Most pages of one list.
const PAGES: usize = 100;
/// Longest text of the server's that is passed on.
const TEXT: usize = 300;

pub(super) struct Api {
    client: Client,
    /// How far the API server's clock is ahead of ours, once it has answered.
    ahead: OnceLock<SignedDuration>,
}

impl Api {
    pub(super) fn new(client: Client) -> Self {
        let ahead = OnceLock::new();
        Self { client, ahead }
    }

    /// The time by the API server's clock, as far as it has told: whoever reads what is written here judges it by that clock.
    pub(super) fn now(&self) -> Timestamp {
        let (now, ahead) = (Timestamp::now(), self.ahead.get().copied());
        now.checked_add(ahead.unwrap_or_default()).unwrap_or(now)
    }

    /// An object; nothing when there is none.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, ProbeError> {
        match self.send(Method::GET, path, &Value::Null).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            answer => accepted("GET", path, answer).map(Some),
        }
    }

    /// All objects of a path that has a query already.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Value>, ProbeError> {
        let (mut items, mut next) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let path = format!("{path}&limit={PAGE}{next}");
            let answer = self.send(Method::GET, &path, &Value::Null).await?;
            let mut page = accepted("GET", &path, answer)?;
            if let Value::Array(read) = page["items"].take() {
                items.extend(read);
            }
            match page["metadata"]["continue"].as_str() {
                Some(token) if !token.is_empty() => next = format!("&continue={token}"),
                _ => return Ok(items),
            }
        }
        Err(ProbeError::Ask(format!(
            "{path} has more than {PAGES} pages"
        )))
    }

    /// Makes an object. A namespace's service account may take a moment to be there.
    pub(super) async fn create(&self, path: &str, object: &Value) -> Result<(), ProbeError> {
        let asked = format!("{path}?fieldManager=airworthy-probe");
        let answer = self.send(Method::POST, &asked, object).await?;
        accepted("POST", path, answer).map(drop)
    }

    /// Removes an object, and no other that has taken its name since.
    pub(super) async fn delete(&self, path: &str, uid: &Value) -> Result<(), ProbeError> {
        let options = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": uid },
            "propagationPolicy": "Background" });
        match self.send(Method::DELETE, path, &options).await? {
            (StatusCode::NOT_FOUND | StatusCode::CONFLICT, _) => Ok(()),
            answer => accepted("DELETE", path, answer).map(drop),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(StatusCode, Value), ProbeError> {
        let failed = |why: &str| ProbeError::Ask(format!("{method} {path}: {}", short(why)));
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(text.into_bytes().into())
            .map_err(|error| failed(&error.to_string()))?;
        let answering = async {
            let response = self.client.send(request).await;
            let (head, body) = response
                .map_err(|error| failed(&error.to_string()))?
                .into_parts();
            if let Some(there) = server_time(&head.headers) {
                self.ahead
                    .get_or_init(|| there.duration_since(Timestamp::now()));
            }
            let body = Limited::new(body, MOST).collect().await;
            let body = body.map_err(|error| failed(&error.to_string()))?.to_bytes();
            let read = serde_json::from_slice(&body).unwrap_or(Value::Null);
            Ok((head.status, read))
        };
        let answer = tokio::time::timeout(DEADLINE, answering).await;
        answer.unwrap_or_else(|_| Err(failed("no answer in time")))
    }
}

fn accepted(
    method: &str,
    path: &str,
    (status, answer): (StatusCode, Value),
) -> Result<Value, ProbeError> {
    if status.is_success() {
        return Ok(answer);
    }
    let said = short(answer["message"].as_str().unwrap_or_default());
    let status = status.as_u16();
    Err(ProbeError::Ask(format!("{method} {path}: {status} {said}")))
}

fn short(text: &str) -> String {
    let plain = text.chars().filter(|it| !it.is_control());
    plain.take(TEXT).collect()
}
