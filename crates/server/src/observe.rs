//! Around every request: its id, its line in the log and in the trail, its metrics, and that its answer is JSON whatever happens
//! inside. What changes something is carried out to its end, whether or not the client waits for it.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use airworthy_cce::{ApiError, operations};
use airworthy_store::Entry;
use axum::{
    Json,
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{
    HeaderValue, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    access::KnownAs,
    answer::{Refused, Untouched, stand_in},
    app::App,
    audit,
    connection::Peer,
    heads, openapi, pages, probes,
};

/// Name of requests that fit no route, in log and metrics.
const UNKNOWN: &str = "unknown";

/// What is known of a request before it is answered.
struct Seen {
    id: String,
    method: Method,
    route: Option<MatchedPath>,
    operation: &'static str,
    identity: bool,
    peer: Option<Peer>,
    known: KnownAs,
    began: Instant,
}

/// The code of the error that an answer is, left for the trail.
#[derive(Clone, Copy, Debug)]
struct Code(&'static str);

/// What a request did beyond its operation, left for the trail. Nothing secret may enter it.
#[derive(Clone, Debug)]
pub(crate) struct Detail(pub(crate) String);

/// Longest text that the trail takes of it, in characters.
const MOST_DETAIL: usize = 4000;

pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let seen = Seen::of(&mut request);
    if seen.method.is_safe() {
        return answer(app, seen, request, next).await;
    }
    // A client that goes away takes this future along, but not the task.
    let under_way = app.under_way();
    let carried_out = tokio::spawn(async move {
        let response = answer(app, seen, request, next).await;
        drop(under_way);
        response
    });
    // Panics are caught within: only a process that ends leaves no answer.
    carried_out.await.unwrap_or_else(|_| {
        let error = ApiError::internal();
        (error.status, Json(error.body(None))).into_response()
    })
}

/// Has a request answered, and does all that has to be done before the answer leaves.
async fn answer(app: App, seen: Seen, request: Request, next: Next) -> Response {
    let response = if seen.method == Method::HEAD {
        // Routes of GET would answer it, with nothing in the body to say so.
        Refused::from(ApiError::no_such_api()).into_response()
    } else if let Err(refusal) = heads::refuse(&request) {
        Refused::from(refusal).into_response()
    } else {
        AssertUnwindSafe(next.run(request))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| panicked())
    };
    let response = seen.finished(response);
    if let Some(entry) = seen.entry(&response) {
        record(&app, entry).await;
    }
    let took = seen.began.elapsed();
    app.metrics.request(seen.operation, response.status(), took);
    seen.log(&response, took);
    response
}

/// Writes an entry of the trail. What was done is done, and the answer says so: where it cannot be written, the log is the
/// trail.
async fn record(app: &App, entry: Entry) {
    if let Err(error) = app.service.store().record(entry.clone()).await {
        tracing::error!(%error, ?entry, "the trail could not be written");
    }
}

fn panicked() -> Response {
    Refused {
        error: ApiError::internal(),
        detail: Some("a request handler panicked".to_owned()),
    }
    .into_response()
}

impl Seen {
    fn of(request: &mut Request) -> Self {
        let known = KnownAs::default();
        request.extensions_mut().insert(known.clone());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = request.method().clone();
        let operation = route
            .as_ref()
            .and_then(|route| operations::at(&method, route.as_str()));
        // From here on its role is demanded of callers.
        operation.map(|operation| request.extensions_mut().insert(operation));
        Self {
            id: Uuid::new_v4().simple().to_string(),
            operation: operation
                .map(|operation| operation.name)
                .or_else(|| other(route.as_ref()?.as_str()))
                .unwrap_or(UNKNOWN),
            peer: request.extensions().get().copied(),
            identity: request.uri().path().starts_with("/v3/"),
            method,
            route,
            known,
            began: Instant::now(),
        }
    }

    /// The answer as it is sent: with the request's id, and JSON where it is an error.
    fn finished(&self, response: Response) -> Response {
        let mut response = self.with_body(response);
        // Hex digits are always a header value.
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            if self.identity {
                response.headers_mut().insert("x-iam-trace-id", id.clone());
            }
            response.headers_mut().insert("x-request-id", id);
        }
        response
    }

    fn with_body(&self, mut response: Response) -> Response {
        let refused = response.extensions_mut().remove::<Refused>();
        let error = match refused {
            Some(Refused { error, detail }) => {
                if let Some(detail) = detail {
                    tracing::error!(request_id = %self.id, %detail, "the request failed");
                }
                error
            }
            None if is_fine(&response) => return response,
            None => stand_in(response.status()),
        };
        let body = if self.identity {
            serde_json::to_vec(&error.keystone_body())
        } else {
            serde_json::to_vec(&error.body(Some(&self.id)))
        };
        *response.status_mut() = error.status;
        response.extensions_mut().insert(Code(error.code));
        response.headers_mut().remove(CONTENT_LENGTH);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Maps of texts and numbers can always be written.
        *response.body_mut() = Body::from(body.unwrap_or_default());
        response
    }

    /// What the trail says of this: what a known caller changed or wanted to, and who tried to log in.
    fn entry(&self, response: &Response) -> Option<Entry> {
        let known = self.known.get().filter(|_| !self.method.is_safe())?;
        let code = response.extensions().get();
        let detail = response.extensions().get();
        Some(Entry {
            at: Timestamp::now(),
            project_id: known.project.clone(),
            actor: known.actor.clone(),
            role: known.role,
            source: self
                .peer
                .map_or_else(|| "unknown".to_owned(), |Peer(peer)| peer.to_string()),
            operation: self.operation.to_owned(),
            cluster_id: known.cluster.clone(),
            status: response.status().as_u16(),
            error_code: code.map(|Code(code)| (*code).to_owned()),
            request_id: self.id.clone(),
            detail: detail.map(|Detail(text)| text.chars().take(MOST_DETAIL).collect()),
        })
    }

    fn log(&self, response: &Response, took: Duration) {
        let route = self.route.as_ref().map_or(UNKNOWN, MatchedPath::as_str);
        let status = response.status().as_u16();
        let caller = self.known.get().map(|known| known.actor.as_str());
        let milliseconds = took.as_millis();
        let (method, request_id) = (&self.method, &self.id);
        if probes::is_probe(route) {
            tracing::debug!(%method, route, status, milliseconds, %request_id, "answered");
        } else {
            tracing::info!(%method, route, status, milliseconds, %request_id, caller, "answered");
        }
    }
}

fn is_fine(response: &Response) -> bool {
    let fine = response.status().is_success() || response.extensions().get::<Untouched>().is_some();
    let json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    fine || json
}

/// The name of a route that is no operation, for metrics: one of a fixed set.
fn other(route: &str) -> Option<&'static str> {
    probes::name(route)
        .or_else(|| (route == audit::AUDIT).then_some(audit::NAME))
        .or_else(|| (route == openapi::DOCUMENT).then_some(openapi::NAME))
        .or_else(|| pages::name(route))
}

#[cfg(test)]
mod tests {
    use airworthy_model::Role;
    use airworthy_service::{Service, Settings};
    use airworthy_store::{Options as StoreOptions, SealingKey, Store};
    use axum::{Extension, Router, middleware, response::Html, routing::get};
    use http::StatusCode;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        access::{Caller, Who},
        app::Options,
    };

    async fn panics() -> Html<String> {
        let nothing: Option<String> = std::env::var("THERE_IS_NO_SUCH_VARIABLE").ok();
        Html(nothing.expect("a handler may break"))
    }

    async fn breaks_when_known(Extension(known): Extension<KnownAs>) -> Html<String> {
        let caller = Caller {
            who: Who::Key("AK".to_owned()),
            scope: Some(("p".to_owned(), Role::Operator)),
        };
        known.caller(&caller, None);
        panics().await
    }

    #[tokio::test]
    async fn a_handler_that_breaks_leaves_its_entry_in_the_trail() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let options = StoreOptions::new(path, SealingKey::from([7; 32]));
        let store = Store::open(&options, Timestamp::now()).await.unwrap();
        let service = Service::new(store.clone(), Settings::default());
        let app = App::new(service, &Options::default());
        let router = Router::new()
            .route("/break", get(breaks_when_known).post(breaks_when_known))
            .layer(middleware::from_fn_with_state(app.clone(), observe));
        for method in [Method::GET, Method::POST] {
            let request = Request::builder().method(method).uri("/break");
            let request = request.body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
        let kept = store.trail("p", None, 9).await.unwrap();
        let found: Vec<_> = kept
            .iter()
            .map(|kept| (kept.entry.status, kept.entry.error_code.as_deref()))
            .collect();
        assert_eq!(found, [(500, Some("CCE.01500001"))], "that of the change");
        app.carried_out().await;
    }

    #[tokio::test]
    async fn whatever_happens_inside_the_answer_is_json() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let options = StoreOptions::new(path, SealingKey::from([7; 32]));
        let store = Store::open(&options, jiff::Timestamp::now()).await.unwrap();
        let service = Service::new(store, Settings::default());
        let app = App::new(service, &Options::default());
        let html = |status: StatusCode| get(async move || (status, Html("<h1>no</h1>")));
        let router = Router::new()
            .route("/panic", get(panics))
            .route("/405", html(StatusCode::METHOD_NOT_ALLOWED))
            .route("/413", html(StatusCode::PAYLOAD_TOO_LARGE))
            .route("/415", html(StatusCode::UNSUPPORTED_MEDIA_TYPE))
            .route("/422", html(StatusCode::UNPROCESSABLE_ENTITY))
            .route("/502", html(StatusCode::BAD_GATEWAY))
            .layer(middleware::from_fn_with_state(app, observe));
        for (path, status, code) in [
            ("/panic", 500, "CCE.01500001"),
            ("/405", 404, "APIGW.0101"),
            ("/413", 413, "APIGW.0201"),
            ("/415", 400, "CCE.01400006"),
            ("/422", 422, "APIGW.0201"),
            ("/502", 500, "CCE.01500001"),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
            assert_eq!(response.headers()["x-request-id"].len(), 32);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["error_code"], code, "{path}");
        }
    }
}
