//! The files of an audit log: one, several, a folder of rotated ones, compressed or not, or standard input.

use std::{
    fs::{self, File, Metadata},
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use flate2::bufread::MultiGzDecoder;

use super::{
    event::Refusal,
    lines::{Block, Lines},
    tally::Tally,
};

/// What stands for standard input.
const STDIN: &str = "-";

/// Most files of one folder.
const MOST_FILES: usize = 100_000;

/// How long a server may take to write the rest of a line.
const PATIENCE: Duration = Duration::from_millis(100);

const MAY_NOT: &str = "let the user that runs airworthy read it";

/// Why an audit log that was named cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenAuditError {
    /// The file or folder cannot be opened.
    #[error("the audit log {} cannot be read", path.display())]
    Open {
        /// As given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A pipe with a name blocks whoever opens it until somebody writes.
    #[error("{} is a named pipe: give its content on standard input (--audit-log -)", .0.display())]
    NamedPipe(PathBuf),
    /// It is neither file nor folder.
    #[error("{} is neither a file nor a folder", .0.display())]
    NoFile(PathBuf),
    /// A folder in which nothing is named like a log.
    #[error("the folder {} has no file that is named like an audit log (*.log, *.json, rotated or .gz)", .0.display())]
    EmptyFolder(PathBuf),
    /// Standard input can be read once.
    #[error("standard input (-) can be given once")]
    StdinTwice,
}

/// What is to be read, each known to be there.
#[derive(Debug)]
pub struct Sources {
    names: Vec<String>,
    inputs: Vec<Input>,
}

#[derive(Debug, PartialEq, Eq)]
enum Input {
    Stdin,
    File(PathBuf),
    /// A folder with more files than this, of which the rest is not read.
    Beyond(PathBuf, usize),
}

impl Sources {
    /// Looks for what was named: files, folders, and `-` for standard input. A name that is wrong is told before anything is
    /// read: it must not turn into evidence that lacks.
    pub fn find(paths: &[PathBuf]) -> Result<Self, OpenAuditError> {
        Self::within(paths, MOST_FILES)
    }

    /// The same with so many files of one folder at most.
    pub(super) fn within(paths: &[PathBuf], most: usize) -> Result<Self, OpenAuditError> {
        let mut inputs = Vec::new();
        for path in paths {
            if path.as_os_str() != STDIN {
                inputs.extend(files(path, most)?);
            } else if inputs.contains(&Input::Stdin) {
                return Err(OpenAuditError::StdinTwice);
            } else {
                inputs.push(Input::Stdin);
            }
        }
        let names = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        Ok(Self { names, inputs })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    pub(super) fn read(self, tally: &mut Tally<'_>) {
        for input in self.inputs {
            match input {
                Input::Stdin => read(io::stdin().lock(), "standard input", tally),
                Input::File(path) => read_file(&path, tally),
                Input::Beyond(path, most) => {
                    let name = path.display().to_string();
                    let why = format!("it has more than {most} files, and the rest was not read");
                    tally.problem(&name, why, Some("name the files that count one by one"));
                }
            }
        }
    }
}

fn read_file(path: &Path, tally: &mut Tally<'_>) {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read(file, &name, tally),
        Err(error) => {
            let why = format!("it cannot be opened: {error}");
            tally.problem(&name, why, Some(MAY_NOT));
        }
    }
}

fn files(path: &Path, most: usize) -> Result<Vec<Input>, OpenAuditError> {
    let fails = |source| OpenAuditError::Open {
        path: path.to_owned(),
        source,
    };
    let found = fs::metadata(path).map_err(fails)?;
    if found.is_dir() {
        return folder(path, most);
    }
    check(path, &found)?;
    // What may not be read is told now; the file is opened again when its turn comes, so that few are open at a time.
    if found.is_file() {
        File::open(path).map_err(fails)?;
    }
    Ok(vec![Input::File(path.to_owned())])
}

/// A pipe of the shell (`/dev/fd/63`) has somebody who writes; one in a folder may have nobody.
fn check(path: &Path, found: &Metadata) -> Result<(), OpenAuditError> {
    let kind = found.file_type();
    let of_shell = ["/dev/", "/proc/"]
        .iter()
        .any(|start| path.starts_with(start));
    match () {
        () if kind.is_fifo() && !of_shell => Err(OpenAuditError::NamedPipe(path.to_owned())),
        () if kind.is_file() || kind.is_fifo() || kind.is_char_device() => Ok(()),
        () => Err(OpenAuditError::NoFile(path.to_owned())),
    }
}

/// The files of a folder that are named like logs, oldest first; folders in it are not looked into. Where there are more than so many, the
/// system says which of them are read.
fn folder(path: &Path, most: usize) -> Result<Vec<Input>, OpenAuditError> {
    let fails = |source| OpenAuditError::Open {
        path: path.to_owned(),
        source,
    };
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    let mut beyond = None;
    for entry in fs::read_dir(path).map_err(fails)? {
        let entry = entry.map_err(fails)?.path();
        if !is_log(&entry) {
            continue;
        }
        // A link may point nowhere; a file may be rotated away right now.
        let Some(data) = fs::metadata(&entry).ok().filter(Metadata::is_file) else {
            continue;
        };
        if found.len() == most {
            beyond = Some(Input::Beyond(path.to_owned(), most));
            break;
        }
        found.push((data.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry));
    }
    if found.is_empty() {
        return Err(OpenAuditError::EmptyFolder(path.to_owned()));
    }
    found.sort();
    let files = found.into_iter().map(|(_, path)| Input::File(path));
    Ok(files.chain(beyond).collect())
}

/// `audit.log`, `audit-2026-11-22T10-00-00.000.log`, `audit.log.1`, `audit.log-20261122.gz`, `audit.jsonl`.
fn is_log(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let logs = [".log", ".json", ".jsonl", ".ndjson"];
    !name.starts_with('.')
        && logs.iter().any(|end| {
            let rest = name
                .split_once(end)
                .map(|(_, rest)| rest.trim_end_matches(".gz"));
            rest.is_some_and(|rest| {
                rest.bytes().all(|byte| {
                    byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b't' | b'z' | b'_')
                })
            })
        })
}

/// Reads a stream to its end, inflating it where it begins as gzip does.
fn read(source: impl Read, name: &str, tally: &mut Tally<'_>) {
    let mut source = BufReader::with_capacity(64 * 1024, source);
    let compressed = source
        .fill_buf()
        .is_ok_and(|start| start.starts_with(&[0x1f, 0x8b]));
    let told = if compressed {
        lines(MultiGzDecoder::new(source), name, tally)
    } else {
        lines(
            Growing {
                source,
                whole: true,
            },
            name,
            tally,
        )
    };
    if let Err((line, error)) = told {
        let why = format!("reading broke off after line {line}: {error}");
        tally.problem(
            name,
            why,
            Some("look whether the file is whole (gzip -t) and its disk can be read"),
        );
    }
}

/// A file that a server may be writing: where it ends within a line, the rest of that line comes at once or never.
struct Growing<R> {
    source: R,
    /// Whether what was read so far ends with a line.
    whole: bool,
}

impl<R: Read> Read for Growing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = self.source.read(buffer)?;
        if read == 0 && !self.whole {
            thread::sleep(PATIENCE);
            read = self.source.read(buffer)?;
        }
        self.whole = buffer[..read].last().is_none_or(|last| *last == b'\n');
        Ok(read)
    }
}

fn lines(source: impl Read, name: &str, tally: &mut Tally<'_>) -> Result<(), (u64, io::Error)> {
    let (mut lines, mut line) = (Lines::of(source), 0);
    let mut broken = None;
    loop {
        match lines.next() {
            Ok(Some(Block::Lines(block))) => tally.block(block, name, &mut line),
            Ok(Some(Block::TooLong)) => {
                line += 1;
                tally.refuse(Refusal::TooLong, name, line);
            }
            Ok(None) => return broken.map_or(Ok(()), Err),
            Err(error) => broken = Some((line, error)),
        }
    }
}
