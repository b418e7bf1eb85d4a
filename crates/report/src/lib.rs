//! Shows an assessment to people and machines.
//!
//! Knows formats: JSON with its schema, YAML, tables for people, exit codes. It must not know where an assessment came
//! from, and it decides nothing: what an assessment says is shown, all of it, the worst first.

pub mod catalogue;
pub mod exit;
pub mod json;
mod sentence;
pub mod table;
mod text;
pub mod yaml;

pub use exit::{FailOn, exit_code};
pub use sentence::sentence;
pub use table::View;
