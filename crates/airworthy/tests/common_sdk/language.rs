//! The SDKs: installed by package name with the ordinary clients, once, outside the work tree.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    time::Duration,
};

use airworthy_testbed::{cache_folder, wait_until};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{Run, say, workspace};

/// Packages are fetched and the Go SDK is compiled: minutes on a slow machine.
const INSTALL_DEADLINE: Duration = Duration::from_mins(15);
/// Compiles little but links everything.
const BUILD_DEADLINE: Duration = Duration::from_mins(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    Python,
    Go,
    /// The same client with the last release of the SDK that has the shapes of before 2026-04.
    GoLegacy,
    Java,
}

impl Language {
    pub(crate) const ALL: [Self; 4] = [Self::Python, Self::Go, Self::GoLegacy, Self::Java];

    /// Language and release of the SDK.
    pub(crate) fn release(self) -> &'static str {
        match self {
            Self::Python => "Python 3.1.219",
            Self::Go => "Go 0.1.207",
            Self::GoLegacy => "Go 0.1.174",
            Self::Java => "Java 3.1.130",
        }
    }

    /// Whether it reads workflows in the shapes of before 2026-04 only.
    pub(crate) fn is_legacy(self) -> bool {
        matches!(self, Self::GoLegacy | Self::Java)
    }

    /// The folder of the own client below `clients/`.
    fn folder(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Go | Self::GoLegacy => "go",
            Self::Java => "java",
        }
    }

    /// The folder in the cache.
    fn home(self) -> &'static str {
        match self {
            Self::GoLegacy => "go-legacy",
            _ => self.folder(),
        }
    }

    fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["requirements.txt", "constraints.txt"],
            Self::Go => &["go.mod", "go.sum", "main.go", "calls.go"],
            Self::GoLegacy => &["legacy.mod", "legacy.sum", "main.go", "calls.go"],
            Self::Java => &["pom.xml", JAVA_CLIENT, JAVA_CALLS],
        }
    }

    /// What the Go tool has to be told of the module file.
    fn module(self) -> &'static [&'static str] {
        match self {
            Self::GoLegacy => &["-modfile=legacy.mod"],
            _ => &[],
        }
    }

    /// The first tool that its SDK needs and that is not on the path.
    pub(crate) fn lacks(self) -> Option<&'static str> {
        let tools: &[&str] = match self {
            Self::Python => &["python3"],
            Self::Go | Self::GoLegacy => &["go"],
            Self::Java => &["java", "javac", "mvn"],
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there = |tool: &str| std::env::split_paths(&path).any(|p| p.join(tool).is_file());
        tools.iter().copied().find(|tool| !is_there(tool))
    }

    fn version(self) -> Run {
        let (program, argument) = match self {
            Self::Python => ("python3", "--version"),
            Self::Go | Self::GoLegacy => ("go", "version"),
            Self::Java => ("javac", "-version"),
        };
        Run::new(program).arg(argument)
    }
}

const JAVA_CLIENT: &str = "src/main/java/dev/airworthy/client/Client.java";
const JAVA_CALLS: &str = "src/main/java/dev/airworthy/client/Calls.java";
/// A short-lived JVM has no use for its optimizing compiler.
const JVM: [&str; 2] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/// An SDK with the own client, ready to run.
#[derive(Debug)]
pub(crate) struct Sdk {
    pub(crate) language: Language,
    /// What is installed; other tests use it too.
    home: PathBuf,
}

impl Sdk {
    /// Installs what is not there yet; processes that want the same wait for each other.
    pub(crate) async fn install(language: Language) -> Result<Self> {
        let about = || format!("installing the SDK for {language:?}");
        let key = key(language).await.with_context(about)?;
        let home = cache_folder()?.join(format!("clients/{}-{key:016x}", language.home()));
        let sdk = Self { language, home };
        fs::create_dir_all(&sdk.home)?;
        let lock = File::create(sdk.home.with_extension("lock"))?;
        wait_until(INSTALL_DEADLINE, "another installation", || async {
            Ok(lock.try_lock().is_ok().then_some(()))
        })
        .await?;
        if !sdk.is_whole() {
            fs::remove_dir_all(&sdk.home)?;
            fs::create_dir_all(&sdk.home)?;
            say(&format!("installing the SDK for {language:?} (once)"));
            match language {
                Language::Python => sdk.install_python().await.with_context(about)?,
                Language::Go | Language::GoLegacy => sdk.install_go().await.with_context(about)?,
                Language::Java => sdk.install_java().await.with_context(about)?,
            }
            fs::write(sdk.home.join("whole"), "")?;
        }
        Ok(sdk)
    }

    /// Whether it was installed to the end, and what it refers to outside its folder is still there.
    fn is_whole(&self) -> bool {
        let outside = match self.language {
            Language::Python => self.python().is_file(),
            Language::Go | Language::GoLegacy => true,
            Language::Java => self
                .class_path()
                .is_ok_and(|path| std::env::split_paths(&path).all(|jar| jar.is_file())),
        };
        outside && self.home.join("whole").is_file()
    }

    async fn install_python(&self) -> Result<()> {
        Run::new("python3")
            .args(["-m", "venv"])
            .arg(&self.home)
            .within(INSTALL_DEADLINE)
            .succeed()
            .await?;
        Run::new(self.python())
            .args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "--no-input"])
            .args(["-r", "requirements.txt", "-c", "constraints.txt"])
            .folder(self.clients())
            .within(INSTALL_DEADLINE)
            .succeed()
            .await?;
        Ok(())
    }

    async fn install_go(&self) -> Result<()> {
        go_build(&self.home.join("client"))
            .args(self.language.module())
            .arg(".")
            .folder(self.clients())
            .within(INSTALL_DEADLINE)
            .succeed()
            .await?;
        Ok(())
    }

    async fn install_java(&self) -> Result<()> {
        // Maven writes beside the project file.
        fs::copy(self.clients().join("pom.xml"), self.home.join("pom.xml"))?;
        Run::new("mvn")
            .args(["--batch-mode", "--quiet", "-Dstyle.color=never"])
            .arg("dependency:build-classpath")
            .folder(self.home.clone())
            .within(INSTALL_DEADLINE)
            .succeed()
            .await?;
        Run::new("javac")
            .arg("-d")
            .arg(self.home.join("classes"))
            .arg("-cp")
            .arg(self.class_path()?)
            .args([JAVA_CLIENT, JAVA_CALLS])
            .folder(self.clients())
            .within(BUILD_DEADLINE)
            .succeed()
            .await?;
        Ok(())
    }

    /// The own client.
    pub(crate) fn client(&self, words: &[&str]) -> Result<Run> {
        let run = match self.language {
            // Nothing is written into the work tree.
            Language::Python => Run::new(self.python())
                .arg("-B")
                .arg(self.clients().join("client.py")),
            Language::Go | Language::GoLegacy => Run::new(self.home.join("client")),
            Language::Java => {
                let own = self.home.join("classes").into_os_string();
                let path = [own, self.class_path()?].join(&OsString::from(":"));
                self.java(&path).arg("dev.airworthy.client.Client")
            }
        };
        let name = format!("{:?} client {}", self.language, words.join(" "));
        Ok(self.at_home(run).args(words).named(name))
    }

    /// A program of the vendor's, as it stands; `folder` is for this one alone.
    pub(crate) async fn sample(&self, code: &str, folder: &Path) -> Result<Run> {
        let run = match self.language {
            Language::Python => {
                let file = folder.join("sample.py");
                fs::write(&file, code)?;
                Run::new(self.python()).arg(file)
            }
            Language::Go | Language::GoLegacy => Run::new(self.build_go(code, folder).await?),
            Language::Java => {
                let file = folder.join("Sample.java");
                fs::write(&file, code)?;
                self.java(&self.class_path()?).arg(file)
            }
        };
        Ok(self.at_home(run))
    }

    /// The SDKs keep an id of their user's in the home folder.
    fn at_home(&self, run: Run) -> Run {
        run.env("HOME", &self.home)
    }

    fn java(&self, class_path: &OsStr) -> Run {
        let mut home = OsString::from("-Duser.home=");
        home.push(&self.home);
        Run::new("java")
            .args(JVM)
            .arg(home)
            .arg("-cp")
            .arg(class_path)
    }

    /// Compiles the sample in place of `sample/main.go`; nothing is written into the work tree.
    async fn build_go(&self, code: &str, folder: &Path) -> Result<PathBuf> {
        let (sample, overlay) = (folder.join("main.go"), folder.join("overlay.json"));
        fs::write(&sample, code)?;
        let placeholder = self.clients().join("sample/main.go");
        ensure!(placeholder.is_file(), "{} is gone", placeholder.display());
        fs::write(
            &overlay,
            json!({ "Replace": { (placeholder.to_string_lossy()): sample } }).to_string(),
        )?;
        let program = folder.join("sample");
        go_build(&program)
            .args(self.language.module())
            .arg("-overlay")
            .arg(&overlay)
            .arg("./sample")
            .folder(self.clients())
            .within(BUILD_DEADLINE)
            .succeed()
            .await?;
        Ok(program)
    }

    fn python(&self) -> PathBuf {
        self.home.join("bin/python")
    }

    /// The jars of the SDK and of what it needs.
    fn class_path(&self) -> Result<OsString> {
        Ok(fs::read_to_string(self.home.join("target/classpath"))?
            .trim()
            .into())
    }

    fn clients(&self) -> PathBuf {
        workspace().join("clients").join(self.language.folder())
    }
}

fn go_build(program: &Path) -> Run {
    Run::new("go")
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(program)
}

/// Changes with everything that what is installed depends on.
async fn key(language: Language) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    let version = language.version().succeed().await?;
    (version.stdout, version.stderr).hash(&mut hasher);
    for source in language.sources() {
        let path = workspace()
            .join("clients")
            .join(language.folder())
            .join(source);
        fs::read(&path)
            .with_context(|| path.display().to_string())?
            .hash(&mut hasher);
    }
    Ok(hasher.finish())
}
