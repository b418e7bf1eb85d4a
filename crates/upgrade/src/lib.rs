//! What an upgrade goes through: workflow, plan and task as tables of transitions, which versions can be reached, and what a
//! driver is.
//!
//! Knows no clock, no HTTP, no SQL and no Kubernetes: whoever asks brings the present state and the event.

pub mod driver;
pub mod paths;
pub mod plan;
pub mod task;
pub mod workflow;
