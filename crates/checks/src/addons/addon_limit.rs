use airworthy_knowledge::{AddonRange, Promise};
use airworthy_model::{
    AddonVersion, CheckInfo, Finding, Group, Hop, Kind, Minor, Need, Phase, Severity,
};

use super::installed::{self, Installed};
use crate::{Check, Context, Judgement, Outcome};

/// Add-ons whose version does not fit a minor on the way.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "AddonLimit",
        summary: "an add-on's version does not fit a Kubernetes minor on the way",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: true,
        needs: &[Need::Deployments, Need::StatefulSets, Need::DaemonSets],
        page: include_str!("addon_limit.md"),
    },
    blocks,
    run,
};

/// Only what its project calls required blocks, so only clusters in which such an add-on runs, or may run, can be blocked.
fn blocks(ctx: &Context<'_>) -> bool {
    let (installed, missing) = installed::all(ctx, ctx);
    let required = |one: &Installed<'_>| one.addon.promise == Some(Promise::Required);
    !missing.is_empty() || installed.iter().any(required)
}

fn run(ctx: &Context<'_>) -> Outcome {
    let (installed, missing) = installed::all(ctx, ctx);
    let path = ctx.path()?;
    let from = path.from.minor;
    let judge = |one: &Installed<'_>| {
        let range = one.range()?;
        let hop = path.hops.iter().find(|hop| !range.fits(hop.to))?;
        Some(describe(ctx, one, range, *hop, from))
    };
    let findings: Judgement = installed.iter().filter_map(judge).collect();
    Ok(findings.without(missing))
}

/// How bad it is. What a range is worth, its project says; one that nobody could verify is only worth knowing.
fn severity(promise: Promise, range: &AddonRange, hop: Hop, from: Minor) -> Severity {
    let late = range.max.map_or(0, |max| hop.to.distance_from(max));
    match promise {
        _ if range.unverified => Severity::Note,
        // It is too new for what runs; each step brings the cluster nearer.
        _ if range.min.is_some_and(|min| hop.to < min) => Severity::Note,
        Promise::BestEffort => Severity::Note,
        // A release for the minor before is upgraded right after the control plane.
        Promise::Matched if late == 1 => Severity::Note,
        // It runs outside its range already, and the cluster lives with it.
        Promise::Required if range.fits(from) => Severity::Blocker,
        _ => Severity::Risk,
    }
}

fn describe(
    ctx: &Context<'_>,
    one: &Installed<'_>,
    range: &AddonRange,
    hop: Hop,
    from: Minor,
) -> Finding {
    let promise = one.addon.promise.unwrap_or(Promise::BestEffort);
    let message = format!(
        "{} {} {}, not {}",
        one.title(),
        promise.words(),
        range.minors(),
        hop.to
    );
    let source = one.addon.source.as_deref().unwrap_or_default();
    let unverified = if range.unverified {
        "; not read where its project says it"
    } else {
        ""
    };
    let detail = format!("image {}; {source}{unverified}", one.image);
    one.finding(ctx, severity(promise, range, hop, from), message, &detail)
        .setting("image", one.image, None)
        .fix_with(way_out(one, from, hop), one.show())
        .at(hop)
}

/// The newest version known to fit now and after the step, or after the step alone.
fn way_out(one: &Installed<'_>, from: Minor, hop: Hop) -> String {
    let name = &one.addon.addon;
    let Some(version) = &one.version else {
        return format!("Find out which version of {name} runs");
    };
    if let Some(to) = newest(one, version, &[from, hop.to]) {
        return format!(
            "Upgrade {name} to {to} before the control plane: it fits {from} and {}",
            hop.to
        );
    }
    if let Some(to) = newest(one, version, &[hop.to]) {
        return format!(
            "Upgrade {name} to {to} right after the control plane: no version is known that fits {from} as well"
        );
    }
    format!(
        "Ask the project of {name} for a version that fits {}, or do without it",
        hop.to
    )
}

/// The newest version that fits these minors; and the first one that does, for projects that take one step at a time.
fn newest(one: &Installed<'_>, version: &AddonVersion, minors: &[Minor]) -> Option<String> {
    let mut fitting = one.addon.ways_out(version, minors);
    let newest = fitting.next()?;
    let first = fitting.next_back();
    let first = first.map(|first| format!(", the newest known ({} is the first)", first.from));
    Some(format!("{}{}", newest.from, first.unwrap_or_default()))
}
