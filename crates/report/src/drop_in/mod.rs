//! What other tools print of the same cluster or the same files, for pipelines that read it: their JSON and their exit codes.
//!
//! These tools know only objects at deprecated API versions. What else was found, and what could not be assessed, has no place in
//! their output: [`omissions`] says it, and the caller shows it beside. Their code for success is never given to a run that lacks
//! evidence.

mod kubent;
mod pluto;

use std::collections::BTreeMap;

use airworthy_model::{
    Assessment, Breaks, Finding, KubeVersion, Severity, Subject, finding::AffectedApi,
};

use crate::{text::count, words};

/// A tool whose place is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// FairwindsOps/pluto, as its `detect… --output json` (5.24).
    Pluto,
    /// doitintl/kube-no-trouble, as its `--output json` (0.7).
    Kubent,
}

/// The exit code of these tools for a run that failed.
pub const FAILED: u8 = 1;

/// What the tool would print.
pub fn render(assessment: &Assessment, tool: Tool) -> String {
    match tool {
        Tool::Pluto => pluto::render(assessment),
        Tool::Kubent => kubent::render(assessment),
    }
}

/// The number that the tool would end with. Evidence that lacks is the tool's error, unless the tool's number already says
/// that something stops working.
pub fn exit_code(assessment: &Assessment, tool: Tool) -> u8 {
    let code = match tool {
        Tool::Pluto => pluto::exit_code(assessment),
        Tool::Kubent => kubent::exit_code(assessment),
    };
    let stops = match tool {
        Tool::Pluto => pluto::removes(assessment),
        Tool::Kubent => code == kubent::FOUND,
    };
    if !stops && !words::undecided(assessment).is_empty() {
        return FAILED;
    }
    code
}

/// What the tool's output has no place for, each as a sentence without full stop.
pub fn omissions(assessment: &Assessment) -> Vec<String> {
    let undecided = words::undecided(assessment);
    let unknown = undecided.iter().map(|check| {
        let reasons = words::reasons_and_cures(check);
        format!("{} was not assessed: {reasons}", check.check)
    });
    let harmless = assessment.findings.iter();
    let harmless = harmless.filter(|f| is_harmless(f, assessment)).count();
    let harmless = (harmless > 0).then(|| {
        format!(
            "{} of a removed API left out, for nothing breaks: superseded since, or the control plane's own",
            count(harmless, "use")
        )
    });
    unknown.chain(others(assessment)).chain(harmless).collect()
}

/// Findings that are not about API versions.
fn others(assessment: &Assessment) -> Option<String> {
    let others = |severity| assessment.of(severity).filter(|f| f.api.is_none()).count();
    let counts = [Severity::Blocker, Severity::Risk, Severity::Note].map(others);
    let [blockers, risks, notes] = counts;
    let all = counts.iter().sum();
    (all > 0).then(|| {
        format!(
            "{} left out that are not about API versions: {}, {}, {}",
            count(all, "finding"),
            count(blockers, "blocker"),
            count(risks, "risk"),
            count(notes, "note"),
        )
    })
}

/// A use that was superseded, or that its check calls a mere note although the API goes away: nobody's deploy fails for it.
fn is_harmless(finding: &Finding, assessment: &Assessment) -> bool {
    let Some(api) = &finding.api else {
        return false;
    };
    let target = target(assessment).map(|target| target.minor);
    let removed = api
        .removed
        .is_some_and(|gone| target.is_none_or(|target| gone <= target));
    finding.breaks == Some(Breaks::Stale) || (finding.severity == Severity::Note && removed)
}

/// An object at an API version that is deprecated or gone. Ordered as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
    file: Option<&'a str>,
}

/// Every use with what is known of its API. Two findings may be about one object: it is there once.
fn uses(assessment: &Assessment) -> BTreeMap<Use<'_>, &AffectedApi> {
    let mut uses = BTreeMap::new();
    let findings = assessment.findings.iter();
    for finding in findings.filter(|f| !is_harmless(f, assessment)) {
        let Some(api) = &finding.api else { continue };
        for object in objects(finding) {
            uses.entry(of_object(finding, api, object)).or_insert(api);
        }
    }
    uses
}

/// All objects of a finding, or its subject.
fn objects(finding: &Finding) -> &[Subject] {
    match finding.objects.as_slice() {
        [] => std::slice::from_ref(&finding.subject),
        objects => objects,
    }
}

fn of_object<'a>(finding: &'a Finding, api: &'a AffectedApi, object: &'a Subject) -> Use<'a> {
    let or = |known: &'a str, other: &'a str| if known.is_empty() { other } else { known };
    Use {
        api_version: or(&api.api_version, &object.api_version),
        kind: or(&api.kind, &object.kind),
        namespace: object.namespace.as_deref(),
        name: &object.name,
        file: finding.location.as_ref().map(|place| place.file.as_str()),
    }
}

/// The version that is judged for.
fn target(assessment: &Assessment) -> Option<&KubeVersion> {
    let path = assessment.path.as_ref();
    path.map(|path| &path.target)
        .or(assessment.version.as_ref())
}
