//! What all requests share.

use std::{sync::Arc, time::Duration};

use airworthy_cce::wire::Shapes;
use airworthy_service::Service;
use tokio::sync::{Semaphore, watch};

use crate::{metrics::Metrics, tls::Tls};

/// Bounds of the server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most connections at once, where the system lets the process open so many files. For more, those that are idle for longest
    /// are closed.
    pub connections: usize,
    /// How long a client may take to send the head of a request.
    pub head_deadline: Duration,
    /// How long a client may take to send the body of a request.
    pub body_deadline: Duration,
    /// How long a connection may stay open without a request.
    pub idle: Duration,
    /// How long running requests may take to end once the server is told to stop.
    pub grace: Duration,
    /// Which generation of clients answers are meant for.
    pub shapes: Shapes,
    /// The certificate of connections; without one they are plain.
    pub tls: Option<Arc<Tls>>,
    /// How often the files of the certificate are looked at.
    pub tls_check: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 12_000,
            head_deadline: Duration::from_secs(10),
            body_deadline: Duration::from_mins(1),
            idle: Duration::from_secs(75),
            grace: Duration::from_secs(10),
            shapes: Shapes::default(),
            tls: None,
            tls_check: Duration::from_secs(5),
        }
    }
}

/// Most bodies beyond [`SMALL_BODY`] that are held at once: what strangers send must not fill the memory.
const LARGE_BODIES: usize = 8;

/// Most batches of audit events that are taken at once; one transaction writes them, so more would only wait.
const AUDIT_BATCHES: usize = 4;

/// Most requests of known callers that change something at once; those of clients who went away count until they are through.
const CHANGES: usize = 1024;

/// The largest body that is read without waiting for one of the places for large ones.
pub(crate) const SMALL_BODY: usize = 64 * 1024;

/// What all requests share; clones are the same one.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) service: Service,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) large_bodies: Arc<Semaphore>,
    pub(crate) audit_places: Arc<Semaphore>,
    pub(crate) changes: Arc<Semaphore>,
    pub(crate) body_deadline: Duration,
    pub(crate) shapes: Shapes,
    /// Whether connections are encrypted: then browsers are told to keep sessions to such ones.
    pub(crate) encrypted: bool,
    under_way: Arc<watch::Sender<usize>>,
    stopping: Arc<watch::Sender<bool>>,
}

/// A request that is carried out to its end; over when this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<watch::Sender<usize>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl App {
    /// An application on a service.
    pub fn new(service: Service, options: &Options) -> Self {
        Self {
            service,
            metrics: Arc::default(),
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
            audit_places: Arc::new(Semaphore::new(AUDIT_BATCHES)),
            changes: Arc::new(Semaphore::new(CHANGES)),
            body_deadline: options.body_deadline,
            shapes: options.shapes,
            encrypted: options.tls.is_some(),
            under_way: Arc::new(watch::Sender::new(0)),
            stopping: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Makes requests that wait answer at once, and the readiness probe fail.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Begins a request that is carried out to its end.
    pub(crate) fn under_way(&self) -> UnderWay {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(self.under_way.clone())
    }

    /// Waits until no such request is under way.
    pub(crate) async fn carried_out(&self) {
        // The sender lives as long as `self`, so this ends for no other reason.
        let _ = self
            .under_way
            .subscribe()
            .wait_for(|count| *count == 0)
            .await;
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the application is told to stop.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as `self`, so this ends for no other reason.
        let _ = self.stopping.subscribe().wait_for(|stop| *stop).await;
    }
}
