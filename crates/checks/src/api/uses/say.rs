//! A use as a finding: what breaks, whose it is, and what to do.

use airworthy_knowledge::{Api, Knowledge};
use airworthy_model::{
    Breaks, Evidence, Finding, Severity, Subject,
    finding::{Caller, Owner},
};

use super::{
    ApiUse, Strength,
    fate::{Ended, Fate, affected, successor},
    owner, shape,
};
use crate::{
    Context,
    text::{short, some_of},
};

/// The finding of a use, reported by the check of its strongest evidence.
pub(crate) fn describe(ctx: &Context<'_>, one: &ApiUse<'_>, strength: Strength) -> Finding {
    let finding = Finding {
        hop: one.ended.hop,
        evidence: one
            .evidence
            .iter()
            .map(|(_, evidence)| evidence.clone())
            .collect(),
        breaks: Some(one.breaks),
        caller: one.caller.clone(),
        owner: Some(one.owner.clone()),
        api: Some(affected(one.ended.api)),
        objects: one.objects.clone(),
        ..Finding::new(
            severity(one),
            owner::subject(&one.owner),
            message(one, strength),
        )
    }
    .telling_apart(discriminator(one));
    let finding = written_down(one, strength, finding);
    let finding = repaired(ctx.knowledge, one, strength, finding);
    match team(ctx, &one.owner) {
        Some(evidence) => finding.because(evidence),
        None => finding,
    }
}

/// What stands in a record or a source is a setting there.
fn written_down(one: &ApiUse<'_>, strength: Strength, finding: Finding) -> Finding {
    if strength < Strength::Helm {
        return finding;
    }
    let replacement = one.ended.api.replacement.as_deref();
    finding.setting("apiVersion", one.ended.version(), replacement)
}

/// Labels by which namespaces say whose they are, whatever stands before the slash.
const TEAMS: [&str; 5] = ["owner", "owned-by", "squad", "team", "tenant"];

/// Who is behind the owner's namespace, where its labels say so.
fn team(ctx: &Context<'_>, owner: &Owner) -> Option<Evidence> {
    let name = owner.namespace.as_deref()?;
    let namespaces = ctx.namespaces().ok()?;
    let labels = &namespaces.iter().find(|one| one.name == name)?.labels;
    let is_team = |label: &str| {
        let last = label.rsplit('/').next().unwrap_or_default();
        TEAMS.contains(&&*last.to_ascii_lowercase())
    };
    let said = labels.0.iter().filter(|(label, _)| is_team(label));
    let said: Vec<_> = said
        .map(|(label, value)| format!("{label}={value}"))
        .collect();
    (!said.is_empty()).then(|| {
        let source = format!("/api/v1/namespaces/{name}");
        let detail = format!("the namespace is labelled {}", said.join(", "));
        Evidence::state(source, ctx.now(), detail)
    })
}

/// Two programs of one user, two versions, and what is stale beside what is not, are different matters.
fn discriminator(one: &ApiUse<'_>) -> String {
    let agent = one
        .caller
        .as_ref()
        .and_then(|caller| caller.user_agent.as_deref());
    let parts = [
        one.ended.name(),
        agent
            .map(|agent| super::system::product(agent).to_owned())
            .unwrap_or_default(),
        if one.breaks == Breaks::Stale {
            "stale".to_owned()
        } else {
            String::new()
        },
    ];
    parts.join(" ").trim_end().to_owned()
}

/// A note where nothing breaks by the upgrade itself: superseded, or switched on by hand, which the target allows as well.
fn severity(one: &ApiUse<'_>) -> Severity {
    if one.breaks == Breaks::Stale || one.ended.can_stay_on() {
        Severity::Note
    } else {
        Severity::Risk
    }
}

fn message(one: &ApiUse<'_>, strength: Strength) -> String {
    let (at, fate) = (one.ended.version(), one.ended.fate.words());
    let (at, objects) = (short(&at, 60), objects(one));
    let text = match strength {
        _ if one.breaks == Breaks::Stale => {
            format!(
                "an annotation of {objects} names {at} ({fate}): stale, the next apply replaces it"
            )
        }
        Strength::Call => format!(
            "calls {at} {}{}, {fate}{}",
            one.ended.api.kind,
            one.caller.as_ref().map(program).unwrap_or_default(),
            wrote(&objects)
        ),
        Strength::Writer => format!("last wrote {objects} at {at}, {fate}"),
        Strength::Helm => format!("holds {objects} at {at}, {fate}: the next helm upgrade fails"),
        Strength::GitOps => format!("keeps applying {objects} at {at}, {fate}"),
    };
    short(&text, 200)
}

/// The program that called, with its version: one user may have several.
pub(crate) fn program(caller: &Caller) -> String {
    let agent = caller.user_agent.as_deref().unwrap_or_default();
    let program = agent.split(' ').next().unwrap_or_default();
    if program.is_empty() {
        String::new()
    } else {
        format!(" by {}", short(program, 40))
    }
}

fn wrote(objects: &str) -> String {
    if objects.is_empty() {
        String::new()
    } else {
        format!(": wrote {objects}")
    }
}

/// `CronJob shop/a, shop/b and 3 more`.
fn objects(one: &ApiUse<'_>) -> String {
    let Some(first) = one.objects.first() else {
        return String::new();
    };
    let names: Vec<_> = one.objects.iter().map(Subject::path).collect();
    format!(
        "{} {}",
        first.kind,
        some_of(names.iter().map(String::as_str))
    )
}

/// Adds what to do, for the tool that will send the version again.
fn repaired(
    knowledge: &Knowledge,
    one: &ApiUse<'_>,
    strength: Strength,
    finding: Finding,
) -> Finding {
    if one.breaks == Breaks::Stale {
        return finding
            .fix("Nothing has to be done: the annotation is written anew by the next apply");
    }
    let finding = finding.fix(moved(&one.ended));
    let finding = match shown(knowledge, one) {
        Some(command) => finding.fix_with("Look at it at the version that stays", command),
        None => finding,
    };
    let place = |evidence: &Evidence| evidence.source.clone();
    let (name, namespace) = (
        &one.owner.name,
        one.owner.namespace.as_deref().unwrap_or("default"),
    );
    if owner::is_release(&one.owner) {
        return finding.fix_with(
            "Change the chart's templates, or take a newer chart, before the control plane moves",
            format!("helm upgrade {name} CHART -n {namespace}"),
        );
    }
    if strength == Strength::Call {
        return finding.fix("Then restart the client, and look into a newer audit log");
    }
    if owner::is_source(&one.owner) {
        let source = one
            .evidence
            .iter()
            .find(|(strength, _)| *strength == Strength::GitOps);
        let source = source.map_or_else(
            || format!("{} {namespace}/{name}", one.owner.kind),
            |(_, evidence)| place(evidence),
        );
        return finding.fix(format!(
            "Change the manifests in the repository of {source}, and let it sync"
        ));
    }
    finding.fix("Then write it again with the tool that wrote it, so that nothing sends the old version any more")
}

/// What to write instead, in one sentence.
pub(crate) fn moved(ended: &Ended<'_>) -> String {
    let step = step(ended);
    let stays = successor(ended.api).is_some() && !matches!(ended.fate, Fate::NotYet { .. });
    match shape::changes(ended.api).filter(|_| stays) {
        Some(changes) => format!("{step}; {changes}"),
        None => step,
    }
}

fn step(ended: &Ended<'_>) -> String {
    let at = ended.version();
    match (ended.fate, successor(ended.api)) {
        (Fate::NotYet { since }, _) => {
            format!("Write a version that the target serves: {at} comes with {since}")
        }
        (Fate::OffByDefault { .. }, None) => {
            format!("Switch it on at the target (--runtime-config={at}=true), or do without it")
        }
        (Fate::OffByDefault { .. }, Some(to)) => format!(
            "Write {to} instead{}; or switch {at} on at the target (--runtime-config={at}=true)",
            since(ended.api)
        ),
        (Fate::Removed { .. }, Some(to)) => {
            format!("Write {to} instead of {at}{}", since(ended.api))
        }
        (Fate::Removed { .. }, None) => format!("Do without it: nothing replaces {at}"),
    }
}

fn since(api: &Api) -> String {
    api.replacement_since
        .map(|minor| format!(" (served since {minor})"))
        .unwrap_or_default()
}

/// A command that shows the first object, at the version that replaces the old one: asking for the old one would be a call.
fn shown(knowledge: &Knowledge, one: &ApiUse<'_>) -> Option<String> {
    let object = one.objects.first()?;
    let api = one.ended.api;
    let (group, version) = api.replacement.as_deref()?.split_once('/')?;
    let kind = api.replacement_kind.as_deref().unwrap_or(&api.kind);
    let resource = knowledge
        .kind(group, version, kind)
        .map_or(&*api.resource, |api| &api.resource);
    let namespace = object
        .namespace
        .as_ref()
        .map(|namespace| format!(" -n {namespace}"));
    let name = if object.name.is_empty() {
        String::new()
    } else {
        format!(" {}", object.name)
    };
    let namespace = namespace.unwrap_or_default();
    Some(format!(
        "kubectl get {resource}.{version}.{group}{namespace}{name} -o yaml"
    ))
}
