//! Files: objects of every kind at every version in every shape; the program predicts which of them the target refuses, and the
//! target's real API server says which it does.

mod corpus;
mod fix;
mod judge;
mod pages;
mod read;
mod score;
mod shapes;
mod yaml;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

pub use fix::Rewritten;
pub use score::Score;

use self::{
    corpus::Item,
    judge::{Judge, Verdict},
    shapes::{File, PLAIN, SHAPES},
};
use super::{Program, program::report, progress, say};

/// The target of the default tests.
pub const DEFAULT_TARGET: &str = "1.32";

/// Targets that are known, each with the minor before it.
const TARGETS: [(&str, &str); 3] = [("1.24", "1.25"), ("1.31", "1.32"), ("1.36", "1.37")];

/// Every kind is written in each so many-th shape.
const STRIDE: usize = 9;

/// `cargo xtask truth files`.
#[derive(clap::Args)]
pub struct Files {
    /// The minor whose API server judges
    #[arg(long, default_value = DEFAULT_TARGET, value_name = "MINOR")]
    target: String,
    /// Judge by every target that is known
    #[arg(long, conflicts_with = "target")]
    all: bool,
    /// Rewrite the files for the target and ask about them again
    #[arg(long)]
    fix: bool,
    /// Keep the files here
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    program: Program,
}

impl Files {
    /// Judges, prints, and fails when a prediction was wrong.
    pub(super) async fn run(self) -> Result<()> {
        let program = self.program.ready()?;
        let mut wrong = Vec::new();
        for (source, target) in TARGETS {
            if !self.all && target != self.target {
                continue;
            }
            let folder = Folder::of(self.keep.as_deref())?;
            let score = judge_in(folder.path(), target, &program).await?;
            say(&format!("files for {target}\n\n{}", score.render()));
            say(&examples_are_good(source, target, &score).await?);
            let rewritten = !self.fix || rewritten_well(folder.path(), target, &program).await?;
            if !(score.is_perfect() && rewritten) {
                wrong.push(target);
            }
        }
        if !wrong.is_empty() {
            bail!("wrong predictions: {}", wrong.join(", "));
        }
        Ok(())
    }
}

async fn rewritten_well(folder: &Path, target: &str, program: &Path) -> Result<bool> {
    progress(&format!(
        "asking {target} about the files that were rewritten"
    ));
    let rewritten = fix::rewrite(folder, target, &files()?, program).await?;
    say(&rewritten.render());
    Ok(rewritten.wrong.is_empty())
}

/// Writes the files, lets the program rewrite them for a target, and asks the target's API server about all of them.
pub async fn judge_fix(target: &str, program: &Path) -> Result<Rewritten> {
    let folder = tempfile::tempdir()?;
    let files = files()?;
    write(folder.path(), &files)?;
    fix::rewrite(folder.path(), target, &files, program).await
}

fn write(folder: &Path, files: &[File]) -> Result<()> {
    for file in files {
        std::fs::write(folder.join(&file.name), &file.text).with_context(|| file.name.clone())?;
    }
    Ok(())
}

/// Where the files are: a folder of ours that goes, or one of the caller's that stays.
enum Folder {
    Ours(tempfile::TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn of(kept: Option<&Path>) -> Result<Self> {
        match kept {
            Some(kept) => {
                std::fs::create_dir_all(kept).with_context(|| kept.display().to_string())?;
                Ok(Self::Kept(kept.to_owned()))
            }
            None => Ok(Self::Ours(tempfile::tempdir()?)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Ours(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

/// Judges predictions for a target, such as `1.32`, with this program airworthy. Errors: an API server that does not start, an
/// example that is no good, a program that fails.
pub async fn judge(target: &str, program: &Path) -> Result<Score> {
    let folder = tempfile::tempdir()?;
    judge_in(folder.path(), target, program).await
}

async fn judge_in(folder: &Path, target: &str, program: &Path) -> Result<Score> {
    let files = files()?;
    write(folder, &files)?;
    progress(&format!("asking {target} about {} files", files.len()));
    let verdicts = verdicts(target, &files).await?;
    let path = folder.display().to_string();
    let report = report(
        program,
        &[
            "precheck",
            "--manifests",
            &path,
            "--target",
            target,
            "-o",
            "json",
        ],
    )?;
    demand_everything_read(&report)?;
    Score::of(target.parse()?, &files, &verdicts, &report)
}

/// Every file that is judged.
fn files() -> Result<Vec<File>> {
    let kinds = corpus::kinds()?;
    let traps: Vec<_> = corpus::traps()?.iter().map(corpus::Trap::item).collect();
    let fields: Vec<_> = corpus::fields()?
        .into_iter()
        .map(|(_, item)| item)
        .collect();
    let examples = pages::examples(&crate_folder().join("checks/src"), &kinds)?;
    let ancient = corpus::ancient()?;
    let all: Vec<_> = kinds
        .into_iter()
        .chain(traps)
        .chain(fields)
        .chain(ancient)
        .collect();
    let mut files = Vec::new();
    for (at, item) in all.iter().enumerate() {
        files.push(PLAIN.file(files.len(), item));
        for shape in SHAPES.iter().skip(at % STRIDE).step_by(STRIDE) {
            files.push(shape.file(files.len(), item));
        }
    }
    files.extend(examples);
    Ok(files)
}

fn crate_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates")
}

/// What the target says of every object, by the object's text.
type Verdicts = BTreeMap<String, Verdict>;

async fn verdicts(target: &str, files: &[File]) -> Result<Verdicts> {
    let judge = Judge::start(target, &[], &corpus::traps()?).await?;
    let mut verdicts = Verdicts::new();
    for item in files.iter().flat_map(|file| &file.items) {
        if let Entry::Vacant(place) = verdicts.entry(item.object.to_string()) {
            place.insert(judge.judge(item).await?);
        }
    }
    Ok(verdicts)
}

/// What nobody looked at proves nothing.
fn demand_everything_read(report: &Value) -> Result<()> {
    let checks = report["checks"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let check = checks
        .iter()
        .find(|check| check["check"] == "ManifestDeprecatedApi");
    match check.and_then(|check| check["status"].as_str()) {
        Some("clear" | "found") => Ok(()),
        status => bail!("ManifestDeprecatedApi is {status:?}: {check:#?}"),
    }
}

/// Whether the objects whose version the target does not serve are good ones: the minor before it, with everything switched on,
/// takes those that it serves. Says how many it did.
async fn examples_are_good(source: &str, target: &str, score: &Score) -> Result<String> {
    progress(&format!("asking {source} whether the examples are good"));
    let judge = Judge::start(source, &["api/all=true"], &corpus::traps()?).await?;
    let (mut served, mut bad) = (0, Vec::new());
    for item in &score.gone {
        match judge.judge(item).await? {
            Verdict::Accepts => served += 1,
            Verdict::Refuses(why) | Verdict::NoSuchField(why) => {
                bad.push(format!("{}: {why}", item.title()));
            }
            Verdict::NoSuchVersion => {}
        }
    }
    if !bad.is_empty() {
        bail!(
            "{} refuses examples for other reasons:\n{}",
            judge.version(),
            bad.join("\n")
        );
    }
    let (gone, version) = (score.gone.len(), judge.version());
    Ok(format!(
        "of {gone} different objects that {target} does not serve {version} serves {served}, and accepts them all\n"
    ))
}

/// One object in one file, as people are told about it.
fn place(file: &File, item: &Item) -> String {
    format!("{} in {}", item.title(), file.name)
}
