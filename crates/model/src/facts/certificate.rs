//! Certificates, of which dates and what they are good for count.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The certificates by which a client trusts a server: a `caBundle`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaBundle {
    /// Its certificates, up to 32.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// Blocks that are no certificate.
    #[serde(default)]
    pub unreadable: u32,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Not valid before.
    pub not_before: Timestamp,
    /// Not valid after.
    pub not_after: Timestamp,
    /// Whether it may sign others (basic constraints).
    #[serde(default)]
    pub authority: bool,
    /// Whether it has subject alternative names.
    #[serde(default)]
    pub alternative_names: bool,
    /// Whether its signature is made with SHA-1.
    #[serde(default)]
    pub sha1: bool,
}
