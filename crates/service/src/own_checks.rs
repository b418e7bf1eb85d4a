//! Files of checks that users wrote.

use std::{fs::File, io::Read as _, path::PathBuf};

use airworthy_assess::users::{CheckFileError, UserCheck, parse};

/// No file of checks is read beyond this, in bytes.
const MOST: u64 = 1 << 20;

/// Reads files of checks, whose names are told apart across all of them.
pub fn read_checks(files: &[PathBuf]) -> Result<Vec<UserCheck>, CheckFileError> {
    let mut all: Vec<UserCheck> = Vec::new();
    for path in files {
        let named = path.display().to_string();
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text));
        read.map_err(|error| CheckFileError(vec![format!("{named}: it cannot be read: {error}")]))?;
        let taken: Vec<_> = all.iter().map(|check| check.info.name).collect();
        all.extend(parse(&text, &named, &taken)?);
    }
    Ok(all)
}
