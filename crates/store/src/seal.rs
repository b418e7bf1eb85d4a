//! Sealing of secrets: AES-256-GCM with a random nonce, bound to what the secret belongs to.

use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Error,
    location::{directory_of, make_directory, sync_directory},
};

/// The key that secrets in the database are sealed with; it is never stored there.
#[derive(Clone)]
pub struct SealingKey([u8; 32]);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl From<[u8; 32]> for SealingKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl SealingKey {
    /// A new random key.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| Error::Seal)?;
        Ok(Self(bytes))
    }

    /// Reads a key from the base64 text of its 32 bytes; blanks around it do not matter.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(Error::ParseSealingKey)
    }

    /// Reads the key from a file, which is made with mode 600 and a random key when it is not there, and its directory too.
    ///
    /// Of two processes that make it at once, both end with the same key.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::LoadSealingKey {
            path: path.to_owned(),
            source,
        };
        if !path.try_exists().map_err(failed)? {
            make_directory(&directory_of(path))?;
            let text = format!("{}\n", STANDARD.encode(Self::random()?.0));
            create_whole(path, &text).map_err(failed)?;
        }
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o027 != 0 {
            let path = path.to_owned();
            return Err(Error::ExposedSealingKey { path, mode });
        }
        Self::from_base64(&fs::read_to_string(path).map_err(failed)?)
    }
}

/// Makes a file with all of its text at once, unless another process was faster.
fn create_whole(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", uuid::Uuid::new_v4().simple()));
    let written = write_draft(&draft, text).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    written?;
    sync_directory(&directory_of(path))
}

fn write_draft(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Seals and unseals with one key.
pub(crate) struct Sealer(RandomizedNonceKey);

impl Sealer {
    pub(crate) fn new(key: &SealingKey) -> Result<Self, Error> {
        RandomizedNonceKey::new(&AES_256_GCM, &key.0)
            .map(Self)
            .map_err(|_| Error::Seal)
    }

    /// Seals `plain` so that it can only be unsealed for the same `owner`.
    pub(crate) fn seal(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut text = plain.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(owner.as_bytes()), &mut text)
            .map_err(|_| Error::Seal)?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    /// What was sealed for `owner`, or nothing when key, owner or bytes are not the same.
    pub(crate) fn unseal(&self, owner: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut text)
            .ok()?;
        Some(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_can_be_unsealed_by_its_owner_alone() {
        let sealer = Sealer::new(&SealingKey([7; 32])).unwrap();
        let text = sealer.seal("A", b"secret").unwrap();
        assert_eq!(sealer.unseal("A", &text).unwrap(), b"secret");
        assert_eq!(sealer.unseal("B", &text), None);
        let other = Sealer::new(&SealingKey([8; 32])).unwrap();
        assert_eq!(other.unseal("A", &text), None);
        assert_ne!(sealer.seal("A", b"secret").unwrap(), text);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealer = Sealer::new(&SealingKey([7; 32])).unwrap();
        let text = sealer.seal("A", b"secret").unwrap();
        for place in 0..text.len() {
            let mut changed = text.clone();
            changed[place] ^= 1;
            assert_eq!(sealer.unseal("A", &changed), None);
            assert_eq!(sealer.unseal("A", &text[..place]), None);
        }
    }

    #[test]
    fn keys_are_32_bytes_of_base64() {
        let text = STANDARD.encode([7; 32]);
        assert_eq!(
            SealingKey::from_base64(&format!(" {text}\n")).unwrap().0,
            [7; 32]
        );
        for wrong in [
            "",
            "x",
            &STANDARD.encode([7; 31]),
            &STANDARD.encode([7; 33]),
        ] {
            assert!(SealingKey::from_base64(wrong).is_err());
        }
        assert_eq!(format!("{:?}", SealingKey([7; 32])), "SealingKey(…)");
    }

    #[test]
    fn the_key_file_is_made_once_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("not/there/yet/sealing.key");
        let made = SealingKey::load_or_create(&path).unwrap();
        let folder = fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(SealingKey::load_or_create(&path).unwrap().0, made.0);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = SealingKey::load_or_create(&path).unwrap_err();
        assert!(matches!(
            refused,
            Error::ExposedSealingKey { mode: 0o644, .. }
        ));
    }

    #[test]
    fn makers_of_the_key_file_at_once_end_with_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealing.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| SealingKey::load_or_create(&path).unwrap().0))
                .collect();
            makers.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}
