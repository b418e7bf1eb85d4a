//! One file through a window that grows only for documents that are longer than it.

use std::{
    io::{self, Read},
    sync::{Mutex, MutexGuard, PoisonError},
};

use airworthy_manifest::Digest;

/// What nearly every file fits into.
const WINDOW: usize = 128 << 10;
/// Windows that are larger are held one at a time, so that all of them together stay small.
const LARGE: usize = 1 << 20;

/// The one window that may be large.
#[derive(Debug, Default)]
pub(super) struct Large(Mutex<()>);

impl Large {
    fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A window that is used for one file after the other.
#[derive(Debug)]
pub(super) struct Window {
    bytes: Vec<u8>,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; WINDOW],
        }
    }

    /// Reads all of `source` into the digest; the number of its bytes.
    pub(super) fn read(
        &mut self,
        source: &mut dyn Read,
        digest: &mut Digest<'_>,
        large: &Large,
    ) -> io::Result<u64> {
        let mut held = None;
        let total = self.pass(source, digest, || {
            held = held.take().or_else(|| Some(large.hold()));
        });
        if self.bytes.len() > WINDOW {
            self.bytes = vec![0; WINDOW];
        }
        total
    }

    fn pass(
        &mut self,
        source: &mut dyn Read,
        digest: &mut Digest<'_>,
        mut grow: impl FnMut(),
    ) -> io::Result<u64> {
        let (mut filled, mut total) = (0, 0);
        loop {
            let count = fill(source, &mut self.bytes[filled..])?;
            filled += count;
            total += count as u64;
            if filled < self.bytes.len() {
                digest.take(&self.bytes[..filled], true);
                return Ok(total);
            }
            let taken = digest.take(&self.bytes, false);
            if taken == 0 {
                if self.bytes.len() >= LARGE {
                    grow();
                }
                self.bytes.resize(self.bytes.len() * 2, 0);
            }
            self.bytes.copy_within(taken..filled, 0);
            filled -= taken;
        }
    }
}

/// Reads until the bytes are full or the source ends.
fn fill(source: &mut dyn Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
