use airworthy_knowledge::{AddonRange, Promise};
use airworthy_model::{CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity};

use crate::{
    Check, Context, Outcome,
    addons::installed::{self, Installed},
    never,
};

/// Add-ons that have to follow the cluster now.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostAddonVersions",
        summary: "an add-on's version does not fit the minor that runs now",
        phase: Phase::Post,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Version,
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
        ],
        page: include_str!("post_addon_versions.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let runs = ctx.version()?.version.minor;
    let (installed, missing) = installed::all(ctx, ctx);
    let judge = |one: &Installed<'_>| {
        let range = one.range().filter(|range| !range.fits(runs))?;
        Some(describe(ctx, one, range, runs))
    };
    let findings: crate::Judgement = installed.iter().filter_map(judge).collect();
    Ok(findings.without(missing))
}

fn describe(ctx: &Context<'_>, one: &Installed<'_>, range: &AddonRange, runs: Minor) -> Finding {
    let promise = one.addon.promise.unwrap_or(Promise::BestEffort);
    let severity = if range.unverified || promise == Promise::BestEffort {
        Severity::Note
    } else {
        Severity::Risk
    };
    let (words, minors) = (promise.words(), range.minors());
    let message = format!("{} {words} {minors}, and {runs} runs now", one.title());
    let source = one.addon.source.as_deref().unwrap_or_default();
    let detail = format!("image {}; {source}", one.image);
    one.finding(ctx, severity, message, &detail)
        .setting("image", one.image, None)
        .fix_with(way_out(one, runs), one.show())
}

fn way_out(one: &Installed<'_>, runs: Minor) -> String {
    let name = &one.addon.addon;
    let fits = |range: &&AddonRange| range.fits(runs);
    // Ranges are newest first; the nearest one that fits is the last.
    match one.addon.versions.iter().rfind(fits) {
        Some(range) => format!("Bring {name} to {}, which fits {runs}", range.from),
        None => format!("Ask the project of {name} for a version that fits {runs}"),
    }
}
