//! Recordings: the facts of one cluster in one file that any command takes in place of the cluster.
//!
//! Format 1 is an uncompressed ustar archive, the same bytes for the same facts. Its first member, `manifest.json`, says
//! which cluster, when, and for every group of facts either how many rows it has, their size and their SHA-256, or why
//! the group is missing. Then comes one member per group that was read, `facts/<need>.ndjson.zst`, sorted by name: a row
//! per line, compressed with zstd. The manifest ends with a seal, the SHA-256 of itself. Hashes and seal tell damage,
//! not authorship.
//!
//! Readers trust nothing: every size has a bound, rows are decoded line by line, and whatever is not exactly what a
//! writer of this format writes is an error that names member and line.

mod archive;
mod error;
mod file;
mod manifest;
mod read;
mod rows;
#[cfg(test)]
mod tests;
mod write;

pub use error::{RecordingError, RecordingFileError, WriteRecordingError};
pub use file::{read_file, write_file};
pub use read::read;
pub use write::write;

/// The format that is written, and the newest that is read.
pub const FORMAT: u32 = 1;

/// How much a recording may ask of its reader; writers keep to the same bounds.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Bytes of the manifest.
    manifest: u64,
    /// Compressed bytes of all members together.
    compressed: u64,
    /// Inflated bytes of one member.
    member: u64,
    /// Inflated bytes of all members together.
    total: u64,
    /// Bytes of one row. What a server serves (discovery, metrics) is one row.
    line: u64,
}

impl Limits {
    /// Far above what the largest clusters need: a pod is a row of some 600 bytes.
    const DEFAULT: Self = Self {
        manifest: 1 << 20,
        compressed: 256 << 20,
        member: 512 << 20,
        total: 1 << 30,
        line: 16 << 20,
    };
}
