//! What is installed, once, outside the work tree: a validator of OpenAPI documents, and what drives a browser.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    time::Duration,
};

use airworthy_testbed::{cache_folder, installed, wait_until};
use anyhow::{Context as _, Result};

use crate::{
    common_sdk::{Ended, Run, say},
    own,
};

const INSTALL_DEADLINE: Duration = Duration::from_mins(10);

/// A program that judges OpenAPI documents.
#[derive(Debug)]
pub(crate) struct Validator {
    python: PathBuf,
}

impl Validator {
    /// Installs it; nothing where that cannot be, outside CI.
    pub(crate) async fn install() -> Result<Option<Self>> {
        if at_hand("python3", "python3-venv")?.is_none() {
            return left_out("the validator of the document", "python3");
        }
        let home = home("openapi-validator", &["requirements.txt"]).await?;
        let python = home.path.join("bin/python");
        home.filled(async |home| {
            let venv = Run::new("python3").args(["-m", "venv"]).arg(home);
            venv.within(INSTALL_DEADLINE).succeed().await?;
            Run::new(home.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--no-input"])
                .args(["--disable-pip-version-check", "-r", "requirements.txt"])
                .folder(own())
                .within(INSTALL_DEADLINE)
                .succeed()
                .await
                .map(drop)
        })
        .await?;
        Ok(Some(Self { python }))
    }

    /// Judges a document; one that is not valid is an error.
    pub(crate) async fn run(&self, document: &Path) -> Result<Ended> {
        Run::new(&self.python)
            .args(["-m", "openapi_spec_validator", "--schema", "3.1"])
            .arg(document)
            .named("openapi-spec-validator")
            .succeed()
            .await
    }
}

/// Chromium, and the packages that drive it.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) home: PathBuf,
}

impl Browser {
    /// Installs the packages; nothing where that cannot be, outside CI.
    pub(crate) async fn install() -> Result<Option<Self>> {
        for (tool, package) in [("node", "nodejs"), ("npm", "npm")] {
            if at_hand(tool, package)?.is_none() {
                return left_out("the pages in a browser", tool);
            }
        }
        let other = on_path(&["chromium-browser", "google-chrome"]);
        let Some(chromium) =
            other.map_or_else(|| at_hand("chromium", "chromium"), |it| Ok(Some(it)))?
        else {
            return left_out("the pages in a browser", "chromium");
        };
        let home = home("browser", &["package.json", "package-lock.json"]).await?;
        let path = home.path.clone();
        home.filled(async |home| {
            for file in ["package.json", "package-lock.json"] {
                fs::copy(own().join(file), home.join(file))?;
            }
            Run::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .folder(home)
                .within(INSTALL_DEADLINE)
                .succeed()
                .await
                .map(drop)
        })
        .await?;
        Ok(Some(Self {
            chromium,
            home: path,
        }))
    }
}

/// A program, if it is there; in CI it must be, and is installed where it is not.
pub(crate) fn at_hand(program: &'static str, package: &'static str) -> Result<Option<PathBuf>> {
    match on_path(&[program]) {
        None if std::env::var_os("CI").is_some() => Ok(Some(installed(program, package)?)),
        found => Ok(found),
    }
}

/// Outside CI something may be left out, loudly.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands for what would be installed"
)]
fn left_out<T>(what: &str, tool: &str) -> Result<Option<T>> {
    say(&format!("LEFT OUT: {what}, {tool} is not installed"));
    Ok(None)
}

/// The first of these programs that is there.
fn on_path(programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let all = programs
        .iter()
        .flat_map(|it| folders.iter().map(move |folder| folder.join(it)));
    all.into_iter().find(|program| program.is_file())
}

/// A folder in the cache that one process fills.
struct Home {
    path: PathBuf,
    _lock: File,
}

/// The folder for these sources; processes that want the same wait for each other.
async fn home(name: &str, sources: &[&str]) -> Result<Home> {
    let mut hasher = DefaultHasher::new();
    for source in sources {
        fs::read(own().join(source))
            .context(source.to_string())?
            .hash(&mut hasher);
    }
    let path = cache_folder()?.join(format!("clients/{name}-{:016x}", hasher.finish()));
    fs::create_dir_all(&path)?;
    let lock = File::create(path.with_extension("lock"))?;
    wait_until(INSTALL_DEADLINE, "another installation", || async {
        Ok(lock.try_lock().is_ok().then_some(()))
    })
    .await?;
    Ok(Home { path, _lock: lock })
}

impl Home {
    /// Fills it, unless that was done to the end before.
    async fn filled(self, fill: impl AsyncFnOnce(&Path) -> Result<()>) -> Result<()> {
        let whole = self.path.join("whole");
        if whole.is_file() {
            return Ok(());
        }
        fs::remove_dir_all(&self.path)?;
        fs::create_dir_all(&self.path)?;
        say(&format!("installing into {} (once)", self.path.display()));
        fill(&self.path).await?;
        Ok(fs::write(whole, "")?)
    }
}
