//! Routes, authentication, metrics: the service behind HTTP.
//!
//! Knows how a request becomes a call of the service and its outcome an answer on the wire. It must not know the command
//! line, nor how a cluster is read or judged.

mod access;
mod answer;
mod app;
mod audit;
mod body;
mod call;
mod clusters;
mod connection;
mod files;
mod heads;
mod iam;
mod info;
mod jobs;
mod metrics;
mod observe;
mod openapi;
mod pages;
mod places;
mod plans;
mod postcheck;
mod precheck;
mod probes;
mod pulse;
mod routes;
mod serve;
mod snapshots;
mod tls;
mod tokens;
mod trail;
mod upgrades;
mod versions;
mod watched;
mod workflows;

pub use app::{App, Options};
pub use openapi::document;
pub use precheck::ready;
pub use routes::{router, routes};
pub use serve::{Error, serve};
pub use tls::{Tls, TlsError};
