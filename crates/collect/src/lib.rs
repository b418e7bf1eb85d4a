//! Where bytes become facts: reads live clusters and says of every group of facts that it is there or why it is not.
//!
//! Knows API servers, their wire formats and their moods; it never writes to a cluster and never asks for anything at a
//! version that the server deprecates. It must not know checks.

pub mod audit;
mod certificate;
mod collect;
mod connect;
pub mod corefile;
mod failure;
mod groups;
pub mod helm;
mod list;
pub mod manifests;
mod names;
mod plan;
mod policies;
pub mod recording;
mod resource;
mod session;
pub mod strangers;
mod wire;

pub use collect::{Unusable, collect};
pub use connect::{ConnectError, ConnectOptions, Connection, USER_AGENT, connect};
pub use plan::{Encoding, Limits, Outcome, Plan, Progress, ProgressEvent};
pub use session::server_time;
