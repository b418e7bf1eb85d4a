//! Shows an assessment to people and machines.
//!
//! Knows formats: JSON with its schema, YAML, tables for people, exit codes. It must not know where an assessment came
//! from, and it decides nothing: what an assessment says is shown, all of it, the worst first.

pub mod catalogue;
pub mod changes;
pub mod csv;
mod decided;
pub mod difference;
pub mod drop_in;
pub mod exit;
mod fixes;
mod gaps;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod markup;
pub mod recording;
pub mod sarif;
mod sentence;
pub mod table;
mod text;
mod words;
pub mod yaml;

pub use exit::{FailOn, exit_code};
pub use sentence::sentence;
pub use table::View;
pub use text::harmless;
