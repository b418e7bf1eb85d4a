//! `/stats/summary` of a kubelet: the node's file systems and what it uses; of pods nothing.

use airworthy_model::facts::{Disk, DiskPurpose, Kubelet, NodeUsage};
use jiff::Timestamp;
use serde::Deserialize;

use crate::failure::short;

#[derive(Deserialize)]
struct Summary {
    node: NodeStats,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeStats {
    fs: Option<FsStats>,
    runtime: Option<Runtime>,
    cpu: Option<Cpu>,
    memory: Option<Memory>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    image_fs: Option<FsStats>,
    container_fs: Option<FsStats>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FsStats {
    available_bytes: Option<u64>,
    capacity_bytes: Option<u64>,
    inodes: Option<u64>,
    inodes_free: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cpu {
    time: Option<Timestamp>,
    usage_nano_cores: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    working_set_bytes: Option<u64>,
}

impl FsStats {
    fn disk(self, purpose: DiskPurpose) -> Option<Disk> {
        Some(Disk {
            purpose,
            capacity_bytes: self.capacity_bytes?,
            available_bytes: self.available_bytes?,
            inodes: self.inodes,
            inodes_free: self.inodes_free,
        })
    }
}

/// Puts what it tells into `kubelet`.
pub(super) fn parse(body: &[u8], kubelet: &mut Kubelet) -> Result<(), String> {
    let summary: Summary =
        serde_json::from_slice(body).map_err(|error| short(&error.to_string()))?;
    let node = summary.node;
    let runtime = node.runtime.as_ref();
    let disks = [
        (node.fs, DiskPurpose::Node),
        (runtime.and_then(|one| one.image_fs), DiskPurpose::Images),
        (
            runtime.and_then(|one| one.container_fs),
            DiskPurpose::Containers,
        ),
    ];
    let disks = disks.into_iter();
    kubelet.disks = disks
        .filter_map(|(fs, purpose)| fs?.disk(purpose))
        .collect();
    kubelet.usage = Some(NodeUsage {
        name: kubelet.name.clone(),
        cpu_thousandths: node
            .cpu
            .as_ref()
            .and_then(|cpu| Some(cpu.usage_nano_cores? / 1_000_000)),
        memory_bytes: node.memory.and_then(|memory| memory.working_set_bytes),
        measured: node.cpu.and_then(|cpu| cpu.time),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_and_usage_of_the_node_are_read() {
        let body = br#"{"node": {"nodeName": "n1", "cpu": {"time": "2026-11-22T12:00:00Z", "usageNanoCores": 250000000},
            "memory": {"workingSetBytes": 1024}, "fs": {"availableBytes": 5, "capacityBytes": 10, "inodes": 4, "inodesFree": 2},
            "runtime": {"imageFs": {"availableBytes": 7, "capacityBytes": 20}, "containerFs": {}}}, "pods": [{"podRef": {}}]}"#;
        let mut kubelet = Kubelet::default();
        parse(body, &mut kubelet).unwrap();
        let disks: Vec<_> = kubelet
            .disks
            .iter()
            .map(|disk| (disk.purpose, disk.available_bytes, disk.inodes_free))
            .collect();
        assert_eq!(
            disks,
            [
                (DiskPurpose::Node, 5, Some(2)),
                (DiskPurpose::Images, 7, None)
            ]
        );
        let usage = kubelet.usage.unwrap();
        assert_eq!(
            (usage.cpu_thousandths, usage.memory_bytes),
            (Some(250), Some(1024))
        );
        parse(b"{}", &mut Kubelet::default()).unwrap_err();
    }
}
