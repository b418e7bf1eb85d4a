//! Container runtimes, as nodes report them.

use airworthy_model::Minor;

/// A runtime that something is known about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    /// `docker://…`.
    Docker,
    /// `containerd://major.minor…`.
    Containerd(u16, u16),
    /// `cri-o://…`, which counts as Kubernetes does.
    CriO(Minor),
}

impl Runtime {
    /// Reads `containerRuntimeVersion`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text.split_once("://")? {
            ("docker", _) => Some(Self::Docker),
            ("containerd", version) => {
                numbers(version).map(|(major, minor)| Self::Containerd(major, minor))
            }
            ("cri-o", version) => version.parse().ok().map(Self::CriO),
            _ => None,
        }
    }
}

/// The whole version of containerd, where the text has three numbers.
pub(crate) fn containerd(text: &str) -> Option<(u16, u16, u16)> {
    let version = text.strip_prefix("containerd://")?;
    let (major, minor) = numbers(version)?;
    let patch = version.splitn(3, '.').nth(2)?;
    let end = patch.find(|c: char| !c.is_ascii_digit());
    Some((
        major,
        minor,
        patch[..end.unwrap_or(patch.len())].parse().ok()?,
    ))
}

/// The first two numbers of a version, whatever follows them.
fn numbers(version: &str) -> Option<(u16, u16)> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let (major, rest) = version.split_once('.')?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..end].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_versions_have_three_numbers() {
        for (text, version) in [
            ("containerd://1.7.28-0ubuntu1", Some((1, 7, 28))),
            ("containerd://v2.4.0-rc.1", Some((2, 4, 0))),
            ("containerd://2.1", None),
            ("containerd://Unknown", None),
            ("cri-o://1.31.2", None),
        ] {
            assert_eq!(containerd(text), version, "{text}");
        }
    }

    #[test]
    fn reads_what_nodes_report() {
        for (text, runtime) in [
            ("docker://20.10.7", Some(Runtime::Docker)),
            ("containerd://1.5.18", Some(Runtime::Containerd(1, 5))),
            ("containerd://1.7.27-gke.1", Some(Runtime::Containerd(1, 7))),
            ("containerd://v2.0", Some(Runtime::Containerd(2, 0))),
            ("containerd://2.1-rc1", Some(Runtime::Containerd(2, 1))),
            (
                "cri-o://1.30.4-3.rhaos4.17",
                Some(Runtime::CriO(Minor::v1(30))),
            ),
            ("containerd://Unknown", None),
            ("kwok-v0.7.0", None),
            ("", None),
        ] {
            assert_eq!(Runtime::read(text), runtime, "{text}");
        }
    }
}
