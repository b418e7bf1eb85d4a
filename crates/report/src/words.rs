//! What people are told, in the same words by every format for people.

use airworthy_model::{
    Assessment, Breaks, CheckResult, EvidenceKind, Finding, Severity, Status, Subject, Verdict,
    finding::{AffectedApi, Caller, Location, Owner},
};

use crate::{
    decided,
    text::{clean_line, count},
};

pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "blocker",
        Severity::Risk => "risk",
        Severity::Note => "note",
    }
}

pub(crate) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ready => "ready",
        Verdict::ReadyWithRisks => "ready with risks",
        Verdict::CannotDetermine => "cannot determine",
        Verdict::NotReady => "not ready",
    }
}

pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Found => "found",
        Status::Clear => "clear",
        Status::Unknown => "unknown",
        Status::NotApplicable => "not applicable",
        Status::Skipped => "left out",
        Status::Waived => "accepted",
    }
}

pub(crate) const fn breaks(breaks: Breaks) -> &'static str {
    match breaks {
        Breaks::RunningClient => "breaks a running client",
        Breaks::NextDeploy => "breaks at the next deploy",
        Breaks::Stale => "stale",
    }
}

pub(crate) const fn evidence(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Call => "call",
        EvidenceKind::Writer => "writer",
        EvidenceKind::Reapply => "reapply",
        EvidenceKind::Stored => "stored",
        EvidenceKind::State => "state",
    }
}

pub(crate) fn caller(caller: &Caller) -> String {
    match (&caller.user, &caller.user_agent) {
        (Some(user), Some(agent)) => format!("called by {user} with {agent}"),
        (Some(who), None) | (None, Some(who)) => format!("called by {who}"),
        (None, None) => "called by an unknown client".into(),
    }
}

/// `Deployment shop/web`.
pub(crate) fn owner(owner: &Owner) -> String {
    let namespace = owner.namespace.as_ref();
    let namespace = namespace.map_or(String::new(), |namespace| format!("{namespace}/"));
    format!("{} {namespace}{}", owner.kind, owner.name)
}

/// `charts/cart.yaml:12:3`.
pub(crate) fn place(place: &Location) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

/// `Deployment shop/web`.
pub(crate) fn subject(subject: &Subject) -> String {
    format!("{} {}", subject.kind, subject.path())
}

/// What to write in place of an API version, where there is something.
pub(crate) fn replacement(api: &AffectedApi) -> Option<String> {
    let new = api.replacement.as_ref()?;
    let since = api.replacement_since;
    let since = since.map_or(String::new(), |since| format!(" (served since {since})"));
    Some(format!("use {new}{since}"))
}

/// All objects of a finding, where they are others than its subject; at most `shown` of them by name.
pub(crate) fn objects(finding: &Finding, shown: usize) -> Option<String> {
    match finding.objects.as_slice() {
        [] => None,
        [only] if *only == finding.subject => None,
        all => Some(format!(
            "{}: {}",
            count(all.len(), "object"),
            names(all, shown)
        )),
    }
}

/// Objects by name, the kind only where it changes.
fn names(objects: &[Subject], shown: usize) -> String {
    let mut kind = "";
    let mut names = Vec::new();
    for object in objects.iter().take(shown) {
        let same = std::mem::replace(&mut kind, &object.kind) == object.kind;
        names.push(if same { object.path() } else { subject(object) });
    }
    match objects.len() - names.len() {
        0 => names.join(", "),
        left => format!("{} and {left} more", names.join(", ")),
    }
}

/// What else there is to know of a finding, beside its message: what breaks, who is concerned, where.
pub(crate) fn circumstances(finding: &Finding, several_steps: bool) -> Vec<String> {
    let owned = finding.owner.as_ref().map(owner);
    let parts = [
        finding
            .hop
            .filter(|_| several_steps)
            .map(|hop| hop.to_string()),
        finding.breaks.map(|what| breaks(what).to_owned()),
        finding.caller.as_ref().map(caller),
        owned
            .filter(|owner| *owner != subject(&finding.subject))
            .map(|owner| format!("owned by {owner}")),
        finding.location.as_ref().map(place),
    ];
    parts.into_iter().flatten().collect()
}

/// What to write in place of the API versions of these findings, each once, where no fix says it.
pub(crate) fn replacements(findings: &[&Finding]) -> Vec<String> {
    let mut all = Vec::new();
    let silent = findings.iter().filter(|finding| !says_replacement(finding));
    for api in silent.filter_map(|finding| finding.api.as_ref()) {
        let line = replacement(api).map(|new| format!("{}: {new}", old(api)));
        all.extend(line.filter(|line| !all.contains(line)));
    }
    all
}

/// Whether a fix names the replacement. `apps/v1` is not named by who names `apps/v1beta1`.
fn says_replacement(finding: &Finding) -> bool {
    let new = finding
        .api
        .as_ref()
        .and_then(|api| api.replacement.as_ref());
    let mut words = finding
        .fix
        .iter()
        .flat_map(|fix| fix.text.split([' ', ',', ';', ':']));
    new.is_some_and(|new| words.any(|word| word == new))
}

/// `FlowSchema at flowcontrol.apiserver.k8s.io/v1beta3`, as far as it is known.
fn old(api: &AffectedApi) -> String {
    match (api.kind.as_str(), api.api_version.as_str()) {
        ("", "") => api.url.clone(),
        ("", version) => version.into(),
        (kind, "") => kind.into(),
        (kind, version) => format!("{kind} at {version}"),
    }
}

/// Whether the way has more than one step, so that it matters which one meets a finding.
pub(crate) fn several_steps(assessment: &Assessment) -> bool {
    assessment
        .path
        .as_ref()
        .is_some_and(|path| path.hops.len() > 1)
}

/// Which cluster, what runs there, and when that was seen.
pub(crate) fn origin(assessment: &Assessment) -> String {
    let cluster = &assessment.cluster;
    let name = cluster.name.as_ref().or(cluster.uid.as_ref());
    let name = name.map_or("The cluster".into(), |name| format!("Cluster {name}"));
    let server = cluster.server.as_ref();
    let server = server.map_or(String::new(), |server| format!(" at {server}"));
    let read = assessment.observed_at;
    match &assessment.version {
        Some(version) => format!("{name}{server} runs {version}, read {read:.0}"),
        None => format!("Files, read {read:.0}"),
    }
}

/// The steps, where there are several and no plan tells them.
pub(crate) fn steps(assessment: &Assessment) -> Option<String> {
    if !decided::plan(assessment).is_empty() {
        return None;
    }
    let hops = &assessment.path.as_ref()?.hops;
    let names: Vec<_> = hops.iter().map(ToString::to_string).collect();
    let how = match decided::moves(assessment) {
        1 => "One step, judged minor by minor".to_owned(),
        _ => format!("{} steps", hops.len()),
    };
    (hops.len() > 1).then(|| format!("{how}: {}", names.join(", ")))
}

/// `3 of 4 checks decided; 1 does not apply here`.
pub(crate) fn coverage(assessment: &Assessment) -> String {
    let coverage = assessment.coverage();
    let inapplicable = match of_status(assessment, Status::NotApplicable).len() {
        0 => String::new(),
        1 => "; 1 does not apply here".into(),
        more => format!("; {more} do not apply here"),
    };
    let applicable = count(coverage.applicable, "check");
    format!("{} of {applicable} decided{inapplicable}", coverage.decided)
}

/// Names of the checks that ended so.
fn of_status(assessment: &Assessment, status: Status) -> Vec<&str> {
    let checks = assessment.checks.iter();
    let these = checks.filter(|check| check.status == status);
    these.map(|check| check.check.as_str()).collect()
}

/// The checks whose findings are accepted, as far as they are not told one by one: results of earlier releases kept only the names.
pub(crate) fn accepted(assessment: &Assessment) -> Vec<String> {
    let told = |name: &str| assessment.waived.iter().any(|waived| waived.check == name);
    let names = of_status(assessment, Status::Waived).into_iter();
    names
        .filter(|name| !told(name))
        .map(str::to_owned)
        .collect()
}

/// The title of what is wrong with waivers.
pub(crate) fn of_waivers(notes: usize) -> String {
    format!("Waivers to look at ({notes})")
}

/// More checks than these that are left out for one reason are counted, not named.
const MOST_LEFT_OUT: usize = 8;

/// The checks that were left out: by name, or by number where many are for one reason.
pub(crate) fn left_out(assessment: &Assessment) -> Vec<String> {
    let skipped = || {
        let checks = assessment.checks.iter();
        checks.filter(|check| check.status == Status::Skipped)
    };
    let mut said: Vec<String> = Vec::new();
    for check in skipped() {
        let alike = skipped().filter(|other| other.why == check.why).count();
        let words = match &check.why {
            Some(why) if alike > MOST_LEFT_OUT => format!("{alike} checks ({why})"),
            _ => check.check.clone(),
        };
        if !said.contains(&words) {
            said.push(words);
        }
    }
    said
}

/// Checks that were to decide and lack evidence, whether or not they found something beside.
pub(crate) fn undecided(assessment: &Assessment) -> Vec<&CheckResult> {
    let checks = assessment.checks.iter();
    checks.filter(|check| lacks(check)).collect()
}

/// Why a check lacks evidence, obstacle by obstacle.
pub(crate) fn reasons(check: &CheckResult) -> Vec<String> {
    match (check.missing.as_slice(), &check.why) {
        ([], Some(why)) => vec![why.clone()],
        ([], None) => vec!["no reason given".into()],
        (missing, _) => missing.iter().map(ToString::to_string).collect(),
    }
}

/// Those reasons, and what to do about them, on one line.
pub(crate) fn reasons_and_cures(check: &CheckResult) -> String {
    let cures = check.missing.iter().filter_map(|m| m.cure.as_ref());
    let cures = cures.map(|cure| format!("cure: {cure}"));
    let all: Vec<_> = reasons(check).into_iter().chain(cures).collect();
    all.join("; ")
}

/// A finding as one line; at most `shown` of its objects by name.
pub(crate) fn line(finding: &Finding, several_steps: bool, shown: usize) -> String {
    let named = subject(&finding.subject);
    let mut parts = vec![format!("{named} {}", finding.message)];
    parts.extend(circumstances(finding, several_steps));
    parts.extend(finding.api.as_ref().and_then(replacement));
    parts.extend(objects(finding, shown));
    parts.extend(finding.fix.iter().map(|fix| format!("fix: {}", fix.text)));
    clean_line(&parts.join("; "))
}

/// Whether a check that was to decide lacks evidence.
pub(crate) fn lacks(check: &CheckResult) -> bool {
    let was_to_decide = !matches!(check.status, Status::Skipped | Status::NotApplicable);
    was_to_decide && (check.status == Status::Unknown || !check.missing.is_empty())
}

/// What a check said: `clear`, `found, evidence lacks`, `not applicable: the path crosses no removal`.
pub(crate) fn conclusion(check: &CheckResult) -> String {
    let lacks = match check.missing.len() {
        0 => "",
        _ if check.status == Status::Unknown => "",
        _ => ", evidence lacks",
    };
    let why = check.why.as_ref();
    let why = why.map_or(String::new(), |why| format!(": {why}"));
    format!("{}{lacks}{why}", status(check.status))
}

/// Findings by check, both in the order in which they come.
pub(crate) fn by_check<'a>(
    findings: impl Iterator<Item = &'a Finding>,
) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|(check, _)| *check == finding.check) {
            Some((_, group)) => group.push(finding),
            None => groups.push((&finding.check, vec![finding])),
        }
    }
    groups
}
