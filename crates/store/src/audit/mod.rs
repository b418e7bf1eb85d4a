//! What API servers send of their audit events: added up per cluster, in bounded rows, for a month.

mod batch;
mod kept;
mod token;

use std::time::Duration;

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

/// Calls of one client of one resource with one verb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "what each names, the audit event says")]
pub struct AuditCall {
    pub group: String,
    pub version: String,
    pub resource: String,
    pub subresource: String,
    pub user: String,
    pub user_agent: String,
    pub verb: String,
    /// Events of answers that began and went on.
    pub started: u64,
    /// Events of answers that ended.
    pub ended: u64,
    /// Those that ended in an error.
    pub failed: u64,
    /// Earliest call; where it is not known, the batch's arrival.
    pub first_seen: Option<Timestamp>,
    /// Latest call; where it is not known, the batch's arrival.
    pub last_seen: Option<Timestamp>,
    /// First minor that does not serve it, as the server annotated.
    pub removed_release: Option<String>,
}

/// Calls of one program as one user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "what each names, the audit event says")]
pub struct AuditClient {
    pub user: String,
    pub user_agent: String,
    /// Events of answers that began and went on.
    pub started: u64,
    /// Events of answers that ended.
    pub ended: u64,
    /// Latest call; where it is not known, the batch's arrival.
    pub last_seen: Option<Timestamp>,
}

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
    /// Calls that are kept.
    pub calls: Vec<AuditCall>,
    /// Programs that called.
    pub clients: Vec<AuditClient>,
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
