//! `airworthy fix`

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use airworthy_collect::manifests;
use airworthy_knowledge::Knowledge;
use airworthy_manifest::{Change, Fixed, Reach, fix};
use airworthy_model::facts::Unreadable;
use anyhow::{Context as _, Result, bail};
use similar::TextDiff;

use super::outputs;
use crate::{cli::Fix, console};

/// The largest file that is rewritten; what is larger was not written by people.
const MOST_BYTES: u64 = 256 << 20;
/// What is left is told up to here; the rest is counted.
const MOST_TOLD: usize = 200;

pub(crate) fn run(args: &Fix) -> Result<u8> {
    let knowledge = Knowledge::embedded();
    if !knowledge.covers(args.target.minor) {
        let (oldest, newest) = (knowledge.oldest, knowledge.newest);
        bail!(
            "nothing is known of {}: the tables are of {oldest} to {newest}",
            args.target
        );
    }
    let mut tally = Tally::default();
    if args.paths.iter().any(|path| is_stdin(path)) {
        stdin(args, knowledge, &mut tally)?;
    }
    let (files, problems) = manifests::files(&args.paths)?;
    tally.left.extend(problems.iter().map(place));
    for file in files {
        one(&file, args, knowledge, &mut tally)?;
    }
    tally.tell(args.write);
    Ok(u8::from(!tally.left.is_empty()))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What was done and what was not.
#[derive(Default)]
struct Tally {
    files: usize,
    changes: usize,
    /// `file:line:column: why`
    left: Vec<String>,
}

impl Tally {
    fn add(&mut self, name: &str, fixed: &Fixed) {
        self.files += usize::from(!fixed.changes.is_empty());
        self.changes += fixed.changes.len();
        for change in &fixed.changes {
            if let Some(note) = &change.note {
                console::say(&format!("{}: {note}\n", said(name, change)));
            }
        }
        self.left.extend(fixed.left.iter().map(|problem| {
            place(&Unreadable {
                file: name.to_owned(),
                line: u64::from(problem.line),
                column: problem.column,
                why: problem.why.clone(),
                cure: problem.cure.clone(),
            })
        }));
    }

    fn tell(&self, written: bool) {
        let did = match (self.changes, written) {
            (0, _) => "nothing to rewrite".to_owned(),
            (_, true) => format!("{} rewritten", self.counts()),
            (_, false) => format!("{} would be rewritten (--write does it)", self.counts()),
        };
        console::say(&format!("{did}\n"));
        for line in self.left.iter().take(MOST_TOLD) {
            console::say(&format!("left: {line}\n"));
        }
        if let Some(more @ 1..) = self.left.len().checked_sub(MOST_TOLD) {
            console::say(&format!("left: {more} more\n"));
        }
    }

    fn counts(&self) -> String {
        let objects = counted(self.changes, "object");
        format!("{objects} in {}", counted(self.files, "file"))
    }
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

fn said(name: &str, change: &Change) -> String {
    format!("{name}:{}: {} {}", change.line, change.kind, change.name)
}

fn place(problem: &Unreadable) -> String {
    let cure = problem.cure.as_ref();
    let cure = cure.map_or(String::new(), |cure| format!(" ({cure})"));
    let place = match (problem.line, problem.column) {
        (0, _) => String::new(),
        (line, 0) => format!("{line}:"),
        (line, column) => format!("{line}:{column}:"),
    };
    format!("{}:{place} {}{cure}", problem.file, problem.why)
}

fn stdin(args: &Fix, knowledge: &Knowledge, tally: &mut Tally) -> Result<()> {
    let bytes = bounded(&mut io::stdin().lock()).context("cannot read standard input")?;
    let fixed = fixed(&bytes, args, knowledge);
    tally.add("-", &fixed);
    let text = if args.write {
        String::from_utf8_lossy(&fixed.text).into_owned()
    } else {
        diff("-", &bytes, &fixed.text)
    };
    console::print(&text)?;
    Ok(())
}

fn one(file: &Path, args: &Fix, knowledge: &Knowledge, tally: &mut Tally) -> Result<()> {
    let name = file.display().to_string();
    let read = File::open(file).and_then(|mut file| bounded(&mut file));
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => {
            tally.left.push(format!("{name}: cannot be read: {error}"));
            return Ok(());
        }
    };
    let fixed = fixed(&bytes, args, knowledge);
    tally.add(&name, &fixed);
    if fixed.changes.is_empty() {
        return Ok(());
    }
    if args.write {
        return outputs::save(file, &fixed.text).with_context(|| format!("cannot write {name}"));
    }
    console::print(&diff(&name, &bytes, &fixed.text))?;
    Ok(())
}

fn fixed(bytes: &[u8], args: &Fix, knowledge: &Knowledge) -> Fixed {
    let reach = if args.deprecated {
        Reach::Deprecated
    } else {
        Reach::Removed
    };
    fix(bytes, knowledge, args.target.minor, reach)
}

fn bounded(source: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!(
            "larger than {} MiB",
            MOST_BYTES >> 20
        )));
    }
    Ok(bytes)
}

/// As `diff -u` and git have it, so that `patch -p1` applies it.
pub(super) fn diff(name: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (
        String::from_utf8_lossy(before),
        String::from_utf8_lossy(after),
    );
    let relative = name.trim_start_matches("./").trim_start_matches('/');
    TextDiff::from_lines(&*before, &*after)
        .unified_diff()
        .header(&format!("a/{relative}"), &format!("b/{relative}"))
        .to_string()
}
