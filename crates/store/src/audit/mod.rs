//! What API servers send of their audit events: added up per cluster, in bounded rows, for a month.

mod batch;
mod kept;
mod token;

use std::time::Duration;

use airworthy_model::audit::{Call, Client};
use jiff::Timestamp;

pub use kept::AuditKept;

/// Most rows of calls of a cluster, and most rows of clients.
pub const AUDIT_ROWS: i64 = 10_000;

/// How long a row is kept after its last call.
pub const AUDIT_KEPT: Duration = Duration::from_hours(30 * 24);

/// How long a batch is known again; an API server gives up sending one within minutes.
const KNOWN_AGAIN: Duration = Duration::from_hours(1);

/// How often old rows are swept out.
const SWEPT: Duration = Duration::from_hours(1);

/// What a batch adds up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditBatch {
    /// What makes two batches the same: a digest of its bytes.
    pub digest: Vec<u8>,
    /// Events.
    pub events: u64,
    /// Time of the earliest event.
    pub first: Option<Timestamp>,
    /// Time of the latest event.
    pub last: Option<Timestamp>,
    /// Calls that are kept; a time that is not known becomes that of the batch's arrival.
    pub calls: Vec<Call>,
    /// Programs that called.
    pub clients: Vec<Client>,
    /// Calls that the batch itself had no row for.
    pub uncounted: u64,
    /// Calls by programs that the batch itself had no row for.
    pub uncounted_clients: u64,
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}
