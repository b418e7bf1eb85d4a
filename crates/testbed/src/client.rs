//! A plain REST client for the API server.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as HyperClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::error::{Error, Result};

const TIMEOUT: Duration = Duration::from_secs(30);

/// How a patch changes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Patch {
    /// RFC 7386: objects are merged, `null` removes, lists are replaced.
    Merge,
    /// Kubernetes' own merge, which knows the keys of lists; not for custom resources.
    Strategic,
    /// RFC 6902: a list of operations.
    Json,
    /// Server-side apply; needs `fieldManager` in the query.
    Apply,
}

impl Patch {
    fn content_type(self) -> &'static str {
        match self {
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Json => "application/json-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

/// An answer of the API server, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers; `warning` among them.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Talks to one API server as one user, under one user agent.
#[derive(Clone)]
pub struct Client {
    http: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    token: String,
    user_agent: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(
        url: String,
        token: String,
        user_agent: &str,
        tls: rustls::ClientConfig,
    ) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .build();
        Self {
            http: HyperClient::builder(TokioExecutor::new()).build(connector),
            url,
            token,
            user_agent: user_agent.to_owned(),
        }
    }

    /// Reads a path.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.json(Method::GET, path, None).await
    }

    /// Reads a path as text, such as `/metrics`.
    pub async fn get_text(&self, path: &str) -> Result<String> {
        let answer = self.send(Method::GET, path, HeaderMap::new(), "").await?;
        if answer.status.is_success() {
            Ok(String::from_utf8_lossy(&answer.body).into_owned())
        } else {
            Err(status_error(&Method::GET, path, &answer))
        }
    }

    /// Reads the `items` of a list path.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        match self.get(path).await?.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Error::document(path, "is not a list")),
        }
    }

    /// Posts an object to a list path.
    pub async fn create(&self, path: &str, object: &Value) -> Result<Value> {
        self.json(Method::POST, path, Some(("application/json", object)))
            .await
    }

    /// Replaces an object.
    pub async fn replace(&self, path: &str, object: &Value) -> Result<Value> {
        self.json(Method::PUT, path, Some(("application/json", object)))
            .await
    }

    /// Changes an object.
    pub async fn patch(&self, path: &str, how: Patch, change: &Value) -> Result<Value> {
        self.json(Method::PATCH, path, Some((how.content_type(), change)))
            .await
    }

    /// Merges into the status of an object; `status` is the content of that field.
    pub async fn patch_status(&self, path: &str, status: &Value) -> Result<Value> {
        let change = serde_json::json!({ "status": status });
        self.patch(&format!("{path}/status"), Patch::Merge, &change)
            .await
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.json(Method::DELETE, path, None).await
    }

    /// Whether the object is there.
    pub async fn exists(&self, path: &str) -> Result<bool> {
        match self.get(path).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, &Value)>,
    ) -> Result<Value> {
        let (content_type, bytes) = match body {
            Some((content_type, value)) => (Some(content_type), value.to_string().into_bytes()),
            None => (None, Vec::new()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT,
            header::HeaderValue::from_static("application/json"),
        );
        if let Some(content_type) = content_type {
            let value = content_type
                .parse()
                .map_err(|error| Error::document("content type", error))?;
            headers.insert(header::CONTENT_TYPE, value);
        }
        let answer = self.send(method.clone(), path, headers, bytes).await?;
        if !answer.status.is_success() {
            return Err(status_error(&method, path, &answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| Error::document(path, error))
    }

    /// Sends any request and gives any answer; only a missing answer is an error.
    ///
    /// Adds the authorization and user-agent headers.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Result<Answer> {
        let failed = |reason: String| Error::Request {
            method: method.to_string(),
            path: path.to_owned(),
            reason,
        };
        let mut request = Request::builder()
            .method(&method)
            .uri(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::USER_AGENT, &self.user_agent)
            .body(Full::new(body.into()))
            .map_err(|error| failed(error.to_string()))?;
        request.headers_mut().extend(headers);
        let exchange = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|error| chain(&error))?;
            let (parts, body) = response.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| chain(&error))?
                .to_bytes();
            Ok::<_, String>(Answer {
                status: parts.status,
                headers: parts.headers,
                body,
            })
        };
        tokio::time::timeout(TIMEOUT, exchange)
            .await
            .map_err(|_| failed(format!("no answer within {} s", TIMEOUT.as_secs())))?
            .map_err(failed)
    }
}

/// The API server's Status object, or the text as it is.
fn status_error(method: &Method, path: &str, answer: &Answer) -> Error {
    let message = serde_json::from_slice::<Value>(&answer.body)
        .ok()
        .and_then(|status| Some(status.get("message")?.as_str()?.to_owned()))
        .unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned());
    Error::Status {
        method: method.to_string(),
        path: path.to_owned(),
        code: answer.status.as_u16(),
        message,
    }
}

/// An error with all its causes: hyper's own text says only "client error".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
