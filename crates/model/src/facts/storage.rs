//! Volumes, the drivers behind them, and where they are attached.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{common::Deletion, scheduling::NodeTerm};

/// How a volume is provided: the member that is set in the source of a `PersistentVolume` or of a pod's volume.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum VolumePlugin {
    /// `awsElasticBlockStore`.
    AwsElasticBlockStore,
    /// `azureDisk`.
    AzureDisk,
    /// `azureFile`.
    AzureFile,
    /// `cephfs`.
    Cephfs,
    /// `cinder`.
    Cinder,
    /// `csi`.
    Csi,
    /// `fc`.
    Fc,
    /// `flexVolume`.
    FlexVolume,
    /// `flocker`.
    Flocker,
    /// `gcePersistentDisk`.
    GcePersistentDisk,
    /// `gitRepo`.
    GitRepo,
    /// `glusterfs`.
    Glusterfs,
    /// `hostPath`.
    HostPath,
    /// `iscsi`.
    Iscsi,
    /// `local`.
    Local,
    /// `nfs`.
    Nfs,
    /// `photonPersistentDisk`.
    PhotonPersistentDisk,
    /// `portworxVolume`.
    PortworxVolume,
    /// `quobyte`.
    Quobyte,
    /// `rbd`.
    Rbd,
    /// `scaleIO`.
    #[serde(rename = "scaleIO")]
    ScaleIo,
    /// `storageos`.
    Storageos,
    /// `vsphereVolume`.
    VsphereVolume,
    /// One that has no name here.
    #[default]
    #[serde(other)]
    Other,
}

impl VolumePlugin {
    /// The name of its member in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsElasticBlockStore => "awsElasticBlockStore",
            Self::AzureDisk => "azureDisk",
            Self::AzureFile => "azureFile",
            Self::Cephfs => "cephfs",
            Self::Cinder => "cinder",
            Self::Csi => "csi",
            Self::Fc => "fc",
            Self::FlexVolume => "flexVolume",
            Self::Flocker => "flocker",
            Self::GcePersistentDisk => "gcePersistentDisk",
            Self::GitRepo => "gitRepo",
            Self::Glusterfs => "glusterfs",
            Self::HostPath => "hostPath",
            Self::Iscsi => "iscsi",
            Self::Local => "local",
            Self::Nfs => "nfs",
            Self::PhotonPersistentDisk => "photonPersistentDisk",
            Self::PortworxVolume => "portworxVolume",
            Self::Quobyte => "quobyte",
            Self::Rbd => "rbd",
            Self::ScaleIo => "scaleIO",
            Self::Storageos => "storageos",
            Self::VsphereVolume => "vsphereVolume",
            Self::Other => "other",
        }
    }
}

/// A persistent volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersistentVolume {
    /// Name.
    pub name: String,
    /// How it is provided.
    #[serde(default)]
    pub plugin: VolumePlugin,
    /// The driver of `csi` and `flexVolume`; empty for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// `Available`, `Bound`, `Released`, `Failed` or `Pending`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// The claim that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimRef>,
    /// Its storage class; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// `status.reason` and `status.message` of a failure, cut at 300 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trouble: String,
    /// The nodes that can reach it: one of these must hold, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_terms: Vec<NodeTerm>,
}

/// Which claim a volume is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRef {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// A claim of a persistent volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersistentVolumeClaim {
    /// Namespace; empty for what has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid: a claim that was deleted and made anew is another one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Being deleted.
    #[serde(default)]
    pub deleting: bool,
    /// Since when it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Box<Deletion>>,
    /// `Pending`, `Bound` or `Lost`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// The volume that it is bound to; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub volume: String,
    /// The storage class that it asks for: absent takes the default class, empty takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageClass {
    /// Name.
    pub name: String,
    /// Who makes its volumes, such as `ebs.csi.aws.com` or `kubernetes.io/aws-ebs`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provisioner: String,
    /// Whether claims that name no class get it (annotation `storageclass.kubernetes.io/is-default-class`).
    #[serde(default)]
    pub default: bool,
    /// Whether it waits for a pod before it binds a claim (`volumeBindingMode: WaitForFirstConsumer`).
    #[serde(default)]
    pub waits_for_pod: bool,
}

/// A CSI driver that is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CsiDriver {
    /// Name.
    pub name: String,
}

/// The CSI drivers of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CsiNode {
    /// Name of the node.
    pub name: String,
    /// The drivers that its kubelet has registered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drivers: Vec<NodeDriver>,
}

/// A CSI driver on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeDriver {
    /// Name.
    pub name: String,
    /// How many of its volumes the node can have; absent when nothing limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i32>,
}

impl CsiNode {
    /// Whether the node has the driver.
    pub fn has(&self, driver: &str) -> bool {
        self.drivers.iter().any(|known| known.name == driver)
    }
}

/// A volume that is attached to a node, or is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeAttachment {
    /// Name.
    pub name: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Since when it is being deleted, which is being detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleting_since: Option<Timestamp>,
    /// The CSI driver that has to do it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attacher: String,
    /// The persistent volume; empty for one that is written into a pod.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub volume: String,
    /// The node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Whether it is attached.
    #[serde(default)]
    pub attached: bool,
    /// What the driver said when it last failed to attach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach_error: Option<VolumeError>,
    /// What the driver said when it last failed to detach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detach_error: Option<VolumeError>,
}

/// What a driver said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeError {
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What, cut at 300 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}
