//! The tar layer: members in and out, nothing but regular files with plain names.

use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use super::error::{RecordingError, quotable};

const BLOCK: usize = 512;
/// What tar programs pad archives to.
const RECORD: usize = 20 * BLOCK;

/// Appends a member: everything but its name and bytes is the same for all.
pub(super) fn append(to: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_size(bytes.len() as u64);
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    to.write_all(header.as_bytes())?;
    to.write_all(bytes)?;
    to.write_all(&[0; BLOCK][..padding(bytes.len() as u64)])
}

/// Ends the archive.
pub(super) fn finish(to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[0; 2 * BLOCK])?;
    to.flush()
}

fn padding(size: u64) -> usize {
    let beyond = usize::try_from(size % BLOCK as u64).expect("it is below a block's size");
    (BLOCK - beyond) % BLOCK
}

/// Name and size of a member.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) size: u64,
}

/// The members of an archive, one after another.
pub(super) struct Members<R> {
    from: R,
    offset: u64,
}

impl<R: Read> Members<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, offset: 0 }
    }

    /// The next member, or none at the archive's proper end.
    pub(super) fn next(&mut self) -> Result<Option<Member>, RecordingError> {
        let start = self.offset;
        let block = self.read_up_to(BLOCK as u64)?;
        if start == 0 {
            recognise(&block)?;
        }
        if block.len() < BLOCK {
            return Err(self.cut_short("a member's header"));
        }
        if block.iter().all(|byte| *byte == 0) {
            return self.end().map(|()| None);
        }
        member(&block)
            .map(Some)
            .map_err(|problem| RecordingError::ReadMember {
                offset: start,
                problem,
            })
    }

    /// The bytes of the member that was just named.
    pub(super) fn body(&mut self, member: &Member) -> Result<Vec<u8>, RecordingError> {
        let bytes = self.read_up_to(member.size)?;
        let padding = padding(member.size);
        if (bytes.len() as u64) < member.size || self.read_up_to(padding as u64)?.len() < padding {
            return Err(self.cut_short(&member.name));
        }
        Ok(bytes)
    }

    /// After the first zero block: a second one, then at most zeros up to the padding of tar programs.
    fn end(&mut self) -> Result<(), RecordingError> {
        let rest = self.read_up_to(RECORD as u64 + 1)?;
        if rest.len() < BLOCK {
            return Err(self.cut_short("the mark of its end"));
        }
        if rest.len() > RECORD || rest.iter().any(|byte| *byte != 0) {
            let problem = "something follows the end of the archive".into();
            let offset = self.offset - rest.len() as u64;
            return Err(RecordingError::ReadMember { offset, problem });
        }
        Ok(())
    }

    /// Grows with what is really there: a size that lies costs nothing.
    fn read_up_to(&mut self, size: u64) -> Result<Vec<u8>, RecordingError> {
        let mut bytes = Vec::new();
        let result = self.from.by_ref().take(size).read_to_end(&mut bytes);
        self.offset += bytes.len() as u64;
        let offset = self.offset;
        result.map_err(|source| RecordingError::ReadBytes { offset, source })?;
        Ok(bytes)
    }

    fn cut_short(&self, within: &str) -> RecordingError {
        RecordingError::CutShort {
            offset: self.offset,
            within: within.into(),
        }
    }
}

/// Reads a header; the error says what is wrong with it.
fn member(block: &[u8]) -> Result<Member, String> {
    let header = Header::from_byte_slice(block);
    if !checksum_fits(header) {
        return Err("a member's header is damaged".into());
    }
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    let shown = quotable(&name);
    if let Some(other) = other_than_file(header.entry_type()) {
        return Err(format!(
            "{shown:?} is {other}; a recording holds only plain files"
        ));
    }
    let outside = name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..");
    if outside {
        return Err(format!("{shown:?} leads out of the archive"));
    }
    let size = header
        .entry_size()
        .map_err(|_| format!("the size of {shown:?} is not a number"))?;
    Ok(Member { name: shown, size })
}

/// The sum of all header bytes, those of the sum itself taken as spaces.
fn checksum_fits(header: &Header) -> bool {
    let bytes = header.as_bytes();
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let expected = sum(&bytes[..148]) + 8 * u32::from(b' ') + sum(&bytes[156..]);
    header.cksum().is_ok_and(|found| found == expected)
}

fn other_than_file(entry: EntryType) -> Option<&'static str> {
    match entry {
        EntryType::Regular => None,
        EntryType::Link | EntryType::Symlink => Some("a link"),
        EntryType::Directory => Some("a directory"),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Some("a device"),
        EntryType::XHeader | EntryType::XGlobalHeader => Some("an extended header"),
        EntryType::GNULongName | EntryType::GNULongLink => Some("a long name"),
        _ => Some("of a kind that no recording has"),
    }
}

/// Tells by the first block what is not a recording.
fn recognise(block: &[u8]) -> Result<(), RecordingError> {
    if block.is_empty() {
        return Err(RecordingError::Empty);
    }
    let whole = block.len() == BLOCK;
    // A recording that is cut within its first block still begins like one.
    let begun = !whole && block.starts_with(b"manifest.json\0");
    let header = whole && checksum_fits(Header::from_byte_slice(block));
    if begun || header {
        return Ok(());
    }
    let looks_like = looks_like(block);
    Err(RecordingError::NotARecording { looks_like })
}

fn looks_like(block: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 10] = [
        (
            b"\x1f\x8b",
            "gzip (is it a .tar.gz? a recording is not compressed as a whole)",
        ),
        (b"PK", "a zip archive"),
        (
            b"\x28\xb5\x2f\xfd",
            "zstd (a recording is not compressed as a whole)",
        ),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
        (b"\x7fELF", "a program"),
        (b"SQLite format 3", "an SQLite database"),
        (b"%PDF", "a PDF"),
        (
            b"manifest.json\0",
            "a recording whose first bytes are damaged",
        ),
        (b"\0", "bytes of zero"),
    ];
    if let Some((_, name)) = SIGNATURES
        .iter()
        .find(|(start, _)| block.starts_with(start))
    {
        return name;
    }
    // A character that the block's end cuts in two is no reason to doubt the text.
    let text = match std::str::from_utf8(block) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&block[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    match text.trim_start().chars().next() {
        None => "unknown binary data",
        Some('{' | '[') => "JSON",
        Some('<') => "HTML or XML",
        Some(_) if text.contains('\0') => "unknown binary data",
        Some(_) => "text",
    }
}
