//! Work that ends.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{common::Condition, pod::ControllerRef};

/// A job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Namespace; empty for what has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid: a job that was deleted and made anew is another one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The owner with `controller: true`, such as its `CronJob`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<ControllerRef>,
    /// When its controller began with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Whether it is suspended.
    #[serde(default)]
    pub suspended: bool,
    /// Pods that run or wait to.
    #[serde(default)]
    pub active: i32,
    /// Pods that have failed.
    #[serde(default)]
    pub failed: i32,
    /// How many failures it bears; 6 where nothing is written.
    #[serde(default = "six")]
    pub backoff_limit: i32,
    /// How many failures each index of it bears, when they are counted by index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_limit_per_index: Option<i32>,
    /// `Never` or `OnFailure`, of its pods.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub restart_policy: String,
    /// Whether its failure policy ignores pods that were disrupted, as recordings tell that do not say more of it.
    #[serde(default)]
    pub ignores_disruption: bool,
    /// What its failure policy makes of an evicted pod; absent in recordings of before all of its rules were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disruption: Option<OnDisruption>,
    /// How it ended: condition `Complete` or `Failed`, when one of them holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Box<Condition>>,
}

/// What becomes of a job when one of its pods is evicted; the worst where that hangs on how the pod ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnDisruption {
    /// It is no failure: another pod is made.
    Ignore,
    /// It is one of the failures that the job bears.
    Count,
    /// Its index has failed for good.
    FailIndex,
    /// The job has failed for good.
    FailJob,
}

/// The API server's default of `spec.backoffLimit`.
const fn six() -> i32 {
    6
}

impl Job {
    /// What becomes of it when one of its pods is evicted.
    pub fn on_disruption(&self) -> OnDisruption {
        let told = if self.ignores_disruption {
            OnDisruption::Ignore
        } else {
            OnDisruption::Count
        };
        self.on_disruption.unwrap_or(told)
    }

    /// Whether it has failed for good.
    pub fn has_failed(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.r#type == "Failed")
    }
}

/// A cron job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CronJob {
    /// Namespace; empty for what has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it is due, in five fields or as `@daily`; it may begin with `TZ=` or `CRON_TZ=`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schedule: String,
    /// The time zone of its schedule; empty for that of the controller manager.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
    /// How late, in seconds, a run may still be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting_deadline_seconds: Option<i64>,
    /// Whether it is suspended.
    #[serde(default)]
    pub suspended: bool,
    /// Runs that are under way.
    #[serde(default)]
    pub active: usize,
    /// For which moment its controller last started a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_scheduled: Option<Timestamp>,
    /// When a run last ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful: Option<Timestamp>,
}
