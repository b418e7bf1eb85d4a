//! Signing in with user and password, and out again. The session is a cookie that only our own pages send.

use airworthy_service::{Credentials, LogInError, LogInScope, SESSION_SPAN};
use airworthy_store::{Holder, Purpose};
use askama::Template;
use axum::{
    Extension,
    extract::{FromRequestParts, Query, Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
    request::Parts,
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    access::{self, KnownAs},
    answer::Untouched,
    app::App,
    body,
};

use super::{CONSOLE, LOG_IN, LOG_OUT, Page, Refused, Shown, guard};

const COOKIE_NAME: &str = "airworthy_session";

/// The longest form that is read, in bytes.
const FORM_LIMIT: usize = 16 * 1024;

const WRONG: &str = "User and password do not fit, or the user is locked for some minutes after too many wrong passwords.";
const BUSY: &str = "Too many people are signing in at once. Try again in a moment.";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) id: String,
    pub(super) name: String,
}

impl From<Holder> for Visitor {
    fn from(holder: Holder) -> Self {
        Self {
            id: holder.user_id,
            name: holder.user_name,
        }
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let first = || Refused::SignIn(parts.uri.path().to_owned());
        let text = cookie(&parts.headers).ok_or_else(first)?;
        let holder = app.service.session(text, Timestamp::now()).await?;
        holder.map(Self::from).ok_or_else(first)
    }
}

#[derive(Template)]
#[template(path = "log_in.html")]
struct Form<'a> {
    to: &'a str,
    refusal: Option<&'a str>,
}

/// Where to go on, as the address of the form says it.
#[derive(Deserialize)]
pub(super) struct Next {
    to: Option<String>,
}

/// The form.
#[utoipa::path(
    get,
    path = LOG_IN,
    operation_id = "console-log-in-form",
    tag = "Pages",
    security(()),
    params(("to" = Option<String>, Query, description = "The page to go on with.")),
    responses((status = 200, description = "The form.", body = String, content_type = "text/html")),
)]
pub(super) async fn form(Query(next): Query<Next>) -> Shown {
    let to = own_page(next.to.as_deref());
    Page::of(&Form { to, refusal: None })
}

/// What the form sends.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described; the fields are read one by one")]
struct Fields {
    /// Name of the user.
    user: String,
    /// The password.
    password: String,
    /// The page to go on with.
    to: Option<String>,
}

/// Lets in who knows the password.
#[utoipa::path(
    post,
    path = LOG_IN,
    operation_id = "console-log-in",
    tag = "Pages",
    security(()),
    request_body(content = Fields, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page to go on with, signed in."), (status = 401, description = "User and password do not fit.", body = String, content_type = "text/html"), (status = 403, description = "The request came from another site.", body = String, content_type = "text/html")),
)]
pub(super) async fn log_in(
    State(app): State<App>,
    Extension(known): Extension<KnownAs>,
    request: Request,
) -> Result<Response, Refused> {
    if !guard::is_own(request.headers()) {
        return Err(Refused::Foreign);
    }
    let form = sent(&app, request).await?;
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let credentials = Credentials {
        name: field("user").to_owned(),
        password: field("password").to_owned().into(),
        scope: LogInScope::Domain,
        purpose: Purpose::Session,
    };
    let to = own_page(Some(field("to")));
    match access::log_in(&app, &known, credentials).await.result {
        Ok(logged_in) => Ok(gone_on(
            to,
            Some(&cookie_with(
                logged_in.secret.expose(),
                SESSION_SPAN.as_secs(),
                app.encrypted,
            )),
        )),
        Err(LogInError::Store(error)) => Err(error.into()),
        Err(LogInError::Busy) => again(to, BUSY, StatusCode::SERVICE_UNAVAILABLE),
        Err(_) => again(to, WRONG, StatusCode::UNAUTHORIZED),
    }
}

/// Ends the session.
#[utoipa::path(
    post,
    path = LOG_OUT,
    operation_id = "console-log-out",
    tag = "Pages",
    security(("session" = [])),
    responses((status = 303, description = "To the form for signing in."), (status = 403, description = "The request came from another site.", body = String, content_type = "text/html")),
)]
pub(super) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    if !guard::is_own(&headers) {
        return Err(Refused::Foreign);
    }
    if let Some(text) = cookie(&headers) {
        app.service.log_out(text).await?;
    }
    Ok(gone_on(LOG_IN, Some(&cookie_with("", 0, app.encrypted))))
}

/// Sends somebody who is not signed in to the form.
pub(super) fn sign_in_first(to: &str) -> Response {
    gone_on(&format!("{LOG_IN}?to={}", own_page(Some(to))), None)
}

fn again(to: &str, refusal: &str, status: StatusCode) -> Result<Response, Refused> {
    let refusal = Some(refusal);
    Ok(Page::of(&Form { to, refusal })?
        .with_status(status)
        .into_response())
}

fn gone_on(to: &str, cookie: Option<&str>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // Both are made of characters that every header may have.
    let header = |text: &str| HeaderValue::from_str(text).ok();
    if let Some(to) = header(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    if let Some(cookie) = cookie.and_then(header) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response.extensions_mut().insert(Untouched);
    response
}

/// A page of ours to go on with: an address that is none of them leads to the first one.
fn own_page(to: Option<&str>) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    to.filter(|to| *to == CONSOLE || to.starts_with("/console/"))
        .filter(|to| to.chars().all(plain) && !to.contains("//") && *to != LOG_IN)
        .unwrap_or(CONSOLE)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

fn cookie_with(text: &str, seconds: u64, encrypted: bool) -> String {
    let secure = if encrypted { "; Secure" } else { "" };
    format!(
        "{COOKIE_NAME}={text}; Path={CONSOLE}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    )
}

async fn sent(app: &App, request: Request) -> Result<Vec<(String, String)>, Refused> {
    let body = body::collect(app, request.into_body()).await?;
    if body.bytes.len() > FORM_LIMIT {
        return Err(airworthy_cce::ApiError::body_too_large(FORM_LIMIT).into());
    }
    Ok(form_urlencoded::parse(&body.bytes).into_owned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_on_leads_to_our_own_pages_alone() {
        let run = "/console/projects/0605767a768010f92f1fc00e2b7c4f31/clusters/8978deaa/runs/f61e";
        for kept in ["/console", "/console/checks", run] {
            assert_eq!(own_page(Some(kept)), kept);
        }
        for other in [
            "",
            "/",
            "https://evil.example/console/",
            "//evil.example/console",
            "/console//evil.example",
            "/consolex",
            "/console/\r\nset-cookie: a=b",
            "/console/?to=x",
            "/console/%2f",
            "/console/log-in",
        ] {
            assert_eq!(own_page(Some(other)), "/console", "{other:?}");
        }
        assert_eq!(own_page(None), "/console");
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let of = |value: &'static str| {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(value))]);
            cookie(&headers).map(str::to_owned)
        };
        assert_eq!(
            of("a=1; airworthy_session=abc; b=2").as_deref(),
            Some("abc")
        );
        assert_eq!(of("airworthy_sessions=abc"), None);
        assert_eq!(of("x=airworthy_session=abc"), None);
    }

    #[test]
    fn the_cookie_is_for_our_pages_alone_and_never_in_clear_where_there_is_tls() {
        let made = cookie_with("abc", 60, true);
        assert_eq!(
            made,
            "airworthy_session=abc; Path=/console; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(!cookie_with("abc", 60, false).contains("Secure"));
    }
}
