//! Jobs and cron jobs.

use airworthy_model::facts::{self, OnDisruption};
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, ProbedCondition, Time, instant, nullable},
    volume::There,
};

/// The condition that an eviction sets on a pod.
const DISRUPTED: &str = "DisruptionTarget";
/// How containers end that are told to go: by `SIGTERM`, or by `SIGKILL` when they do not.
const KILLED: [i32; 2] = [128 + 15, 128 + 9];
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
    #[prost(message, optional, tag = "2")]
    pub on_exit_codes: Option<ExitCodes>,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub on_pod_conditions: Vec<PodCondition>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct PodCondition {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(string, tag = "2")]
    pub status: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ExitCodes {
    #[prost(string, optional, tag = "1")]
    pub container_name: Option<String>,
    #[prost(string, tag = "2")]
    pub operator: String,
    #[prost(int32, repeated, packed = "false", tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub values: Vec<i32>,
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

impl JobSpec {
    /// What its failure policy makes of an evicted pod: the worst, over the ways in which it may end.
    fn on_disruption(&self) -> OnDisruption {
        let Some(policy) = &self.pod_failure_policy else {
            return OnDisruption::Count;
        };
        let ways = KILLED
            .into_iter()
            .flat_map(|code| [(code, true), (code, false)]);
        let worst = ways.map(|way| policy.on_disruption(way)).max();
        worst.unwrap_or(OnDisruption::Count)
    }
}

impl FailurePolicy {
    /// The first rule that matches decides, and its exit codes go before its conditions (`matchPodFailurePolicy` of
    /// `pkg/controller/job`). Without one the failure counts.
    fn on_disruption(&self, way: (i32, bool)) -> OnDisruption {
        let first = self.rules.iter().find(|rule| rule.matches(way));
        first.map_or(OnDisruption::Count, |rule| match &*rule.action {
            "Ignore" => OnDisruption::Ignore,
            "Count" => OnDisruption::Count,
            "FailIndex" => OnDisruption::FailIndex,
            // What a newer version calls otherwise is read the strict way.
            _ => OnDisruption::FailJob,
        })
    }
}

impl FailureRule {
    /// Whether it is about a pod that is evicted and ends by a code. Where that cannot be known of codes, `unknown` is the answer.
    fn matches(&self, (code, unknown): (i32, bool)) -> bool {
        match &self.on_exit_codes {
            Some(codes) => codes.has(code).unwrap_or(unknown),
            None => self
                .on_pod_conditions
                .iter()
                .any(PodCondition::is_disruption),
        }
    }
}

impl ExitCodes {
    /// Nothing where it is of one container, which may have ended before, or compares in a way that is not known.
    fn has(&self, code: i32) -> Option<bool> {
        let named = self.values.contains(&code);
        let has = match &*self.operator {
            "In" => named,
            "NotIn" => !named,
            _ => return None,
        };
        (!has || self.container_name.is_none()).then_some(has)
    }
}

impl PodCondition {
    fn is_disruption(&self) -> bool {
        self.r#type == DISRUPTED && matches!(&*self.status, "" | "True")
    }
}

impl From<Job> for facts::Job {
    fn from(wire: Job) -> Self {
        let (mut metadata, spec, status) = (wire.metadata, wire.spec, wire.status);
        let on_disruption = spec.on_disruption();
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
            ignores_disruption: on_disruption == OnDisruption::Ignore,
            on_disruption: Some(on_disruption),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn on_disruption(rules: &str) -> OnDisruption {
        let policy = format!("{{backoffLimit: 6, podFailurePolicy: {{rules: {rules}}}}}");
        let spec: JobSpec = serde_saphyr::from_str(&policy).unwrap();
        let binary: JobSpec =
            prost::Message::decode(&*prost::Message::encode_to_vec(&spec)).unwrap();
        assert_eq!(binary, spec);
        spec.on_disruption()
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        const IGNORES: &str =
            "{action: Ignore, onPodConditions: [{type: DisruptionTarget, status: 'True'}]}";
        let before = |rule: &str| on_disruption(&format!("[{rule}, {IGNORES}]"));
        for (rule, expected) in [
            (
                "{action: FailJob, onPodConditions: [{type: ConfigIssue}]}",
                OnDisruption::Ignore,
            ),
            (
                "{action: FailJob, onPodConditions: [{type: DisruptionTarget, status: 'False'}]}",
                OnDisruption::Ignore,
            ),
            (
                "{action: FailJob, onPodConditions: [{type: DisruptionTarget}]}",
                OnDisruption::FailJob,
            ),
            (
                "{action: FailIndex, onPodConditions: [{type: DisruptionTarget}]}",
                OnDisruption::FailIndex,
            ),
            (
                "{action: Count, onPodConditions: [{type: DisruptionTarget}]}",
                OnDisruption::Count,
            ),
            (
                "{action: Abandon, onPodConditions: [{type: DisruptionTarget}]}",
                OnDisruption::FailJob,
            ),
            (
                "{action: FailJob, onExitCodes: {operator: NotIn, values: [42]}}",
                OnDisruption::FailJob,
            ),
            (
                "{action: FailJob, onExitCodes: {operator: NotIn, values: [137, 143]}}",
                OnDisruption::Ignore,
            ),
            (
                "{action: FailJob, onExitCodes: {operator: In, values: [42]}}",
                OnDisruption::Ignore,
            ),
            (
                "{action: FailJob, onExitCodes: {operator: In, values: [137]}}",
                OnDisruption::FailJob,
            ),
            (
                "{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [143]}}",
                OnDisruption::FailJob,
            ),
            (
                "{action: FailJob, onExitCodes: {operator: Above, values: [42]}}",
                OnDisruption::FailJob,
            ),
        ] {
            assert_eq!(before(rule), expected, "{rule}");
        }
        for (rules, expected) in [
            ("[]", OnDisruption::Count),
            (
                "[{action: Ignore, onExitCodes: {operator: In, values: [137, 143]}}]",
                OnDisruption::Ignore,
            ),
            (
                "[{action: Ignore, onExitCodes: {operator: In, values: [143]}}]",
                OnDisruption::Count,
            ),
            (
                "[{action: Ignore, onExitCodes: {containerName: main, operator: In, values: [137, 143]}}]",
                OnDisruption::Count,
            ),
        ] {
            assert_eq!(on_disruption(rules), expected, "{rules}");
        }
        assert_eq!(JobSpec::default().on_disruption(), OnDisruption::Count);
    }
}
