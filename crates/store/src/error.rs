//! What can go wrong with the database, in words that say who can put it right.

use std::{io, path::PathBuf};

use sqlx::error::{DatabaseError, ErrorKind};

/// Why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory of the database cannot be made or looked at.
    #[error("the directory {} cannot be used for the database", path.display())]
    PrepareDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database's file cannot be made or looked at.
    #[error("the database file {} cannot be used", path.display())]
    PrepareFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The path of the database is not that of a regular file.
    #[error("{} is not a file: give the path of the database file itself", .0.display())]
    NotAFile(PathBuf),
    /// The database would lie on a network file system, where SQLite's locks cannot be trusted.
    #[error("{} is on a network file system ({kind}), where a database loses data: choose a local disk", path.display())]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
        /// Name of the file system.
        kind: &'static str,
    },
    /// The database has a schema that a later release of this program made.
    #[error(
        "the database has schema {found}, this program knows up to {known}: use the newer release that made it"
    )]
    NewerSchema {
        /// Schema of the database.
        found: i64,
        /// Newest schema this program knows.
        known: i64,
    },
    /// The file is a database of another program.
    #[error("the database belongs to another program: it has tables, but not ours")]
    ForeignDatabase,
    /// The sealing key is not the one the database was made with.
    #[error(
        "the sealing key is not the one this database was made with: restore its key file or variable"
    )]
    WrongSealingKey,
    /// The file of the sealing key cannot be read or made.
    #[error("the sealing key file {} cannot be used", path.display())]
    LoadSealingKey {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than the owner can read or change the file of the sealing key.
    #[error("the sealing key file {} is open to others (mode {mode:o}): set it to 600", path.display())]
    ExposedSealingKey {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text of a sealing key is not base64 of 32 bytes.
    #[error("a sealing key is the base64 text of 32 bytes")]
    ParseSealingKey,
    /// A stored secret cannot be unsealed, although the key is right: the row was altered.
    #[error("the secret of access key {0} was altered in the database")]
    UnsealSecret(String),
    /// The system's source of randomness or the sealing failed.
    #[error("sealing failed")]
    Seal,
    /// Another process holds the database.
    #[error("the database is locked by another process; it did not let go in time ({operation})")]
    Locked {
        /// What was being done.
        operation: &'static str,
    },
    /// The disk or the database's quota is full.
    #[error("the disk with the database is full ({operation})")]
    DiskFull {
        /// What was being done.
        operation: &'static str,
    },
    /// The file is damaged, or not a database at all.
    #[error(
        "the database file is damaged or not a database ({operation}): restore it from a backup"
    )]
    Corrupted {
        /// What was being done.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// The file or its directory cannot be written.
    #[error("the database file or its directory cannot be written ({operation})")]
    ReadOnly {
        /// What was being done.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// A statement failed for another reason.
    #[error("the database failed to {operation}")]
    Statement {
        /// What was being done.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// A payload cannot be compressed or expanded.
    #[error("a stored payload cannot be read or written")]
    Payload(#[source] io::Error),
    /// There is already such a thing under this name.
    #[error("{what} {name} already exists")]
    AlreadyExists {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The project does not exist, or the cluster does not exist in it.
    #[error("{what} {id} does not exist")]
    NotFound {
        /// What it is.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// The task has another owner by now, has ended, or is gone: the work on it must be dropped.
    #[error("the lease on task {task} is lost")]
    LeaseLost {
        /// The task.
        task: String,
    },
}

impl Error {
    /// The same error for another one who shares its fate; of the source only the text.
    pub(crate) fn twin(&self) -> Self {
        let told = |source: &sqlx::Error| sqlx::Error::Io(io::Error::other(source.to_string()));
        match self {
            Self::Locked { operation } => Self::Locked { operation },
            Self::DiskFull { operation } => Self::DiskFull { operation },
            Self::Corrupted { operation, source } => Self::Corrupted {
                operation,
                source: told(source),
            },
            Self::ReadOnly { operation, source } => Self::ReadOnly {
                operation,
                source: told(source),
            },
            Self::Statement { operation, source } => Self::Statement {
                operation,
                source: told(source),
            },
            other => Self::Statement {
                operation: "write together with others",
                source: sqlx::Error::Io(io::Error::other(other.to_string())),
            },
        }
    }
}

/// Says what a statement was for when it fails.
pub(crate) trait During<T> {
    /// Turns a failed statement into an [`Error`] that names `operation`.
    fn during(self, operation: &'static str) -> Result<T, Error>;
}

impl<T> During<T> for Result<T, sqlx::Error> {
    fn during(self, operation: &'static str) -> Result<T, Error> {
        self.map_err(|source| classify(operation, source))
    }
}

fn classify(operation: &'static str, source: sqlx::Error) -> Error {
    match primary_code(&source) {
        Some(5 | 6) => Error::Locked { operation },
        Some(13) => Error::DiskFull { operation },
        Some(11 | 26) => Error::Corrupted { operation, source },
        Some(8 | 14) => Error::ReadOnly { operation, source },
        _ => Error::Statement { operation, source },
    }
}

/// SQLite's primary result code: the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// The error of an insertion of `new` that refers to `parent`, each given as what it is and its name.
pub(crate) fn insert_failed(
    error: sqlx::Error,
    operation: &'static str,
    new: (&'static str, &str),
    parent: (&'static str, &str),
) -> Error {
    match error.as_database_error().map(DatabaseError::kind) {
        Some(ErrorKind::UniqueViolation) => Error::AlreadyExists {
            what: new.0,
            name: new.1.to_owned(),
        },
        Some(ErrorKind::ForeignKeyViolation) => Error::NotFound {
            what: parent.0,
            id: parent.1.to_owned(),
        },
        _ => classify(operation, error),
    }
}
