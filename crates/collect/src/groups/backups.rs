//! What Velero has backed up.

use airworthy_model::facts::Backup;

use super::installed;
use crate::{failure::Failure, resource::Versions, session::Session, wire::backup};

/// Group, resource, and the versions that are understood, the newest first.
const BACKUPS: (&str, &str, &[&str]) = ("velero.io", "backups", &["v1"]);
const SCHEDULES: (&str, &str, &[&str]) = ("velero.io", "schedules", &["v1"]);

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<Backup>, Failure> {
    let backups = installed::all(session, versions, BACKUPS, |wire: backup::Backup, _| {
        Backup::from(wire)
    });
    let schedules = installed::all(session, versions, SCHEDULES, |wire: backup::Schedule, _| {
        Backup::from(wire)
    });
    let (mut backups, schedules) = tokio::try_join!(backups, schedules)?;
    backups.extend(schedules);
    Ok(backups)
}
