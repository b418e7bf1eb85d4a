use airworthy_model::{CheckInfo, Group, Kind, Phase, Severity};

use crate::{Check, Judgement, always};

/// A check that broke off. The engine makes these findings; by itself this check looks at nothing.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "InternalError",
        summary: "a check of airworthy itself broke off",
        phase: Phase::Pre,
        group: Group::ExecuteException,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[],
        page: include_str!("internal_error.md"),
    },
    blocks: always,
    run: |_| Ok(Judgement::default()),
};
