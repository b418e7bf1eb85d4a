//! What every page carries: headers that let the browser run and load nothing but our own, and that keep what is shown to
//! those who are signed in.

use askama::Template;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::answer::Untouched;

/// Pages without script.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The explorer, which has scripts of ours and sends requests to us.
const SCRIPTED: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; \
                        base-uri 'none'; frame-ancestors 'none'";

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A page that is made.
#[derive(Debug)]
pub(super) struct Page {
    status: StatusCode,
    html: String,
}

impl Page {
    /// Makes a page of a template.
    pub(super) fn of(template: &impl Template) -> Result<Self, super::Refused> {
        let html = template
            .render()
            .map_err(|error| crate::answer::broken(&error))?;
        let status = StatusCode::OK;
        Ok(Self { status, html })
    }

    /// The same page with another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, Body::from(self.html)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HTML);
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        guarded(response, HeaderValue::from_static(POLICY))
    }
}

/// The explorer's page: it holds nothing of anybody.
pub(super) fn scripted(html: &'static str) -> Response {
    let mut response = html.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    guarded(response, HeaderValue::from_static(SCRIPTED))
}

/// Adds what tells the browser to be strict.
pub(super) fn guarded(mut response: Response, policy: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    let rest: [(HeaderName, &str); 4] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Our own forms say where they are; everybody else learns nothing.
        (REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in rest {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response.extensions_mut().insert(Untouched);
    response
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    title: &'a str,
    detail: &'a str,
}

/// A page that says why there is no other.
pub(super) fn problem(status: StatusCode, title: &str, detail: &str) -> Response {
    let page = Page::of(&Problem { title, detail });
    page.map_or_else(
        |_| status.into_response(),
        |page| page.with_status(status).into_response(),
    )
}

/// What broke goes to the log; the page says that it did.
pub(super) fn broken(refused: &crate::answer::Refused) -> Response {
    if let Some(detail) = &refused.detail {
        tracing::error!(%detail, "a page failed");
    }
    let message = &refused.error.message;
    problem(refused.error.status, "Something is wrong", message)
}

/// Whether a request that changes something can come from our own pages. Browsers say from where they send; a client that says
/// nothing is none that another site could steer.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.as_bytes().to_vec());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == b"same-origin";
    }
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else {
        return text(ORIGIN).is_none();
    };
    let after = |scheme: &[u8]| origin.strip_prefix(scheme).is_some_and(|rest| rest == host);
    after(b"https://") || after(b"http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_change_something() {
        let host = ("host", "127.0.0.1:8080");
        for (said, own) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("sec-fetch-site", "none")], false),
            (
                vec![
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://127.0.0.1:8080"),
                ],
                false,
            ),
            (vec![("origin", "http://127.0.0.1:8080")], true),
            (vec![("origin", "https://127.0.0.1:8080")], true),
            (vec![("origin", "http://127.0.0.1:8081")], false),
            (vec![("origin", "http://evil.example")], false),
            (vec![("origin", "null")], false),
            (vec![], true),
        ] {
            let headers = said.iter().chain([&host]).map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            assert_eq!(is_own(&headers.collect()), own, "{said:?}");
        }
        let origin = (ORIGIN, HeaderValue::from_static("http://127.0.0.1"));
        assert!(!is_own(&HeaderMap::from_iter([origin])));
    }
}
