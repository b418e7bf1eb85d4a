//! Paths as URI references.

use std::fmt::Write as _;

/// A path as a URI reference: a relative one stays relative to where the command ran, an absolute one names its file.
pub(super) fn of_path(path: &str) -> String {
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let path = path.trim_start_matches("./");
    let mut out = String::from(scheme);
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::of_path;

    #[test]
    fn paths_become_references() {
        for (path, uri) in [
            ("charts/cart.yaml", "charts/cart.yaml"),
            ("./a b.yaml", "a%20b.yaml"),
            ("/srv/a.yaml", "file:///srv/a.yaml"),
            ("c:d.yaml", "c%3Ad.yaml"),
            ("50%0A/é.yaml", "50%250A/%C3%A9.yaml"),
            ("../x#y?z.yaml", "../x%23y%3Fz.yaml"),
            ("a\n\u{1b}\\b", "a%0A%1B%5Cb"),
        ] {
            assert_eq!(of_path(path), uri, "{path:?}");
        }
    }
}
