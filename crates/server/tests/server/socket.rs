//! What only a real socket can show.

use std::{future::pending, net::SocketAddr, time::Duration};

use airworthy_server::{Error, Options, serve};
use http::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::fixture::{Fixture, precheck, request};

/// Longer than anything here takes; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a port of its own.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), Error>>,
}

impl Server {
    pub(crate) async fn of(fixture: &Fixture, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            if stopped.await.is_err() {
                pending::<()>().await;
            }
        };
        let served = tokio::spawn(serve(listener, fixture.service.clone(), options, shutdown));
        Self {
            address,
            stop: Some(stop),
            served,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub(crate) async fn stopped(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        let served = tokio::time::timeout(PATIENCE, self.served).await.unwrap();
        served.unwrap().unwrap();
    }
}

/// Reads until the server closes the connection.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Protocol and status of the next answer.
pub(crate) async fn beginning(stream: &mut (impl AsyncRead + Unpin)) -> [u8; 12] {
    let mut first = [0; 12];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut first))
        .await
        .unwrap()
        .unwrap();
    first
}

/// The head of a signed request with all its headers but those that say how long the body is.
pub(crate) fn head(fixture: &Fixture, method: Method, target: &str, body: &str) -> String {
    let request = request(&fixture.ours.key, method, target, body);
    let mut head = format!("{} {target} HTTP/1.1\r\n", request.method());
    for (name, value) in request.headers() {
        head = format!("{head}{name}: {}\r\n", value.to_str().unwrap());
    }
    head
}

/// One answer: its head and its JSON.
pub(crate) fn answer(text: &str) -> (&str, Value) {
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{text:?}"));
    let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    (head, body)
}

#[tokio::test]
async fn a_client_that_dawdles_over_its_head_is_cut_off() {
    let fixture = Fixture::new().await;
    let options = Options {
        head_deadline: Duration::from_millis(100),
        ..Options::default()
    };
    let server = Server::of(&fixture, options).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-more: ")
        .await
        .unwrap();
    assert_eq!(rest(&mut slow).await, "");
    assert_eq!(rest(&mut silent).await, "");
    server.stopped().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_head_deadline_and_ends_with_its_own() {
    let fixture = Fixture::new().await;
    let options = Options {
        head_deadline: Duration::from_millis(50),
        idle: Duration::from_millis(400),
        ..Options::default()
    };
    let server = Server::of(&fixture, options).await;
    let mut stream = server.connect().await;
    let began = std::time::Instant::now();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let text = rest(&mut stream).await;
    assert!(began.elapsed() >= Duration::from_millis(400));
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    server.stopped().await;
}

#[tokio::test]
async fn chunked_bodies_are_collected_and_verified() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let body = precheck("v1.32").to_string();
    let target = fixture.ours.path("/operation/precheck");
    let head = head(&fixture, Method::POST, &target, &body);
    let mut stream = server.connect().await;
    let (first, second) = body.split_at(20);
    for part in [
        format!("{head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n"),
        format!("{:x}\r\n{first}\r\n", first.len()),
        format!("{:x}\r\n{second}\r\n0\r\n\r\n", second.len()),
    ] {
        stream.write_all(part.as_bytes()).await.unwrap();
    }
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert_eq!(answer(&text).1["kind"], "PreCheckTask");
    server.stopped().await;
}

#[tokio::test]
async fn what_is_no_http_is_answered_with_json_all_the_same() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let long = "x".repeat(70_000);
    for (sent, status) in [
        ("GET\r\n\r\n".to_owned(), 400),
        ("\u{1}\u{2}\u{3} / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/7.3\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned(), 400),
        (
            "POST / HTTP/1.1\r\ncontent-length: abc\r\n\r\n".to_owned(),
            400,
        ),
        (format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), 414),
    ] {
        let mut stream = server.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let text = rest(&mut stream).await;
        let (head, body) = answer(&text);
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(head.contains("x-request-id: "), "{head}");
        assert_eq!(body["error_code"], "APIGW.0201", "{head}");
        let line = format!("HTTP/1.1 {status} ");
        assert!(head.starts_with(&line), "{sent:.40}: {head}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_while_the_client_still_sends() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let target = fixture.ours.path("/operation/precheck");
    let megabyte = vec![b' '; 1024 * 1024];
    for length in ["content-length: 13631488", "transfer-encoding: chunked"] {
        let mut stream = server.connect().await;
        let head = head(&fixture, Method::POST, &target, "");
        stream
            .write_all(format!("{head}{length}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        for _ in 0..13 {
            if length.starts_with("transfer") {
                stream.write_all(b"100000\r\n").await.unwrap();
                stream.write_all(&megabyte).await.unwrap();
                stream.write_all(b"\r\n").await.unwrap();
            } else {
                stream.write_all(&megabyte).await.unwrap();
            }
        }
        let text = rest(&mut stream).await;
        let (head, body) = answer(&text);
        assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
        assert_eq!(body["error_code"], "APIGW.0201");
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let fixture = Fixture::new().await;
    let options = Options {
        body_deadline: Duration::from_millis(50),
        ..Options::default()
    };
    let server = Server::of(&fixture, options).await;
    let target = fixture.ours.path("/operation/precheck");
    let head = head(&fixture, Method::POST, &target, "{}");
    let mut stream = server.connect().await;
    stream
        .write_all(format!("{head}content-length: 2\r\n\r\n{{").as_bytes())
        .await
        .unwrap();
    assert_eq!(&beginning(&mut stream).await, b"HTTP/1.1 400");
    drop(stream);
    server.stopped().await;
}

#[tokio::test]
async fn stopping_answers_who_waits_and_closes_the_store() {
    let fixture = Fixture::with(airworthy_service::Settings {
        workers: 0,
        ..airworthy_service::Settings::default()
    })
    .await;
    let server = Server::of(&fixture, Options::default()).await;
    let idle = server.connect().await;
    let body = r#"{"apiVersion":"v3","kind":"PostCheckTask","spec":{}}"#;
    let target = fixture.ours.path("/operation/postcheck");
    let head = head(&fixture, Method::POST, &target, body);
    let mut changes = fixture.store.changes();
    let mut stream = server.connect().await;
    let length = body.len();
    stream
        .write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes())
        .await
        .unwrap();
    changes.changed().await.unwrap();
    let began = std::time::Instant::now();
    server.stopped().await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let text = rest(&mut stream).await;
    assert_eq!(answer(&text).1["status"]["phase"], "Error");
    assert!(fixture.store.ping().await.is_err());
    drop(idle);
}

/// The client of a change that waits is gone: the change goes on, and the server ends after it.
#[tokio::test]
async fn stopping_waits_for_changes_whose_clients_are_gone() {
    let fixture = Fixture::with(airworthy_service::Settings {
        workers: 0,
        ..airworthy_service::Settings::default()
    })
    .await;
    let server = Server::of(&fixture, Options::default()).await;
    let body = r#"{"apiVersion":"v3","kind":"PostCheckTask","spec":{}}"#;
    let target = fixture.ours.path("/operation/postcheck");
    let head = head(&fixture, Method::POST, &target, body);
    let mut changes = fixture.store.changes();
    let mut stream = server.connect().await;
    let length = body.len();
    stream
        .write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes())
        .await
        .unwrap();
    changes.changed().await.unwrap();
    drop(stream);
    server.stopped().await;
    let store = fixture.reopened().await;
    let kept = store.trail_since(None, None, 0, 9).await.unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let entry = &kept[0].entry;
    assert_eq!(entry.operation, "CreateAutopilotPostCheck");
    assert_eq!((entry.status, entry.source.as_str()), (200, "127.0.0.1"));
}
