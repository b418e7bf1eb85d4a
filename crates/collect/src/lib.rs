//! Where bytes become facts.

pub mod recording;
