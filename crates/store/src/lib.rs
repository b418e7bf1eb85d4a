//! Tasks, leases, keys and baselines in a database.
//!
//! Knows SQL and what it takes to lose no accepted task. Knows nothing of HTTP or Kubernetes; assessments, recordings
//! and specs are bytes and text here. The clock is always the caller's.

mod answers;
mod audit;
mod baselines;
mod briefs;
mod clusters;
mod enqueue;
mod error;
mod group;
mod jobs;
mod keys;
mod location;
mod migrate;
mod open;
mod payload;
mod plans;
mod projects;
mod queue;
mod recent;
mod seal;
mod settlings;
mod snapshots;
mod steps;
mod tasks;
mod time;
mod tokens;
mod trail;
mod users;
mod workflows;

pub use audit::{AUDIT_KEPT, AUDIT_ROWS, AuditBatch, AuditKept};
pub use baselines::{BASELINES_KEPT, Baseline, NewBaseline};
pub use briefs::Brief;
pub use clusters::{Access, Cluster, NewCluster, Observed};
pub use enqueue::{Enqueued, NewTask};
pub use error::Error;
pub use jobs::{Deleted, JOBS_KEPT, Job, JobKind, JobPhase};
pub use keys::{AccessKey, KeyInfo, NewKey, Secret};
pub use location::FileSystem;
pub use migrate::SCHEMA_VERSION;
pub use open::{Options, Store};
pub use plans::{Delayed, NewPlan, Plan, Planned, Removed};
pub use projects::Project;
pub use queue::{Failure, Lease, Outcome, backoff};
pub use recent::KEY_KEPT;
pub use seal::SealingKey;
pub use settlings::{SAMPLES_KEPT, Sample, Settling};
pub use snapshots::SNAPSHOTS_KEPT;
pub use steps::{Parked, Retried};
pub use tasks::{Phase, TASKS_KEPT, Task, TaskKind, TaskState};
pub use tokens::{Holder, NewToken, Purpose, TOKENS_KEPT};
pub use trail::{Entry, Kept, TRAIL_KEPT, TRAIL_ROWS};
pub use users::{Grant, Hashed, LOCKED_FOR, LogIn, User, WRONG_PASSWORDS};
pub use workflows::{Cancelled, NewWorkflow, Opened, Workflow, point_of};
