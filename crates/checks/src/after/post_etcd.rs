use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};

use crate::{Check, always, control_plane::etcd_health};

/// A store that is ill, or nearly full, after the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostEtcd",
        summary: "etcd is not well after the upgrade, or its database is near its quota",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Health, Need::Metrics, Need::Components],
        page: include_str!("post_etcd.md"),
    },
    blocks: always,
    // What was ill before the upgrade is ill all the same: the baseline excuses nothing here.
    run: |ctx| Ok(etcd_health::run(ctx)),
};
