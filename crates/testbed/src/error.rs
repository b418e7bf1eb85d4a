//! What can go wrong while a testbed cluster is made or used.

use std::path::PathBuf;

/// A failure of the testbed, named by what was being done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file, socket or process operation failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A needed program is absent and cannot be installed from here.
    #[error("{program} is needed: {hint}")]
    MissingProgram {
        /// The program looked for.
        program: &'static str,
        /// What the person can do.
        hint: String,
    },
    /// A build or install command failed.
    #[error("`{command}` failed:\n{output}")]
    Command {
        /// The command line.
        command: String,
        /// The end of what it printed.
        output: String,
    },
    /// No module is pinned for this version.
    #[error("no control plane is pinned for version {version} (looked in {})", .folder.display())]
    NotPinned {
        /// The version asked for.
        version: String,
        /// Where the pinned modules are.
        folder: PathBuf,
    },
    /// A component ended while it should run.
    #[error("{component} ended ({status}); its log ends:\n{log}")]
    Ended {
        /// The component's name.
        component: String,
        /// The exit status.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// A component was not ready in time.
    #[error("{component} was not ready within {seconds} s ({last}); its log ends:\n{log}")]
    NotReady {
        /// The component's name.
        component: String,
        /// The deadline.
        seconds: u64,
        /// What the last attempt answered.
        last: String,
        /// The end of its log.
        log: String,
    },
    /// A condition did not come true in time.
    #[error("waited {seconds} s in vain for {what} ({last})")]
    Deadline {
        /// The condition waited for.
        what: String,
        /// The deadline.
        seconds: u64,
        /// What the last attempt answered.
        last: String,
    },
    /// A request did not get an answer.
    #[error("{method} {path}: {reason}")]
    Request {
        /// The HTTP method.
        method: String,
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The API server answered with an error status.
    #[error("{method} {path}: {code} {message}")]
    Status {
        /// The HTTP method.
        method: String,
        /// The path.
        path: String,
        /// The HTTP status.
        code: u16,
        /// The `message` of the Status object, or the body's text.
        message: String,
    },
    /// A document is not what it should be.
    #[error("{what}: {reason}")]
    Document {
        /// Which document.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// A certificate or a TLS setting could not be made.
    #[error("TLS: {0}")]
    Tls(String),
    /// A user was asked for that the options do not declare.
    #[error("no user {0:?} in the cluster's options")]
    NoUser(String),
}

impl Error {
    /// The HTTP status, when the API server answered with one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }

    #[allow(clippy::needless_pass_by_value)] // Errors and texts alike come by value.
    pub(crate) fn document(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Document {
            what: what.into(),
            reason: reason.to_string(),
        }
    }
}

/// The result of testbed operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what was being done when an operation of the system failed.
pub(crate) trait Context<T> {
    fn context(self, what: impl Into<String>) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Io {
            what: what.into(),
            source,
        })
    }
}
