//! Which binaries a version needs, and from which pinned sources they are built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::error::{Context as _, Error, Result};

/// The folder of the Go modules, beside the crates.
pub fn modules() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    // The crate lies two folders below the workspace.
    workspace.expect("a workspace").join("testbed")
}

/// How one Go binary is built, and the name that follows from everything that shapes it.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// `controlplane-1.31.14-<hash>` or `kwok-<hash>`.
    pub(crate) name: String,
    /// Where `go` runs.
    pub(crate) folder: PathBuf,
    /// The arguments after `go build`, without `-o`.
    pub(crate) args: Vec<String>,
}

impl Recipe {
    /// The multi-call control-plane binary of a full version.
    pub(crate) fn control_plane(version: &str) -> Result<Self> {
        let folder = modules().join("controlplane");
        let minor = minor_of(version);
        let pinned = folder.join(minor);
        let args = vec![
            format!("-modfile={minor}/go.mod"),
            "-ldflags".into(),
            linker_flags(version),
            ".".into(),
        ];
        let sources = [
            folder.join("main.go"),
            pinned.join("go.mod"),
            pinned.join("go.sum"),
        ];
        let hash = hash(&sources, &args)?;
        Ok(Self {
            name: format!("controlplane-{version}-{hash}"),
            folder,
            args,
        })
    }

    /// The kwok binary.
    pub(crate) fn kwok() -> Result<Self> {
        let folder = modules().join("kwok");
        let args = vec![
            "-ldflags".into(),
            "-s -w".into(),
            "sigs.k8s.io/kwok/cmd/kwok".into(),
        ];
        let hash = hash(&[folder.join("go.mod"), folder.join("go.sum")], &args)?;
        Ok(Self {
            name: format!("kwok-{hash}"),
            folder,
            args,
        })
    }
}

/// The full version pinned for `1.31`; a full version must be the pinned one.
pub fn resolve(version: &str) -> Result<String> {
    let version = version.trim_start_matches('v');
    let folder = modules().join("controlplane");
    let not_pinned = || Error::NotPinned {
        version: version.into(),
        folder: folder.clone(),
    };
    let minor = minor_of(version);
    let go_mod =
        std::fs::read_to_string(folder.join(minor).join("go.mod")).map_err(|_| not_pinned())?;
    let pinned = go_mod
        .lines()
        .find_map(|line| {
            line.trim()
                .trim_start_matches("require ")
                .strip_prefix("k8s.io/kubernetes v")
        })
        .ok_or_else(not_pinned)?
        .trim();
    if version == minor || version == pinned {
        Ok(pinned.to_owned())
    } else {
        Err(not_pinned())
    }
}

/// Every minor with a pinned module, oldest first.
pub fn pinned_minors() -> Result<Vec<String>> {
    let folder = modules().join("controlplane");
    let entries = std::fs::read_dir(&folder).context(format!("list {}", folder.display()))?;
    let mut minors: Vec<(u32, String)> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| folder.join(name).join("go.mod").is_file())
        .filter_map(|name| Some((name.strip_prefix("1.")?.parse().ok()?, name)))
        .collect();
    minors.sort();
    Ok(minors.into_iter().map(|(_, name)| name).collect())
}

/// `1.31` of `1.31.14`.
pub(crate) fn minor_of(version: &str) -> &str {
    match version.match_indices('.').nth(1) {
        Some((end, _)) => &version[..end],
        None => version,
    }
}

/// The version texts go in at link time; old minors also need the linker's leave for `linkname`.
fn linker_flags(version: &str) -> String {
    let minor = minor_of(version).trim_start_matches("1.");
    let mut flags = String::from("-s -w -checklinkname=0");
    let mut packages = vec!["k8s.io/component-base/version"];
    if minor.parse::<u32>().is_ok_and(|minor| minor <= 25) {
        packages.push("k8s.io/client-go/pkg/version");
    }
    for package in packages {
        for (name, value) in [
            ("gitVersion", &*format!("v{version}")),
            ("gitMajor", "1"),
            ("gitMinor", minor),
        ] {
            // Writing to a string cannot fail.
            let _ = write!(flags, " -X {package}.{name}={value}");
        }
    }
    flags
}

fn hash(files: &[PathBuf], args: &[String]) -> Result<String> {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for file in files {
        context.update(&std::fs::read(file).context(format!("read {}", file.display()))?);
        context.update(&[0]);
    }
    for arg in args {
        context.update(arg.as_bytes());
        context.update(&[0]);
    }
    let mut name = String::new();
    for byte in &context.finish().as_ref()[..8] {
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minor_is_the_first_two_numbers() {
        assert_eq!(minor_of("1.31.14"), "1.31");
        assert_eq!(minor_of("1.31"), "1.31");
    }

    #[test]
    fn every_pinned_minor_has_a_recipe() {
        let minors = pinned_minors().unwrap();
        assert!(minors.contains(&"1.31".to_owned()), "{minors:?}");
        for minor in minors {
            let version = resolve(&minor).unwrap();
            let recipe = Recipe::control_plane(&version).unwrap();
            assert!(recipe.name.starts_with(&format!("controlplane-{version}-")));
        }
        assert!(Recipe::kwok().unwrap().name.starts_with("kwok-"));
    }

    #[test]
    fn another_patch_than_the_pinned_one_is_refused() {
        assert!(matches!(resolve("1.31.0"), Err(Error::NotPinned { .. })));
        assert!(matches!(resolve("1.1"), Err(Error::NotPinned { .. })));
    }

    #[test]
    fn old_minors_carry_their_version_twice() {
        assert!(linker_flags("1.25.16").contains("client-go/pkg/version.gitMinor=25"));
        assert!(!linker_flags("1.31.14").contains("client-go"));
    }
}
