//! A caller without an SDK: signs by itself, and sends what no SDK would.

use std::{path::Path, sync::Arc};

use airworthy_cce::sign::{DATE_HEADER, SignedRequest, date_header, sign};
use anyhow::{Context as _, Result};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::common_sdk::Key;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` for an empty body.
    pub(crate) json: Value,
}

/// A service.
pub(crate) struct Peer {
    host: String,
    /// Where it is reached by TLS.
    trust: Option<TlsConnector>,
}

impl Peer {
    pub(crate) fn plain(endpoint: &str) -> Result<Self> {
        let endpoint = endpoint.parse::<Uri>()?;
        let host = endpoint.authority().context("no authority")?;
        Ok(Self {
            host: host.to_string(),
            trust: None,
        })
    }

    /// By TLS, trusting only the certificate in this file.
    pub(crate) fn trusting(endpoint: &str, issuer: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(issuer)?)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            trust: Some(TlsConnector::from(Arc::new(config))),
            ..Self::plain(endpoint)?
        })
    }

    /// Sends a request; signed where there is a key.
    pub(crate) async fn send(
        &self,
        key: Option<&Key>,
        method: Method,
        target: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, &self.host)
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
        let stream = TcpStream::connect(&self.host).await?;
        let Some(trust) = &self.trust else {
            return exchange(stream, request).await;
        };
        let name = ServerName::from(stream.peer_addr()?.ip());
        exchange(trust.connect(name, stream).await?, request).await
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer> {
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
