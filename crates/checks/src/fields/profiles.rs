//! Security profiles that annotations of pod templates name.

use airworthy_model::{
    Finding, Hop, Minor, Severity, UpgradePath,
    facts::{AnnotatedProfile, ProfileKind, Workload},
};

use crate::{Context, text::some_of, workloads::workload};

/// What becomes of the annotations of one sort of profile.
pub(super) struct Change {
    /// The first minor with the change.
    minor: Minor,
    kind: ProfileKind,
    severity: Severity,
    /// What happens.
    effect: &'static str,
}

/// From Kubernetes' own source: API servers copied seccomp annotations to fields of new pods up to 1.26 (kubelets read them up to
/// 1.24), and copy those of AppArmor to this day.
const CHANGES: &[Change] = &[
    Change {
        minor: Minor::v1(27),
        kind: ProfileKind::Seccomp,
        severity: Severity::Risk,
        effect: "seccomp annotations are not read any more: new pods run without the profile",
    },
    Change {
        minor: Minor::v1(30),
        kind: ProfileKind::AppArmor,
        severity: Severity::Note,
        effect: "AppArmor annotations are called deprecated; they are still copied to the field of new pods",
    },
];

/// A change, and the step that meets it.
pub(super) type Crossed = (&'static Change, Hop);

/// The changes that are met on the way.
pub(super) fn changes(path: &UpgradePath) -> Vec<Crossed> {
    let met = |change: &'static Change| Some((change, path.hop_crossing(change.minor)?));
    CHANGES.iter().filter_map(met).collect()
}

pub(super) fn judge(ctx: &Context<'_>, workload: &Workload, changes: &[Crossed]) -> Vec<Finding> {
    let found = changes.iter().filter_map(|(change, hop)| {
        let lost = workload.annotated_profiles.iter();
        let lost: Vec<_> = lost
            .filter(|profile| profile.kind == change.kind && !profile.field)
            .collect();
        (!lost.is_empty()).then(|| finding(ctx, workload, change, &lost).at(*hop))
    });
    found.collect()
}

fn finding(
    ctx: &Context<'_>,
    workload: &Workload,
    change: &Change,
    lost: &[&AnnotatedProfile],
) -> Finding {
    // Nothing runs of it now; whoever scales it up meets the change.
    let idle = workload.desired == 0;
    let severity = if idle {
        Severity::Note
    } else {
        change.severity
    };
    let idle = if idle { " (it wants no pods now)" } else { "" };
    let (field, annotation) = words(change.kind);
    let whose = whose(lost);
    let message = format!("from {} on {} ({whose}){idle}", change.minor, change.effect);
    let detail = format!("{annotation} for {whose}, and no {field}");
    workload::finding(ctx.now(), workload, severity, message, &detail)
        .telling_apart(field)
        .setting(
            &format!("spec.template.metadata.annotations[{annotation}]"),
            "set",
            None,
        )
        .fix(format!(
            "Set securityContext.{field} in the pod template to what the annotation names"
        ))
}

fn words(kind: ProfileKind) -> (&'static str, &'static str) {
    match kind {
        ProfileKind::Seccomp => ("seccompProfile", "seccomp.security.alpha.kubernetes.io"),
        ProfileKind::AppArmor => (
            "appArmorProfile",
            "container.apparmor.security.beta.kubernetes.io",
        ),
    }
}

/// `the pod`, `container web`.
fn whose(profiles: &[&AnnotatedProfile]) -> String {
    if profiles.iter().any(|profile| profile.container.is_none()) {
        return "the whole pod".to_owned();
    }
    let mut names: Vec<_> = profiles
        .iter()
        .filter_map(|profile| profile.container.as_deref())
        .collect();
    names.sort_unstable();
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("container{plural} {}", some_of(names))
}
