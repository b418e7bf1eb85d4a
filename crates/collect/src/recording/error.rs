//! What can be wrong with a recording.

use std::{io, path::PathBuf};

/// Why bytes are not a recording that can be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The source gave no more bytes.
    #[error("reading failed after {offset} bytes")]
    ReadBytes {
        /// Bytes read before.
        offset: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There are no bytes.
    #[error("it is empty")]
    Empty,
    /// The bytes are something else.
    #[error("it is not a recording: it looks like {looks_like}")]
    NotARecording {
        /// What they look like.
        looks_like: &'static str,
    },
    /// The bytes end before the archive does.
    #[error("it is cut short: it ends after {offset} bytes, within {within}")]
    CutShort {
        /// Where it ends.
        offset: u64,
        /// What should have followed.
        within: String,
    },
    /// The first member is not the manifest.
    #[error("it has no manifest: its first member is {first:?}, not \"manifest.json\"")]
    NoManifest {
        /// The first member.
        first: String,
    },
    /// A newer program wrote it.
    #[error("it was written by a newer airworthy: format {format}; this one reads 1")]
    NewerFormat {
        /// Its format.
        format: u32,
    },
    /// It holds facts that this version does not know.
    #[error(
        "it was written by a newer airworthy ({tool}): this one does not know facts of {need:?}"
    )]
    NewerFacts {
        /// What wrote it.
        tool: String,
        /// The group.
        need: String,
    },
    /// The manifest does not read.
    #[error("manifest.json: {problem}")]
    DecodeManifest {
        /// What is wrong with it.
        problem: String,
    },
    /// The archive's own structure is broken or not what a recording has.
    #[error("byte {offset}: {problem}")]
    ReadMember {
        /// Where the member begins.
        offset: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A member that the manifest does not name.
    #[error("{member}: the manifest does not name this member")]
    UnknownMember {
        /// Its name.
        member: String,
    },
    /// A member twice.
    #[error("{member}: it is there twice")]
    DuplicateMember {
        /// Its name.
        member: String,
    },
    /// A member that the manifest names is not there.
    #[error("{member}: the manifest names it, but it is not there")]
    MissingMember {
        /// Its name.
        member: String,
    },
    /// More bytes than a reader accepts.
    #[error("{member}: {what} of {size} bytes is more than the {limit} that are accepted")]
    TooLarge {
        /// The member.
        member: String,
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: u64,
        /// What is accepted.
        limit: u64,
    },
    /// The compressed bytes of a member do not inflate.
    #[error("{member}:{line}: the compressed bytes are damaged")]
    Inflate {
        /// The member.
        member: String,
        /// The line that was being read.
        line: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is no row of its group.
    #[error("{member}:{line}: {problem}")]
    DecodeRow {
        /// The member.
        member: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The rows are not those that were written.
    #[error("{member}: {what} is {found}, but the manifest says {expected}")]
    CompareWithManifest {
        /// The member.
        member: String,
        /// What differs.
        what: &'static str,
        /// As found.
        found: String,
        /// As the manifest says.
        expected: String,
    },
}

/// Why facts could not be written as a recording.
#[derive(Debug, thiserror::Error)]
pub enum WriteRecordingError {
    /// A row does not serialise.
    #[error("{member}:{line}: cannot encode the row")]
    EncodeRow {
        /// The member.
        member: String,
        /// The line, from 1.
        line: u64,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The manifest does not serialise.
    #[error("manifest.json: cannot encode it")]
    EncodeManifest(#[source] serde_json::Error),
    /// More than a reader would accept.
    #[error("{member}: {what} of {size} bytes is more than the {limit} that a reader accepts")]
    TooLarge {
        /// The member.
        member: String,
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: u64,
        /// What is accepted.
        limit: u64,
    },
    /// Compression failed.
    #[error("{member}: cannot compress")]
    Compress {
        /// The member.
        member: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The target took no more bytes.
    #[error("{member}: cannot write")]
    WriteMember {
        /// The member.
        member: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What went wrong with the file of a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingFileError {
    /// It cannot be opened.
    #[error("cannot open the recording {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is no file.
    #[error("cannot read the recording {}: it is a directory", path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// Its content cannot be used.
    #[error("cannot read the recording {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: RecordingError,
    },
    /// What is there must not be replaced.
    #[error("cannot write the recording {}: something other than a file is there", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The facts could not be encoded or written.
    #[error("cannot write the recording {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: WriteRecordingError,
    },
    /// The file could not be made or put in its place.
    #[error("cannot create the recording {}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Text from a file of unknown origin, fit to stand in an error message: escaped, and cut at 100 characters.
pub(super) fn quotable(text: &str) -> String {
    text.chars()
        .take(100)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}
