//! Payloads as the database keeps them: compressed.

use std::io::{self, Read};

use crate::Error;

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
