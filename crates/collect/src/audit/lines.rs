//! Whole lines of a stream, many at a time, in memory that does not depend on how long the stream or a line is.

use std::io::{self, Read};

/// How much is read at once: what fits into the processor's cache.
const CHUNK: usize = 256 * 1024;

/// The longest line that is kept. The API server itself cuts events at 100 KiB when it sends them in batches.
pub(super) const LONGEST: usize = 4 * 1024 * 1024;

/// What comes next in a stream.
pub(super) enum Block<'a> {
    /// Lines, each with its newline but perhaps the last of the stream.
    Lines(&'a [u8]),
    /// One line that was too long to be kept.
    TooLong,
}

/// Splits a stream between lines.
pub(super) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// Bytes that were given out already.
    given: usize,
    /// Bytes of the buffer that are filled.
    filled: usize,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(source: R) -> Self {
        let buffer = vec![0; CHUNK];
        Self {
            source,
            buffer,
            given: 0,
            filled: 0,
            ended: false,
        }
    }

    /// The next lines; nothing at the end. After an error the stream is at its end, and what came before it was given out.
    pub(super) fn next(&mut self) -> io::Result<Option<Block<'_>>> {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        let mut searched = 0;
        loop {
            if let Some(last) = memchr::memrchr(b'\n', &self.buffer[searched..self.filled]) {
                self.given = searched + last + 1;
                return Ok(Some(Block::Lines(&self.buffer[..self.given])));
            }
            searched = self.filled;
            if self.ended {
                self.given = self.filled;
                return Ok(
                    Some(Block::Lines(&self.buffer[..self.filled])).filter(|_| self.filled > 0)
                );
            }
            if self.filled >= LONGEST {
                self.skip_line()?;
                return Ok(Some(Block::TooLong));
            }
            self.fill()?;
        }
    }

    /// Reads on behind what is there.
    fn fill(&mut self) -> io::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        match self.read_at(self.filled) {
            Ok(0) => self.ended = true,
            Ok(read) => self.filled += read,
            Err(error) => {
                self.ended = true;
                return Err(error);
            }
        }
        Ok(())
    }

    fn read_at(&mut self, place: usize) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.buffer[place..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Drops the line that fills the buffer, up to its newline or the end of the stream.
    fn skip_line(&mut self) -> io::Result<()> {
        self.buffer = vec![0; CHUNK];
        self.filled = 0;
        while !self.ended {
            self.filled = 0;
            self.fill()?;
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[..self.filled]) {
                self.given = end + 1;
                return Ok(());
            }
        }
        self.filled = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of a size.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(buffer.len()).min(self.0.len());
            let (now, later) = self.0.split_at(size);
            buffer[..size].copy_from_slice(now);
            self.0 = later;
            Ok(size)
        }
    }

    fn lines(source: impl Read) -> Vec<String> {
        let mut lines = Lines::of(source);
        let mut all = Vec::new();
        while let Some(block) = lines.next().unwrap() {
            match block {
                Block::TooLong => all.push("too long".to_owned()),
                Block::Lines(block) => {
                    let text = std::str::from_utf8(block).unwrap();
                    all.extend(text.split_inclusive('\n').map(str::to_owned));
                }
            }
        }
        all
    }

    #[test]
    fn lines_are_whole_however_the_bytes_come() {
        let text = "a\n\nbcd\nef";
        for size in 1..=text.len() {
            assert_eq!(
                lines(Trickle(text.as_bytes(), size)),
                ["a\n", "\n", "bcd\n", "ef"],
                "{size}"
            );
        }
        assert_eq!(lines(Trickle(b"", 1)), [""; 0]);
    }

    #[test]
    fn a_line_may_be_longer_than_a_chunk() {
        let long = "x".repeat(CHUNK * 3);
        let text = format!("a\n{long}\nb\n");
        let expected = ["a\n".to_owned(), format!("{long}\n"), "b\n".to_owned()];
        assert_eq!(lines(text.as_bytes()), expected);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_is_whole() {
        let long = "x".repeat(LONGEST + CHUNK + 7);
        let text = format!("a\n{long}\nb\nc\n");
        assert_eq!(lines(text.as_bytes()), ["a\n", "too long", "b\n", "c\n"]);
        let cut = format!("a\n{long}");
        assert_eq!(lines(cut.as_bytes()), ["a\n", "too long"]);
        let mut reader = Lines::of(io::repeat(b'x').take(64 * LONGEST as u64));
        while reader.next().unwrap().is_some() {
            assert!(reader.buffer.len() <= 2 * LONGEST);
        }
    }

    #[test]
    fn what_came_before_an_error_is_given_out() {
        struct Breaks;
        impl Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let mut lines = Lines::of((&b"a\nb"[..]).chain(Breaks));
        assert!(matches!(lines.next(), Ok(Some(Block::Lines(b"a\n")))));
        assert!(lines.next().is_err());
        assert!(matches!(lines.next(), Ok(Some(Block::Lines(b"b")))));
        assert!(matches!(lines.next(), Ok(None)));
    }
}
