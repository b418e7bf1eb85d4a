use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};

use crate::{Check, always, control_plane::control_plane_health};

/// A control plane that is ill after the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostControlPlaneHealth",
        summary: "a part of the control plane did not come back well",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Health, Need::Leases, Need::Pods],
        page: include_str!("post_control_plane_health.md"),
    },
    blocks: always,
    // What was ill before the upgrade is ill all the same: the baseline excuses nothing here.
    run: |ctx| Ok(control_plane_health::run(ctx)),
};
