//! `--audit-log`: files of audit events, read while the cluster is.

use std::path::PathBuf;

use airworthy_collect::audit::{self, Sources};
use airworthy_knowledge::Knowledge;
use airworthy_model::{Facts, facts::AuditLog};
use anyhow::{Context as _, Result};
use tokio::task::{JoinHandle, spawn_blocking};

/// Begins to read what was named, on a thread of its own. A name that is wrong is a usage error before anything is read.
pub(crate) fn start(paths: &[PathBuf]) -> Result<Option<JoinHandle<AuditLog>>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let sources = Sources::find(paths)?;
    let read = move || audit::read(sources, Knowledge::embedded());
    Ok(Some(spawn_blocking(read)))
}

/// Waits for what was begun; it stands in place of what the facts held.
pub(crate) async fn join(reading: Option<JoinHandle<AuditLog>>, facts: &mut Facts) -> Result<()> {
    if let Some(reading) = reading {
        let log = reading.await;
        facts.audit = Ok(log.context("reading the audit log was broken off")?);
    }
    Ok(())
}
