use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, KubeVersion, Need, Phase, Severity, Subject,
    facts::{CollectionNote, Component, Components, ServerVersion},
};

use crate::{
    Check, Context, Judgement, Outcome, always,
    control_plane::{running, started},
    text::short,
};

/// A control plane of which not every part is at the target.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostVersionConverged",
        summary: "a part of the control plane is not at the version that the upgrade was to reach",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Version,
            Need::Baseline,
            Need::Components,
            Need::Collection,
        ],
        page: include_str!("post_version_converged.md"),
    },
    blocks: always,
    run,
};

/// Three questions, each with evidence of its own: what the address says, whether it always says the same, what the pods are.
fn run(ctx: &Context<'_>) -> Outcome {
    let target = &ctx.path()?.target;
    Ok(Judgement::from_iter([
        ctx.version().map(|server| address(ctx, server, target)),
        ctx.collection().map(|report| mixture(ctx, &report.notes)),
        ctx.components().map(|seen| parts(ctx, seen, target)),
    ]))
}

/// What the API server at the address says.
fn address(ctx: &Context<'_>, server: &ServerVersion, target: &KubeVersion) -> Judgement {
    difference(server, target)
        .map(|message| describe(ctx, server, target, &message))
        .into_iter()
        .collect()
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
    let emulated = server
        .emulation
        .map(|minor| format!(", emulating {minor}"))
        .unwrap_or_default();
    let detail = format!("gitVersion {}{emulated}", server.version);
    at_address(ctx, message, detail).setting(
        "gitVersion",
        server.version.to_string(),
        Some(&target.to_string()),
    )
}

/// Several versions behind one address: whichever of them is the target, not all are.
fn mixture(ctx: &Context<'_>, notes: &[CollectionNote]) -> Judgement {
    let several = notes.iter().find(|note| tells_versions(note));
    let message = "API servers of different versions answer at its address";
    several
        .map(|note| at_address(ctx, message, &note.detail).telling_apart("mixture"))
        .into_iter()
        .collect()
}

/// Whether a note says that several versions were met: the only thing about `/version` that makes what was read incomplete.
pub(crate) fn tells_versions(note: &CollectionNote) -> bool {
    note.source == "/version" && note.incomplete
}

fn at_address(ctx: &Context<'_>, message: &str, detail: impl Into<String>) -> Finding {
    let subject = Subject::cluster("v1", "ControlPlane", "kube-apiserver");
    Finding::new(Severity::Blocker, subject, short(message, 200))
        .because(Evidence::state("/version", ctx.now(), detail))
        .fix_with(
            "Finish the upgrade of every control-plane replica, then check again",
            "kubectl get --raw /version",
        )
}

/// The pods of the control plane. Where a provider runs it they are not seen, and its address alone answers for it.
fn parts(ctx: &Context<'_>, seen: &Components, target: &KubeVersion) -> Judgement {
    let pods = running::pods(seen);
    let found: Judgement = pods
        .iter()
        .filter_map(|pod| judge(ctx, pod, target))
        .collect();
    let found = found.without(running::unreadable(&pods));
    match ctx.provider_runs_control_plane() {
        Some(_) => found,
        None => found.without(running::unseen(seen)),
    }
}

fn judge(ctx: &Context<'_>, pod: &Component, target: &KubeVersion) -> Option<Finding> {
    let version = pod.version().filter(|version| !is(version, target))?;
    let message = format!("runs {version} on {}, not the target {target}", pod.node);
    let detail = format!("image tag {}", pod.tag);
    let message = short(&message, 200);
    let finding = started::finding(ctx, Severity::Blocker, &pod.name, message, [(pod, detail)].into_iter())
        .setting("image", &pod.tag, Some(&target.to_string()))
        .telling_apart(&*pod.node)
        .fix_with(
            "Finish the upgrade of this part of the control plane, then check again",
            "kubectl -n kube-system get pods -l tier=control-plane -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image",
        );
    Some(finding)
}

/// Whether an image is of the target. A vendor's release is not looked for: its tags do not have to name it.
fn is(version: &KubeVersion, target: &KubeVersion) -> bool {
    let same_patch = |patch| version.patch == Some(patch);
    version.minor == target.minor && target.patch.is_none_or(same_patch)
}
