use std::collections::BTreeMap;

use airworthy_model::{
    Breaks, CheckInfo, Evidence, EvidenceKind, Finding, Group, Kind, Missing, Need, Phase, Reason,
    Severity, UpgradePath,
    facts::{DesiredObject, GitOpsSource, ManifestTree, Unreadable},
    finding::Location,
};

use super::uses::{
    self, Ended, Strength, desired,
    fate::{self, Fate},
};
use crate::{
    Check, Context, Judgement, Outcome,
    text::{counted, short},
};

/// Most unreadable places that are told one by one.
const MOST_PROBLEMS: usize = 20;

/// Manifests that the target would refuse.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ManifestDeprecatedApi",
        summary: "a manifest or a GitOps source uses an API version that the target does not serve",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Version,
            Need::Namespaces,
            Need::ApiWriters,
            Need::HelmReleases,
            Need::GitOps,
            Need::Audit,
            Need::Manifests,
        ],
        page: include_str!("manifest_deprecated_api.md"),
    },
    blocks: only_files,
    run,
};

/// Whether there is no cluster behind the files: then they are all there is to judge.
pub(crate) fn only_files(ctx: &Context<'_>) -> bool {
    ctx.version().is_err() && ctx.manifests().is_ok()
}

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let (tree, lone) = (files(ctx)?, only_files(ctx));
    let files = tree.map(|tree| of_files(ctx, path, tree, lone));
    if lone {
        return Ok(files.unwrap_or_default());
    }
    let sources = uses::reported_by(ctx, Strength::GitOps);
    let sources = sources.map(|uses| {
        let describe = |one: &_| uses::describe(ctx, one, Strength::GitOps);
        let found: Judgement = uses.iter().map(describe).collect();
        found.without(unknown(ctx))
    });
    Ok([files.map(Ok), Some(sources)]
        .into_iter()
        .flatten()
        .collect())
}

/// The files, where some were given.
pub(crate) fn files<'a>(ctx: &Context<'a>) -> Result<Option<&'a ManifestTree>, Missing> {
    match ctx.manifests() {
        Err(missing) if matches!(missing.reason, Reason::NotCollected | Reason::SwitchedOff) => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

fn of_files(ctx: &Context<'_>, path: &UpgradePath, tree: &ManifestTree, lone: bool) -> Judgement {
    let mut seen: BTreeMap<_, u32> = BTreeMap::new();
    let findings = tree.watched.iter().filter_map(|object| {
        let ended = Ended::of(ctx.knowledge, path, &object.api_version, &object.kind);
        let described = ended.map(|ended| describe(ctx, object, ended, lone));
        let mut finding = described.or_else(|| unheard(ctx, path, object, lone))?;
        // One object may stand twice in one file.
        let times = seen
            .entry((finding.subject.clone(), finding.discriminator.clone()))
            .or_default();
        *times += 1;
        if *times > 1 {
            finding.discriminator = format!("{} {times}", finding.discriminator);
        }
        Some(finding)
    });
    findings.collect::<Judgement>().without(problems(tree))
}

fn describe(ctx: &Context<'_>, object: &DesiredObject, ended: Ended<'_>, lone: bool) -> Finding {
    let (at, words) = (ended.version(), ended.fate.words());
    let message = short(&format!("{at} is {words}: the target refuses it"), 200);
    let file = object
        .location
        .as_ref()
        .map_or("", |location| &location.file);
    let replacement = ended.api.replacement.as_deref();
    Finding {
        hop: ended.hop,
        location: object.location.clone(),
        breaks: Some(Breaks::NextDeploy),
        api: Some(fate::affected(ended.api)),
        ..Finding::new(
            severity(ended, lone),
            desired::subject(object, None),
            message,
        )
    }
    .because(Evidence {
        kind: EvidenceKind::Reapply,
        source: place(object.location.as_ref()),
        observed_at: Some(ctx.now()),
        detail: format!("apiVersion: {at}, kind: {}", object.kind),
    })
    .setting("apiVersion", &*at, replacement)
    .telling_apart(format!("{at} {file}").trim_end())
    .fix(uses::moved(&ended))
}

/// A kind that no table knows: at a version that went before the oldest minor of the tables or never was, or of which the target
/// serves nothing.
fn unheard(
    ctx: &Context<'_>,
    path: &UpgradePath,
    object: &DesiredObject,
    lone: bool,
) -> Option<Finding> {
    let (at, kind, knowledge) = (&object.api_version, &object.kind, ctx.knowledge);
    let (group, version) = at.split_once('/')?;
    let unknown = knowledge.kind(group, version, kind).is_none();
    let left = unknown && knowledge.has_left(group, version, path.target.minor);
    if !left && !knowledge.is_unheard(group, version) {
        return None;
    }
    let severity = if lone {
        Severity::Blocker
    } else {
        Severity::Risk
    };
    let (oldest, newest) = (knowledge.oldest, knowledge.newest);
    let message = short(
        &format!(
            "no Kubernetes from {oldest} to {newest} has {kind} of {at}: the target refuses it"
        ),
        200,
    );
    let finding = Finding {
        location: object.location.clone(),
        breaks: Some(Breaks::NextDeploy),
        ..Finding::new(severity, desired::subject(object, None), message)
    };
    let file = object.location.as_ref().map_or("", |place| &place.file);
    Some(
        finding
            .because(Evidence {
                kind: EvidenceKind::Reapply,
                source: place(object.location.as_ref()),
                observed_at: Some(ctx.now()),
                detail: format!("apiVersion: {at}, kind: {}", object.kind),
            })
            .setting("apiVersion", at, None)
            .telling_apart(format!("{at} {file}").trim_end())
            .fix_with(
                "Write it at a version that the target serves",
                format!("airworthy knowledge show {}", object.kind),
            ),
    )
}

fn severity(ended: Ended<'_>, lone: bool) -> Severity {
    match ended.fate {
        Fate::Removed { .. } | Fate::NotYet { .. } if lone => Severity::Blocker,
        _ => Severity::Risk,
    }
}

/// `deploy/web.yaml:12:1`.
pub(crate) fn place(place: Option<&Location>) -> String {
    place.map_or_else(
        || "manifests".to_owned(),
        |place| format!("{}:{}:{}", place.file, place.line, place.column),
    )
}

/// Sources of which not all that they apply is known, one by one, the rest counted.
fn unknown(ctx: &Context<'_>) -> Vec<Missing> {
    let lacks = |cure, detail| Missing {
        reason: Reason::Malformed,
        cure,
        ..Missing::not_collected(Need::GitOps, detail)
    };
    let told = |source: &GitOpsSource| {
        let GitOpsSource {
            kind,
            namespace,
            name,
            problem,
            ..
        } = source;
        let cure = "bring it back in sync, or give what it applies with --manifests".to_owned();
        let problem = problem.as_ref()?;
        Some(lacks(
            Some(cure),
            format!("{kind} {namespace}/{name}: {problem}"),
        ))
    };
    let sources = ctx.git_ops().map(Vec::as_slice).unwrap_or_default();
    let mut all: Vec<_> = sources.iter().filter_map(told).collect();
    let more = all.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        all.truncate(MOST_PROBLEMS);
        let more = counted(more, "more source");
        all.push(lacks(None, format!("{more} could not be read")));
    }
    all
}

/// What could not be read, place by place, the rest counted.
pub(crate) fn problems(tree: &ManifestTree) -> impl Iterator<Item = Missing> {
    let more = tree.problems.len().saturating_sub(MOST_PROBLEMS);
    let more =
        (more > 0).then(|| lacks(format!("{} could not be read", counted(more, "more place"))));
    tree.problems
        .iter()
        .take(MOST_PROBLEMS)
        .map(problem)
        .chain(more)
}

fn problem(problem: &Unreadable) -> Missing {
    let Unreadable {
        file,
        line,
        column,
        why,
        cure,
    } = problem;
    let place = match (line, column) {
        (0, _) => file.clone(),
        (line, 0) => format!("{file}:{line}"),
        (line, column) => format!("{file}:{line}:{column}"),
    };
    Missing {
        cure: cure.clone(),
        ..lacks(format!("{place}: {why}"))
    }
}

fn lacks(detail: String) -> Missing {
    Missing {
        reason: Reason::Malformed,
        ..Missing::not_collected(Need::Manifests, detail)
    }
}
