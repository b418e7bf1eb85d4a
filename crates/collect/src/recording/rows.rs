//! The rows of one group, in and out of their compressed member.

use std::io::{BufRead, BufReader, Read, Write};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use zstd::stream::{read::Decoder, write::Encoder};

use super::{
    Limits,
    error::{RecordingError, WriteRecordingError, quotable},
    manifest::{Summary, hex},
};

/// Small and still quick; its window is below [`WINDOW_LOG`].
const LEVEL: i32 = 9;
/// The largest window that a reader makes room for: 8 MiB.
const WINDOW_LOG: u32 = 23;

/// Compresses rows; the answer is the member's bytes and what its rows add up to.
pub(super) fn encode<T: Serialize>(
    member: &str,
    rows: &[T],
    limits: &Limits,
) -> Result<(Vec<u8>, Summary), WriteRecordingError> {
    let compress = |source| WriteRecordingError::Compress {
        member: member.into(),
        source,
    };
    let mut encoder = Encoder::new(Vec::new(), LEVEL).map_err(compress)?;
    encoder.include_checksum(true).map_err(compress)?;
    let (mut hash, mut bytes, mut line) = (Sha256::new(), 0, Vec::new());
    for (number, row) in (1..).zip(rows) {
        line.clear();
        serde_json::to_writer(&mut line, row).map_err(|source| WriteRecordingError::EncodeRow {
            member: member.into(),
            line: number,
            source,
        })?;
        line.push(b'\n');
        bytes += line.len() as u64;
        accept(member, "a row", line.len() as u64, limits.line)?;
        accept(member, "a group", bytes, limits.member)?;
        hash.update(&line);
        encoder.write_all(&line).map_err(compress)?;
    }
    let summary = Summary {
        rows: rows.len() as u64,
        bytes,
        sha256: hex(&hash.finalize()),
    };
    Ok((encoder.finish().map_err(compress)?, summary))
}

/// Refuses to write what no reader would accept.
pub(super) fn accept(
    member: &str,
    what: &'static str,
    size: u64,
    limit: u64,
) -> Result<(), WriteRecordingError> {
    if size <= limit {
        return Ok(());
    }
    Err(WriteRecordingError::TooLarge {
        member: member.into(),
        what,
        size,
        limit,
    })
}

/// Inflates and decodes the rows of a member, one line at a time, and compares them with what the manifest says.
pub(super) fn decode<T: DeserializeOwned>(
    member: &str,
    compressed: &[u8],
    expected: &Summary,
    limits: &Limits,
) -> Result<Vec<T>, RecordingError> {
    let mut lines = Lines::open(member, compressed, expected, limits)?;
    let mut rows = Vec::new();
    while lines.advance()? {
        let row = serde_json::from_slice(&lines.line).map_err(|error| lines.broken(&error))?;
        rows.push(row);
    }
    lines.compare()?;
    Ok(rows)
}

/// The lines of a member, and what they add up to so far.
struct Lines<'a, R> {
    input: R,
    member: &'a str,
    expected: &'a Summary,
    limit: u64,
    line: Vec<u8>,
    rows: u64,
    bytes: u64,
    hash: Sha256,
}

impl<'a> Lines<'a, ()> {
    fn open(
        member: &'a str,
        compressed: &'a [u8],
        expected: &'a Summary,
        limits: &Limits,
    ) -> Result<Lines<'a, impl BufRead + use<'a>>, RecordingError> {
        let inflate = |source| RecordingError::Inflate {
            member: member.into(),
            line: 1,
            source,
        };
        let mut decoder = Decoder::with_buffer(compressed).map_err(inflate)?;
        decoder.window_log_max(WINDOW_LOG).map_err(inflate)?;
        // One byte more than the manifest says is enough to know that it lies.
        let input = BufReader::new(decoder.take(expected.bytes.saturating_add(1)));
        Ok(Lines {
            input,
            member,
            expected,
            limit: limits.line,
            line: Vec::new(),
            rows: 0,
            bytes: 0,
            hash: Sha256::new(),
        })
    }
}

impl<R: BufRead> Lines<'_, R> {
    /// Reads the next line; false at the end.
    fn advance(&mut self) -> Result<bool, RecordingError> {
        self.line.clear();
        let mut input = self.input.by_ref().take(self.limit + 1);
        let read = input.read_until(b'\n', &mut self.line);
        let size = read.map_err(|source| RecordingError::Inflate {
            member: self.member.into(),
            line: self.rows + 1,
            source,
        })? as u64;
        if size == 0 {
            return Ok(false);
        }
        self.rows += 1;
        self.bytes += size;
        self.hash.update(&self.line);
        self.check_line(size)?;
        Ok(true)
    }

    fn check_line(&self, size: u64) -> Result<(), RecordingError> {
        if self.bytes > self.expected.bytes {
            return self.differs("the size of its rows", "more".into(), &self.expected.bytes);
        }
        if self.line.last() == Some(&b'\n') {
            return Ok(());
        }
        if size > self.limit {
            let limit = self.limit;
            return Err(self.at_line(format!("the row is longer than the {limit} bytes accepted")));
        }
        Err(self.at_line("the row does not end".into()))
    }

    fn compare(self) -> Result<(), RecordingError> {
        if self.bytes != self.expected.bytes {
            return self.differs(
                "the size of its rows",
                self.bytes.to_string(),
                &self.expected.bytes,
            );
        }
        if self.rows != self.expected.rows {
            return self.differs(
                "the number of its rows",
                self.rows.to_string(),
                &self.expected.rows,
            );
        }
        let digest = hex(&self.hash.clone().finalize());
        if digest != self.expected.sha256 {
            return self.differs(
                "the SHA-256 of its rows",
                digest,
                &quotable(&self.expected.sha256),
            );
        }
        Ok(())
    }

    fn differs(
        &self,
        what: &'static str,
        found: String,
        expected: &dyn std::fmt::Display,
    ) -> Result<(), RecordingError> {
        Err(RecordingError::CompareWithManifest {
            member: self.member.into(),
            what,
            found,
            expected: expected.to_string(),
        })
    }

    /// A row that does not decode: the column is serde's, the line is ours.
    fn broken(&self, error: &serde_json::Error) -> RecordingError {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = quotable(text.strip_suffix(&place).unwrap_or(&text));
        self.at_line(format!(
            "not a row of this group: {what} (column {})",
            error.column()
        ))
    }

    fn at_line(&self, problem: String) -> RecordingError {
        RecordingError::DecodeRow {
            member: self.member.into(),
            line: self.rows,
            problem,
        }
    }
}
