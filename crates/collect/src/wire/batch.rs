//! Jobs and cron jobs.

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, ProbedCondition, Time, instant, nullable},
    volume::There,
};

/// The condition that an eviction sets on a pod.
const DISRUPTED: &str = "DisruptionTarget";
/// The API server's default.
const BACKOFF_LIMIT: i32 = 6;

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Job {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: JobSpec,
    #[prost(message, required, tag = "3")]
    pub status: JobStatus,
}

impl Wire for Job {
    const LIST: &'static str = "JobList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct JobSpec {
    #[prost(message, required, tag = "6")]
    pub template: PodTemplate,
    #[prost(int32, optional, tag = "7")]
    pub backoff_limit: Option<i32>,
    #[prost(bool, optional, tag = "10")]
    pub suspend: Option<bool>,
    #[prost(message, optional, tag = "11")]
    pub pod_failure_policy: Option<FailurePolicy>,
    #[prost(int32, optional, tag = "12")]
    pub backoff_limit_per_index: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct PodTemplate {
    #[prost(message, required, tag = "2")]
    pub spec: TemplateSpec,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TemplateSpec {
    #[prost(string, tag = "3")]
    pub restart_policy: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct FailurePolicy {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub rules: Vec<FailureRule>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct FailureRule {
    #[prost(string, tag = "1")]
    pub action: String,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub on_pod_conditions: Vec<PodCondition>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct PodCondition {
    #[prost(string, tag = "1")]
    pub r#type: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct JobStatus {
    /// The numbers are those of a pod's conditions.
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<ProbedCondition>,
    #[prost(message, optional, tag = "2")]
    pub start_time: Option<Time>,
    #[prost(int32, tag = "4")]
    pub active: i32,
    #[prost(int32, tag = "6")]
    pub failed: i32,
}

impl FailurePolicy {
    fn ignores_disruption(&self) -> bool {
        let on_disruption = |rule: &FailureRule| {
            let mut conditions = rule.on_pod_conditions.iter();
            conditions.any(|condition| condition.r#type == DISRUPTED)
        };
        // The first rule that matches decides.
        let first = self.rules.iter().find(|rule| on_disruption(rule));
        first.is_some_and(|rule| rule.action == "Ignore")
    }
}

impl From<Job> for facts::Job {
    fn from(wire: Job) -> Self {
        let (mut metadata, spec, status) = (wire.metadata, wire.spec, wire.status);
        let mut conditions = status.conditions.into_iter();
        let end = conditions
            .find(|c| c.status == "True" && matches!(c.r#type.as_str(), "Complete" | "Failed"));
        Self {
            controller: metadata.controller(),
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid,
            started: instant(status.start_time),
            suspended: spec.suspend == Some(true),
            active: status.active,
            failed: status.failed,
            backoff_limit: spec.backoff_limit.unwrap_or(BACKOFF_LIMIT),
            backoff_limit_per_index: spec.backoff_limit_per_index,
            restart_policy: spec.template.spec.restart_policy,
            ignores_disruption: spec
                .pod_failure_policy
                .is_some_and(|policy| policy.ignores_disruption()),
            end: end.map(|condition| Box::new(condition.into())),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct CronJob {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: CronJobSpec,
    #[prost(message, required, tag = "3")]
    pub status: CronJobStatus,
}

impl Wire for CronJob {
    const LIST: &'static str = "CronJobList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CronJobSpec {
    #[prost(string, tag = "1")]
    pub schedule: String,
    #[prost(int64, optional, tag = "2")]
    pub starting_deadline_seconds: Option<i64>,
    #[prost(bool, optional, tag = "4")]
    pub suspend: Option<bool>,
    #[prost(string, optional, tag = "8")]
    pub time_zone: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CronJobStatus {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub active: Vec<There>,
    #[prost(message, optional, tag = "4")]
    pub last_schedule_time: Option<Time>,
    #[prost(message, optional, tag = "5")]
    pub last_successful_time: Option<Time>,
}

impl From<CronJob> for facts::CronJob {
    fn from(wire: CronJob) -> Self {
        let (spec, status) = (wire.spec, wire.status);
        Self {
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            created: wire.metadata.creation_timestamp.instant(),
            schedule: spec.schedule,
            time_zone: spec.time_zone.unwrap_or_default(),
            starting_deadline_seconds: spec.starting_deadline_seconds,
            suspended: spec.suspend == Some(true),
            active: status.active.len(),
            last_scheduled: instant(status.last_schedule_time),
            last_successful: instant(status.last_successful_time),
        }
    }
}
