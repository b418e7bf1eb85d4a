//! Files of manifests: which of them are read, and what they hold. No cluster is asked.

mod chart;
mod file;
mod kustomization;
mod render;
mod tool;
mod walk;
mod work;

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use airworthy_knowledge::Knowledge;
use airworthy_manifest::Watch;
use airworthy_model::{
    Minor,
    facts::{ManifestTree, Unreadable},
};

/// Objects that matter which are kept: a report of so many takes some 50 MB, and whoever has more needs no longer list to begin
/// with.
const MAX_WATCHED: usize = 5_000;
/// Problems that are kept.
const MAX_PROBLEMS: usize = 1_000;

/// What was given to be read cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// It is not there, or may not be looked at.
    #[error("{path}: {source}")]
    Root {
        /// The path as given.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// No file of manifests is there.
    #[error(
        "no manifests under {0}: files are read that end in .yaml, .yml or .json, and charts; hidden folders are not"
    )]
    Nothing(String),
}

/// Reads files, folders with all that is in them, and standard input (`-`). Objects matter that a server of one of the `minors`
/// does not serve by default, or marks deprecated. What cannot be read is a problem of the tree; an error is only what was given
/// and is not there, or holds nothing to look at.
pub fn read(
    roots: &[PathBuf],
    knowledge: &Knowledge,
    minors: &RangeInclusive<Minor>,
) -> Result<ManifestTree, Unreachable> {
    let task = Task {
        watch: Watch::of(knowledge, minors).with_marks(knowledge),
        roots,
        knowledge,
        target: *minors.end(),
    };
    let mut tree = work::run(&task)?;
    tree.roots = roots.iter().map(|root| shown(root)).collect();
    if tree.files == 0 && tree.problems.is_empty() && tree.rendered.is_empty() {
        return Err(Unreachable::Nothing(tree.roots.join(", ")));
    }
    Ok(tree)
}

/// The files that [`read`] looks into, in its order, and what nobody can look at. Standard input is none of them.
pub fn files(roots: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<Unreadable>), Unreachable> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let mut hand_on = |item| match item {
        walk::Item::File(path) => files.push(path),
        walk::Item::Problem(problem) => problems.push(problem),
        _ => (),
    };
    walk::Walk::new(&mut hand_on).roots(roots)?;
    Ok((files, problems))
}

/// What is to be read, and for whom.
struct Task<'a> {
    watch: Watch,
    roots: &'a [PathBuf],
    knowledge: &'a Knowledge,
    /// The minor that charts are rendered for.
    target: Minor,
}

/// A path as people write it.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    path.to_string_lossy().into_owned()
}
