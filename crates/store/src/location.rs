//! Where the database may lie, and that only its owner can read it.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::Error;

/// What kind of file system the database would lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// A disk of this machine, or one we know nothing against.
    Local,
    /// A network file system: its locks and its shared memory cannot be trusted.
    Network(&'static str),
    /// One that may or may not be on the network, such as FUSE.
    Doubtful(&'static str),
}

impl FileSystem {
    /// The kind that Linux means by this magic number of `statfs`.
    pub fn of_magic(magic: u32) -> Self {
        match magic {
            0x6969 => Self::Network("NFS"),
            0x517B | 0xFE53_4D42 | 0xFF53_4D42 => Self::Network("SMB"),
            0x0102_1997 => Self::Network("9P"),
            0x5346_414F | 0x6B41_4653 => Self::Network("AFS"),
            0x00C3_6400 => Self::Network("Ceph"),
            0x0BD0_0BD0 => Self::Network("Lustre"),
            0x4750_4653 => Self::Network("GPFS"),
            0x1983_0326 => Self::Network("BeeGFS"),
            0xAAD7_AAEA => Self::Network("PanFS"),
            0x7375_7245 => Self::Network("Coda"),
            0x564C => Self::Network("NCP"),
            0x786F_4256 => Self::Network("VirtualBox share"),
            0x6573_5546 => Self::Doubtful("FUSE"),
            _ => Self::Local,
        }
    }
}

/// Makes the directory and the file as needed, both for their owner alone, and returns the file's real path.
/// Nothing is changed about a file that is there: it may be somebody else's.
///
/// The file of an existing database is never opened here: closing it would drop the locks that SQLite holds on it in
/// this process.
pub(crate) fn prepare(path: &Path) -> Result<PathBuf, Error> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = directory_of(&path);
    make_directory(&directory)?;
    refuse_network(&directory)?;
    let prepared = match fs::metadata(&path) {
        Ok(found) if !found.is_file() => return Err(Error::NotAFile(path)),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_file(&path, &directory),
        Err(error) => Err(error),
    };
    match prepared {
        Ok(()) => Ok(path),
        Err(source) => Err(Error::PrepareFile { path, source }),
    }
}

/// The directory that holds `path`.
pub(crate) fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes what was entered in a directory survive a power cut.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

/// Makes a directory, for its owner alone, unless it is there.
pub(crate) fn make_directory(directory: &Path) -> Result<(), Error> {
    if directory.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made.map_err(|source| Error::PrepareDirectory {
        path: directory.to_owned(),
        source,
    })
}

/// Makes the file, unless another process has made it just now.
fn make_file(path: &Path, directory: &Path) -> io::Result<()> {
    let made = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => {
            made?.sync_all()?;
            sync_directory(directory)
        }
    }
}

/// Takes all rights of others from our database and from the files SQLite keeps beside it.
///
/// SQLite gives new ones the mode of the database itself.
pub(crate) fn close_to_others(path: &Path) -> Result<(), Error> {
    take_from_others(path).map_err(|source| Error::PrepareFile {
        path: path.to_owned(),
        source,
    })
}

fn take_from_others(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::metadata(&name) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&name, Permissions::from_mode(0o600))?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn refuse_network(directory: &Path) -> Result<(), Error> {
    let found = rustix::fs::statfs(directory).map_err(|errno| Error::PrepareDirectory {
        path: directory.to_owned(),
        source: errno.into(),
    })?;
    let magic = u32::try_from(found.f_type & 0xFFFF_FFFF).unwrap_or_default();
    match FileSystem::of_magic(magic) {
        FileSystem::Local => Ok(()),
        FileSystem::Doubtful(kind) => {
            tracing::warn!(directory = %directory.display(), kind, "the database must not lie on a network disk");
            Ok(())
        }
        FileSystem::Network(kind) => Err(Error::NetworkFileSystem {
            path: directory.to_owned(),
            kind,
        }),
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_directory: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_magic() {
        for (magic, kind) in [
            (0x6969, "NFS"),
            (0x517B, "SMB"),
            (0xFE53_4D42, "SMB"),
            (0xFF53_4D42, "SMB"),
            (0x0102_1997, "9P"),
            (0x5346_414F, "AFS"),
            (0x6B41_4653, "AFS"),
            (0x00C3_6400, "Ceph"),
            (0x0BD0_0BD0, "Lustre"),
        ] {
            assert_eq!(FileSystem::of_magic(magic), FileSystem::Network(kind));
        }
    }

    #[test]
    fn disks_and_memory_are_local_and_fuse_is_doubtful() {
        for (name, magic) in [
            ("ext4", 0xEF53),
            ("xfs", 0x5846_5342),
            ("btrfs", 0x9123_683E),
            ("tmpfs", 0x0102_1994),
            ("overlayfs", 0x794C_7630),
            ("zfs", 0x2FC1_2FC1),
        ] {
            assert_eq!(FileSystem::of_magic(magic), FileSystem::Local, "{name}");
        }
        assert_eq!(
            FileSystem::of_magic(0x6573_5546),
            FileSystem::Doubtful("FUSE")
        );
    }
}
