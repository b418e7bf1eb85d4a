//! The folders of operators' programs: each is kept as long as its task.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use airworthy_drivers::program::{Run, Stage};
use uuid::Uuid;

use crate::{Error, Service};

impl Service {
    /// Removes the folders of runs whose task is gone. One whose program is still at work stays until a later time.
    pub async fn sweep_runs(&self) -> Result<(), Error> {
        let folder = self.settings.upgrades.clone();
        for (task, folder) in blocking(move || runs(&folder)).await? {
            if !self.store.has_task(&task).await? {
                blocking(move || remove(&folder)).await?;
            }
        }
        Ok(())
    }
}

/// Disks are slow; the threads that answer have other requests. What fails is told and left for the next time.
async fn blocking<T: Send + Default + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let worked = tokio::task::spawn_blocking(work).await;
    let worked = worked.map_err(|_| Error::Panicked)?;
    Ok(worked.unwrap_or_else(|error| {
        tracing::warn!(%error, "folders of programs cannot be cleared away");
        T::default()
    }))
}

/// The folders that bear the id of a task; whatever else lies there is not ours.
fn runs(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if Uuid::try_parse(&name).is_ok() && entry.file_type()?.is_dir() {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn remove(folder: &Path) -> io::Result<()> {
    for attempt in fs::read_dir(folder)? {
        let run = Run::at(attempt?.path());
        if matches!(run.look()?, Stage::Running(_)) {
            return Ok(());
        }
    }
    fs::remove_dir_all(folder)
}
