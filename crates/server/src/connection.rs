//! One connection, from its first byte to its last.

use std::{
    convert::Infallible, future::poll_fn, net::IpAddr, pin::Pin, sync::Arc, task::Poll,
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use http::{
    HeaderValue, Request,
    header::{CONNECTION, TRANSFER_ENCODING},
};
use http_body::Body as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Sleep, sleep_until},
};
use tower::ServiceExt;

use crate::{
    app::App,
    pulse::Pulse,
    watched::{Watched, WatchedBody},
};

/// The largest head of a request: the vendor's gateway takes 32 KiB of path, and tokens have 16 KiB.
const HEAD_LIMIT: usize = 64 * 1024;

/// How long, and how much, a client may go on sending what nobody reads before its connection is closed on it.
const LINGER: (Duration, u64) = (Duration::from_secs(5), 64 * 1024 * 1024);

/// The address at the other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Either side was through.
    Done,
    /// The client did not get on.
    TooSlow,
}

/// Answers the requests of one connection until either side is through, the client is too slow, or the server stops.
pub(crate) async fn run<S>(socket: S, peer: Peer, router: Router, app: App, pulse: Arc<Pulse>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Watched::new(socket, pulse.clone()));
    let answer = {
        let pulse = pulse.clone();
        service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            Box::pin(answer(request, router.clone(), pulse.clone()))
        })
    };
    let mut connection = http1::Builder::new()
        // Ours are in the pulse: hyper's would bound the time between two requests, too.
        .header_read_timeout(None)
        .max_buf_size(HEAD_LIMIT)
        .max_header_size(HEAD_LIMIT)
        .serve_connection(io, answer);
    let mut sleep = Box::pin(sleep_until(tokio::time::Instant::now()));
    let mut told = false;
    let end = loop {
        let next = poll_fn(|cx| {
            if connection.poll_without_shutdown(cx).is_ready() {
                return Poll::Ready(End::Done);
            }
            poll_late(&pulse, sleep.as_mut(), cx)
        });
        tokio::select! {
            end = next => break end,
            () = pulse.moved() => (),
            () = app.stopped(), if !told => {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    if end == End::Done {
        let socket = connection.into_parts().io.into_inner().into_socket();
        close(socket, pulse.may_be_sending()).await;
    }
}

/// Ready when the deadline of the pulse, as it is now, has passed.
fn poll_late(
    pulse: &Pulse,
    mut sleep: Pin<&mut Sleep>,
    cx: &mut std::task::Context<'_>,
) -> Poll<End> {
    let Some(deadline) = pulse.deadline() else {
        return Poll::Pending;
    };
    if sleep.deadline() != deadline {
        sleep.as_mut().reset(deadline);
    }
    sleep.poll(cx).map(|()| End::TooSlow)
}

async fn answer(
    request: Request<Incoming>,
    router: Router,
    pulse: Arc<Pulse>,
) -> Result<Response, Infallible> {
    pulse.requested(!request.body().is_end_stream());
    let chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let request = request.map(|body| {
        let pulse = pulse.clone();
        Body::new(WatchedBody { body, pulse })
    });
    let mut response = router.oneshot(request).await;
    if let (true, Ok(response)) = (chunked, &mut response) {
        // There may have been a Content-Length beside it, which hyper drops unseen. Whoever stands in front may have gone by
        // that, so what follows may not be what its sender believes it to be.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    pulse.answered();
    response
}

/// Says that nothing more comes. To a client that may still be sending, this then listens for a while: closing at once would
/// reset the connection, and the client could lose the answer that it has not read yet.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S, is_sending: bool) {
    let (time, bytes) = LINGER;
    let closed = async {
        socket.shutdown().await?;
        if !is_sending {
            return Ok(0);
        }
        tokio::io::copy(&mut socket.take(bytes), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(time, closed).await;
}
