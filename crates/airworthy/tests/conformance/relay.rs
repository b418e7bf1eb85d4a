//! A box between an SDK and the service that sends on what no SDK sends by itself.

use std::{error::Error, net::Ipv4Addr, sync::Arc};

use anyhow::{Context as _, Result};
use http::{Request, Response, Uri, header, request::Parts};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1 as client,
    server::conn::http1 as server,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What is changed of each request.
pub(crate) type Change = Arc<dyn Fn(&mut Parts, &mut Bytes) + Send + Sync>;

type Failed = Box<dyn Error + Send + Sync>;

/// Listens until it is dropped.
pub(crate) struct Relay {
    pub(crate) endpoint: String,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// Between its own endpoint and the service at `endpoint`.
    pub(crate) async fn start(endpoint: &str, change: Change) -> Result<Self> {
        let to = endpoint.parse::<Uri>()?;
        let to = to.authority().context("no authority")?.to_string();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, to.clone(), Arc::clone(&change)));
            }
        });
        Ok(Self {
            endpoint,
            accepting,
        })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, to: String, change: Change) {
    let pass = service_fn(|request| pass(&to, &change, request));
    let served = server::Builder::new().serve_connection(TokioIo::new(stream), pass);
    // An SDK that goes away is its own business.
    drop(served.await);
}

async fn pass(
    to: &str,
    change: &Change,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Failed> {
    let (mut parts, body) = request.into_parts();
    let mut body = body.collect().await?.to_bytes();
    change(&mut parts, &mut body);
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, body.len().into());
    let stream = TcpStream::connect(to).await?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::from_parts(parts, Full::new(body));
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(parts, Full::new(body)))
}
