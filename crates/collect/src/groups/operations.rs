//! Work on nodes that others have under way, as objects of the tools that do it tell, and a freeze that operators can set.

use std::collections::BTreeMap;

use airworthy_model::facts::Operation;
use http::StatusCode;
use serde::Deserialize;

use super::installed::all;
use crate::{
    failure::{Cause, Failure},
    resource::Versions,
    session::{Ask, Session},
    wire::{
        self,
        operation::{Machine, MachineDeployment, NodeClaim, NodeMaintenance},
    },
};

/// Group, resource, and the versions that are understood, the newest first.
type Known = (&'static str, &'static str, &'static [&'static str]);

const MACHINES: Known = ("cluster.x-k8s.io", "machines", &["v1beta2", "v1beta1"]);
const MACHINE_DEPLOYMENTS: Known = (
    "cluster.x-k8s.io",
    "machinedeployments",
    &["v1beta2", "v1beta1"],
);
const MAINTENANCES: Known = (
    "nodemaintenance.medik8s.io",
    "nodemaintenances",
    &["v1beta1"],
);
const NODE_CLAIMS: Known = ("karpenter.sh", "nodeclaims", &["v1", "v1beta1"]);

/// Where an operator freezes a cluster.
const FREEZE: &str = "/api/v1/namespaces/kube-system/configmaps/airworthy-freeze";

/// Longest reason of a freeze that is kept.
const REASON_CHARS: usize = 120;

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<Operation>, Failure> {
    let (machines, deployments, maintenances, claims, freeze) = tokio::try_join!(
        all(session, versions, MACHINES, Machine::into_operation),
        all(
            session,
            versions,
            MACHINE_DEPLOYMENTS,
            MachineDeployment::into_operation
        ),
        all(
            session,
            versions,
            MAINTENANCES,
            NodeMaintenance::into_operation
        ),
        all(session, versions, NODE_CLAIMS, NodeClaim::into_operation),
        freeze(session),
    )?;
    let all = [machines, deployments, maintenances, claims].into_iter();
    Ok(all.flatten().chain(freeze).collect())
}

/// The two entries of the freeze that are read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Freeze {
    data: BTreeMap<String, String>,
}

async fn freeze(session: &Session<'_>) -> Result<Option<Operation>, Failure> {
    let ask = Ask::get(FREEZE, wire::JSON);
    let answer = match session.ask(&ask).await {
        Err(failure) if failure.status() == Some(StatusCode::NOT_FOUND) => return Ok(None),
        answer => answer?,
    };
    let freeze: Freeze = serde_json::from_slice(&answer.body)
        .map_err(|error| ask.failed(Cause::Malformed(error.to_string())))?;
    Ok(Some(frozen(&freeze)))
}

/// An end that is no time is none: then the freeze holds until it is taken away.
fn frozen(freeze: &Freeze) -> Operation {
    let entry = |key| freeze.data.get(key).map_or("", |text| text.trim());
    Operation {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        namespace: "kube-system".to_owned(),
        name: "airworthy-freeze".to_owned(),
        phase: entry("reason").chars().take(REASON_CHARS).collect(),
        until: entry("until").parse().ok(),
        ..Operation::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_keeps_its_reason_and_its_end_and_nothing_else() {
        let of = |text: &str| frozen(&serde_json::from_str(text).unwrap());
        let whole = of(
            r#"{"data": {"reason": "end of quarter ", "until": "2026-12-31T00:00:00Z", "token": "hush"}}"#,
        );
        assert_eq!(whole.phase, "end of quarter");
        assert_eq!(whole.until, "2026-12-31T00:00:00Z".parse().ok());
        assert!(!format!("{whole:?}").contains("hush"));
        let open = of(r#"{"data": {"until": "some day"}}"#);
        assert_eq!((open.phase.as_str(), open.until), ("", None));
        assert_eq!(of("{}").name, "airworthy-freeze");
    }

    #[test]
    fn machines_of_both_shapes_are_understood() {
        let deployment: MachineDeployment = serde_json::from_str(
            r#"{"metadata": {"name": "md", "namespace": "fleet"}, "spec": {"clusterName": "prod", "replicas": 3,
                "template": {"spec": {"version": "v1.32.1"}}}, "status": {"phase": "ScalingUp", "upToDateReplicas": 1}}"#,
        )
        .unwrap();
        let read = deployment.into_operation("cluster.x-k8s.io/v1beta2");
        assert_eq!((read.desired, read.updated), (Some(3), Some(1)));
        assert_eq!(
            (read.cluster.as_str(), read.version.as_str()),
            ("prod", "v1.32.1")
        );
        let machine: Machine = serde_json::from_str(
            r#"{"metadata": {"name": "m", "deletionTimestamp": "2026-11-22T11:00:00Z"}, "spec": {"clusterName": "prod"},
                "status": {"phase": "Deleting", "nodeRef": {"name": "n1"}}}"#,
        )
        .unwrap();
        let read = machine.into_operation("cluster.x-k8s.io/v1beta1");
        assert!(read.deleting);
        assert_eq!(
            (read.node.as_str(), read.phase.as_str()),
            ("n1", "Deleting")
        );
    }
}
