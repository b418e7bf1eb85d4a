//! Requests that no honest client sends, byte by byte over a socket: each is refused, or read in one way only.

use std::time::Duration;

use airworthy_server::Options;
use airworthy_service::Settings;
use airworthy_store::TaskKind;
use http::Method;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::{
    fixture::{Fixture, precheck},
    socket::{PATIENCE, Server, answer, beginning, head, rest},
};

/// What is sent behind a request: whoever takes it for a part of the body does not answer it.
const SECOND: &str = "GET /healthz HTTP/1.1\r\nhost: second\r\nconnection: close\r\n\r\n";

/// The statuses and bodies of all answers that came on one connection.
fn answers(text: &str) -> Vec<(u16, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((head, more)) = rest.split_once("\r\n\r\n") {
        let status = head.get(9..12).and_then(|it| it.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no answer: {head:?} in {text:?}"));
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        found.push((status, more[..length].to_owned()));
        rest = &more[length..];
    }
    assert_eq!(rest, "", "{text:?}");
    found
}

async fn sent(server: &Server, bytes: &[u8]) -> Vec<(u16, String)> {
    let mut stream = server.connect().await;
    stream.write_all(bytes).await.unwrap();
    answers(&rest(&mut stream).await)
}

#[track_caller]
fn is_json_error(body: &str, code: &str) {
    let body: Value = serde_json::from_str(body).unwrap_or_else(|it| panic!("{it}: {body:?}"));
    assert_eq!(body["error_code"], code, "{body}");
    assert_eq!(body["kind"], "Status", "{body}");
}

#[tokio::test]
async fn what_two_readers_could_read_in_two_ways_is_refused_with_all_that_follows() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let post = |headers: &str, body: &str| {
        format!("POST /v3/x HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n{body}")
    };
    for request in [
        post("content-length: 4\r\ncontent-length: 5", "abcde"),
        post("content-length: 4, 5", "abcde"),
        post("content-length: +4", "abcd"),
        post("content-length: 0x4", "abcd"),
        post("content-length: 18446744073709551617", "a"),
        post("content-length:", ""),
        post("content-length : 4", "abcd"),
        post(" content-length: 4", "abcd"),
        post("content-length\t: 4", "abcd"),
        post("transfer-encoding : chunked", "0\r\n\r\n"),
        post("transfer-encoding: xchunked", "0\r\n\r\n"),
        post("transfer-encoding: chunked, identity", "0\r\n\r\n"),
        post("transfer-encoding: identity", "0\r\n\r\n"),
        post("transfer-encoding: gzip, chunked", "0\r\n\r\n"),
        post(
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "0\r\n\r\n",
        ),
        post(
            "transfer-encoding: identity\r\ntransfer-encoding: chunked",
            "0\r\n\r\n",
        ),
        post(
            "transfer-encoding: chunked\r\ntransfer-encoding: identity",
            "0\r\n\r\n",
        ),
        post("transfer-encoding:\r\n chunked", "0\r\n\r\n"),
        post("x: y\r\n transfer-encoding: chunked", "0\r\n\r\n"),
        post("transfer-encoding: \"chunked\"", "0\r\n\r\n"),
        post("transfer-encoding:\u{b}chunked", "0\r\n\r\n"),
        post("transfer-encoding: chunked\0", "0\r\n\r\n"),
        post("x: y\rz", ""),
        "POST /v3/x HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
    ] {
        let found = sent(&server, format!("{request}{SECOND}").as_bytes()).await;
        let [(400, body)] = &found[..] else {
            panic!("{request:?}: {found:?}");
        };
        // What hyper refuses, it refuses before the path is known.
        let body: Value = serde_json::from_str(body).unwrap();
        let code = body["error_code"].as_str();
        assert!(
            code == Some("APIGW.0201") || body["error"]["code"] == 400,
            "{request:?}: {body}"
        );
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_length_beside_chunks_is_not_believed_and_nothing_follows_such_a_request() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    for headers in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
        "transfer-encoding: chunked",
    ] {
        let first =
            format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n0\r\n\r\n{SECOND}");
        let found = sent(&server, first.as_bytes()).await;
        assert_eq!(found.len(), 1, "{headers:?}: {found:?}");
        assert_eq!(found[0].0, 200);
    }
    server.stopped().await;
}

#[tokio::test]
async fn chunks_that_are_none_break_the_body_off() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let body = precheck("v1.32").to_string();
    let target = fixture.ours.path("/operation/precheck");
    let length = body.len();
    let extension = "x".repeat(20_000);
    for chunks in [
        format!("{length:x}\n{body}\r\n0\r\n\r\n"),
        format!("{length:x}\r{body}\r\n0\r\n\r\n"),
        format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("-{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x};a=\n{body}\r\n0\r\n\r\n"),
        format!("{length:x};{extension}\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x}\r\n{body}xx0\r\n\r\n"),
        "\r\n0\r\n\r\n".to_owned(),
    ] {
        let head = head(&fixture, Method::POST, &target, &body);
        let request = format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}{SECOND}");
        let found = sent(&server, request.as_bytes()).await;
        let [(400, body)] = &found[..] else {
            panic!("{chunks:.60?}: {found:?}");
        };
        is_json_error(body, "APIGW.0201");
    }
    assert_eq!(fixture.store.next_due().await.unwrap(), None);
    server.stopped().await;
}

#[tokio::test]
async fn small_extensions_of_chunks_change_nothing() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let body = precheck("v1.32").to_string();
    let target = fixture.ours.path("/operation/precheck");
    let head = head(&fixture, Method::POST, &target, &body);
    let chunks = format!("{:x};a=b\r\n{body}\r\n0;c\r\nx-more: y\r\n\r\n", body.len());
    let request = format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}{SECOND}");
    let found = sent(&server, request.as_bytes()).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, 200, "{found:?}");
    server.stopped().await;
}

/// A line may end in a bare line feed (RFC 9112, 2.2), and a target may name its host (3.2.2): both are read as they are
/// meant, and the request behind is one of its own.
#[tokio::test]
async fn other_ways_of_writing_a_request_are_read_in_one_way() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    for first in [
        "GET /healthz HTTP/1.1\nhost: x\n\n",
        "GET http://elsewhere/healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nGET ",
        "GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\nGET ",
        "\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let found = sent(&server, format!("{first}{SECOND}").as_bytes()).await;
        let statuses: Vec<u16> = found.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [200, 200], "{first:?}: {found:?}");
    }
    server.stopped().await;
}

/// A signature covers the path, and the path alone decides: a host in the target neither hides nor adds anything.
#[tokio::test]
async fn a_host_in_the_target_does_not_lead_around_the_signature() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let (signed_for, other) = (fixture.ours.clusters(), fixture.theirs.clusters());
    let head = head(&fixture, Method::GET, &signed_for, "");
    for (target, status) in [
        (format!("http://127.0.0.1:18443{signed_for}"), 200),
        (format!("http://elsewhere{signed_for}"), 200),
        (format!("http://127.0.0.1:18443{other}"), 401),
    ] {
        let head = head.replacen(&signed_for, &target, 1);
        let found = sent(
            &server,
            format!("{head}connection: close\r\n\r\n").as_bytes(),
        )
        .await;
        assert_eq!(found[0].0, status, "{target}: {found:?}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn what_identifies_a_caller_comes_once() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let target = fixture.ours.clusters();
    let head = head(&fixture, Method::GET, &target, "");
    let again = |name: &str| {
        let line = head.lines().find(|line| line.starts_with(name)).unwrap();
        format!("{head}{line}\r\nconnection: close\r\n\r\n{SECOND}")
    };
    for (name, status, code) in [
        ("authorization: ", 401, "APIGW.0301"),
        ("x-sdk-date: ", 400, "APIGW.0201"),
        ("host: ", 400, "APIGW.0201"),
        ("content-type: ", 400, "APIGW.0201"),
    ] {
        let found = sent(&server, again(name).as_bytes()).await;
        assert_eq!((found.len(), found[0].0), (1, status), "{name}: {found:?}");
        is_json_error(&found[0].1, code);
    }
    let twice = "x-auth-token: a\r\nX-Auth-Token: b\r\nconnection: close";
    let found = sent(&server, format!("{head}{twice}\r\n\r\n").as_bytes()).await;
    assert_eq!(found[0].0, 400, "{found:?}");
    server.stopped().await;
}

#[tokio::test]
async fn paths_and_headers_that_are_too_large_each_have_their_status() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let long = |length: usize| "x".repeat(length);
    for (path, header, status, code) in [
        (long(31 * 1024), 0, 404, "APIGW.0101"),
        (long(32 * 1024), 0, 414, "APIGW.0201"),
        (long(60 * 1024), 0, 414, "APIGW.0201"),
        (long(200 * 1024), 0, 414, "APIGW.0201"),
        (long(10), 16 * 1024, 404, "APIGW.0101"),
        (long(10), 70 * 1024, 431, "APIGW.0201"),
        (long(10), 300 * 1024, 431, "APIGW.0201"),
    ] {
        let length = (path.len(), header);
        let header = long(header);
        let request = format!(
            "GET /{path} HTTP/1.1\r\nhost: x\r\nx-a: {header}\r\nconnection: close\r\n\r\n"
        );
        let found = sent(&server, request.as_bytes()).await;
        assert_eq!(found[0].0, status, "{length:?}: {found:?}");
        is_json_error(&found[0].1, code);
    }
    let many = "a: b\r\n".repeat(5000);
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    let found = sent(&server, request.as_bytes()).await;
    assert_eq!(found[0].0, 431, "{found:?}");
    server.stopped().await;
}

#[tokio::test]
async fn a_body_that_comes_in_drops_is_given_up_however_steady_they_are() {
    let fixture = Fixture::new().await;
    let options = Options {
        body_deadline: Duration::from_millis(200),
        ..Options::default()
    };
    let server = Server::of(&fixture, options).await;
    let body = format!("{}{}", precheck("v1.32"), " ".repeat(1_000_000));
    let target = fixture.ours.path("/operation/precheck");
    let head = head(&fixture, Method::POST, &target, &body);
    let stream = server.connect().await;
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        writing.write_all(head.as_bytes()).await?;
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        for byte in body.bytes() {
            ticks.tick().await;
            writing.write_u8(byte).await?;
        }
        Ok::<_, std::io::Error>(())
    });
    assert_eq!(&beginning(&mut reading).await, b"HTTP/1.1 400");
    dripping.abort();
    drop(reading);
    server.stopped().await;
}

#[tokio::test]
async fn json_that_is_nested_without_end_is_refused() {
    let fixture = Fixture::new().await;
    let server = Server::of(&fixture, Options::default()).await;
    let target = fixture.ours.path("/operation/precheck");
    for nested in ["[".repeat(5_000_000), r#"{"spec":"#.repeat(1_000_000)] {
        let head = head(&fixture, Method::POST, &target, &nested);
        let length = nested.len();
        let request =
            format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{nested}");
        let found = sent(&server, request.as_bytes()).await;
        assert_eq!(found[0].0, 400, "{found:?}");
        is_json_error(&found[0].1, "CCE.01400001");
    }
    server.stopped().await;
}

/// The task exists and can be worked off, although whoever asked for it did not wait for the answer.
#[tokio::test]
async fn a_client_that_goes_away_at_once_has_its_request_carried_out() {
    let fixture = Fixture::with(Settings {
        workers: 1,
        ..Settings::default()
    })
    .await;
    let server = Server::of(&fixture, Options::default()).await;
    let mut changes = fixture.store.changes();
    let body = precheck("v1.32").to_string();
    let target = fixture.ours.path("/operation/precheck");
    let head = head(&fixture, Method::POST, &target, &body);
    let mut stream = server.connect().await;
    let length = body.len();
    stream
        .write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes())
        .await
        .unwrap();
    drop(stream);
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let ended = async {
        loop {
            let tasks = fixture
                .store
                .task_ids(project, cluster, TaskKind::Precheck)
                .await
                .unwrap();
            if let [task] = &tasks[..] {
                return fixture.store.finished(task, PATIENCE).await.unwrap();
            }
            changes.changed().await.unwrap();
        }
    };
    let task = tokio::time::timeout(PATIENCE, ended).await.unwrap();
    assert!(task.unwrap().phase.is_some());
    server.stopped().await;
}

#[tokio::test]
async fn idle_connections_give_way_to_new_ones_and_busy_ones_do_not() {
    let fixture = Fixture::with(Settings {
        workers: 0,
        ..Settings::default()
    })
    .await;
    let options = Options {
        connections: 3,
        ..Options::default()
    };
    let server = Server::of(&fixture, options).await;
    let body = r#"{"apiVersion":"v3","kind":"PostCheckTask","spec":{}}"#;
    let target = fixture.ours.path("/operation/postcheck");
    let head = head(&fixture, Method::POST, &target, body);
    let mut changes = fixture.store.changes();
    let mut busy = server.connect().await;
    busy.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
        .await
        .unwrap();
    changes.changed().await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..20 {
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(&beginning(&mut stream).await, b"HTTP/1.1 200");
        idle.push(stream);
    }
    server.stopped().await;
    let text = rest(&mut busy).await;
    assert_eq!(answer(&text).1["kind"], "PostCheckTask");
}
