//! Which files there are, in an order that is always the same.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, DirEntry, FileType},
    io,
    path::{Path, PathBuf},
};

use airworthy_model::facts::Unreadable;

use super::{Unreachable, chart, kustomization, shown};

/// Folders inside of one another.
const MAX_DEPTH: usize = 100;

/// Something to look at.
#[derive(Debug)]
pub(super) enum Item {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The folder of a chart; of the files in it, those that are no part of the chart are handed on as well.
    Chart(PathBuf),
    /// The file that makes a folder a kustomization; the files in the folder are handed on as well.
    Kustomization(PathBuf),
    /// What nobody can look at.
    Problem(Unreadable),
}

/// Walks over roots and hands on what is found.
pub(super) struct Walk<'a> {
    hand_on: &'a mut dyn FnMut(Item),
    /// Folders that are walked over anyway, and those that links led to; canonical.
    known: BTreeSet<PathBuf>,
    /// The folders that the walk is in, from where links were followed; canonical.
    inside: Vec<PathBuf>,
    /// Whether charts and kustomizations are folders like others.
    plain: bool,
}

impl<'a> Walk<'a> {
    /// Hands every item to `hand_on`.
    pub(super) fn new(hand_on: &'a mut dyn FnMut(Item)) -> Self {
        Self {
            hand_on,
            known: BTreeSet::new(),
            inside: Vec::new(),
            plain: false,
        }
    }

    /// Takes charts and kustomizations as folders like others.
    pub(super) fn plain(self) -> Self {
        Self {
            plain: true,
            ..self
        }
    }

    /// All roots. An error is a root that is not there.
    pub(super) fn roots(mut self, roots: &[PathBuf]) -> Result<(), Unreachable> {
        let unreachable = |root: &Path, source| Unreachable::Root {
            path: shown(root),
            source,
        };
        for root in roots.iter().filter(|root| !is_stdin(root)) {
            let canonical = fs::canonicalize(root).map_err(|error| unreachable(root, error))?;
            self.known.insert(canonical);
        }
        for root in roots {
            if is_stdin(root) {
                (self.hand_on)(Item::Stdin);
                continue;
            }
            let kind = fs::metadata(root).map_err(|error| unreachable(root, error))?;
            if kind.is_dir() {
                self.folder(root, 0);
            } else {
                // Whatever it is, it was asked for: a pipe of the shell as well.
                (self.hand_on)(Item::File(root.clone()));
            }
        }
        Ok(())
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        if depth > MAX_DEPTH {
            return self.problem(
                path,
                format!("more than {MAX_DEPTH} folders inside one another"),
            );
        }
        let mut entries = match entries(path) {
            Ok(entries) => entries,
            Err(error) => return self.problem(path, format!("the folder cannot be read: {error}")),
        };
        entries.sort_by_key(DirEntry::file_name);
        if !self.plain {
            self.rendered(path, &mut entries);
        }
        for entry in entries {
            match entry.file_type() {
                Ok(kind) => self.entry(&entry.path(), kind, depth),
                Err(error) => self.problem(&entry.path(), format!("cannot be looked at: {error}")),
            }
        }
    }

    /// Hands on what has to be rendered, and takes out what is read no other way.
    fn rendered(&mut self, path: &Path, entries: &mut Vec<DirEntry>) {
        let has = |name: &str| entries.iter().any(|entry| entry.file_name() == name);
        let mark = kustomization::MARKS.into_iter().find(|mark| has(mark));
        if has(chart::MARK) {
            (self.hand_on)(Item::Chart(path.to_owned()));
            entries.retain(|entry| !chart::is_part(&entry.file_name()));
        }
        if let Some(mark) = mark {
            (self.hand_on)(Item::Kustomization(path.join(mark)));
        }
    }

    fn entry(&mut self, path: &Path, kind: FileType, depth: usize) {
        if kind.is_dir() {
            self.folder(path, depth + 1);
        } else if kind.is_symlink() {
            self.link(path, depth);
        } else if !is_manifest(path) {
        } else if kind.is_file() {
            (self.hand_on)(Item::File(path.to_owned()));
        } else {
            self.problem(
                path,
                "a pipe, socket or device, which is not opened".to_owned(),
            );
        }
    }

    /// Files are read where links to them stand; folders only when they are not walked over anyway.
    fn link(&mut self, path: &Path, depth: usize) {
        match fs::metadata(path) {
            Ok(target) if target.is_dir() => self.link_to_folder(path, depth),
            Ok(target) if is_manifest(path) => self.entry(path, target.file_type(), depth),
            Err(error) if is_manifest(path) => {
                self.problem(path, format!("a link that leads nowhere: {error}"));
            }
            _ => (),
        }
    }

    fn link_to_folder(&mut self, path: &Path, depth: usize) {
        let canonical = fs::canonicalize(path)
            .and_then(|target| Ok((target, fs::canonicalize(path.parent().unwrap_or(path))?)));
        let (target, here) = match canonical {
            Ok(both) => both,
            Err(error) => return self.problem(path, format!("cannot be followed: {error}")),
        };
        if here.starts_with(&target) || self.inside.iter().any(|from| from.starts_with(&target)) {
            return self.problem(
                path,
                "a link to a folder that it stands in: a loop, which is not followed".to_owned(),
            );
        }
        if self.is_known(&target) {
            return;
        }
        self.known.insert(target);
        self.inside.push(here);
        self.folder(path, depth + 1);
        self.inside.pop();
    }

    /// Whether a folder lies in one that is walked over, and not behind a hidden one.
    fn is_known(&self, folder: &Path) -> bool {
        let inside = self
            .known
            .iter()
            .filter_map(|known| folder.strip_prefix(known).ok());
        inside.into_iter().any(|rest| !rest.iter().any(is_hidden))
    }

    fn problem(&mut self, path: &Path, why: String) {
        (self.hand_on)(Item::Problem(Unreadable {
            file: shown(path),
            why,
            ..Unreadable::default()
        }));
    }
}

/// Whether a walk over these roots reads a file as it stands; all of them are canonical.
pub(super) fn reads(roots: &[PathBuf], file: &Path) -> bool {
    roots.iter().any(|root| {
        let below = file.strip_prefix(root);
        root == file || below.is_ok_and(|below| is_manifest(file) && leads_to(root, below))
    })
}

/// Whether the walk passes over nothing on the way down.
fn leads_to(root: &Path, below: &Path) -> bool {
    let mut folder = root.to_owned();
    below.iter().all(|name| {
        let rendered = chart::is_part(name) && folder.join(chart::MARK).exists();
        folder.push(name);
        !is_hidden(name) && !rendered
    })
}

fn entries(path: &Path) -> io::Result<Vec<DirEntry>> {
    let seen = |entry: &io::Result<DirEntry>| {
        !entry
            .as_ref()
            .is_ok_and(|entry| is_hidden(&entry.file_name()))
    };
    fs::read_dir(path)?.filter(seen).collect()
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_stdin(root: &Path) -> bool {
    root.as_os_str() == "-"
}

/// By its name, as kubectl tells them.
fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    ["yaml", "yml", "json"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}
