//! The parts of the project's tasks that tests use too.

pub mod table;
pub mod truth;
