use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, KubeVersion, Need, Phase, Severity, Subject,
    facts::ServerVersion,
};

use crate::{Check, Context, Outcome, always, text::short};

/// An API server that is not at the target.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostVersionConverged",
        summary: "the API server does not report the version that the upgrade was to reach",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Version, Need::Baseline],
        page: include_str!("post_version_converged.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let server = ctx.version()?;
    let target = &ctx.path()?.target;
    Ok(difference(server, target)
        .map(|message| describe(ctx, server, target, &message))
        .into_iter()
        .collect())
}

/// What the server says of itself that is not the target: its binary, or the minor as which it behaves.
fn difference(server: &ServerVersion, target: &KubeVersion) -> Option<String> {
    if !target.fits(&server.version) {
        return Some(format!(
            "reports {}, not the target {target}",
            server.version
        ));
    }
    let emulated = server.emulation.filter(|minor| *minor != target.minor)?;
    Some(format!(
        "reports {} but behaves as {emulated}, not as the target {target}",
        server.version
    ))
}

fn describe(
    ctx: &Context<'_>,
    server: &ServerVersion,
    target: &KubeVersion,
    message: &str,
) -> Finding {
    let subject = Subject::cluster("v1", "ControlPlane", "kube-apiserver");
    let emulated = server
        .emulation
        .map(|minor| format!(", emulating {minor}"))
        .unwrap_or_default();
    Finding::new(Severity::Blocker, subject, short(message, 200))
        .because(Evidence::state(
            "/version",
            ctx.now(),
            format!("gitVersion {}{emulated}", server.version),
        ))
        .setting(
            "gitVersion",
            server.version.to_string(),
            Some(&target.to_string()),
        )
        .fix_with(
            "Finish the upgrade of every control-plane replica, then check again",
            "kubectl get --raw /version",
        )
}
