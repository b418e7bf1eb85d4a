//! TLS servers on loopback that stand in for kubelets, webhooks and aggregated API servers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::background::Background;
use crate::error::{Context as _, Result};
use crate::pki::{Authority, Leaf};

/// A request that a stand-in got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The whole body.
    pub body: Bytes,
}

/// What a stand-in answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A JSON document.
    pub fn json(value: &serde_json::Value) -> Self {
        Self {
            status: 200,
            content_type: "application/json".into(),
            body: value.to_string(),
        }
    }

    /// Plain text.
    pub fn text(text: &str) -> Self {
        Self {
            status: 200,
            content_type: "text/plain; charset=utf-8".into(),
            body: text.into(),
        }
    }

    /// An error status with its name as the text.
    pub fn status(status: u16) -> Self {
        let reason = StatusCode::from_u16(status)
            .ok()
            .and_then(|code| code.canonical_reason());
        Self {
            status,
            ..Self::text(reason.unwrap_or("unknown"))
        }
    }
}

type Answer = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A running server; refuses connections once dropped.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    ca_bundle: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: AbortHandle,
}

impl StandIn {
    /// Serves with a certificate of `authority` for `names`.
    pub(crate) fn start(
        background: &Background,
        authority: &Authority,
        leaf: &Leaf,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let _context = background.handle().enter();
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen")?;
        socket.set_nonblocking(true).context("listen")?;
        let listener = TcpListener::from_std(socket).context("listen")?;
        let address = listener.local_addr().context("listen")?;
        let acceptor = TlsAcceptor::from(Arc::new(leaf.server_config()?));
        let seen = Arc::default();
        let accepting = accept(listener, acceptor, Arc::new(answer), Arc::clone(&seen));
        let accepting = background.handle().spawn(accepting).abort_handle();
        Ok(Self {
            address,
            ca_bundle: authority.ca_bundle(),
            seen,
            accepting,
        })
    }

    /// Where it listens, on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority of its certificate, as `caBundle` fields want it.
    pub fn ca_bundle(&self) -> &str {
        &self.ca_bundle
    }

    /// Every request so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answer: Arc<Answer>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    // Connections end with the one that accepts them: a dropped stand-in is gone at once.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (acceptor, answer, seen) = (acceptor.clone(), Arc::clone(&answer), Arc::clone(&seen));
        connections.spawn(async move { serve(stream, acceptor, &answer, &seen).await });
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    answer: &Arc<Answer>,
    seen: &Mutex<Vec<Seen>>,
) {
    // Probes that hang up early are no matter of ours.
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| respond(request, answer, seen));
    let server = hyper::server::conn::http1::Builder::new();
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(
    request: Request<Incoming>,
    answer: &Arc<Answer>,
    seen: &Mutex<Vec<Seen>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let request = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        body: body.collect().await?.to_bytes(),
    };
    let reply = answer(&request);
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = reply.content_type.parse() {
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, value);
    }
    Ok(response)
}
