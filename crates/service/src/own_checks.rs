//! Files of checks that users wrote.

use std::path::PathBuf;

use airworthy_assess::users::{CheckFileError, UserCheck, parse};

use crate::bounded::read_text;

/// No file of checks is read beyond this, in bytes.
const MOST: u64 = 1 << 20;

/// Reads files of checks, whose names are told apart across all of them.
pub fn read_checks(files: &[PathBuf]) -> Result<Vec<UserCheck>, CheckFileError> {
    let mut all: Vec<UserCheck> = Vec::new();
    for path in files {
        let named = path.display().to_string();
        let text = read_text(path, MOST);
        let text = text.map_err(|error| {
            CheckFileError(vec![format!("{named}: it cannot be read: {error}")])
        })?;
        let taken: Vec<_> = all.iter().map(|check| check.info.name).collect();
        all.extend(parse(&text, &named, &taken)?);
    }
    Ok(all)
}
