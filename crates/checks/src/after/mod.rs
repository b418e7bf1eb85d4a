//! After the upgrade: did everything come back?

pub mod post_workload_baseline;
