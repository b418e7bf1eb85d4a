//! Releases as Helm stores them: which record of a release counts, and what its payload says. Nothing of a payload outlives
//! its reading but the names of what it holds.

mod content;
mod held;
mod payload;
pub(crate) mod record;
mod values;

pub use content::{Content, read};
pub use payload::{Undecodable, unwrap};
