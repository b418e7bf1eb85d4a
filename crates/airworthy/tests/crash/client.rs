//! A caller of the service: signs its requests and reads JSON.

use std::{error::Error, net::SocketAddr};

use airworthy_cce::sign::{DATE_HEADER, SignedRequest, date_header, sign};
use http::{HeaderValue, Method, Request, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use crate::common_cli::PATIENCE;

/// Who calls, and where.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) access_key: String,
    pub(crate) secret: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl Answer {
    /// Demands status 200.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json
    }

    /// Demands an error of this status with an error body, and gives its message.
    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.json["error_code"].is_string(), "{self:?}");
        self.json["error_msg"]
            .as_str()
            .expect("a message")
            .to_owned()
    }
}

type Failed = Box<dyn Error + Send + Sync>;

impl Client {
    pub(crate) async fn get(&self, target: &str) -> Answer {
        let answer = self.send(Method::GET, target, String::new()).await;
        answer.expect("an answer")
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Answer {
        let answer = self.try_post(target, body).await;
        answer.expect("an answer")
    }

    /// A request that may get no answer, because the service may be killed meanwhile.
    pub(crate) async fn try_post(&self, target: &str, body: &Value) -> Result<Answer, Failed> {
        self.send(Method::POST, target, body.to_string()).await
    }

    async fn send(&self, method: Method, target: &str, body: String) -> Result<Answer, Failed> {
        let request = self.signed(method, target, body)?;
        timeout(2 * PATIENCE, exchange(self.address, request)).await?
    }

    fn signed(
        &self,
        method: Method,
        target: &str,
        body: String,
    ) -> Result<Request<String>, Failed> {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .header(DATE_HEADER, date_header(Timestamp::now()))
            .body(body)?;
        let parts = SignedRequest {
            method: request.method(),
            target,
            headers: request.headers(),
            body: request.body().as_bytes(),
        };
        let names = ["content-type", "host", DATE_HEADER];
        let authorization = sign(&parts, &self.access_key, &self.secret, &names)?;
        let value = HeaderValue::from_str(&authorization)?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
        Ok(request)
    }
}

/// Sends a request on a connection of its own.
pub(crate) async fn exchange(
    address: SocketAddr,
    request: Request<String>,
) -> Result<Answer, Failed> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let kind = response.headers().get(header::CONTENT_TYPE).cloned();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    assert_eq!(
        kind.as_ref().map(HeaderValue::as_bytes),
        Some(&b"application/json"[..]),
        "{body:?}"
    );
    let json = serde_json::from_slice(&body)?;
    Ok(Answer { status, json })
}
