//! Tokens and roles: who comes in with what, and what they may do then.

use std::time::Duration;

use airworthy_cce::operations::{OPERATIONS, OWN, Operation};
use airworthy_model::Role;
use airworthy_service::{TOKEN_SPAN, hash_password};
use airworthy_store::{NewToken, Purpose, Secret, User};
use axum::body::Body;
use http::{HeaderValue, Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fixture::{Answered, Fixture, Tenant, precheck, request, unsigned};

pub(crate) const PASSWORD: &str = "correct horse";

/// A user with these roles.
pub(crate) async fn user(fixture: &Fixture, name: &str, grants: &[(&Tenant, Role)]) -> User {
    let hash = hash_password(&Secret::from(PASSWORD.to_owned())).unwrap();
    let user = fixture.store.add_user(name, &hash, Timestamp::now()).await;
    let user = user.unwrap();
    for (tenant, role) in grants {
        let granted = fixture.store.grant(&user.id, &tenant.project.id, *role);
        granted.await.unwrap();
    }
    user
}

/// The body of a log-in.
pub(crate) fn log_in(name: &str, password: &str, scope: &Value) -> Value {
    let user = json!({ "name": name, "password": password, "domain": { "name": "airworthy" } });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    json!({ "auth": { "identity": identity, "scope": scope } })
}

pub(crate) fn ours() -> Value {
    json!({ "project": { "name": "ours-1" } })
}

pub(crate) async fn ask(fixture: &Fixture, body: &Value) -> Answered {
    let request = unsigned(Method::POST, "/v3/auth/tokens", body.to_string());
    fixture.send(request).await
}

/// A token of a user for our project.
pub(crate) async fn token(fixture: &Fixture, name: &str) -> String {
    token_for(fixture, name, &ours()).await
}

async fn token_for(fixture: &Fixture, name: &str, scope: &Value) -> String {
    let answer = ask(fixture, &log_in(name, PASSWORD, scope)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.headers["x-subject-token"]
        .to_str()
        .unwrap()
        .to_owned()
}

/// A request that carries a token and no signature.
pub(crate) fn with_token(token: &str, method: Method, target: &str, body: &str) -> Request<Body> {
    let mut request = unsigned(method, target, body.to_owned());
    let value = HeaderValue::from_str(token).unwrap();
    request.headers_mut().insert("x-auth-token", value);
    request
}

async fn get(fixture: &Fixture, token: &str, target: &str) -> Answered {
    let request = with_token(token, Method::GET, target, "");
    fixture.send(request).await
}

/// An error of an identity route.
#[track_caller]
fn keystone(answer: &Answered, status: u16, title: &str) -> String {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    let error = &answer.json()["error"];
    assert_eq!(error["code"], status);
    assert_eq!(error["title"], title);
    assert!(!answer.headers.contains_key("x-subject-token"));
    error["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_log_in_is_answered_as_the_vendor_does() {
    let fixture = Fixture::new().await;
    let ana = user(&fixture, "ana", &[(&fixture.ours, Role::Operator)]).await;
    let before = Timestamp::now();
    let answer = ask(&fixture, &log_in("ana", PASSWORD, &ours())).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["x-iam-trace-id"].len(), 32);
    let body = answer.json();
    let time = |member: &str| {
        let text = body["token"][member].as_str().unwrap();
        assert_eq!(text.len(), "2020-01-04T09:05:22.701000Z".len(), "{text}");
        text.parse::<Timestamp>().unwrap()
    };
    let (issued, expires) = (time("issued_at"), time("expires_at"));
    assert!(before.as_second() <= issued.as_second());
    assert_eq!(issued + TOKEN_SPAN, expires);
    let domain = json!({ "id": "default", "name": "airworthy" });
    let project = json!({ "id": fixture.ours.project.id, "name": "ours-1", "domain": domain });
    let expected = json!({
        "expires_at": body["token"]["expires_at"], "issued_at": body["token"]["issued_at"],
        "methods": ["password"], "catalog": [], "roles": [{ "id": "operator", "name": "operator" }],
        "project": project,
        "user": { "id": ana.id, "name": "ana", "password_expires_at": "", "domain": domain },
    });
    assert_eq!(body["token"], expected);

    let by_id = json!({ "project": { "id": fixture.ours.project.id } });
    for scope in [
        &by_id,
        &json!({ "domain": { "name": "airworthy" } }),
        &json!({}),
    ] {
        let body = log_in("ana", PASSWORD, scope);
        let request = unsigned(
            Method::POST,
            "/v3/auth/tokens?nocatalog=true",
            body.to_string(),
        );
        let answer = fixture.send(request).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let is_project = *scope == by_id;
        assert_eq!(answer.json()["token"].get("project").is_some(), is_project);
        assert_eq!(answer.json()["token"].get("domain").is_none(), is_project);
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_log_in_the_answer_is_the_same() {
    let fixture = Fixture::new().await;
    for name in ["ana", "ben"] {
        user(&fixture, name, &[(&fixture.ours, Role::Operator)]).await;
    }
    let mut told = Vec::new();
    for (name, password) in [
        ("eve", PASSWORD),
        ("ana", "wrong"),
        ("ana", "Correct horse"),
    ] {
        let answer = ask(&fixture, &log_in(name, password, &ours())).await;
        told.push(keystone(&answer, 401, "Unauthorized"));
    }
    for _ in 0..3 {
        ask(&fixture, &log_in("ana", "wrong", &ours())).await;
    }
    let locked = ask(&fixture, &log_in("ana", PASSWORD, &ours())).await;
    told.push(keystone(&locked, 401, "Unauthorized"));
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
    assert!(told[0].starts_with("The username or password is wrong."));
    token(&fixture, "ben").await;
    // A signature of the project is not locked by any of this, nor by wrong signatures.
    let mut forged = request(&fixture.ours.key, Method::GET, &fixture.ours.clusters(), "");
    let value = forged.headers()["authorization"].to_str().unwrap();
    let value = HeaderValue::from_str(&value.replace("Signature=", "Signature=0")).unwrap();
    for _ in 0..20 {
        let mut again = unsigned(Method::GET, &fixture.ours.clusters(), "");
        again.headers_mut().insert("authorization", value.clone());
        fixture.send(again).await.refused(401, "APIGW.0301");
    }
    forged.headers_mut().insert("authorization", value);
    fixture.send(forged).await.refused(401, "APIGW.0301");
    fixture.get(&fixture.ours.clusters()).await.ok();
}

#[tokio::test]
async fn log_ins_for_what_is_not_there_say_so_only_to_who_knows_the_password() {
    let fixture = Fixture::new().await;
    user(&fixture, "ana", &[(&fixture.ours, Role::Operator)]).await;
    for scope in [
        json!({ "project": { "name": "theirs-1" } }),
        json!({ "project": { "id": fixture.theirs.project.id } }),
        json!({ "project": { "name": "nowhere" } }),
    ] {
        let answer = ask(&fixture, &log_in("ana", PASSWORD, &scope)).await;
        let message = keystone(&answer, 403, "Forbidden");
        assert!(message.contains("no role"), "{message}");
        let answer = ask(&fixture, &log_in("eve", PASSWORD, &scope)).await;
        keystone(&answer, 401, "Unauthorized");
    }
    let mut elsewhere = log_in("ana", PASSWORD, &ours());
    elsewhere["auth"]["identity"]["password"]["user"]["domain"] = json!({ "name": "nowhere" });
    keystone(&ask(&fixture, &elsewhere).await, 401, "Unauthorized");
    let elsewhere = log_in("ana", PASSWORD, &json!({ "domain": { "name": "nowhere" } }));
    keystone(&ask(&fixture, &elsewhere).await, 401, "Unauthorized");
}

#[tokio::test]
async fn a_log_in_that_cannot_be_read_is_a_bad_request() {
    let fixture = Fixture::new().await;
    let mut by_token = log_in("ana", PASSWORD, &ours());
    by_token["auth"]["identity"]["methods"] = json!(["token"]);
    for body in [
        json!(null),
        json!({}),
        json!({ "auth": [] }),
        by_token,
        log_in("", PASSWORD, &ours()),
        log_in("ana", "", &ours()),
        log_in("ana", &"x".repeat(1025), &ours()),
    ] {
        let answer = ask(&fixture, &body).await;
        let message = keystone(&answer, 400, "Bad Request");
        assert!(!message.contains(PASSWORD), "{message}");
    }
    let large = log_in("ana", PASSWORD, &json!({ "more": "x".repeat(20_000) }));
    keystone(&ask(&fixture, &large).await, 413, "Payload Too Large");
}

#[tokio::test]
async fn a_token_opens_what_a_key_opens_until_it_expires() {
    let fixture = Fixture::new().await;
    let ana = user(&fixture, "ana", &[(&fixture.ours, Role::Operator)]).await;
    let (first, second) = (token(&fixture, "ana").await, token(&fixture, "ana").await);
    for token in [&first, &second] {
        get(&fixture, token, &fixture.ours.clusters()).await.ok();
    }
    let target = fixture.ours.path("/operation/precheck");
    let body = precheck("v1.32").to_string();
    let create = with_token(&first, Method::POST, &target, &body);
    fixture.send(create).await.ok();

    let now = Timestamp::now();
    let expired = fixture.store.create_token(NewToken {
        user_id: &ana.id,
        project_id: Some(&fixture.ours.project.id),
        purpose: Purpose::Token,
        issued_at: now - TOKEN_SPAN,
        expires_at: now - Duration::from_secs(1),
    });
    let expired = expired.await.unwrap();
    get(&fixture, expired.expose(), &fixture.ours.clusters())
        .await
        .refused(401, "APIGW.0307");
    let changed = format!("{first}x");
    for unknown in ["", "x", &changed, &first[1..]] {
        get(&fixture, unknown, &fixture.ours.clusters())
            .await
            .refused(401, "APIGW.0301");
    }
    let mut binary = unsigned(Method::GET, &fixture.ours.clusters(), "");
    let value = HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    binary.headers_mut().insert("x-auth-token", value);
    fixture.send(binary).await.refused(401, "APIGW.0301");
}

#[tokio::test]
async fn a_session_of_the_pages_is_no_token() {
    let fixture = Fixture::new().await;
    let ana = user(&fixture, "ana", &[(&fixture.ours, Role::Operator)]).await;
    let now = Timestamp::now();
    let session = fixture.store.create_token(NewToken {
        user_id: &ana.id,
        project_id: Some(&fixture.ours.project.id),
        purpose: Purpose::Session,
        issued_at: now,
        expires_at: now + TOKEN_SPAN,
    });
    get(
        &fixture,
        session.await.unwrap().expose(),
        &fixture.ours.clusters(),
    )
    .await
    .refused(401, "APIGW.0301");
}

#[tokio::test]
async fn of_two_credentials_the_signature_is_judged() {
    let fixture = Fixture::new().await;
    user(&fixture, "ana", &[(&fixture.ours, Role::Operator)]).await;
    let good = HeaderValue::from_str(&token(&fixture, "ana").await).unwrap();
    let signed = || request(&fixture.ours.key, Method::GET, &fixture.ours.clusters(), "");
    let mut other_token = signed();
    other_token
        .headers_mut()
        .insert("x-auth-token", HeaderValue::from_static("nonsense"));
    fixture.send(other_token).await.ok();
    let with_token = |authorization| {
        let mut forged = signed();
        let value = HeaderValue::from_static(authorization);
        forged.headers_mut().insert("authorization", value);
        forged.headers_mut().insert("x-auth-token", good.clone());
        forged
    };
    for authorization in ["Bearer abc", "SDK-HMAC-SHA256 nonsense"] {
        let forged = with_token(authorization);
        fixture.send(forged).await.refused(401, "APIGW.0301");
    }
    // An empty one is none.
    fixture.send(with_token("")).await.ok();
}

#[tokio::test]
async fn a_token_stays_within_its_project() {
    let fixture = Fixture::new().await;
    let grants = [(&fixture.ours, Role::Admin), (&fixture.theirs, Role::Admin)];
    user(&fixture, "ana", &grants).await;
    let token = token(&fixture, "ana").await;
    let theirs = &fixture.theirs;
    for target in [theirs.clusters(), theirs.path("")] {
        let answer = get(&fixture, &token, &target).await;
        answer.refused(403, "CCE.01403001");
        assert!(!answer.text.contains(&theirs.cluster.name), "{answer:?}");
    }
    let inside = format!("{}/{}", fixture.ours.clusters(), theirs.cluster.id);
    get(&fixture, &token, &inside)
        .await
        .refused(404, "CCE.01404001");
    for (project, status) in [(&theirs.project.id, 403), (&fixture.ours.project.id, 200)] {
        let mut request = with_token(&token, Method::GET, &fixture.ours.clusters(), "");
        let value = HeaderValue::from_str(project).unwrap();
        request.headers_mut().insert("x-project-id", value);
        assert_eq!(fixture.send(request).await.status, status);
    }
}

#[tokio::test]
async fn a_token_of_the_domain_opens_the_identity_routes_alone() {
    let fixture = Fixture::new().await;
    let grants = [
        (&fixture.theirs, Role::ReadOnly),
        (&fixture.ours, Role::Admin),
    ];
    user(&fixture, "ana", &grants).await;
    let token = token_for(&fixture, "ana", &json!({})).await;
    for operation in OPERATIONS.iter().chain(OWN) {
        let answer = fixture.send(with(operation, &token, &fixture)).await;
        if operation.path.starts_with("/v3/") {
            assert_ne!(answer.status, 401, "{}", operation.name);
            continue;
        }
        let message = answer.refused(403, "CCE.01403001");
        assert!(message.contains("scope is a project"), "{message}");
    }
    let projects = get(&fixture, &token, "/v3/projects").await.ok();
    let names: Vec<_> = projects["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|project| project["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ours-1", "theirs-1"]);
    let one = get(&fixture, &token, "/v3/projects?name=theirs-1")
        .await
        .ok();
    assert_eq!(one["projects"][0]["id"], fixture.theirs.project.id);
    assert_eq!(one["projects"].as_array().unwrap().len(), 1);
}

/// A request of an operation in our project, with a token.
fn with(operation: &Operation, token: &str, fixture: &Fixture) -> Request<Body> {
    let target = filled(operation, fixture);
    with_token(token, operation.method.into(), &target, "{}")
}

fn filled(operation: &Operation, fixture: &Fixture) -> String {
    let absent = "00000000-0000-4000-8000-000000000000";
    let ours = &fixture.ours;
    let path = operation.path.replace("{project_id}", &ours.project.id);
    let path = path.replace("{cluster_id}", &ours.cluster.id);
    [
        "task_id",
        "upgrade_workflow_id",
        "upgrade_plan_id",
        "job_id",
    ]
    .iter()
    .fold(path, |path, name| {
        path.replace(&format!("{{{name}}}"), absent)
    })
}

#[tokio::test]
async fn each_operation_takes_its_role_of_keys_and_of_tokens() {
    let fixture = Fixture::new().await;
    for held in Role::ALL {
        let (project, now) = (&fixture.ours.project.id, Timestamp::now());
        let key = fixture.store.create_key(project, held, "test", now).await;
        let key = key.unwrap();
        user(&fixture, held.word(), &[(&fixture.ours, held)]).await;
        let token = token(&fixture, held.word()).await;
        for operation in OPERATIONS.iter().chain(OWN) {
            let Some(least) = operation.role else {
                continue;
            };
            let target = filled(operation, &fixture);
            let signed = request(&key, operation.method.into(), &target, "{}");
            for request in [signed, with(operation, &token, &fixture)] {
                let answer = fixture.send(request).await;
                if held < least {
                    let message = answer.refused(403, "CCE.01403001");
                    let told = format!("{} takes the role {least}", operation.name);
                    assert!(message.contains(&told), "{message}");
                } else {
                    let shown = &answer.text;
                    assert!(!shown.contains("takes the role"), "{held}: {answer:?}");
                    assert_ne!(answer.status, 401, "{answer:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_has_the_role_its_user_has_now() {
    let fixture = Fixture::new().await;
    let ana = user(&fixture, "ana", &[(&fixture.ours, Role::Operator)]).await;
    let token = token(&fixture, "ana").await;
    let target = fixture.ours.path("/operation/precheck");
    let body = precheck("v1.32").to_string();
    let project = &fixture.ours.project.id;
    let granted = fixture.store.grant(&ana.id, project, Role::ReadOnly).await;
    granted.unwrap();
    let create = || with_token(&token, Method::POST, &target, &body);
    fixture.send(create()).await.refused(403, "CCE.01403001");
    get(&fixture, &token, &fixture.ours.clusters()).await.ok();
    fixture
        .store
        .grant(&ana.id, project, Role::Admin)
        .await
        .unwrap();
    fixture.send(create()).await.ok();
    fixture
        .store
        .set_disabled(&ana.id, Some(Timestamp::now()))
        .await
        .unwrap();
    get(&fixture, &token, &fixture.ours.clusters())
        .await
        .refused(401, "APIGW.0301");
}

#[tokio::test]
async fn an_access_key_sees_its_own_project_its_region_and_the_domain() {
    let fixture = Fixture::new().await;
    let domains = fixture.get("/v3/auth/domains").await.ok();
    assert_eq!(domains["domains"][0]["name"], "airworthy");
    assert_eq!(domains["domains"].as_array().unwrap().len(), 1);
    let regions = fixture.get("/v3/regions").await.ok();
    let ids: Vec<_> = regions["regions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|region| region["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["ours-1"]);
    let body = json!({ "project": { "name": "more", "domain_id": "default" } });
    let answer = fixture.post("/v3/projects", &body).await;
    let message = keystone(&answer, 403, "Forbidden");
    assert!(message.contains("airworthy project add"), "{message}");
    assert_eq!(fixture.store.projects().await.unwrap().len(), 2);
}
