//! A socket and a body that tell how far they are, and the errors that hyper sends by itself put into our form.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use airworthy_cce::ApiError;
use bytes::{Buf, Bytes};
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use uuid::Uuid;

use crate::{heads::URI_LIMIT, pulse::Pulse};

/// A socket that tells its connection's pulse what it does.
///
/// hyper answers a head that it cannot read with a bare status. It is known by its lack of a request id, which every answer
/// of ours has, and sent as a JSON error instead.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    socket: S,
    pulse: Arc<Pulse>,
    instead: Option<Instead>,
}

/// What is sent in the place of `of` bytes.
#[derive(Debug)]
struct Instead {
    of: usize,
    rest: Bytes,
}

impl<S> Watched<S> {
    pub(crate) fn new(socket: S, pulse: Arc<Pulse>) -> Self {
        Self {
            socket,
            pulse,
            instead: None,
        }
    }

    /// The socket itself.
    pub(crate) fn into_socket(self) -> S {
        self.socket
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        let received = &buffer.filled()[before..];
        if received.is_empty() {
            self.pulse.ended();
        } else {
            self.pulse.received(received);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.instead = bare_status(bytes).map(|status| Instead {
                of: bytes.len(),
                rest: unreadable_head(told(status, &self.pulse)),
            });
        }
        let Self {
            socket,
            pulse,
            instead,
        } = &mut *self;
        let Some(Instead { of, rest }) = instead else {
            let sent = ready!(Pin::new(socket).poll_write(cx, bytes))?;
            pulse.sent();
            return Poll::Ready(Ok(sent));
        };
        pulse.unreadable();
        while rest.has_remaining() {
            let sent = ready!(Pin::new(&mut *socket).poll_write(cx, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.advance(sent);
        }
        let of = *of;
        *instead = None;
        Poll::Ready(Ok(of))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// The status of an answer that has no body and no request id.
fn bare_status(bytes: &[u8]) -> Option<StatusCode> {
    let rest = bytes.strip_prefix(b"HTTP/1.1 ")?;
    let status = StatusCode::from_bytes(rest.get(..3)?).ok()?;
    let head_alone = bytes.ends_with(b"\r\n\r\n");
    let ours = bytes
        .windows(b"x-request-id".len())
        .any(|window| window.eq_ignore_ascii_case(b"x-request-id"));
    (status.is_client_error() && head_alone && !ours).then_some(status)
}

/// The status that says what is wrong with a head: of one that is too large, the path alone may be that.
fn told(status: StatusCode, pulse: &Pulse) -> StatusCode {
    if status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE && pulse.first_line() > URI_LIMIT {
        return StatusCode::URI_TOO_LONG;
    }
    status
}

/// A whole answer to a head that is no request.
fn unreadable_head(status: StatusCode) -> Bytes {
    let id = Uuid::new_v4().simple().to_string();
    let error = ApiError {
        status,
        code: "APIGW.0201",
        message: format!("API request error. {status}."),
    };
    // Maps of texts and numbers can always be written.
    let body = serde_json::to_string(&error.body(Some(&id))).unwrap_or_default();
    tracing::info!(status = status.as_u16(), request_id = %id, "the head of a request could not be read");
    Bytes::from(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// The body of a request that tells its connection's pulse when it was read to its end.
#[derive(Debug)]
pub(crate) struct WatchedBody {
    pub(crate) body: Incoming,
    pub(crate) pulse: Arc<Pulse>,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.pulse.body_read();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_are_not_ours_are_replaced() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(
            bare_status(bare),
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        );
        for ours in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\nX-Request-Id: 3f1d\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\n\r\n{\"kind\":\"Status\"}",
            b"{}",
        ] {
            assert_eq!(bare_status(ours), None);
        }
    }

    #[test]
    fn an_unreadable_head_is_answered_with_json() {
        let answer = unreadable_head(StatusCode::BAD_REQUEST);
        let text = std::str::from_utf8(&answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())),
            "{head}"
        );
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error_code"], "APIGW.0201");
    }
}
