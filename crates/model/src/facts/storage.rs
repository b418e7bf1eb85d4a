//! Volumes, the drivers behind them, and where they are attached.

use serde::{Deserialize, Serialize};

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
}

/// A storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageClass {
    /// Name.
    pub name: String,
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
    /// Name.
    pub name: String,
}

/// A volume that is attached to a node, or is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeAttachment {
    /// Name.
    pub name: String,
}
