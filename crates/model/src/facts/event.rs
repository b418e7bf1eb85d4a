//! Events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Warning events about one kind in one namespace with one reason, added up. Their texts are not kept: they may quote anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Namespace of what they are about; empty for what has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name of the object that the latest of them is about.
    pub name: String,
    /// Kind of what they are about, such as `Pod`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Reason, such as `FailedMount`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How often it happened in the hour before the facts were read. Of an event that was repeated since before that hour, the share
    /// that falls into it when its repetitions are spread evenly.
    #[serde(default)]
    pub in_hour: u64,
    /// How often it happened in the last ten minutes of that hour, counted likewise.
    #[serde(default)]
    pub in_ten_minutes: u64,
    /// When it happened last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}
