//! Recordings in a folder of the test's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use airworthy_collect::recording;
use airworthy_model::Facts;
use tempfile::TempDir;

/// A folder of recordings.
pub(crate) struct Recordings(TempDir);

impl Recordings {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Records facts under a name.
    pub(crate) fn of(&self, name: &str, facts: &Facts) -> PathBuf {
        let mut bytes = Vec::new();
        recording::write(facts, &mut bytes).expect("facts that can be recorded");
        self.bytes(name, &bytes)
    }

    /// Puts any bytes under a name.
    pub(crate) fn bytes(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
