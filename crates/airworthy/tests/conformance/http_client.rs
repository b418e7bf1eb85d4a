//! A caller without an SDK: signs by itself, and sends what no SDK would.

use airworthy_cce::sign::{DATE_HEADER, SignedRequest, date_header, sign};
use anyhow::{Context as _, Result};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::common_sdk::Key;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` for an empty body.
    pub(crate) json: Value,
}

/// Sends a request to the service at `endpoint`; signed where there is a key.
pub(crate) async fn send(
    endpoint: &str,
    key: Option<&Key>,
    method: Method,
    target: &str,
    body: Option<&Value>,
) -> Result<Answer> {
    let host = endpoint.parse::<Uri>()?;
    let host = host.authority().context("no authority")?.to_string();
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, &host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(DATE_HEADER, date_header(Timestamp::now()))
        .body(Full::new(Bytes::from(body.clone())))?;
    if let Some(key) = key {
        let parts = SignedRequest {
            method: request.method(),
            target,
            headers: request.headers(),
            body: body.as_bytes(),
        };
        let names = ["content-type", "host", DATE_HEADER];
        let authorization = sign(&parts, &key.ak, &key.sk, &names)?;
        let value = HeaderValue::from_str(&authorization)?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    exchange(&host, request).await
}

async fn exchange(host: &str, request: Request<Full<Bytes>>) -> Result<Answer> {
    let stream = TcpStream::connect(host).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let json = match &body[..] {
        b"" => Value::Null,
        text => serde_json::from_slice(text)?,
    };
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        json,
    })
}
