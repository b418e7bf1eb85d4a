//! Persistent volumes, claims, classes, drivers and attachments.

use airworthy_model::facts::{self, ClaimRef, VolumePlugin};
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, Pair, Time, convert, cut, instant, nullable, pairs},
    shape::NodeSelector,
    volume::{Driver, There, plugin_of},
};

const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PersistentVolume {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: PersistentVolumeSpec,
    #[prost(message, required, tag = "3")]
    pub status: PersistentVolumeStatus,
}

impl Wire for PersistentVolume {
    const LIST: &'static str = "PersistentVolumeList";
}

/// In JSON the members of the source stand among those of the spec.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PersistentVolumeSpec {
    #[prost(message, required, tag = "2")]
    #[serde(flatten)]
    pub source: PersistentVolumeSource,
    #[prost(message, optional, tag = "4")]
    pub claim_ref: Option<ObjectReference>,
    #[prost(string, tag = "6")]
    pub storage_class_name: String,
    #[prost(message, optional, tag = "9")]
    pub node_affinity: Option<VolumeNodeAffinity>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct VolumeNodeAffinity {
    #[prost(message, optional, tag = "1")]
    pub required: Option<NodeSelector>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ObjectReference {
    #[prost(string, tag = "2")]
    pub namespace: String,
    #[prost(string, tag = "3")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct PersistentVolumeStatus {
    #[prost(string, tag = "1")]
    pub phase: String,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(string, tag = "3")]
    pub reason: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PersistentVolumeSource {
    #[prost(message, optional, tag = "1")]
    pub gce_persistent_disk: Option<There>,
    #[prost(message, optional, tag = "2")]
    pub aws_elastic_block_store: Option<There>,
    #[prost(message, optional, tag = "3")]
    pub host_path: Option<There>,
    #[prost(message, optional, tag = "4")]
    pub glusterfs: Option<There>,
    #[prost(message, optional, tag = "5")]
    pub nfs: Option<There>,
    #[prost(message, optional, tag = "6")]
    pub rbd: Option<There>,
    #[prost(message, optional, tag = "7")]
    pub iscsi: Option<There>,
    #[prost(message, optional, tag = "8")]
    pub cinder: Option<There>,
    #[prost(message, optional, tag = "9")]
    pub cephfs: Option<There>,
    #[prost(message, optional, tag = "10")]
    pub fc: Option<There>,
    #[prost(message, optional, tag = "11")]
    pub flocker: Option<There>,
    #[prost(message, optional, tag = "12")]
    pub flex_volume: Option<Driver>,
    #[prost(message, optional, tag = "13")]
    pub azure_file: Option<There>,
    #[prost(message, optional, tag = "14")]
    pub vsphere_volume: Option<There>,
    #[prost(message, optional, tag = "15")]
    pub quobyte: Option<There>,
    #[prost(message, optional, tag = "16")]
    pub azure_disk: Option<There>,
    #[prost(message, optional, tag = "17")]
    pub photon_persistent_disk: Option<There>,
    #[prost(message, optional, tag = "18")]
    pub portworx_volume: Option<There>,
    #[prost(message, optional, tag = "19")]
    #[serde(rename = "scaleIO")]
    pub scale_io: Option<There>,
    #[prost(message, optional, tag = "20")]
    pub local: Option<There>,
    #[prost(message, optional, tag = "21")]
    pub storageos: Option<There>,
    #[prost(message, optional, tag = "22")]
    pub csi: Option<Driver>,
}

impl PersistentVolumeSource {
    fn plugin(&self) -> VolumePlugin {
        plugin_of!(self, HostPath: host_path, Local: local).unwrap_or_default()
    }
}

impl From<PersistentVolume> for facts::PersistentVolume {
    fn from(wire: PersistentVolume) -> Self {
        let (spec, status) = (wire.spec, wire.status);
        let trouble = [status.reason, status.message];
        let plugin = spec.source.plugin();
        let driver = spec.source.csi.or(spec.source.flex_volume);
        let nodes = spec.node_affinity.and_then(|nodes| nodes.required);
        Self {
            name: wire.metadata.name,
            node_terms: convert(nodes.unwrap_or_default().node_selector_terms),
            plugin,
            driver: driver.unwrap_or_default().driver,
            phase: status.phase,
            claim: spec.claim_ref.map(|claim| ClaimRef {
                namespace: claim.namespace,
                name: claim.name,
            }),
            class: spec.storage_class_name,
            trouble: cut(trouble.join(" ").trim().to_owned()),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PersistentVolumeClaim {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: ClaimSpec,
    #[prost(message, required, tag = "3")]
    pub status: ClaimStatus,
}

impl Wire for PersistentVolumeClaim {
    const LIST: &'static str = "PersistentVolumeClaimList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ClaimSpec {
    #[prost(string, tag = "3")]
    pub volume_name: String,
    #[prost(string, optional, tag = "5")]
    pub storage_class_name: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ClaimStatus {
    #[prost(string, tag = "1")]
    pub phase: String,
}

impl From<PersistentVolumeClaim> for facts::PersistentVolumeClaim {
    fn from(mut wire: PersistentVolumeClaim) -> Self {
        Self {
            deletion: wire.metadata.take_deletion(),
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            uid: wire.metadata.uid,
            created: wire.metadata.creation_timestamp.instant(),
            deleting: wire.metadata.deletion_timestamp.is_some(),
            phase: wire.status.phase,
            volume: wire.spec.volume_name,
            class: wire.spec.storage_class_name,
        }
    }
}

/// Metadata of a class, whose annotations say which one is the default.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ClassMeta {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "pairs")]
    pub annotations: Vec<Pair>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StorageClass {
    #[prost(message, required, tag = "1")]
    pub metadata: ClassMeta,
    #[prost(string, tag = "2")]
    pub provisioner: String,
    #[prost(string, tag = "7")]
    pub volume_binding_mode: String,
}

impl Wire for StorageClass {
    const LIST: &'static str = "StorageClassList";
}

impl From<StorageClass> for facts::StorageClass {
    fn from(wire: StorageClass) -> Self {
        let mut annotations = wire.metadata.annotations.iter();
        Self {
            name: wire.metadata.name,
            provisioner: wire.provisioner,
            default: annotations.any(|pair| pair.key == DEFAULT_CLASS && pair.value == "true"),
            waits_for_pod: wire.volume_binding_mode == "WaitForFirstConsumer",
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct CsiDriver {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
}

impl Wire for CsiDriver {
    const LIST: &'static str = "CSIDriverList";
}

impl From<CsiDriver> for facts::CsiDriver {
    fn from(wire: CsiDriver) -> Self {
        Self {
            name: wire.metadata.name,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct CsiNode {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: CsiNodeSpec,
}

impl Wire for CsiNode {
    const LIST: &'static str = "CSINodeList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct CsiNodeSpec {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub drivers: Vec<NodeDriver>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct NodeDriver {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "4")]
    pub allocatable: Option<NodeResources>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct NodeResources {
    #[prost(int32, optional, tag = "1")]
    pub count: Option<i32>,
}

impl From<NodeDriver> for facts::NodeDriver {
    fn from(wire: NodeDriver) -> Self {
        Self {
            name: wire.name,
            limit: wire.allocatable.and_then(|resources| resources.count),
        }
    }
}

impl From<CsiNode> for facts::CsiNode {
    fn from(wire: CsiNode) -> Self {
        Self {
            name: wire.metadata.name,
            drivers: convert(wire.spec.drivers),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct VolumeAttachment {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: AttachmentSpec,
    #[prost(message, required, tag = "3")]
    pub status: AttachmentStatus,
}

impl Wire for VolumeAttachment {
    const LIST: &'static str = "VolumeAttachmentList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AttachmentSpec {
    #[prost(string, tag = "1")]
    pub attacher: String,
    #[prost(message, required, tag = "2")]
    pub source: AttachmentSource,
    #[prost(string, tag = "3")]
    pub node_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AttachmentSource {
    #[prost(string, tag = "1")]
    pub persistent_volume_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AttachmentStatus {
    #[prost(bool, tag = "1")]
    pub attached: bool,
    #[prost(message, optional, tag = "3")]
    pub attach_error: Option<VolumeError>,
    #[prost(message, optional, tag = "4")]
    pub detach_error: Option<VolumeError>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct VolumeError {
    #[prost(message, required, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub time: Time,
    #[prost(string, tag = "2")]
    pub message: String,
}

impl From<VolumeError> for facts::VolumeError {
    fn from(wire: VolumeError) -> Self {
        Self {
            time: wire.time.instant(),
            message: cut(wire.message),
        }
    }
}

impl From<VolumeAttachment> for facts::VolumeAttachment {
    fn from(wire: VolumeAttachment) -> Self {
        let (spec, status) = (wire.spec, wire.status);
        Self {
            name: wire.metadata.name,
            created: wire.metadata.creation_timestamp.instant(),
            deleting_since: instant(wire.metadata.deletion_timestamp),
            attacher: spec.attacher,
            volume: spec.source.persistent_volume_name,
            node: spec.node_name,
            attached: status.attached,
            attach_error: status.attach_error.map(Into::into),
            detach_error: status.detach_error.map(Into::into),
        }
    }
}
