use airworthy_knowledge::Retired;
use airworthy_model::{CheckInfo, Finding, Group, Kind, Need, Phase, Severity};

use super::installed::{self, Installed};
use crate::{Check, Context, Judgement, never};

/// Add-ons that nobody works on any more.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "AddonRetired",
        summary: "an add-on whose project has ended: no release for later minors will come",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Deployments, Need::StatefulSets, Need::DaemonSets],
        page: include_str!("addon_retired.md"),
    },
    blocks: never,
    run: |ctx| Ok(run(ctx)),
};

fn run(ctx: &Context<'_>) -> Judgement {
    let (installed, missing) = installed::all(ctx, ctx);
    let retired = |one: &Installed<'_>| {
        let retired = one.addon.retired.as_ref()?;
        Some(describe(ctx, one, retired))
    };
    let findings: Judgement = installed.iter().filter_map(retired).collect();
    findings.without(missing)
}

fn describe(ctx: &Context<'_>, one: &Installed<'_>, retired: &Retired) -> Finding {
    let Retired {
        on,
        instead,
        source,
    } = retired;
    let message = format!(
        "{}: its project ended in {on}, so nobody fits it to later minors",
        one.title()
    );
    let detail = format!("image {}; {source}", one.image);
    one.finding(ctx, Severity::Risk, message, &detail)
        .fix_with(format!("Plan to replace it: {instead}"), one.show())
}
