//! Payloads as the database keeps them: compressed.

use std::{
    cell::RefCell,
    io::{self, Read},
};

use crate::Error;

/// The largest payload, compressed and expanded, that is expanded at once: it takes less time than another thread takes to wake.
const SMALL: (usize, u64) = (64 * 1024, 512 * 1024);

/// The largest payload that is expanded.
const LIMIT: u64 = 512 * 1024 * 1024;

/// Compresses a payload, away from the threads that answer requests.
pub(crate) async fn pack(plain: Vec<u8>) -> Result<Vec<u8>, Error> {
    off_thread(move || zstd::bulk::compress(&plain, 3)).await
}

/// Expands a payload, away from the threads that answer requests.
pub(crate) async fn unpack(packed: Vec<u8>) -> Result<Vec<u8>, Error> {
    off_thread(move || expand(&packed)).await
}

/// Expands a payload at once if it is small.
pub(crate) async fn unpack_small(packed: Vec<u8>) -> Result<Vec<u8>, Error> {
    let (most, most_expanded) = SMALL;
    let size = zstd::zstd_safe::get_frame_content_size(&packed)
        .ok()
        .flatten();
    match size.filter(|size| packed.len() <= most && *size <= most_expanded) {
        Some(size) => expand_at_once(&packed, size).map_err(Error::Payload),
        None => unpack(packed).await,
    }
}

fn expand_at_once(packed: &[u8], size: u64) -> io::Result<Vec<u8>> {
    thread_local! {
        // Its memory is large and worth keeping.
        static EXPANDER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
    }
    let size = usize::try_from(size).map_err(io::Error::other)?;
    EXPANDER.with_borrow_mut(|kept| match kept {
        Some(expander) => expander.decompress(packed, size),
        None => kept
            .insert(zstd::bulk::Decompressor::new()?)
            .decompress(packed, size),
    })
}

async fn off_thread(
    work: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
        .and_then(|done| done)
        .map_err(Error::Payload)
}

fn expand(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    zstd::stream::read::Decoder::new(packed)?
        .take(LIMIT + 1)
        .read_to_end(&mut plain)?;
    if plain.len() as u64 > LIMIT {
        return Err(io::Error::other("the payload is too large"));
    }
    Ok(plain)
}
