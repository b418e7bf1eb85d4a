use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Hop, Kind, Minor, Need, Phase, Policy, Rollout, Severity,
    Subject, UpgradePath, facts::ServerVersion,
};

use crate::{Check, Context, Judgement, Outcome};

/// The minor in which API server and scheduler hand over how pods spread by `matchLabelKeys`.
const HANDOVER: Minor = Minor::v1(33);

/// A target that one upgrade does not lead to.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "UpgradePath",
        summary: "the target is no step that an API server may take",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Version],
        page: include_str!("upgrade_path.md"),
    },
    blocks,
    run,
};

/// One step to the next minor is always open, unless it is called a patch.
fn blocks(ctx: &Context<'_>) -> bool {
    let patch = usize::from(ctx.policy.rollout == Rollout::Patch);
    ctx.path().map_or(true, |path| path.hops.len() + patch > 1)
}

fn run(ctx: &Context<'_>) -> Outcome {
    let (version, path) = (ctx.version()?, ctx.path()?);
    if path.hops.is_empty() {
        return Ok(Judgement::default());
    }
    let found = match ctx.policy.steps(path) {
        _ if ctx.policy.rollout == Rollout::Patch => Some(no_patch(path)),
        None => Some(too_far(ctx.policy, path)),
        Some(steps) => steps.into_iter().find_map(skips_handover),
    };
    let evidence = Evidence::state(
        "/version",
        ctx.now(),
        format!("gitVersion {}", version.version),
    );
    Ok([found, emulation(version, path)]
        .into_iter()
        .flatten()
        .map(|finding| finding.because(evidence.clone()))
        .collect())
}

fn finding(severity: Severity, message: String) -> Finding {
    Finding::new(
        severity,
        Subject::cluster("v1", "Component", "kube-apiserver"),
        message,
    )
}

/// Checks that a patch has no need of were told that this is one.
fn no_patch(path: &UpgradePath) -> Finding {
    let (from, to) = (path.from.minor, path.target.minor);
    let message =
        format!("the rollout is a patch, but the target {to} is another minor than {from}");
    finding(Severity::Blocker, message)
        .setting(
            "rollout",
            Rollout::Patch.word(),
            Some(Rollout::Nodes.word()),
        )
        .telling_apart("patch")
        .fix_with(
            format!("Say what this upgrade touches, or name a target of {from}"),
            format!(
                "airworthy precheck --target {} --rollout nodes",
                path.target
            ),
        )
}

fn too_far(policy: &Policy, path: &UpgradePath) -> Finding {
    let (from, to) = (path.from.minor, path.target.minor);
    let first = policy
        .jumps_from(from, to)
        .map(|jump| jump.to)
        .max()
        .unwrap_or(from.next());
    let far = to.distance_from(from);
    finding(Severity::Blocker, format!("the target {to} is {far} minors above {from}, and an API server must not skip any: go to {first} first"))
        .setting("version", path.target.to_string(), Some(&first.to_string()))
        .fix_with(
            format!("Upgrade to {first}, check again from there, and go on"),
            format!("airworthy precheck --target {first}"),
        )
}

fn skips_handover(step: Hop) -> Option<Finding> {
    let Hop { from, to } = step;
    (from < HANDOVER && HANDOVER < to).then(|| {
        finding(Severity::Risk, format!("the jump from {from} to {to} leaves out {HANDOVER}: pods that spread by matchLabelKeys may be placed wrongly"))
            .setting("version", to.to_string(), Some(&HANDOVER.to_string()))
            .telling_apart("matchLabelKeys")
            .fix(format!("Stop at {HANDOVER} on the way, or see that no pod template uses matchLabelKeys in topologySpreadConstraints"))
    })
}

fn emulation(version: &ServerVersion, path: &UpgradePath) -> Option<Finding> {
    let (is, to) = (version.version.minor, path.target.minor);
    let acts = version.emulation.filter(|minor| *minor != is)?;
    let message = format!(
        "is {is} but emulates {acts}: what {is} removed is still served, and no hop to {to} judges its loss"
    );
    Some(
        finding(Severity::Risk, message)
            .setting("--emulated-version", acts.to_string(), Some(&is.to_string()))
            .telling_apart("emulation")
            .fix(format!("Run the API server without --emulated-version until {is} has proved itself, then check again for {to}")),
    )
}
