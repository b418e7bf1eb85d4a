//! Drivers: how an upgrade is carried out. The only code of the product that changes a cluster.
//!
//! Knows how to take one short step of an upgrade and to say how far it is. Knows nothing of HTTP or SQL, and shares no credentials
//! with the collector.

mod means;

pub use means::{Management, Means, Program};
