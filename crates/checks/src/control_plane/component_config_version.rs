use airworthy_knowledge::{ConfigState, ConfigVersion};
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    UpgradePath,
    facts::{Components, ConfigDocument},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome};

/// Files of configuration that programs of the target cannot read.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ComponentConfigVersion",
        summary: "configuration is written at an API version that a program of the target cannot read",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("component_config_version.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, |path| !lost(ctx, path).is_empty()),
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let lost = lost(ctx, path);
    if lost.is_empty() {
        return Ok(Judgement::default());
    }
    let seen = ctx.components()?;
    let found: Judgement = seen
        .documents
        .iter()
        .filter_map(|document| judge(ctx, path, document))
        .collect();
    Ok(started::concluded(ctx, found, || gap(seen, &lost)))
}

/// The versions that some minor on the way is the first not to read.
fn lost<'a>(ctx: &Context<'a>, path: &UpgradePath) -> Vec<&'a ConfigVersion> {
    let minors = path.hops.iter().map(|hop| hop.to);
    minors
        .flat_map(|minor| ctx.knowledge.configs_lost(minor))
        .collect()
}

fn judge(ctx: &Context<'_>, path: &UpgradePath, document: &ConfigDocument) -> Option<Finding> {
    let ConfigDocument {
        source,
        key,
        api_version,
        kind,
    } = document;
    let gone = |minor| match ctx.knowledge.config(api_version, kind, minor) {
        ConfigState::Removed { since } => Some(since),
        _ => None,
    };
    let (hop, since) = started::first(path, gone)?;
    let name = source.rsplit('/').next().unwrap_or_default();
    let subject = Subject::namespaced("v1", "ConfigMap", "kube-system", name);
    let message = format!("{kind} is written at {api_version}, which is not read from {since} on");
    let detail = format!("{key}: apiVersion {api_version}, kind {kind}");
    let finding = Finding::new(Severity::Blocker, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .setting("apiVersion", api_version, None)
        .telling_apart(format!("{key} {kind}"))
        .fix_with(
            "Migrate it with a kubeadm of a minor that reads both versions, and put the result back",
            "kubeadm config migrate --old-config old.yaml --new-config new.yaml",
        );
    Some(Finding {
        hop: Some(hop),
        ..finding
    })
}

/// Files that only nodes have, of which the version at stake is that of some; and settings of kubeadm that could not be read.
fn gap(seen: &Components, lost: &[&ConfigVersion]) -> Option<Missing> {
    let mut why: Vec<String> = Vec::new();
    for row in lost {
        let program = row.component.name();
        if row.flag.is_empty() {
            let unread = seen.unread.iter().filter(|one| one.component == program);
            why.extend(unread.map(|one| format!("{}: {}", one.source, one.why)));
            continue;
        }
        let mut told = seen.of(program).filter(|one| !one.effective).peekable();
        if told.peek().is_none() {
            why.push(format!(
                "nothing in kube-system tells how {program} is started"
            ));
        } else if told.any(|one| one.sets(&row.flag)) {
            why.push(format!(
                "{program} reads a file (--{}) that only its node has, and {} is gone on this way",
                row.flag, row.api
            ));
        }
    }
    why.dedup();
    (!why.is_empty()).then(|| Missing {
        cure: Some("look at apiVersion in the file on each control-plane node; when it is another, leave this check out".into()),
        ..Missing::not_collected(Need::Components, why.join("; "))
    })
}
