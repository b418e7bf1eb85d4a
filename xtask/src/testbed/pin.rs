//! Writes the Go module that pins one version of the control plane.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use airworthy_testbed::modules;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::say;

/// Modules older than this language version are written as if they were of it: it is the first
/// whose module files today's Go keeps complete.
const OLDEST_GO: (u32, u32) = (1, 21);

/// Writes `testbed/controlplane/<minor>/go.mod` and `go.sum`.
///
/// `chosen` names versions of single modules, each as `module=version`.
pub(super) fn pin(version: &str, chosen: &[String]) -> Result<()> {
    let version = version.trim_start_matches('v');
    let (minor, patch) = parse(version)?;
    let upstream = download("k8s.io/kubernetes", &format!("v{version}"))?;
    let file = upstream["GoMod"].as_str().context("go names no go.mod")?;
    let upstream = std::fs::read_to_string(file).context("read the go.mod of k8s.io/kubernetes")?;
    let mut replacements = Vec::new();
    for module in staging(&upstream) {
        let found = match version_in(chosen, module) {
            Some(version) => version.to_owned(),
            None => newest(module, minor, patch)?,
        };
        say(&format!("{module} {found}"));
        replacements.push((module, found));
    }
    let folder = modules().join("controlplane");
    let pinned = folder.join(format!("1.{minor}"));
    std::fs::create_dir_all(&pinned).with_context(|| format!("make {}", pinned.display()))?;
    std::fs::write(
        pinned.join("go.mod"),
        go_mod(&upstream, version, &replacements),
    )?;
    let modfile = format!("-modfile=1.{minor}/go.mod");
    go(&folder, &["mod", "tidy", &modfile])?;
    say(&format!("pinned {version} in {}", pinned.display()));
    Ok(())
}

/// 31 and 14 of `1.31.14`.
fn parse(version: &str) -> Result<(u32, u32)> {
    let numbers: Vec<u32> = version
        .split('.')
        .filter_map(|number| number.parse().ok())
        .collect();
    match numbers[..] {
        [1, minor, patch] => Ok((minor, patch)),
        _ => bail!("{version} is not a full version such as 1.31.14"),
    }
}

/// The modules kubernetes requires at exactly `v0.0.0`: they live in its own repository, and
/// outside of it they have a version per release. Pseudo-versions are other projects' modules.
fn staging(go_mod: &str) -> Vec<&str> {
    let mut modules: Vec<&str> = go_mod
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let module = words
                .next()
                .filter(|module| module.starts_with("k8s.io/"))?;
            (words.next() == Some("v0.0.0")).then_some(module)
        })
        .collect();
    modules.sort_unstable();
    modules.dedup();
    modules
}

/// The version that `module=version` chooses for a module.
fn version_in<'a>(chosen: &'a [String], module: &str) -> Option<&'a str> {
    chosen
        .iter()
        .find_map(|choice| choice.strip_prefix(module)?.strip_prefix('='))
}

/// The newest patch that can be had: some are missing, and patches of one minor mix well.
fn newest(module: &str, minor: u32, patch: u32) -> Result<String> {
    (0..=patch)
        .rev()
        .map(|patch| format!("v0.{minor}.{patch}"))
        .find(|version| download(module, version).is_ok())
        .with_context(|| format!("no version of {module} for 1.{minor} can be had"))
}

fn go_mod(upstream: &str, version: &str, replacements: &[(&str, String)]) -> String {
    let mut text = format!(
        "module airworthy.dev/testbed/controlplane\n\ngo {}\n\n",
        language(upstream)
    );
    text.push_str(&godebug(upstream));
    // Writing to a string cannot fail.
    let _ = write!(text, "require k8s.io/kubernetes v{version}\n\nreplace (\n");
    for (module, version) in replacements {
        let _ = writeln!(text, "\t{module} => {module} {version}");
    }
    text.push_str(")\n");
    text
}

/// The language version of the upstream module, or the oldest we write.
fn language(upstream: &str) -> String {
    let version = upstream
        .lines()
        .find_map(|line| line.strip_prefix("go "))
        .unwrap_or_default()
        .trim();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let pair = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if pair >= OLDEST_GO {
        version.to_owned()
    } else {
        format!("{}.{}", OLDEST_GO.0, OLDEST_GO.1)
    }
}

/// The upstream's `godebug` settings, in a line or a block: they shape how the binary behaves.
fn godebug(upstream: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for line in upstream.lines() {
        let starts = line.starts_with("godebug ");
        if starts || inside {
            let _ = writeln!(text, "{line}");
            inside = if starts {
                line.ends_with('(')
            } else {
                line != ")"
            };
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn download(module: &str, version: &str) -> Result<Value> {
    let output = go(
        &std::env::temp_dir(),
        &["mod", "download", "-json", &format!("{module}@{version}")],
    )?;
    serde_json::from_str(&output).context("read the answer of go mod download")
}

fn go(folder: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new("go")
        .current_dir(folder)
        .args(args)
        .output()
        .context("run go")?;
    if !output.status.success() {
        bail!(
            "go {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPSTREAM: &str = "\
module k8s.io/kubernetes

go 1.23.0

godebug default=go1.23

godebug (
	a=1
	b=2
)

require (
	k8s.io/api v0.0.0
	k8s.io/gengo v0.0.0-20211129171323-c02415ce4185
	k8s.io/klog/v2 v2.60.1
	k8s.io/kms v0.0.0 // indirect
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
)
";

    #[test]
    fn staging_modules_are_those_at_exactly_zero() {
        assert_eq!(staging(UPSTREAM), ["k8s.io/api", "k8s.io/kms"]);
    }

    #[test]
    fn language_and_godebug_are_upstreams() {
        assert_eq!(language(UPSTREAM), "1.23.0");
        assert_eq!(language("go 1.19"), "1.21");
        let settings = "godebug default=go1.23\ngodebug (\n\ta=1\n\tb=2\n)\n\n";
        assert_eq!(godebug(UPSTREAM), settings);
        let text = go_mod(UPSTREAM, "1.32.13", &[("k8s.io/api", "v0.32.13".into())]);
        assert!(text.ends_with("\nreplace (\n\tk8s.io/api => k8s.io/api v0.32.13\n)\n"));
    }

    #[test]
    fn a_choice_is_for_its_module_alone() {
        let chosen = ["k8s.io/kms=v0.32.1".to_owned()];
        assert_eq!(version_in(&chosen, "k8s.io/kms"), Some("v0.32.1"));
        assert_eq!(version_in(&chosen, "k8s.io/km"), None);
    }

    #[test]
    fn only_full_versions_are_pinned() {
        assert_eq!(parse("1.31.14").unwrap(), (31, 14));
        assert!(parse("1.31").is_err() && parse("2.0.0").is_err());
    }
}
