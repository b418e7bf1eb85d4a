use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, EvidenceKind, Finding, Group, Kind, Minor, Missing, Need, Phase, Reason,
    Severity, Subject, UpgradePath,
    facts::{DesiredObject, HelmRelease},
};

use super::{
    changes::{Changes, Turn},
    in_files,
};
use crate::{
    Check, Context, Judgement, Outcome,
    api::{files, only_files, problems},
    never,
    text::{counted, short, some_of},
};

/// Fields of what Helm will send again that the target drops, or begins to read.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RemovedFieldUse",
        summary: "a release or a manifest sets a field that the target drops, or begins to read",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Version, Need::HelmReleases, Need::Manifests],
        page: include_str!("removed_field_use.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let lone = only_files(ctx);
    let in_files = files(ctx).map(|tree| {
        let judged = |tree| Judgement::from(in_files::judge(ctx, path, tree));
        tree.map(|tree| judged(tree).without(problems(tree)))
            .unwrap_or_default()
    });
    let of_releases = (!lone).then(|| releases(ctx, path));
    Ok([Some(in_files), of_releases]
        .into_iter()
        .flatten()
        .collect())
}

fn releases(ctx: &Context<'_>, path: &UpgradePath) -> Outcome {
    let releases = ctx.helm_releases()?;
    let mut changes = Changes::new(ctx.knowledge, path);
    let mut findings = Vec::new();
    for release in releases {
        findings.extend(judge(ctx, path, release, &mut changes));
    }
    let unread = releases.iter().filter_map(unread);
    Ok(Judgement::from(findings).without(unread))
}

/// A release of which not everything could be read.
fn unread(release: &HelmRelease) -> Option<Missing> {
    let problem = release.problem.as_ref()?;
    let (namespace, name) = (&release.namespace, &release.name);
    let detail = format!("release {namespace}/{name}: {problem}");
    Some(Missing {
        reason: Reason::Malformed,
        cure: Some(format!(
            "look at it: helm get manifest {name} -n {namespace}"
        )),
        ..Missing::not_collected(Need::HelmReleases, detail)
    })
}

/// The objects of a release that set one field which turns.
struct Use<'a> {
    turn: Turn,
    objects: Vec<&'a DesiredObject>,
}

/// One finding a field: two kinds that share a type have the same.
fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    release: &HelmRelease,
    changes: &mut Changes<'_>,
) -> Vec<Finding> {
    let mut uses: BTreeMap<&str, Use<'_>> = BTreeMap::new();
    for object in &release.watched {
        for field in &object.fields {
            let Some(turn) = changes.of(object, &field.path) else {
                continue;
            };
            let first = || Use {
                turn: turn.clone(),
                objects: Vec::new(),
            };
            let known = uses.entry(&field.path).or_insert_with(first);
            known.objects.push(object);
        }
    }
    let found = uses.iter();
    found
        .map(|(field, one)| describe(ctx, path, release, field, one))
        .collect()
}

fn describe(
    ctx: &Context<'_>,
    path: &UpgradePath,
    release: &HelmRelease,
    field: &str,
    Use { turn, objects }: &Use<'_>,
) -> Finding {
    let HelmRelease {
        namespace,
        name,
        stored_in,
        record,
        ..
    } = release;
    let subject = Subject::namespaced("", "HelmRelease", namespace, name);
    let kinds = names(objects);
    let (severity, minor, effect, fix) = words(turn, path);
    let message = short(&format!("sets {field} of {kinds}, {effect}"), 200);
    let evidence = Evidence {
        kind: EvidenceKind::Reapply,
        source: format!("{stored_in} {namespace}/{record}"),
        observed_at: release.deployed_at.or(Some(ctx.now())),
        detail: format!(
            "{field} is set in {} of revision {}",
            counted(objects.len(), "object"),
            release.revision
        ),
    };
    let finding = Finding::new(severity, subject, message)
        .telling_apart(field)
        .because(evidence)
        .setting(field, "set", None)
        .fix_with(fix, format!("helm get manifest {name} -n {namespace}"));
    match path.hop_crossing(minor) {
        Some(hop) => finding.at(hop),
        None => finding,
    }
}

fn names(objects: &[&DesiredObject]) -> String {
    let mut names: Vec<_> = objects
        .iter()
        .map(|object| format!("{} {}", object.kind, object.name))
        .collect();
    names.sort();
    names.dedup();
    some_of(names.iter().map(String::as_str))
}

/// How bad, since when, what happens, and what to do.
fn words(turn: &Turn, path: &UpgradePath) -> (Severity, Minor, String, &'static str) {
    let from = path.from.minor;
    match turn {
        Turn::Gone(minor) => (
            Severity::Risk,
            *minor,
            format!("which {minor} does not know: the next helm upgrade loses it without a word"),
            "Say in the chart in another way what the field says",
        ),
        Turn::Read { minor, demands } if demands.is_empty() => (
            Severity::Note,
            *minor,
            format!(
                "which {from} drops and {minor} reads: the next helm upgrade brings it to life"
            ),
            "See whether what the chart asks for is what you want",
        ),
        Turn::Read { minor, demands } => (
            Severity::Risk,
            *minor,
            format!(
                "which {from} drops and {minor} reads, and refuses where it breaks a rule ({})",
                short(&demands.join("; "), 60)
            ),
            "See that what the chart sets there keeps the rules of the target; today nobody looks at it",
        ),
    }
}
