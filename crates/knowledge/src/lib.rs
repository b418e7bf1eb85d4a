//! The tables of every Kubernetes minor, and the questions that checks ask of them. Knows nothing of where facts come from.
//!
//! `cargo xtask knowledge` generates the data from Kubernetes' own Go modules, with a source per row (`data/`). It is embedded
//! in the program, each section in a file of its own that is read when it is first asked for; a knowledge file bundles all.

mod api;
mod apis;
mod knowledge;
mod section;

pub use api::{Api, Class, Plan, Provenance, Serving, Span, api_version, url};
pub use knowledge::Knowledge;
pub use section::{ParseError, SCHEMA};
