//! Finds the programs of a cluster, building or installing what is absent.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Context as _, Error, Result};
use crate::recipe::{self, Recipe};

/// The programs that one version of a cluster is made of.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// The full version, such as `1.31.14`.
    pub version: String,
    /// The multi-call binary of API server, controller manager and scheduler.
    pub control_plane: PathBuf,
    /// Plays the kubelets.
    pub kwok: PathBuf,
    /// Stores the cluster's state.
    pub etcd: PathBuf,
}

impl Binaries {
    /// Finds the binaries of `1.31` or `1.31.14`, building those the cache has not.
    ///
    /// Blocks; a first build takes minutes. Processes that want the same binary at the same time
    /// wait for the one that builds it.
    pub fn for_version(version: &str) -> Result<Self> {
        let version = recipe::resolve(version)?;
        Ok(Self {
            etcd: etcd()?,
            kwok: cached(&Recipe::kwok()?)?,
            control_plane: cached(&Recipe::control_plane(&version)?)?,
            version,
        })
    }
}

/// Whether [`Binaries::for_version`] would have nothing to build or install, which can take minutes.
pub fn are_there(version: &str) -> Result<bool> {
    let version = recipe::resolve(version)?;
    let cache = cache_folder()?;
    let built = |recipe: Recipe| cache.join(recipe.name).is_file();
    let recipes = [Recipe::kwok()?, Recipe::control_plane(&version)?];
    Ok(recipes.into_iter().all(built) && on_path("etcd").is_some())
}

/// The folder of built binaries, outside every work tree.
pub fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("AIRWORTHY_TESTBED_CACHE") {
        return Ok(folder.into());
    }
    if let Some(folder) = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        return Ok(Path::new(&folder).join("airworthy-testbed"));
    }
    let home = std::env::home_dir().ok_or(Error::MissingProgram {
        program: "a cache folder",
        hint: "set AIRWORTHY_TESTBED_CACHE or HOME".into(),
    })?;
    Ok(home.join(".cache/airworthy-testbed"))
}

/// Prints progress of what may take minutes.
#[allow(clippy::print_stderr)] // People wait for builds; the test harness has no other channel.
fn progress(line: &str) {
    eprintln!("testbed: {line}");
}

fn cached(recipe: &Recipe) -> Result<PathBuf> {
    let cache = cache_folder()?;
    let binary = cache.join(&recipe.name);
    if binary.is_file() {
        return Ok(binary);
    }
    let _lock = lock(&cache, &recipe.name)?;
    if !binary.is_file() {
        build(recipe, &binary)?;
    }
    Ok(binary)
}

/// Held until dropped.
fn lock(cache: &Path, name: &str) -> Result<File> {
    std::fs::create_dir_all(cache).context(format!("make {}", cache.display()))?;
    let path = cache.join(format!("{name}.lock"));
    let file = File::create(&path).context(format!("open {}", path.display()))?;
    if file.try_lock().is_err() {
        progress(&format!("waiting for another process that makes {name}"));
        file.lock().context(format!("lock {}", path.display()))?;
    }
    Ok(file)
}

fn build(recipe: &Recipe, binary: &Path) -> Result<()> {
    progress(&format!("building {} (minutes, once)", recipe.name));
    let started = std::time::Instant::now();
    let unfinished =
        binary.with_file_name(format!("{}.building-{}", recipe.name, std::process::id()));
    let mut command = Command::new("go");
    command
        .current_dir(&recipe.folder)
        .env("CGO_ENABLED", "0")
        .args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
            "-o",
        ])
        .arg(&unfinished)
        .args(&recipe.args);
    let built = run(&mut command).and_then(|()| {
        std::fs::rename(&unfinished, binary).context(format!("rename to {}", binary.display()))
    });
    if built.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    progress(&format!(
        "{} took {} s",
        recipe.name,
        started.elapsed().as_secs()
    ));
    built
}

fn run(command: &mut Command) -> Result<()> {
    let line = format!("{command:?}");
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::MissingProgram {
                program: "a program",
                hint: format!("not found: {line}"),
            });
        }
        Err(source) => return Err(Error::Io { what: line, source }),
    };
    if output.status.success() {
        return Ok(());
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(Error::Command {
        command: line,
        output: crate::process::last_lines(&text, 40),
    })
}

fn etcd() -> Result<PathBuf> {
    installed("etcd", "etcd-server")
}

/// A program that a package of Debian and Ubuntu has; root without it installs the package.
pub fn installed(program: &'static str, package: &'static str) -> Result<PathBuf> {
    if let Some(path) = on_path(program) {
        return Ok(path);
    }
    let by_hand = || Error::MissingProgram {
        program,
        hint: format!("install it (Debian, Ubuntu: apt-get install {package})"),
    };
    if on_path("apt-get").is_none() || !is_root() {
        return Err(by_hand());
    }
    let _lock = lock(&cache_folder()?, program)?;
    if on_path(program).is_none() {
        progress(&format!("installing {package}"));
        install(package)?;
    }
    on_path(program).ok_or_else(by_hand)
}

fn install(package: &str) -> Result<()> {
    // Something else may be installing at this moment.
    let patient = ["-q", "-o", "DPkg::Lock::Timeout=300"];
    run(Command::new("apt-get").arg("update").args(patient))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["install", "-y", "--no-install-recommends", package]);
    run(install.args(patient))
}

/// Whether this process is root, as the owner of its entry in `/proc` tells.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The first program of that name on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
