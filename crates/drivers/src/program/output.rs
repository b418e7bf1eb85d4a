//! What a program prints: its beginning and its end are kept, whatever lies between is counted.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Write as _},
};

/// Bytes kept of the beginning, and as many of the end.
pub(super) const HALF: usize = 512 << 10;

/// The kept part of an output.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    head: usize,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            head: 0,
            tail: VecDeque::new(),
            left_out: 0,
        }
    }

    /// Takes what was printed. The beginning is in the file at once, so that people can follow it.
    pub(super) fn take(&mut self, printed: &[u8]) -> io::Result<()> {
        let (first, rest) = printed.split_at(printed.len().min(HALF - self.head));
        self.head += first.len();
        self.file.write_all(first)?;
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(HALF);
        self.tail.drain(..over);
        self.left_out += over as u64;
        Ok(())
    }

    /// Writes the end.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if self.left_out > 0 {
            let left_out = std::mem::take(&mut self.left_out);
            write!(self.file, "\n[… {left_out} bytes left out …]\n")?;
        }
        let tail = std::mem::take(&mut self.tail);
        let (first, second) = tail.as_slices();
        self.file.write_all(first)?;
        self.file.write_all(second)?;
        self.file.sync_all()
    }
}

/// Takes all that comes through a pipe. What cannot be kept is read all the same: a program must not hang because our disk is full.
pub(super) fn drain(mut pipe: impl Read, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => take(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pieces: &[&[u8]]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        let mut output = Output::new(File::create(&path).unwrap());
        for piece in pieces {
            output.take(piece).unwrap();
        }
        output.close().unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        assert_eq!(kept(&[b"one ", b"", b"two"]), b"one two");
        let most = vec![b'x'; 2 * HALF];
        assert_eq!(kept(&[&most]), most);
    }

    #[test]
    fn of_more_the_beginning_and_the_end_are_kept() {
        let (begin, end) = (vec![b'b'; HALF], vec![b'e'; HALF]);
        let middle = vec![b'm'; 7];
        for pieces in [
            vec![&begin[..], &middle, &end],
            vec![&[&begin[..], &middle, &end].concat()[..]],
        ] {
            let expected = [&begin[..], "\n[… 7 bytes left out …]\n".as_bytes(), &end].concat();
            assert!(kept(&pieces) == expected);
        }
    }
}
