//! Small files that survive a power cut, and the lock.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::fs::{FlockOperation, flock};
use serde::{Serialize, de::DeserializeOwned};

/// Most bytes of a small file.
const SMALL: u64 = 1 << 20;

/// Makes a folder with those above it, closed to others.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// How our files are opened for writing: closed to others.
pub(super) fn writing() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Writes a file so that it is either there as a whole or not at all.
pub(super) fn write(folder: &Path, name: &str, value: &impl Serialize) -> io::Result<()> {
    let draft = folder.join(format!("{name}.draft"));
    let mut file = writing().create(true).truncate(true).open(&draft)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(name))?;
    sync(folder)
}

/// Makes a file that must not be there yet; says whether it was we who made it.
pub(super) fn claim(folder: &Path, name: &str) -> io::Result<bool> {
    match writing().create_new(true).open(folder.join(name)) {
        Ok(file) => {
            file.sync_all()?;
            sync(folder).map(|()| true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the names in a folder survive a power cut.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Reads a small file; nothing when it is not there.
pub(super) fn read(folder: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(folder.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(SMALL).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Reads a small file of JSON; nothing when it is not there.
pub(super) fn read_json<T: DeserializeOwned>(folder: &Path, name: &str) -> io::Result<Option<T>> {
    let bytes = read(folder, name)?;
    let value = bytes.map(|bytes| serde_json::from_slice(&bytes));
    Ok(value.transpose()?)
}

/// A lock that is held until it is dropped or its process ends, however that ends.
#[derive(Debug)]
pub(super) struct Lock(
    #[expect(dead_code, reason = "the lock lives as long as the file is open")] File,
);

impl Lock {
    /// Takes the lock unless somebody has it.
    pub(super) fn take(folder: &Path, name: &str) -> io::Result<Option<Self>> {
        let file = writing()
            .create(true)
            .truncate(false)
            .open(folder.join(name))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
