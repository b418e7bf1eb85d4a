//! The folders of operators' programs: each is kept as long as its task.

use std::{fs, io, path::Path};

use airworthy_drivers::program;
use uuid::Uuid;

use crate::{Error, Service};

impl Service {
    /// Removes the folders of runs whose task is gone. One whose program is still at work stays until a later time.
    pub async fn sweep_runs(&self) -> Result<(), Error> {
        let folder = self.settings.upgrades.clone();
        for task in blocking(move || runs(&folder)).await? {
            if !self.store.is_task(&task).await? {
                let folder = self.settings.upgrades.clone();
                blocking(move || program::remove(&folder, &task)).await?;
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
fn runs(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = program::tasks(folder)?;
    let is_folder =
        |name: &str| fs::symlink_metadata(folder.join(name)).is_ok_and(|it| it.is_dir());
    found.retain(|name| Uuid::try_parse(name).is_ok() && is_folder(name));
    Ok(found)
}
