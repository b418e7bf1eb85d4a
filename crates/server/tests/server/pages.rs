//! The pages: who is let in, what the browser is told, and that names stay names.

use airworthy_model::Role;
use airworthy_store::{Access, NewCluster, Phase};
use axum::body::Body;
use http::{HeaderValue, Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    access::{PASSWORD, user},
    fixture::{Answered, Fixture, precheck},
};

/// A request for a page, with the cookie of a session.
pub(crate) fn get(path: &str, cookie: Option<&str>) -> Request<Body> {
    let mut request = Request::get(path).header("host", "127.0.0.1:8080");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    request.body(Body::empty()).unwrap()
}

fn post(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header("host", "127.0.0.1:8080")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.to_owned().into())
        .unwrap()
}

fn sign_in(password: &str, to: &str) -> Request<Body> {
    let password = password.replace(' ', "+");
    post(
        "/console/log-in",
        &format!("user=ana&password={password}&to={to}"),
    )
}

/// Ana, who may look at our project, and the cookie of her session.
pub(crate) async fn signed_in(fixture: &Fixture) -> String {
    user(fixture, "ana", &[(&fixture.ours, Role::ReadOnly)]).await;
    let answer = fixture.send(sign_in(PASSWORD, "")).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[track_caller]
fn page(answer: &Answered, status: u16) -> &str {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.text.matches("<h1").count(), 1, "{answer:?}");
    assert!(!answer.text.contains("<script"), "{answer:?}");
    assert!(!answer.text.contains(" style="), "{answer:?}");
    &answer.text
}

#[track_caller]
fn led_to(answer: &Answered, address: &str) {
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(answer.headers["location"], address);
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_asked_to_and_goes_on_from_there() {
    let fixture = Fixture::new().await;
    user(&fixture, "ana", &[(&fixture.ours, Role::ReadOnly)]).await;
    for cookie in [
        None,
        Some("airworthy_session=nonsense"),
        Some("airworthy_session="),
    ] {
        let answer = fixture.send(get("/console/checks", cookie)).await;
        led_to(&answer, "/console/log-in?to=/console/checks");
    }
    let form = fixture
        .send(get("/console/log-in?to=/console/checks", None))
        .await;
    assert!(
        page(&form, 200).contains(r#"name="to" value="/console/checks""#),
        "{form:?}"
    );
    led_to(
        &fixture.send(sign_in(PASSWORD, "/console/checks")).await,
        "/console/checks",
    );
    led_to(
        &fixture.send(sign_in(PASSWORD, "//evil.example")).await,
        "/console",
    );
}

#[tokio::test]
async fn a_session_is_a_cookie_for_our_pages_alone_until_it_is_ended() {
    let fixture = Fixture::new().await;
    user(&fixture, "ana", &[(&fixture.ours, Role::ReadOnly)]).await;
    let answer = fixture.send(sign_in(PASSWORD, "")).await;
    let set = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in [
        "Path=/console",
        "HttpOnly",
        "SameSite=Strict",
        "Max-Age=43200",
    ] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = set.split(';').next().unwrap();
    let text = cookie.split_once('=').unwrap().1;
    page(&fixture.send(get("/console", Some(cookie))).await, 200);
    // It is no token of the API.
    let mut asked = get(&fixture.ours.clusters(), None);
    asked
        .headers_mut()
        .insert("x-auth-token", HeaderValue::from_str(text).unwrap());
    fixture.send(asked).await.refused(401, "APIGW.0301");
    let mut out = post("/console/log-out", "");
    out.headers_mut()
        .insert("cookie", HeaderValue::from_str(cookie).unwrap());
    let answer = fixture.send(out).await;
    led_to(&answer, "/console/log-in");
    assert!(
        answer.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let answer = fixture.send(get("/console", Some(cookie))).await;
    led_to(&answer, "/console/log-in?to=/console");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let fixture = Fixture::new().await;
    let unknown = fixture.send(sign_in("whatever", "")).await;
    user(&fixture, "ana", &[]).await;
    let wrong = fixture.send(sign_in("whatever", "")).await;
    assert_eq!(page(&unknown, 401), page(&wrong, 401));
    assert!(!wrong.headers.contains_key("set-cookie"));
    assert!(wrong.text.contains("role=\"alert\""), "{wrong:?}");
}

#[tokio::test]
async fn signing_in_is_in_the_trail_whether_it_worked_or_not() {
    let fixture = Fixture::new().await;
    signed_in(&fixture).await;
    fixture.send(sign_in("wrong", "")).await;
    let kept = fixture.store.trail_since(None, None, 0, 10).await.unwrap();
    let told: Vec<_> = kept
        .iter()
        .map(|kept| {
            (
                kept.entry.actor.as_str(),
                kept.entry.operation.as_str(),
                kept.entry.status,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("user:ana", "console-log-in", 303),
            ("user:ana", "console-log-in", 401)
        ]
    );
}

#[tokio::test]
async fn other_sites_cannot_sign_anybody_in_or_out() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for mut request in [sign_in(PASSWORD, ""), post("/console/log-out", "")] {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
            request
                .headers_mut()
                .insert("cookie", HeaderValue::from_str(&cookie).unwrap());
            let answer = fixture.send(request).await;
            page(&answer, 403);
            assert!(
                !answer.headers.contains_key("set-cookie"),
                "{name}: {value}"
            );
        }
    }
    page(&fixture.send(get("/console", Some(&cookie))).await, 200);
}

#[tokio::test]
async fn a_form_that_is_too_long_is_refused() {
    let fixture = Fixture::new().await;
    let answer = fixture.send(sign_in(&"x".repeat(20_000), "")).await;
    page(&answer, 413);
}

#[tokio::test]
async fn the_browser_is_told_to_be_strict() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    for path in [
        "/console",
        "/console/log-in",
        "/console/checks/UpgradePath",
        "/console/checks/none",
        "/explorer",
        "/assets/main.js",
    ] {
        let answer = fixture.send(get(path, Some(&cookie))).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{path}: {policy}"
        );
        let page = !path.starts_with("/assets");
        for directive in ["base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(!page || policy.contains(directive), "{path}: {policy}");
        }
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
        let stored = &answer.headers["cache-control"];
        let expected = if path.starts_with("/console") {
            "no-store"
        } else {
            "no-cache"
        };
        assert_eq!(stored, expected, "{path}");
    }
}

#[tokio::test]
async fn files_that_did_not_change_are_not_sent_again() {
    let fixture = Fixture::new().await;
    let first = fixture.send(get("/assets/sign.js", None)).await;
    assert_eq!(
        first.headers["content-type"],
        "text/javascript; charset=utf-8"
    );
    let mut again = get("/assets/sign.js", None);
    again
        .headers_mut()
        .insert("if-none-match", first.headers["etag"].clone());
    let again = fixture.send(again).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    for path in ["/assets/none.js", "/assets/..%2fconsole.css", "/assets/"] {
        fixture
            .send(get(path, None))
            .await
            .refused(404, "APIGW.0101");
    }
}

#[tokio::test]
async fn what_is_in_no_project_of_the_visitor_is_not_there() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    let (ours, theirs) = (&fixture.ours, &fixture.theirs);
    let runs =
        |project: &str, cluster: &str| format!("/console/projects/{project}/clusters/{cluster}");
    let own = runs(&ours.project.id, &ours.cluster.id);
    page(&fixture.send(get(&own, Some(&cookie))).await, 200);
    for path in [
        runs(&theirs.project.id, &theirs.cluster.id),
        runs(&ours.project.id, &theirs.cluster.id),
        runs(&theirs.project.id, &ours.cluster.id),
        format!("{own}/runs/00000000-0000-4000-8000-000000000000"),
        runs("nobody", "nothing"),
    ] {
        let answer = fixture.send(get(&path, Some(&cookie))).await;
        let said = page(&answer, 404);
        assert!(!said.contains("theirs"), "{said}");
    }
    let list = fixture.send(get("/console", Some(&cookie))).await;
    assert!(
        list.text.contains("ours-1-prod") && !list.text.contains("theirs"),
        "{list:?}"
    );
    let other = format!("/console?project={}", theirs.project.id);
    let list = fixture.send(get(&other, Some(&cookie))).await;
    assert!(!list.text.contains("theirs"), "{list:?}");
}

#[tokio::test]
async fn a_run_that_goes_on_or_broke_says_so() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    let created = fixture
        .post(
            &fixture.ours.path("/operation/precheck"),
            &precheck("v1.32"),
        )
        .await;
    let id = created.ok()["metadata"]["uid"].as_str().unwrap().to_owned();
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let path = format!("/console/projects/{project}/clusters/{cluster}/runs/{id}");
    let waiting = fixture.send(get(&path, Some(&cookie))).await;
    assert!(
        page(&waiting, 200).contains("The pre-check is waiting."),
        "{waiting:?}"
    );
    let list = fixture.send(get("/console", Some(&cookie))).await;
    assert!(list.text.contains("never checked"), "{list:?}");
    fixture.finish(Phase::Error, None).await;
    let broken = fixture.send(get(&path, Some(&cookie))).await;
    assert!(
        page(&broken, 200).contains("The pre-check could not be carried out."),
        "{broken:?}"
    );
    assert!(broken.text.contains("why it is so"), "{broken:?}");
    let list = fixture.send(get("/console", Some(&cookie))).await;
    assert!(list.text.contains("Could not be carried out."), "{list:?}");
    assert!(!list.text.contains("class=\"good\""), "{list:?}");
}

/// What was judged, as the store keeps it: ready, but for a check that was left out.
fn partial() -> Value {
    json!({
        "phase": "pre", "verdict": "ready", "scope": "partial",
        "cluster": { "name": "<b>prod</b>" }, "version": "v1.31.14", "observedAt": "2026-11-22T09:20:00Z",
        "path": { "from": "v1.31.14", "target": "v1.32.13", "hops": [{ "from": "1.31", "to": "1.32" }] },
        "knowledge": "2026.11",
        "checks": [
            { "check": "UpgradePath", "status": "clear", "canBlock": true },
            { "check": "PdbBlocksDrain", "status": "skipped", "canBlock": true, "why": "left out by the caller" },
        ],
        "findings": [],
    })
}

#[tokio::test]
async fn a_run_that_left_something_out_is_never_called_ready_and_an_old_one_no_longer_counts() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    let created = fixture
        .post(
            &fixture.ours.path("/operation/precheck"),
            &precheck("v1.32"),
        )
        .await;
    let id = created.ok()["metadata"]["uid"].as_str().unwrap().to_owned();
    fixture.finish(Phase::Success, Some(&partial())).await;
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let path = format!("/console/projects/{project}/clusters/{cluster}/runs/{id}");
    for path in [path.as_str(), "/console"] {
        let answer = fixture.send(get(path, Some(&cookie))).await;
        let said = page(&answer, 200);
        assert!(said.contains("No blocker found"), "{said}");
        assert!(!said.contains("Ready for"), "{said}");
        // The fixture's results count until a time that is over.
        let lapsed = said.contains("no longer");
        assert_eq!(
            lapsed,
            Timestamp::now() > "2026-11-22T10:00:00.5Z".parse().unwrap(),
            "{said}"
        );
    }
}

#[tokio::test]
async fn many_clusters_come_in_parts() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    let project = &fixture.ours.project.id;
    for number in 0..60 {
        let new = NewCluster {
            id: None,
            name: format!("many-{number:02}"),
            alias: Some(format!("<i>{number:02}</i>")),
            access: Access::InCluster,
        };
        fixture
            .store
            .add_cluster(project, new, Timestamp::now())
            .await
            .unwrap();
    }
    let first = fixture.send(get("/console", Some(&cookie))).await;
    let said = page(&first, 200);
    assert!(
        said.contains("1–50 of 61") && said.contains("&#60;i&#62;00"),
        "{said}"
    );
    let next = format!("/console?project={project}&from=50");
    assert!(said.contains(&next.replace('&', "&#38;")), "{said}");
    let second = fixture.send(get(&next, Some(&cookie))).await;
    assert!(page(&second, 200).contains("51–61 of 61"), "{second:?}");
    let beyond = format!("/console?project={project}&from=18446744073709551615");
    page(&fixture.send(get(&beyond, Some(&cookie))).await, 200);
}

#[tokio::test]
async fn every_check_has_its_page() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    let list = fixture.send(get("/console/checks", Some(&cookie))).await;
    for info in airworthy_assess::catalogue(None) {
        let path = format!("/console/checks/{}", info.name);
        assert!(list.text.contains(&format!("href=\"{path}\"")), "{path}");
        let answer = fixture.send(get(&path, Some(&cookie))).await;
        assert!(
            page(&answer, 200).contains("<h2>What it finds</h2>"),
            "{path}"
        );
    }
    let answer = fixture
        .send(get("/console/checks/%3Cscript%3E", Some(&cookie)))
        .await;
    page(&answer, 404);
}

#[tokio::test]
async fn a_store_that_is_gone_is_a_page_without_details() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    fixture.store.close().await.unwrap();
    let answer = fixture.send(get("/console", Some(&cookie))).await;
    assert!(!page(&answer, 500).contains("pool"), "{answer:?}");
}

#[tokio::test]
async fn pages_are_got_and_forms_are_posted() {
    let fixture = Fixture::new().await;
    for (method, path) in [
        (Method::POST, "/console"),
        (Method::GET, "/console/log-out"),
        (Method::DELETE, "/explorer"),
        (Method::GET, "/console/"),
    ] {
        let mut request = get(path, None);
        *request.method_mut() = method;
        fixture.send(request).await.refused(404, "APIGW.0101");
    }
}
