//! An API server that can be made to hold its answers back.

use std::{convert::Infallible, net::SocketAddr, path::Path, time::Duration};

use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::common_cli::{PATIENCE, kubeconfig::for_server};

/// The server: it tells its version at once, and of all else that it is not there, unless it holds that back.
pub(crate) struct Api {
    address: SocketAddr,
    held: watch::Sender<bool>,
    /// How often it was asked for something other than its version.
    asked: watch::Sender<usize>,
}

impl Api {
    /// One that holds its answers back.
    pub(crate) async fn held() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = Self {
            address: listener.local_addr().expect("an address"),
            held: watch::Sender::new(true),
            asked: watch::Sender::new(0),
        };
        tokio::spawn(accept(listener, api.held.clone(), api.asked.clone()));
        api
    }

    /// Answers everything from now on.
    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// How often it was asked so far.
    pub(crate) fn asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// Waits until it was asked for more than that.
    pub(crate) async fn until_asked_more_than(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        let more = asked.wait_for(|now| *now > count);
        timeout(PATIENCE, more)
            .await
            .expect("it is asked in time")
            .expect("it lives");
    }

    /// Writes a kubeconfig for it.
    pub(crate) fn kubeconfig(&self, folder: &Path) -> String {
        let path = folder.join(format!("kubeconfig-{}", self.address.port()));
        std::fs::write(&path, for_server(&format!("http://{}", self.address))).expect("a file");
        path.to_str().expect("a path of ours").to_owned()
    }
}

async fn accept(listener: TcpListener, held: watch::Sender<bool>, asked: watch::Sender<usize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (held, asked) = (held.clone(), asked.clone());
        let service = service_fn(move |request| answer(request, held.clone(), asked.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    held: watch::Sender<bool>,
    asked: watch::Sender<usize>,
) -> Result<Response<String>, Infallible> {
    if request.uri().path() == "/version" {
        let version = r#"{"major": "1", "minor": "31", "gitVersion": "v1.31.14"}"#;
        return Ok(json(StatusCode::OK, version));
    }
    asked.send_modify(|count| *count += 1);
    // Longer than any test takes, but not for ever.
    let _ = timeout(10 * PATIENCE, held.subscribe().wait_for(|held| !held)).await;
    let absent = r#"{"kind": "Status", "status": "Failure", "message": "not here", "code": 404}"#;
    Ok(json(StatusCode::NOT_FOUND, absent))
}

fn json(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// How soon a process that is told to stop must have ended: well below what any request to a cluster may take.
pub(crate) const SOON: Duration = Duration::from_secs(15);
