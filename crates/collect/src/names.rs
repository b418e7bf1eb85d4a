//! Names of objects.

/// Whether a text is a name as Kubernetes has them (parts of small letters, digits and `-` with dots between), and so stands in a path as it is
/// and cannot lead elsewhere.
pub(crate) fn is_name(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(fine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["team-000", "sh.helm.release.v1.web.v2", "4", "a-b.c"] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a.",
            "a/b",
            "../../version",
            "A",
            "a%2fb",
            "a?b",
            "é",
        ] {
            assert!(!is_name(other), "{other}");
        }
    }
}
