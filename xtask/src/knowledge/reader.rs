//! What Go's own parser reads out of the sources: `xtask/knowledge-go`, built once a run and asked about one minor at a time.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result, bail};
use serde::{Serialize, de::DeserializeOwned};

use super::modules::{Module, Release};

/// Modules of others that declare flags of Kubernetes' programs; each minor says itself which version it is made with.
const COMPANIONS: &[&str] = &[
    "github.com/google/cadvisor",
    "github.com/google/cadvisor/lib",
    "github.com/spf13/pflag",
    "k8s.io/klog",
    "k8s.io/klog/v2",
    "k8s.io/utils",
];

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

#[derive(Serialize)]
struct Input<'a> {
    minor: u16,
    modules: BTreeMap<&'a str, PathBuf>,
}

/// Asks for one sort of facts of a minor.
pub(super) fn read<T: DeserializeOwned>(release: &Release, what: &str) -> Result<T> {
    let companions = companions(release)?;
    let modules = release.modules().chain(companions.values());
    let input = Input {
        minor: release.minor,
        modules: modules
            .map(|module| (&*module.name, module.folder().to_owned()))
            .collect(),
    };
    let answer = run(what, &serde_json::to_vec(&input)?)
        .with_context(|| format!("read the {what} of 1.{}", release.minor))?;
    serde_json::from_slice(&answer).with_context(|| format!("read what is said of {what}"))
}

fn run(what: &str, input: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(program()?)
        .arg(what)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start the reader of Go sources")?;
    // The input is smaller than a pipe's buffer, and the program reads all of it before it writes.
    let mut stdin = child.stdin.take().context("its input")?;
    stdin.write_all(input)?;
    drop(stdin);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

fn program() -> Result<&'static PathBuf> {
    if let Some(program) = PROGRAM.get() {
        return Ok(program);
    }
    let folder = crate::test::root().join("xtask/knowledge-go");
    let program = crate::test::root().join("target/knowledge-go");
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .env("GOFLAGS", "-mod=mod")
        .env("CGO_ENABLED", "0")
        .current_dir(&folder)
        .status()
        .context("run go, which builds the reader of Go sources")?;
    if !built.success() {
        bail!("{} does not build", folder.display());
    }
    Ok(PROGRAM.get_or_init(|| program))
}

/// Downloads the companions at the versions that the minor's own go.mod asks for.
fn companions(release: &Release) -> Result<BTreeMap<String, Module>> {
    let go_mod = release.module("k8s.io/kubernetes")?.read("go.mod")?;
    let wanted: Vec<_> = COMPANIONS
        .iter()
        .filter_map(|name| Some(format!("{name}@{}", version(&go_mod, name)?)))
        .collect();
    super::modules::download(&wanted)
}

/// The version that a `require` line of a go.mod asks for.
fn version<'a>(go_mod: &'a str, name: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("require ").unwrap_or(line);
        let mut words = line.split_whitespace();
        let found = words.next() == Some(name);
        words
            .next()
            .filter(|version| found && version.starts_with('v'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_the_module_and_of_no_replacement() {
        let go_mod = "require (\n\tk8s.io/klog/v2 v2.9.0 // indirect\n\tk8s.io/klog v1.0.0\n)\nrequire k8s.io/utils v0.1.0\nreplace (\n\tgithub.com/spf13/pflag => github.com/spf13/pflag v1.0.5\n)\n";
        assert_eq!(version(go_mod, "k8s.io/klog"), Some("v1.0.0"));
        assert_eq!(version(go_mod, "k8s.io/klog/v2"), Some("v2.9.0"));
        assert_eq!(version(go_mod, "k8s.io/utils"), Some("v0.1.0"));
        assert_eq!(version(go_mod, "github.com/spf13/pflag"), None);
    }
}
