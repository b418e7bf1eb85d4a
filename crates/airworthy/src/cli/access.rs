//! The words of `airworthy user`, `key` and `trail`, and those that say how the service is reached.

use std::path::PathBuf;

use airworthy_model::Role;
use clap::{Args, Subcommand};

use super::Store;

/// What the roles are, for the help of commands that take one.
const ROLES: &str = "\
Roles:
  read-only  sees everything of the project but its trail
  operator   besides, checks clusters and upgrades them
  admin      besides, takes clusters in and lets them go, and reads the trail";

/// Whether connections are encrypted, and with what.
#[derive(Debug, Args)]
pub(crate) struct Encryption {
    /// Certificate of the service (PEM), those that it was issued by behind it; it is read again when the file changes
    #[arg(
        long,
        value_name = "FILE",
        env = "AIRWORTHY_TLS_CERT",
        requires = "tls_key"
    )]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM, not encrypted)
    #[arg(
        long,
        value_name = "FILE",
        env = "AIRWORTHY_TLS_KEY",
        requires = "tls_cert"
    )]
    pub(crate) tls_key: Option<PathBuf>,
    /// Listen without TLS on other addresses than loopback too, as behind a proxy that encrypts
    #[arg(long, env = "AIRWORTHY_ALLOW_PLAIN_HTTP")]
    pub(crate) allow_plain_http: bool,
}

/// Where a new password comes from.
#[derive(Debug, Args)]
pub(crate) struct PasswordFrom {
    /// Read the password from the first line of standard input in place of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user, who has no role in any project until one is granted
    ///
    /// Asks for the password, which is never shown
    Add {
        /// Name that the user logs in with: letters, digits, . _ @ + and -
        name: String,
        #[command(flatten)]
        password: PasswordFrom,
        #[command(flatten)]
        store: Store,
    },
    /// List the users and their roles
    List {
        #[command(flatten)]
        store: Store,
    },
    /// Grant a user a role in a project, in the place of one that the user had there
    #[command(after_help = ROLES)]
    Grant {
        /// Name of the user
        name: String,
        /// Id of the project
        #[arg(long)]
        project: String,
        /// The role: read-only, operator or admin
        #[arg(long, required_unless_present = "revoke")]
        role: Option<Role>,
        /// Take the role in the project away, and end the tokens for it
        #[arg(long, conflicts_with = "role")]
        revoke: bool,
        #[command(flatten)]
        store: Store,
    },
    /// Give a user another password; ends the user's tokens and sessions, and a lock after wrong passwords
    Password {
        /// Name of the user
        name: String,
        #[command(flatten)]
        password: PasswordFrom,
        #[command(flatten)]
        store: Store,
    },
    /// Shut a user out; ends the user's tokens and sessions
    Disable {
        /// Name of the user
        name: String,
        #[command(flatten)]
        store: Store,
    },
    /// Let a user in again who was shut out
    Enable {
        /// Name of the user
        name: String,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Create an access key; its secret is shown once
    #[command(after_help = ROLES)]
    Create {
        /// Project whose callers use it
        #[arg(long)]
        project: String,
        /// What its holders may do there: read-only, operator or admin
        #[arg(long, default_value_t = Role::Operator)]
        role: Role,
        #[command(flatten)]
        store: Store,
    },
    /// List the access keys, without secrets
    List {
        #[command(flatten)]
        store: Store,
    },
    /// Revoke an access key
    Revoke {
        /// The access key (AK)
        key: String,
        #[command(flatten)]
        store: Store,
    },
}

/// Print who changed what, or wanted to, and who logged in: a line of JSON each, oldest first
#[derive(Debug, Args)]
#[command(after_help = "\
Entries are kept for 90 days, and at most 100,000 of each project. An entry of no project is a
log-in by an unknown user, while locked, or for no project.")]
pub(crate) struct Trail {
    /// Id of the project [default: all entries, also those of no project]
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// From when on: a time (2026-11-22T08:00:00Z), a day (2026-11-22, in UTC), or a span up to now (90m, 24h, 7d)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    #[command(flatten)]
    pub(crate) store: Store,
}
