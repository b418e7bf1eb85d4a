//! The way to the target.
