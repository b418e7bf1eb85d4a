//! The wire of CCE Autopilot's Cluster Upgrade API.
//!
//! Knows the JSON of requests and answers, error bodies, request signatures and the table of routes. Knows nothing of
//! an HTTP server, of a database or of how a cluster is judged.

pub mod error;
pub mod mapping;
pub mod operations;
pub mod request;
pub mod sign;
pub mod time;
pub mod wire;

pub use error::ApiError;
