//! Work that ends.

pub(crate) mod cron_job_risk;
mod period;
pub(crate) mod post_cron_jobs;
pub(crate) mod running_jobs;
