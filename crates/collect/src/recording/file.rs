//! Recordings as files.

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use airworthy_model::Facts;

use super::{RecordingFileError, WriteRecordingError, read, write};

/// Reads the recording in a file, or in anything that can be opened and read like one.
pub fn read_file(path: &Path) -> Result<Facts, RecordingFileError> {
    let open = |source| RecordingFileError::Open {
        path: path.into(),
        source,
    };
    let file = File::open(path).map_err(open)?;
    if file.metadata().map_err(open)?.is_dir() {
        return Err(RecordingFileError::IsDirectory { path: path.into() });
    }
    read(file).map_err(|source| RecordingFileError::Read {
        path: path.into(),
        source,
    })
}

/// Writes a recording that only its owner can read. The file is there as a whole or not at all: an older one stays until then.
pub fn write_file(path: &Path, facts: &Facts) -> Result<(), RecordingFileError> {
    let create = |source| RecordingFileError::Create {
        path: path.into(),
        source,
    };
    let target = resolve(path)?;
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Created with mode 0600, and removed again on every way out but the last.
    let mut file = tempfile::Builder::new()
        .prefix(".airworthy-recording-")
        .tempfile_in(folder)
        .map_err(create)?;
    fill(facts, file.as_file_mut()).map_err(|source| RecordingFileError::Write {
        path: path.into(),
        source,
    })?;
    file.as_file().sync_all().map_err(create)?;
    file.persist(&target).map_err(|error| create(error.error))?;
    // The rename itself must reach the disk too; a file system that cannot sync a folder is not worth failing for.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn fill(facts: &Facts, file: &mut File) -> Result<(), WriteRecordingError> {
    write(facts, BufWriter::new(file))
}

/// Where the file really goes: through symbolic links, and never in place of a device or a folder.
fn resolve(path: &Path) -> Result<PathBuf, RecordingFileError> {
    let create = |source| RecordingFileError::Create {
        path: path.into(),
        source,
    };
    match fs::metadata(path) {
        Ok(there) if there.is_file() => fs::canonicalize(path).map_err(create),
        Ok(_) => Err(RecordingFileError::NotAFile { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.into()),
        Err(error) => Err(create(error)),
    }
}
