//! Comparing with committed files.

use std::{fs, path::Path};

/// Compares `actual` with a committed file below the crate's folder. With `AIRWORTHY_REWRITE` set the file is written
/// instead, so that the change shows in the diff; never in CI.
#[track_caller]
pub(crate) fn assert_committed(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let set = |name| std::env::var_os(name).is_some();
    if set("AIRWORTHY_REWRITE") && !set("CI") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == actual,
        "{file} is not what comes out now; AIRWORTHY_REWRITE=1 rewrites it\n--- now ---\n{actual}"
    );
}
