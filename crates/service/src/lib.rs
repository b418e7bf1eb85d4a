//! Time for the pure parts: takes requests into the queue, and works the queue off: collect, assess, store.
//!
//! Knows the way of a task from request to result. It must not know HTTP or the command line.

mod access;
mod audit;
mod bounded;
mod cluster;
mod clusters;
mod error;
mod info;
mod intake;
mod judge;
mod outcome;
mod own_checks;
mod paths;
mod plans;
mod postcheck;
mod ready;
mod runs;
mod scheduler;
mod settings;
mod settle_at;
mod settling;
mod snapshots;
mod spec;
mod totals;
mod upgrades;
mod waivers;
mod worker;
mod workflows;

use std::sync::Arc;

use airworthy_store::Store;
use airworthy_upgrade::paths::Paths;
use tokio::sync::Semaphore;

pub use access::{
    Attempt, Credentials, LogInError, LogInScope, LoggedIn, PASSWORD_LEAST, PASSWORD_LIMIT,
    PasswordError, SESSION_SPAN, TOKEN_SPAN, Token, hash_password,
};
pub use audit::AuditSender;
pub use cluster::{Unread, observe};
pub use error::Error;
pub use info::{UpgradeInfo, Versions};
pub use intake::PostcheckAnswer;
pub use outcome::{PostVerdict, post_verdict};
pub use own_checks::read_checks;
pub use ready::Ready;
pub use settings::{CheckBeforeUpgrade, ClusterSettings, DriverSettings, Settings};
pub use settle_at::{SettleAt, SettleAtError};
pub use snapshots::{PartPhase, SnapshotPart, SnapshotTaskSpec, Snapshots};
pub use spec::{PostcheckTaskSpec, PrecheckTaskSpec, UpgradeTaskSpec};
pub use totals::Totals;
pub use waivers::read_waivers;
pub use worker::Workers;

/// The service behind any face: what it knows is in the store, what it decides is in the settings.
#[derive(Clone, Debug)]
pub struct Service {
    store: Store,
    settings: Arc<Settings>,
    paths: Arc<Paths>,
    gate: Arc<access::Gate>,
    /// Bounds how many clusters are asked for their version at once by requests.
    probes: Arc<Semaphore>,
    ready: Option<Ready>,
}

impl Service {
    /// A service on a store.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self {
            store,
            paths: Arc::new(paths::of(&settings)),
            settings: Arc::new(settings),
            gate: Arc::default(),
            probes: Arc::new(Semaphore::new(8)),
            ready: None,
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
