//! After the upgrade: did everything come back?

pub(crate) mod post_workload_baseline;
