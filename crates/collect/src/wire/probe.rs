//! Pods of a probe: where they are, and the message with which their first container ended.

use airworthy_model::facts::Probe;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, Time, instant, nullable},
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ProbePod {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: ProbeSpec,
    #[prost(message, required, tag = "3")]
    status: ProbeStatus,
}

impl Wire for ProbePod {
    const LIST: &'static str = "PodList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProbeSpec {
    #[prost(string, tag = "10")]
    node_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProbeStatus {
    #[prost(message, repeated, tag = "10")]
    #[serde(deserialize_with = "nullable")]
    init_container_statuses: Vec<Looker>,
}

/// The container that looks. Others may have put containers of their own beside it, as meshes do.
const LOOK: &str = "look";

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Looker {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, required, tag = "2")]
    state: State,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct State {
    #[prost(message, optional, tag = "1")]
    waiting: Option<Waiting>,
    #[prost(message, optional, tag = "2")]
    running: Option<Running>,
    #[prost(message, optional, tag = "3")]
    terminated: Option<Terminated>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Waiting {
    #[prost(string, tag = "1")]
    reason: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Running {
    #[prost(message, optional, tag = "1")]
    started_at: Option<Time>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    #[prost(string, tag = "4")]
    message: String,
    #[prost(message, optional, tag = "5")]
    started_at: Option<Time>,
    #[prost(message, optional, tag = "6")]
    finished_at: Option<Time>,
}

impl From<ProbePod> for Probe {
    fn from(wire: ProbePod) -> Self {
        let mut containers = wire.status.init_container_statuses.into_iter();
        let looker = containers.find(|container| container.name == LOOK);
        let state = looker.map(|looker| looker.state).unwrap_or_default();
        let mut probe = Self {
            name: wire.spec.node_name,
            created: wire.metadata.creation_timestamp.instant(),
            pod: wire.metadata.name,
            waiting: state.waiting.map(|one| one.reason).unwrap_or_default(),
            ..Self::default()
        };
        if let Some(running) = state.running {
            probe.started = instant(running.started_at);
        }
        if let Some(ended) = state.terminated {
            probe.started = instant(ended.started_at);
            probe.finished = instant(ended.finished_at);
            answers(&ended.message, &mut probe);
        }
        probe
    }
}

/// Reads `dns=ok external=fail api=ok service=ok pods=3/4`. What is not there was not tried; other words are passed over.
fn answers(message: &str, probe: &mut Probe) {
    for (word, value) in message
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
    {
        let answer = match value {
            "ok" => Some(true),
            "fail" => Some(false),
            _ => None,
        };
        match word {
            "dns" => probe.dns = answer,
            "external" => probe.external_dns = answer,
            "api" => probe.api = answer,
            "service" => probe.service = answer,
            "pods" => {
                let counts = value.split_once('/');
                probe.pods_reached = counts.and_then(|(reached, _)| reached.parse().ok());
                probe.pods_tried = counts.and_then(|(_, tried)| tried.parse().ok());
            }
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pod_found_out_is_read_from_its_last_words() {
        let pod: ProbePod = serde_json::from_str(
            r#"{"metadata": {"name": "look-1", "creationTimestamp": "2026-11-22T12:00:00Z"}, "spec": {"nodeName": "n1"},
                "status": {"initContainerStatuses": [{"name": "look", "state": {"terminated": {"exitCode": 0,
                "message": "dns=ok external=fail api=ok odd service=maybe pods=3/4 \n", "startedAt": "2026-11-22T12:00:04Z",
                "finishedAt": "2026-11-22T12:00:09Z"}}}, {"name": "mesh-init", "state": {"terminated": {"message": "dns=fail"}}}]}}"#,
        )
        .unwrap();
        let probe = Probe::from(pod);
        assert_eq!((probe.name.as_str(), probe.pod.as_str()), ("n1", "look-1"));
        assert_eq!((probe.dns, probe.external_dns), (Some(true), Some(false)));
        assert_eq!((probe.api, probe.service), (Some(true), None));
        assert_eq!((probe.pods_reached, probe.pods_tried), (Some(3), Some(4)));
        assert!(probe.started.is_some() && probe.finished > probe.started);
        let waits: ProbePod = serde_json::from_str(
            r#"{"status": {"initContainerStatuses": [{"name": "look", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}"#,
        )
        .unwrap();
        assert_eq!(Probe::from(waits).waiting, "ImagePullBackOff");
        let young: ProbePod = serde_json::from_str("{}").unwrap();
        assert_eq!(Probe::from(young), Probe::default());
    }
}
