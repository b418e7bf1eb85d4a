//! The folder of one cluster, and the sweeping of those whose owner died.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Context as _, Result};

const PREFIX: &str = "airworthy-testbed-";
const LOCK: &str = "lock";

/// A temporary folder, removed when dropped; its lock shows other processes that it is in use.
#[derive(Debug)]
pub(crate) struct WorkDir {
    folder: tempfile::TempDir,
    _lock: File,
}

impl WorkDir {
    /// Makes the folder, and removes those left behind by processes that were killed.
    pub(crate) fn create() -> Result<Self> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&parent)
            .context(format!("make a folder in {}", parent.display()))?;
        let lock = File::create(folder.path().join(LOCK)).context("make the folder's lock")?;
        lock.lock().context("lock the folder")?;
        for sub in ["logs", "kubeconfigs", "pki"] {
            std::fs::create_dir(folder.path().join(sub)).context(format!("make {sub}"))?;
        }
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The log of a component.
    pub(crate) fn log(&self, component: &str) -> PathBuf {
        self.join("logs").join(format!("{component}.log"))
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.join(name);
        std::fs::write(&path, content).context(format!("write {}", path.display()))?;
        Ok(path)
    }
}

/// Best effort: a folder that cannot be judged or removed stays.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        // Being made at this moment, or not ours.
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_use_survive_the_sweep_and_abandoned_ones_do_not() {
        let parent = tempfile::tempdir().unwrap();
        let used = parent.path().join(format!("{PREFIX}used"));
        let left = parent.path().join(format!("{PREFIX}left"));
        let other = parent.path().join("other");
        for folder in [&used, &left, &other] {
            std::fs::create_dir(folder).unwrap();
            File::create(folder.join(LOCK)).unwrap();
        }
        let lock = File::open(used.join(LOCK)).unwrap();
        lock.lock().unwrap();
        sweep(parent.path());
        assert!(used.exists() && other.exists());
        assert!(!left.exists());
    }
}
