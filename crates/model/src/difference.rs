//! What differs between two recordings of one cluster.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    need::{Missing, Need},
    version::KubeVersion,
};

/// What a difference is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// It was well and is not any more.
    Regression,
    /// It was there and is not any more.
    Loss,
    /// It is another one.
    Other,
    /// It was not there before.
    Gain,
    /// What an upgrade brings about by itself: versions, replaced nodes, API versions that end.
    Planned,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What it is.
    pub change: Change,
    /// The group of facts in which it was seen.
    pub group: Need,
    /// What differs: kind where the group has several, namespace and name.
    pub subject: String,
    /// How, in words.
    pub what: String,
}

/// One of the two recordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// When the facts were read.
    pub observed_at: Timestamp,
    /// Version that ran, where it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<KubeVersion>,
}

/// Two recordings of one cluster, held against each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The earlier one.
    pub before: Side,
    /// The later one.
    pub after: Side,
    /// What differs, the worst first.
    pub differences: Vec<Difference>,
    /// Groups that could not be compared because one side lacks them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<Missing>,
}

impl Comparison {
    /// Differences of one sort.
    pub fn of(&self, change: Change) -> impl Iterator<Item = &Difference> {
        self.differences
            .iter()
            .filter(move |it| it.change == change)
    }
}
