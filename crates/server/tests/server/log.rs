//! What the log says of a request, and what it never says.

use std::{
    io,
    sync::{Arc, Mutex},
};

use airworthy_model::Role;
use http::Method;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    access::{PASSWORD, ask, log_in, ours, token, user, with_token},
    fixture::{Fixture, precheck, request},
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_request_has_one_line_without_its_headers_and_body() {
    let fixture = Fixture::new().await;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    // For all threads: what other tests log while nobody listens would be taken for what nobody ever listens to.
    tracing::subscriber::set_global_default(subscriber).expect("this test alone listens");
    let target = fixture.ours.path("/operation/precheck?secret-in-query=1");
    let body = precheck("v1.30").to_string();
    let sent = request(&fixture.ours.key, Method::POST, &target, &body);
    let authorization = sent.headers()["authorization"].to_str().unwrap().to_owned();
    let answer = fixture.send(sent).await;
    user(&fixture, "ana", &[(&fixture.ours, Role::Admin)]).await;
    let token = token(&fixture, "ana").await;
    ask(&fixture, &log_in("ana", "a-wrong-password", &ours())).await;
    ask(&fixture, &log_in("a-misplaced-password", "x", &ours())).await;
    let with_token = with_token(&token, Method::GET, &fixture.ours.clusters(), "");
    fixture.send(with_token).await.ok();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let ours = text.lines().filter(|line| line.contains(id));
    let answered: Vec<_> = ours.filter(|line| line.contains("answered")).collect();
    assert_eq!(answered.len(), 1, "{text}");
    let ak = &fixture.ours.key.ak;
    for known in [
        id,
        ak,
        "POST",
        "{cluster_id}/operation/precheck",
        "status=400",
    ] {
        assert!(answered[0].contains(known), "{known}: {text}");
    }
    let by_token = text.lines().filter(|line| line.contains("user:ana"));
    assert_eq!(by_token.count(), 3, "two log-ins and a list: {text}");
    let signature = authorization.rsplit_once('=').unwrap().1;
    let (project, secret) = (&fixture.ours.project.id, fixture.ours.key.sk.expose());
    for kept in [
        signature,
        secret,
        project,
        "PreCheckTask",
        "secret-in-query",
        PASSWORD,
        "a-wrong-password",
        "a-misplaced-password",
        &token,
    ] {
        assert!(!text.contains(kept), "{kept}: {text}");
    }
}
