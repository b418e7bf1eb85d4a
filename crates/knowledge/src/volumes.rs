//! What becomes of the volume plugins that were once part of Kubernetes, read from its sources minor by minor: the folders of
//! `pkg/volume` (is the plugin there), its feature gates (is it handed to a CSI driver), `csi-translation-lib` (to which).

use airworthy_model::{Hop, Minor, facts::VolumePlugin};

/// What happens to volumes of a plugin from a minor on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginFate {
    /// Kubernetes hands them to a CSI driver, which has to be installed.
    Migrated {
        /// The driver's name.
        driver: &'static str,
        /// The name of the plugin as the provisioner of storage classes.
        provisioner: &'static str,
    },
    /// Off, unless a gate of the kubelets is set.
    Off {
        /// The gate.
        gate: &'static str,
    },
    /// Nothing can mount them.
    Removed,
    /// kubeadm no longer mounts the folder of its programs into the controller manager, which attaches volumes with them.
    Unmounted,
}

/// One turn in the life of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginTurn {
    /// The plugin.
    pub plugin: VolumePlugin,
    /// The first minor at which it is so without a setting of anybody's.
    pub since: Minor,
    /// What happens.
    pub fate: PluginFate,
    /// Where it was read: a tag of Kubernetes, and a file or folder of it.
    pub source: (&'static str, &'static str),
}

const GATES: &str = "pkg/features/kube_features.go";

const fn migrated(
    plugin: VolumePlugin,
    since: u16,
    tag: &'static str,
    provisioner: &'static str,
    driver: &'static str,
) -> PluginTurn {
    PluginTurn {
        plugin,
        since: Minor::v1(since),
        fate: PluginFate::Migrated {
            driver,
            provisioner,
        },
        source: (tag, GATES),
    }
}

const fn removed(
    plugin: VolumePlugin,
    since: u16,
    tag: &'static str,
    folder: &'static str,
) -> PluginTurn {
    PluginTurn {
        plugin,
        since: Minor::v1(since),
        fate: PluginFate::Removed,
        source: (tag, folder),
    }
}

/// All turns, by minor. Where a plugin is gone, the source is the last minor that had it.
static TURNS: [PluginTurn; 17] = [
    migrated(
        VolumePlugin::Cinder,
        21,
        "v1.21.14",
        "kubernetes.io/cinder",
        "cinder.csi.openstack.org",
    ),
    removed(VolumePlugin::ScaleIo, 22, "v1.21.14", "pkg/volume/scaleio"),
    migrated(
        VolumePlugin::AwsElasticBlockStore,
        23,
        "v1.23.17",
        "kubernetes.io/aws-ebs",
        "ebs.csi.aws.com",
    ),
    migrated(
        VolumePlugin::AzureDisk,
        23,
        "v1.23.17",
        "kubernetes.io/azure-disk",
        "disk.csi.azure.com",
    ),
    migrated(
        VolumePlugin::GcePersistentDisk,
        23,
        "v1.23.17",
        "kubernetes.io/gce-pd",
        "pd.csi.storage.gke.io",
    ),
    migrated(
        VolumePlugin::AzureFile,
        24,
        "v1.24.17",
        "kubernetes.io/azure-file",
        "file.csi.azure.com",
    ),
    migrated(
        VolumePlugin::VsphereVolume,
        25,
        "v1.25.16",
        "kubernetes.io/vsphere-volume",
        "csi.vsphere.vmware.com",
    ),
    removed(VolumePlugin::Flocker, 25, "v1.24.17", "pkg/volume/flocker"),
    removed(VolumePlugin::Quobyte, 25, "v1.24.17", "pkg/volume/quobyte"),
    removed(
        VolumePlugin::Storageos,
        25,
        "v1.24.17",
        "pkg/volume/storageos",
    ),
    removed(
        VolumePlugin::Glusterfs,
        26,
        "v1.25.16",
        "pkg/volume/glusterfs",
    ),
    migrated(
        VolumePlugin::PortworxVolume,
        31,
        "v1.31.14",
        "kubernetes.io/portworx-volume",
        "pxd.portworx.com",
    ),
    removed(VolumePlugin::Cephfs, 31, "v1.30.14", "pkg/volume/cephfs"),
    removed(VolumePlugin::Rbd, 31, "v1.30.14", "pkg/volume/rbd"),
    PluginTurn {
        plugin: VolumePlugin::GitRepo,
        since: Minor::v1(33),
        fate: PluginFate::Off {
            gate: "GitRepoVolumeDriver",
        },
        source: ("v1.33.13", GATES),
    },
    PluginTurn {
        plugin: VolumePlugin::FlexVolume,
        since: Minor::v1(36),
        fate: PluginFate::Unmounted,
        source: ("v1.35.8", "cmd/kubeadm/app/phases/controlplane/volumes.go"),
    },
    removed(VolumePlugin::GitRepo, 36, "v1.36.4", GATES),
];

/// Every turn that is known, by minor.
pub fn plugin_turns() -> &'static [PluginTurn] {
    &TURNS
}

/// The turns that a hop meets, by minor.
pub fn turns_met(hop: Hop) -> impl Iterator<Item = &'static PluginTurn> {
    TURNS.iter().filter(move |turn| hop.crosses(turn.since))
}

impl PluginTurn {
    /// `v1.31.14 pkg/volume/rbd`.
    pub fn source(&self) -> String {
        format!("Kubernetes {}, {}", self.source.0, self.source.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Component, GateState, Knowledge};

    /// The gate that hands a plugin's volumes to its driver, as the generated table of gates has it.
    const MIGRATIONS: [(VolumePlugin, &str); 7] = [
        (VolumePlugin::AwsElasticBlockStore, "CSIMigrationAWS"),
        (VolumePlugin::AzureDisk, "CSIMigrationAzureDisk"),
        (VolumePlugin::AzureFile, "CSIMigrationAzureFile"),
        (VolumePlugin::Cinder, "CSIMigrationOpenStack"),
        (VolumePlugin::GcePersistentDisk, "CSIMigrationGCE"),
        (VolumePlugin::PortworxVolume, "CSIMigrationPortworx"),
        (VolumePlugin::VsphereVolume, "CSIMigrationvSphere"),
    ];

    fn on_by_default(gate: &str, minor: Minor) -> bool {
        match Knowledge::embedded().gate(Component::Kubelet, gate, minor) {
            GateState::Known(stage) => stage.default,
            _ => false,
        }
    }

    #[test]
    fn a_plugin_is_migrated_where_its_gate_turns_on() {
        let migrations = TURNS
            .iter()
            .filter(|turn| matches!(turn.fate, PluginFate::Migrated { .. }));
        let mut seen = 0;
        for turn in migrations {
            let (_, gate) = MIGRATIONS
                .iter()
                .find(|(plugin, _)| *plugin == turn.plugin)
                .unwrap();
            let before = Minor::v1(turn.since.minor - 1);
            assert!(on_by_default(gate, turn.since), "{gate}");
            assert!(!on_by_default(gate, before), "{gate}");
            seen += 1;
        }
        assert_eq!(seen, MIGRATIONS.len());
    }

    #[test]
    fn git_repo_turns_with_its_gate() {
        let state = |minor| {
            let knowledge = Knowledge::embedded();
            match knowledge.gate(Component::Kubelet, "GitRepoVolumeDriver", Minor::v1(minor)) {
                GateState::Known(stage) => Some((stage.default, stage.locked)),
                _ => None,
            }
        };
        assert_eq!(state(32), None);
        assert_eq!(state(33), Some((false, false)));
        assert_eq!(state(35), Some((false, false)));
        assert_eq!(state(36), Some((false, true)));
    }

    #[test]
    fn turns_are_in_order_and_name_their_plugin_once_each() {
        assert!(TURNS.is_sorted_by_key(|turn| turn.since));
        let met: Vec<_> = turns_met(Hop {
            from: Minor::v1(30),
            to: Minor::v1(31),
        })
        .map(|turn| turn.plugin.name())
        .collect();
        assert_eq!(met, ["portworxVolume", "cephfs", "rbd"]);
    }
}
