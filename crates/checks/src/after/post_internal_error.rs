use airworthy_model::{CheckInfo, Group, Kind, Phase, Severity};

use crate::{Check, Judgement, always};

/// A check that broke off after an upgrade. The engine makes these findings; by itself this check looks at nothing.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostInternalError",
        summary: "a check of airworthy itself broke off",
        phase: Phase::Post,
        group: Group::ExecuteException,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[],
        page: include_str!("post_internal_error.md"),
    },
    blocks: always,
    run: |_| Ok(Judgement::default()),
};
