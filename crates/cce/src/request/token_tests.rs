use http::StatusCode;
use serde_json::{Value, json};

use super::*;

fn whole() -> Value {
    json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "IAMUser", "password": "s3cret-wörd", "domain": {"name": "IAMDomain"}}}},
        "scope": {"project": {"name": "local-1"}}}})
}

fn token(body: &Value) -> Result<TokenRequest, ApiError> {
    parse_token_request(body.to_string().as_bytes())
}

fn scoped(scope: Value) -> Result<TokenScope, ApiError> {
    let mut body = whole();
    body["auth"]["scope"] = scope;
    token(&body).map(|read| read.scope)
}

#[test]
fn a_log_in_is_read() {
    let read = token(&whole()).unwrap();
    assert_eq!(read.user, "IAMUser");
    assert_eq!(read.domain, Wanted::Name("IAMDomain".into()));
    assert_eq!(read.password.expose(), "s3cret-wörd");
    assert_eq!(
        read.scope,
        TokenScope::Project(Wanted::Name("local-1".into()))
    );
}

#[test]
fn scopes_are_told_apart() {
    let id = |id: &str| Wanted::Id(id.into());
    assert_eq!(scoped(json!(null)), Ok(TokenScope::Global));
    assert_eq!(scoped(json!({})), Ok(TokenScope::Global));
    assert_eq!(
        scoped(json!({"domain": {"id": "d"}})),
        Ok(TokenScope::Domain(id("d")))
    );
    assert_eq!(
        scoped(json!({"project": {"id": "p"}})),
        Ok(TokenScope::Project(id("p")))
    );
    let both = json!({"domain": {"id": "d"}, "project": {"id": "p", "name": "n"}});
    assert_eq!(scoped(both), Ok(TokenScope::Project(id("p"))));
    let mut without = whole();
    without["auth"].as_object_mut().unwrap().remove("scope");
    assert_eq!(token(&without).unwrap().scope, TokenScope::Global);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let user = "/auth/identity/password/user";
    let cases = [
        ("/auth", json!(null), "auth is missing"),
        ("/auth", json!([]), "at line 1 column"),
        ("/auth/identity", json!(null), "auth.identity is missing"),
        (
            "/auth/identity/methods",
            json!([]),
            "auth.identity.methods is missing",
        ),
        (
            "/auth/identity/methods",
            json!(["password", "totp"]),
            "methods must be password, not \"totp\"",
        ),
        (
            "/auth/identity/methods",
            json!("password"),
            "at line 1 column",
        ),
        (
            "/auth/identity/password",
            json!(null),
            "auth.identity.password is missing",
        ),
        (user, json!(null), "password.user is missing"),
        (user, json!(["a", "b"]), "at line 1 column"),
        (
            "/auth/identity/password/user/name",
            json!(""),
            "user.name is missing",
        ),
        (
            "/auth/identity/password/user/password",
            json!(""),
            "user.password is missing",
        ),
        (
            "/auth/identity/password/user/domain",
            json!(null),
            "user.domain has neither id nor name",
        ),
        (
            "/auth/identity/password/user/domain",
            json!({"name": ""}),
            "user.domain has neither id nor name",
        ),
        (
            "/auth/scope/project",
            json!({}),
            "auth.scope.project has neither id nor name",
        ),
        ("/auth/scope/project", json!("local-1"), "at line 1 column"),
        (
            "/auth/scope",
            json!({"domain": {}}),
            "auth.scope.domain has neither id nor name",
        ),
    ];
    for (pointer, value, expected) in cases {
        let mut body = whole();
        *body.pointer_mut(pointer).expect(pointer) = value;
        let error = token(&body).expect_err(pointer);
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
        assert!(error.message.contains(expected), "{pointer}: {error}");
    }
}

#[test]
fn long_log_ins_are_refused_before_they_cost_anything() {
    let with = |password: String| {
        let mut body = whole();
        body["auth"]["identity"]["password"]["user"]["password"] = json!(password);
        token(&body)
    };
    assert!(with("x".repeat(1024)).is_ok());
    let error = with("x".repeat(1025)).unwrap_err();
    assert!(error.message.contains("longer than 1024 bytes"), "{error}");
    let error = with("x".repeat(TOKEN_BODY_LIMIT)).unwrap_err();
    assert_eq!(error.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn passwords_are_not_shown() {
    let read = token(&whole()).unwrap();
    assert!(!format!("{read:?}").contains("s3cret"));
    let body: KeystoneCreateUserTokenByPasswordRequestBody =
        serde_json::from_value(whole()).unwrap();
    assert!(!format!("{body:?}").contains("s3cret"));
    for misplaced in [
        json!({"password": {"user": ["s3cret"]}}),
        json!({"password": "s3cret"}),
        json!({"methods": "s3cret"}),
        json!({"password": {"user": {"password": {"s3cret": 1}}}}),
        json!({"password": {"user": {"domain": "s3cret"}}}),
    ] {
        let body = json!({"auth": {"identity": misplaced}});
        let error = token(&body).unwrap_err();
        assert!(!error.message.contains("s3cret"), "{error}");
    }
    let unfinished = parse_token_request(br#"{"s3cret"#).unwrap_err();
    assert!(!unfinished.message.contains("s3cret"), "{unfinished}");
}
