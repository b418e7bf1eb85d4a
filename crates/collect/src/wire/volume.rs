//! What volumes are made of: the sources of pods' volumes and of persistent volumes.

use airworthy_model::facts::{PodVolume, VolumePlugin};
use serde::Deserialize;

use super::reference::Projected;

/// A volume of a pod; in JSON the members of its source stand beside its name.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Volume {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, required, tag = "2")]
    #[serde(flatten)]
    pub source: VolumeSource,
}

/// The plugin of a source by the member that is there. What pods and persistent volumes may both have is called the same in both; named
/// beside it is what only one of them may have.
macro_rules! plugin_of {
    (@ $source:expr, $($plugin:ident: $member:ident),+) => {
        [$((VolumePlugin::$plugin, $source.$member.is_some())),+]
            .into_iter()
            .find_map(|(plugin, there)| there.then_some(plugin))
    };
    ($source:expr $(, $own:ident: $own_member:ident)*) => {
        plugin_of!(@ $source $(, $own: $own_member)*, Csi: csi, FlexVolume: flex_volume,
            GcePersistentDisk: gce_persistent_disk, AwsElasticBlockStore: aws_elastic_block_store, Nfs: nfs, Iscsi: iscsi,
            Glusterfs: glusterfs, Rbd: rbd, Cinder: cinder, Cephfs: cephfs, Flocker: flocker, Fc: fc, AzureFile: azure_file,
            VsphereVolume: vsphere_volume, Quobyte: quobyte, AzureDisk: azure_disk,
            PhotonPersistentDisk: photon_persistent_disk, PortworxVolume: portworx_volume, ScaleIo: scale_io,
            Storageos: storageos)
    };
}
pub(crate) use plugin_of;

/// A member of which only its being there is read: the rest can hold addresses and names of secrets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message, Deserialize)]
pub(crate) struct There {}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct VolumeSource {
    #[prost(message, optional, tag = "1")]
    pub host_path: Option<HostPath>,
    #[prost(message, optional, tag = "2")]
    pub empty_dir: Option<EmptyDir>,
    #[prost(message, optional, tag = "3")]
    pub gce_persistent_disk: Option<There>,
    #[prost(message, optional, tag = "4")]
    pub aws_elastic_block_store: Option<There>,
    #[prost(message, optional, tag = "5")]
    pub git_repo: Option<There>,
    #[prost(message, optional, tag = "6")]
    pub secret: Option<There>,
    #[prost(message, optional, tag = "7")]
    pub nfs: Option<There>,
    #[prost(message, optional, tag = "8")]
    pub iscsi: Option<There>,
    #[prost(message, optional, tag = "9")]
    pub glusterfs: Option<There>,
    #[prost(message, optional, tag = "10")]
    pub persistent_volume_claim: Option<Claim>,
    #[prost(message, optional, tag = "11")]
    pub rbd: Option<There>,
    #[prost(message, optional, tag = "12")]
    pub flex_volume: Option<Driver>,
    #[prost(message, optional, tag = "13")]
    pub cinder: Option<There>,
    #[prost(message, optional, tag = "14")]
    pub cephfs: Option<There>,
    #[prost(message, optional, tag = "15")]
    pub flocker: Option<There>,
    #[prost(message, optional, tag = "17")]
    pub fc: Option<There>,
    #[prost(message, optional, tag = "18")]
    pub azure_file: Option<There>,
    #[prost(message, optional, tag = "19")]
    pub config_map: Option<There>,
    #[prost(message, optional, tag = "20")]
    pub vsphere_volume: Option<There>,
    #[prost(message, optional, tag = "21")]
    pub quobyte: Option<There>,
    #[prost(message, optional, tag = "22")]
    pub azure_disk: Option<There>,
    #[prost(message, optional, tag = "23")]
    pub photon_persistent_disk: Option<There>,
    #[prost(message, optional, tag = "24")]
    pub portworx_volume: Option<There>,
    #[prost(message, optional, tag = "25")]
    #[serde(rename = "scaleIO")]
    pub scale_io: Option<There>,
    #[prost(message, optional, tag = "26")]
    pub projected: Option<Projected>,
    #[prost(message, optional, tag = "27")]
    pub storageos: Option<There>,
    #[prost(message, optional, tag = "28")]
    pub csi: Option<Driver>,
    #[prost(message, optional, tag = "29")]
    pub ephemeral: Option<There>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct HostPath {
    #[prost(string, tag = "1")]
    pub path: String,
    #[prost(string, tag = "2")]
    pub r#type: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct EmptyDir {
    #[prost(string, tag = "1")]
    pub medium: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Claim {
    #[prost(string, tag = "1")]
    pub claim_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Driver {
    #[prost(string, tag = "1")]
    pub driver: String,
}

impl Volume {
    /// The fact, when the volume is one that facts keep; `pod` is the name of its pod.
    pub(crate) fn read_for(self, pod: &str, read_only: bool) -> Option<PodVolume> {
        let source = self.source;
        if source.ephemeral.is_some() {
            return Some(PodVolume::Claim(format!("{pod}-{}", self.name).into()));
        }
        if let Some(claim) = source.persistent_volume_claim {
            return Some(PodVolume::Claim(claim.claim_name.into()));
        }
        if let Some(empty) = source.empty_dir {
            let memory = empty.medium == "Memory";
            return Some(PodVolume::EmptyDir { memory });
        }
        if let Some(host) = source.host_path {
            return Some(PodVolume::HostPath {
                path: host.path.into(),
                kind: host.r#type.into(),
                read_only,
            });
        }
        let plugin = source.plugin()?;
        let driver = source.csi.or(source.flex_volume);
        Some(PodVolume::Inline {
            plugin,
            driver: driver.unwrap_or_default().driver.into(),
        })
    }
}

impl VolumeSource {
    fn plugin(&self) -> Option<VolumePlugin> {
        plugin_of!(self, GitRepo: git_repo)
    }
}
