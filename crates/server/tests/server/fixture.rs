//! A server on a store of its own, and clients that sign.

use std::time::Duration;

use airworthy_cce::{
    sign::{DATE_HEADER, SignedRequest, date_header, sign},
    wire::Shapes,
};
use airworthy_model::Role;
use airworthy_server::{App, Options, router};
use airworthy_service::{Service, Settings, SettleAt};
use airworthy_store::{
    Access, Cluster, Lease, NewCluster, NewKey, Observed, Options as StoreOptions, Outcome, Phase,
    Project, SealingKey, Store, TaskKind,
};
use axum::{Router, body::Body};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A project with a key and a cluster.
pub(crate) struct Tenant {
    pub(crate) project: Project,
    pub(crate) key: NewKey,
    pub(crate) cluster: Cluster,
}

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) service: Service,
    pub(crate) app: App,
    pub(crate) ours: Tenant,
    pub(crate) theirs: Tenant,
    router: Router,
    pub(crate) directory: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body, which must be an error of this status and code, and with all that clients read.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let body = self.json();
        assert_eq!(body["error_code"], code, "{self:?}");
        assert_eq!(body.get("message"), None, "{self:?}");
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        let id = self.headers["x-request-id"].to_str().unwrap();
        assert!(
            id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            "{id}"
        );
        let message = body["error_msg"].as_str().unwrap().to_owned();
        assert_ne!(message, "");
        message
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        assert_eq!(self.headers["x-request-id"].len(), 32);
        self.json()
    }
}

fn store_options(directory: &TempDir) -> StoreOptions {
    let path = directory.path().join("airworthy.db");
    StoreOptions::new(path, SealingKey::from([7; 32]))
}

async fn tenant(store: &Store, name: &str, project_id: &str) -> Tenant {
    let now = Timestamp::now();
    let project = store
        .add_project(name, Some(project_id), now)
        .await
        .unwrap();
    let new = NewCluster {
        id: None,
        name: format!("{name}-prod"),
        alias: None,
        access: Access::Kubeconfig {
            path: "/nowhere/kubeconfig".into(),
            context: None,
        },
    };
    let cluster = store.add_cluster(&project.id, new, now).await.unwrap();
    let seen = Observed {
        version: Some("v1.31.14".into()),
        phase: Some("Available".into()),
        endpoint_url: Some("https://192.168.0.10:6443".into()),
        totals: None,
    };
    store
        .update_observed(&project.id, &cluster.id, &seen, now)
        .await
        .unwrap();
    Tenant {
        key: store
            .create_key(&project.id, Role::Operator, "test", now)
            .await
            .unwrap(),
        project,
        cluster,
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&store_options(&directory), Timestamp::now())
            .await
            .unwrap();
        let ours = tenant(&store, "ours-1", "0605767a768010f92f1fc00e2b7c4f31").await;
        let theirs = tenant(&store, "theirs-1", "11111111111111111111111111111111").await;
        // What stands for clusters here does not change between two looks.
        let settings = Settings {
            settle_at: SettleAt::at_once(),
            ..settings
        };
        let service = Service::new(store.clone(), settings);
        let app = App::new(service.clone(), &Options::default());
        Self {
            router: router(app.clone()),
            store,
            service,
            app,
            ours,
            theirs,
            directory,
        }
    }

    /// The same database, opened anew.
    pub(crate) async fn reopened(&self) -> Store {
        Store::open(&store_options(&self.directory), Timestamp::now())
            .await
            .unwrap()
    }

    /// The same tenants on the same database, whose disk has no room for another page.
    pub(crate) async fn on_a_full_disk(self) -> Self {
        let options = StoreOptions {
            max_pages: Some(1),
            ..store_options(&self.directory)
        };
        let store = Store::open(&options, Timestamp::now()).await.unwrap();
        let service = Service::new(store.clone(), Settings::default());
        let app = App::new(service.clone(), &Options::default());
        Self {
            router: router(app.clone()),
            store,
            service,
            app,
            ..self
        }
    }

    /// The same service for clients of another generation.
    pub(crate) fn in_shapes(self, shapes: Shapes) -> Self {
        let options = Options {
            shapes,
            ..Options::default()
        };
        let app = App::new(self.service.clone(), &options);
        Self {
            router: router(app.clone()),
            app,
            ..self
        }
    }

    /// The routes, for whoever holds the answer in their own hands.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Sends a request of our tenant.
    pub(crate) async fn call(&self, method: Method, target: &str, body: &str) -> Answered {
        self.send(request(&self.ours.key, method, target, body))
            .await
    }

    pub(crate) async fn get(&self, target: &str) -> Answered {
        self.call(Method::GET, target, "").await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Answered {
        self.call(Method::POST, target, &body.to_string()).await
    }

    /// Ends the task that is due, which must be there.
    pub(crate) async fn finish(&self, phase: Phase, result: Option<&Value>) -> Lease {
        let now = Timestamp::now();
        let lease = self.store.claim("test", now, LEASE).await.unwrap().unwrap();
        let outcome = Outcome {
            phase,
            message: (phase != Phase::Success).then(|| "why it is so".to_owned()),
            result: result.map(|value| value.to_string().into_bytes()),
            expires_at: (lease.task.kind == TaskKind::Precheck && result.is_some())
                .then(|| "2026-11-22T10:00:00.5Z".parse().unwrap()),
        };
        self.store.finish(&lease, outcome, None, now).await.unwrap();
        lease
    }
}

impl Tenant {
    pub(crate) fn clusters(&self) -> String {
        format!("/autopilot/v3/projects/{}/clusters", self.project.id)
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("{}/{}{rest}", self.clusters(), self.cluster.id)
    }
}

/// The body of a pre-check request.
pub(crate) fn precheck(target: &str) -> Value {
    json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": { "targetVersion": target } })
}

/// A request with the headers of an SDK, not signed.
pub(crate) fn unsigned(method: Method, target: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("host", "127.0.0.1:18443")
        .header("content-type", "application/json")
        .header(DATE_HEADER, date_header(Timestamp::now()))
        .body(body.into())
        .unwrap()
}

/// Signs a request over `body`, which may be another one than it carries.
pub(crate) fn signed(
    mut request: Request<Body>,
    ak: &str,
    sk: &str,
    body: &[u8],
    names: &[&str],
) -> Request<Body> {
    let target = request.uri().path_and_query().unwrap().as_str().to_owned();
    let parts = SignedRequest {
        method: request.method(),
        target: &target,
        headers: request.headers(),
        body,
    };
    let authorization = sign(&parts, ak, sk, names).unwrap();
    let value = HeaderValue::from_str(&authorization).unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

/// A request as an SDK sends it.
pub(crate) fn request(key: &NewKey, method: Method, target: &str, body: &str) -> Request<Body> {
    let request = unsigned(method, target, body.to_owned());
    let names = ["content-type", "host", DATE_HEADER];
    signed(request, &key.ak, key.sk.expose(), body.as_bytes(), &names)
}
