//! How versions are spelled in answers.

use airworthy_model::{KubeVersion, Minor};

/// The oldest minor whose clusters are shown with it alone.
const MINOR_ONLY_FROM: Minor = Minor::v1(21);

/// A target as it is echoed: exact. Tasks of earlier releases may have a minor alone, and then no patch is made up.
pub(crate) fn target(version: &KubeVersion) -> String {
    if version.patch.is_none() {
        format!("v{}", version.minor)
    } else {
        version.exact()
    }
}

/// The version of a cluster as its spec shows it.
pub(crate) fn of_cluster(version: &KubeVersion) -> String {
    if version.minor < MINOR_ONLY_FROM {
        version.exact()
    } else {
        format!("v{}", version.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> KubeVersion {
        text.parse().unwrap()
    }

    #[test]
    fn a_target_without_patch_gets_none() {
        for (asked, echoed) in [
            ("1.32", "v1.32"),
            ("v1.32.4", "v1.32.4-r0"),
            ("v1.32.4-r2", "v1.32.4-r2"),
            ("v1.30.4-eks-a1", "v1.30.4-r0"),
        ] {
            assert_eq!(target(&v(asked)), echoed);
        }
    }

    #[test]
    fn clusters_show_their_minor_and_old_ones_their_patch() {
        assert_eq!(of_cluster(&v("v1.31.14")), "v1.31");
        assert_eq!(of_cluster(&v("v1.21.1")), "v1.21");
        assert_eq!(of_cluster(&v("v1.19.16-r4")), "v1.19.16-r4");
    }
}
