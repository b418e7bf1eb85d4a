//! Work that ends.

pub(crate) mod cron_job_risk;
pub(crate) mod running_jobs;
