//! Findings about files get the patch that repairs them.

use std::{collections::BTreeMap, fs, path::Path};

use airworthy_knowledge::Knowledge;
use airworthy_manifest::fix_at;
use airworthy_model::{Finding, Minor};

use super::fix::diff;

/// Files that are larger are repaired by `airworthy fix` all the same; a patch in a report is for people and reviews.
const MOST_BYTES: u64 = 1 << 20;
/// Bytes that are gone through for all patches of one run: each patch takes its whole file.
const MOST_WORK: usize = 16 << 20;

/// Adds command and patch to the first step of repair of each finding in a file that a program can write anew.
pub(super) fn attach(findings: &mut [Finding], target: Minor) {
    let mut files: BTreeMap<String, Option<Vec<u8>>> = BTreeMap::new();
    let mut work = 0;
    for finding in findings.iter_mut().filter(|finding| finding.api.is_some()) {
        let Some(location) = &finding.location else {
            continue;
        };
        let file = location.file.clone();
        let place = (location.line, location.column);
        let bytes = files.entry(file.clone()).or_insert_with(|| read(&file));
        let Some(bytes) = bytes else { continue };
        work += bytes.len();
        if work > MOST_WORK {
            return;
        }
        repair(finding, &file, bytes, target, place);
    }
}

/// The bytes of a regular file; standard input and pipes cannot be read again.
fn read(file: &str) -> Option<Vec<u8>> {
    let path = Path::new(file);
    let is_small = |meta: &fs::Metadata| meta.is_file() && meta.len() <= MOST_BYTES;
    fs::metadata(path).ok().filter(is_small)?;
    fs::read(path).ok()
}

fn repair(finding: &mut Finding, file: &str, bytes: &[u8], target: Minor, place: (u32, u32)) {
    let fixed = fix_at(bytes, Knowledge::embedded(), target, place);
    if let (false, Some(step)) = (fixed.changes.is_empty(), finding.fix.first_mut()) {
        step.command = Some(format!(
            "airworthy fix {} --target {target} --write",
            quoted(file)
        ));
        step.patch = Some(diff(file, bytes, &fixed.text));
    }
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+,@%".contains(c);
    if path.chars().all(plain) && !path.starts_with('-') {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
