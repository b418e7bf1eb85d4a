use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Namespace},
};

use crate::{Check, Context, Outcome, never, text::short};

/// Namespaces that do not get away.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "TerminatingNamespace",
        summary: "a namespace has been terminating for longer than ten minutes",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Namespaces],
        page: include_str!("terminating_namespace.md"),
    },
    blocks: never,
    run,
};

/// Seconds that a deletion may take without a word.
const PATIENCE: i64 = 600;
/// Seconds that a deletion may take while nothing but the number of objects is in the way.
const LONG_PATIENCE: i64 = 3600;
/// Conditions that say that something is in the way, the worst first.
const OBSTACLES: [&str; 4] = [
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
];

fn run(ctx: &Context<'_>) -> Outcome {
    let namespaces = ctx.namespaces()?.iter();
    Ok(namespaces.filter_map(|one| judge(ctx, one)).collect())
}

fn judge(ctx: &Context<'_>, namespace: &Namespace) -> Option<Finding> {
    if namespace.phase != "Terminating" {
        return None;
    }
    let holds =
        |kind: &&str| Condition::find(&namespace.conditions, kind).filter(|one| one.is_true());
    let obstacle = OBSTACLES.iter().find_map(holds);
    // An unknown age is no excuse.
    let age = namespace
        .deletion
        .as_ref()
        .map(|deletion| ctx.seconds_since(Some(deletion.due)));
    let patience = if obstacle.is_some() {
        PATIENCE
    } else {
        LONG_PATIENCE
    };
    if age.is_some_and(|age| age <= patience) {
        return None;
    }
    let since = age.map_or_else(String::new, |age| format!(" for {} minutes", age / 60));
    let why = obstacle.map_or_else(
        || "nothing says why".to_owned(),
        |one| format!("{}: {}", one.reason, one.message),
    );
    let message = format!("has been terminating{since}: {why}");
    let name = &namespace.name;
    let detail = obstacle.map_or_else(
        || "phase Terminating".to_owned(),
        |one| format!("phase Terminating, condition {} True", one.r#type),
    );
    Some(
        Finding::new(Severity::Risk, Subject::cluster("v1", "Namespace", name).with_uid(&namespace.uid), short(message.trim_end_matches(['.', ' ', ':']), 200))
            .because(Evidence::state(format!("/api/v1/namespaces/{name}"), ctx.now(), detail))
            .fix_with("Repair what its conditions name: an aggregated API that does not answer, or the controller of a finalizer", format!("kubectl get namespace {name} -o yaml")),
    )
}
