//! Objects by which others work on nodes. Custom resources come as JSON: the numbers for protobuf are ours and stay unused.

use airworthy_model::facts::Operation;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, nullable},
};

/// A machine of Cluster API.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Machine {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    spec: MachineSpec,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    status: MachineStatus,
}

impl Wire for Machine {
    const LIST: &'static str = "MachineList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MachineSpec {
    #[prost(string, tag = "1")]
    cluster_name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MachineStatus {
    #[prost(string, tag = "1")]
    phase: String,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    node_ref: NodeRef,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct NodeRef {
    #[prost(string, tag = "1")]
    name: String,
}

/// Machines of one sort, which are replaced one after the other when their version changes.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct MachineDeployment {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    spec: MachineDeploymentSpec,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    status: MachineDeploymentStatus,
}

impl Wire for MachineDeployment {
    const LIST: &'static str = "MachineDeploymentList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MachineDeploymentSpec {
    #[prost(string, tag = "1")]
    cluster_name: String,
    #[prost(int32, optional, tag = "2")]
    replicas: Option<i32>,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    template: MachineTemplate,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct MachineTemplate {
    #[prost(message, required, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    spec: MachineSpec,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MachineDeploymentStatus {
    #[prost(string, tag = "1")]
    phase: String,
    #[prost(int32, optional, tag = "2")]
    updated_replicas: Option<i32>,
    /// The name for the same since `v1beta2`.
    #[prost(int32, optional, tag = "3")]
    up_to_date_replicas: Option<i32>,
}

/// A node that somebody takes out of service.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct NodeMaintenance {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    spec: NodeMaintenanceSpec,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    status: PhaseStatus,
}

impl Wire for NodeMaintenance {
    const LIST: &'static str = "NodeMaintenanceList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeMaintenanceSpec {
    #[prost(string, tag = "1")]
    node_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct PhaseStatus {
    #[prost(string, tag = "1")]
    phase: String,
}

/// A node that Karpenter made.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct NodeClaim {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    status: NodeClaimStatus,
}

impl Wire for NodeClaim {
    const LIST: &'static str = "NodeClaimList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeClaimStatus {
    #[prost(string, tag = "1")]
    node_name: String,
}

fn named(api_version: &str, kind: &str, metadata: ObjectMeta) -> Operation {
    Operation {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        deleting: metadata.deletion_timestamp.is_some(),
        created: metadata.creation_timestamp.instant(),
        namespace: metadata.namespace,
        name: metadata.name,
        ..Operation::default()
    }
}

impl Machine {
    pub(crate) fn into_operation(self, api_version: &str) -> Operation {
        Operation {
            node: self.status.node_ref.name,
            cluster: self.spec.cluster_name,
            phase: self.status.phase,
            version: self.spec.version,
            ..named(api_version, "Machine", self.metadata)
        }
    }
}

impl MachineDeployment {
    pub(crate) fn into_operation(self, api_version: &str) -> Operation {
        let status = self.status;
        Operation {
            cluster: self.spec.cluster_name,
            phase: status.phase,
            version: self.spec.template.spec.version,
            desired: self.spec.replicas,
            updated: status.up_to_date_replicas.or(status.updated_replicas),
            ..named(api_version, "MachineDeployment", self.metadata)
        }
    }
}

impl NodeMaintenance {
    pub(crate) fn into_operation(self, api_version: &str) -> Operation {
        Operation {
            node: self.spec.node_name,
            phase: self.status.phase,
            ..named(api_version, "NodeMaintenance", self.metadata)
        }
    }
}

impl NodeClaim {
    pub(crate) fn into_operation(self, api_version: &str) -> Operation {
        Operation {
            node: self.status.node_name,
            ..named(api_version, "NodeClaim", self.metadata)
        }
    }
}
