//! Calls that audit events tell of, added up: what is read of a log or a batch, and what a database keeps.

use jiff::Timestamp;

use crate::{facts::ClientSeen, version::Minor};

/// Calls of one client with one verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// API group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural resource.
    pub resource: String,
    /// Subresource, or empty.
    pub subresource: String,
    /// User name.
    pub user: String,
    /// User agent.
    pub user_agent: String,
    /// Verb.
    pub verb: String,
    /// Events of answers that began and went on.
    pub started: u64,
    /// Events of answers that ended.
    pub ended: u64,
    /// Those that ended in an error.
    pub failed: u64,
    /// Earliest call.
    pub first_seen: Option<Timestamp>,
    /// Latest call.
    pub last_seen: Option<Timestamp>,
    /// First minor that does not serve it, as the server annotated.
    pub removed_release: Option<Minor>,
}

/// Follows the verb of calls that were refused because nothing is served at their version: they are counted apart from those
/// that were answered, also where calls are kept by verb.
const REFUSED: &str = " (not served)";

impl Call {
    /// What stands for a verb of calls that were refused.
    pub fn refused_verb(verb: &str) -> String {
        format!("{verb}{REFUSED}")
    }

    /// The verb of calls that were refused because nothing is served at their version; `None` for all other calls.
    pub fn refused(&self) -> Option<&str> {
        self.verb.strip_suffix(REFUSED)
    }
}

/// Calls of one program as one user, whatever it called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// User name.
    pub user: String,
    /// User agent.
    pub user_agent: String,
    /// Events of answers that began and went on.
    pub started: u64,
    /// Events of answers that ended.
    pub ended: u64,
    /// Latest call.
    pub last_seen: Option<Timestamp>,
}

impl From<Client> for ClientSeen {
    fn from(client: Client) -> Self {
        Self {
            user_agent: client.user_agent,
            user: client.user,
            count: client.started.max(client.ended),
            last_seen: client.last_seen,
        }
    }
}
