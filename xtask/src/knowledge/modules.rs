//! Kubernetes' own Go modules, at the version of each minor, read from Go's module cache.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

/// The modules that are read; not every minor has all of them.
const MODULES: &[&str] = &[
    "k8s.io/api",
    "k8s.io/apiextensions-apiserver",
    "k8s.io/apimachinery",
    "k8s.io/apiserver",
    "k8s.io/client-go",
    "k8s.io/cloud-provider",
    "k8s.io/component-base",
    "k8s.io/controller-manager",
    "k8s.io/kube-aggregator",
    "k8s.io/kube-controller-manager",
    "k8s.io/kube-proxy",
    "k8s.io/kube-scheduler",
    "k8s.io/kubectl",
    "k8s.io/kubelet",
    "k8s.io/kubernetes",
    "k8s.io/pod-security-admission",
];

/// The version of each module for each minor: `crates/knowledge/data/modules.json`. Patches of one minor tell the same; the
/// newest that could be had when it was pinned is read.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Pins(BTreeMap<u16, BTreeMap<String, String>>);

impl Pins {
    fn file() -> PathBuf {
        super::data().join("modules.json")
    }

    /// Reads the committed pins.
    pub(crate) fn read() -> Result<Self> {
        let file = Self::file();
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is broken", file.display()))
    }

    /// The minors, oldest first: 19 for 1.19.
    pub(crate) fn minors(&self) -> impl Iterator<Item = u16> {
        self.0.keys().copied()
    }

    /// Downloads what the module cache lacks of a minor's modules, and tells where they are. Fails on a pin that cannot be had:
    /// rows must not vanish with it.
    pub(crate) fn fetch(&self, minor: u16) -> Result<Release> {
        let pins = self
            .0
            .get(&minor)
            .with_context(|| format!("1.{minor} has no pins"))?;
        let wanted: Vec<_> = pins
            .iter()
            .map(|(name, tag)| format!("{name}@{tag}"))
            .collect();
        let modules = download(&wanted)?;
        Ok(Release { minor, modules })
    }

    /// Pins the newest patch of each module that can be had, from `patch` downwards, and writes the file.
    pub(crate) fn pin(minor: u16, patch: u16) -> Result<()> {
        let mut pins = Self::read()?;
        let found = MODULES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), newest(name, minor, patch)?)));
        pins.0.insert(minor, found.collect());
        fs::write(Self::file(), serde_json::to_string_pretty(&pins)? + "\n")?;
        Ok(())
    }
}

fn newest(name: &str, minor: u16, patch: u16) -> Option<String> {
    let major = u8::from(name == "k8s.io/kubernetes");
    let tags = (0..=patch)
        .rev()
        .map(|patch| format!("v{major}.{minor}.{patch}"));
    tags.into_iter()
        .find(|tag| download(&[format!("{name}@{tag}")]).is_ok())
}

/// The modules of one minor.
pub(crate) struct Release {
    /// 31 for 1.31.
    pub(crate) minor: u16,
    modules: BTreeMap<String, Module>,
}

impl Release {
    /// A module that every minor has.
    pub(crate) fn module(&self, name: &str) -> Result<&Module> {
        let found = self.find(name);
        found.with_context(|| format!("1.{} has no module {name}", self.minor))
    }

    /// All modules.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
    }

    /// A module that some minors have.
    pub(crate) fn find(&self, name: &str) -> Option<&Module> {
        self.modules.get(name)
    }
}

/// One module at one version, unpacked in the module cache.
pub(crate) struct Module {
    /// Such as `k8s.io/api`.
    pub(crate) name: String,
    /// Such as `v0.31.14`.
    pub(crate) tag: String,
    folder: PathBuf,
}

impl Module {
    /// Where it is unpacked.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The paths of all files under a folder of the module (`""` for all), in order.
    pub(crate) fn files(&self, folder: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let start = self.folder.join(folder);
        if start.is_dir() {
            walk(&start, &mut found)?;
        }
        let inside =
            |path: &PathBuf| Some(path.strip_prefix(&self.folder).ok()?.to_str()?.to_owned());
        let mut paths: Vec<_> = found.iter().filter_map(inside).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.folder.join(path).is_file()
    }

    /// The text of a file of the module.
    pub(crate) fn read(&self, path: &str) -> Result<String> {
        let file = self.folder.join(path);
        fs::read_to_string(&file)
            .with_context(|| format!("read {path} of {} {}", self.name, self.tag))
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// What `go mod download -json` says of a module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    path: String,
    version: String,
    #[serde(default)]
    dir: PathBuf,
    #[serde(default)]
    error: String,
}

/// Go asks the proxy that its environment names, and checks what it gets.
pub(super) fn download(wanted: &[String]) -> Result<BTreeMap<String, Module>> {
    let output = Command::new("go")
        .args(["mod", "download", "-json"])
        .args(wanted)
        .env("GOFLAGS", "-mod=mod")
        // Outside of any module, so that none is changed.
        .current_dir(std::env::temp_dir())
        .output()
        .context("run go, which reads Kubernetes' modules")?;
    let answers = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Downloaded>();
    let mut modules = BTreeMap::new();
    for answer in answers {
        let answer = answer.context("read the answer of go mod download")?;
        if !answer.error.is_empty() {
            bail!("{} {}: {}", answer.path, answer.version, answer.error);
        }
        let module = Module {
            name: answer.path,
            tag: answer.version,
            folder: answer.dir,
        };
        modules.insert(module.name.clone(), module);
    }
    if modules.len() < wanted.len() {
        bail!(
            "go mod download: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(modules)
}
