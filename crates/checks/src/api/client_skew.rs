use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, EvidenceKind, Finding, Group, Hop, Kind, Minor, Missing, Need, Phase,
    Reason, Severity, Subject,
    facts::{AuditLog, ClientSeen},
    finding::Caller,
};

use super::uses::{calls, system};
use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, short, some_of},
};

/// Client programs that are far from the target.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ClientSkew",
        summary: "a client program is too far from the target version",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[Need::Audit],
        page: include_str!("client_skew.md"),
    },
    blocks: never,
    run,
};

/// The first minor whose servers do not fill `metadata.selfLink`.
const NO_SELF_LINK: Minor = Minor::v1(24);

/// The first client library that does not read `metadata.selfLink`.
const READS_NO_SELF_LINK: Minor = Minor::v1(20);

/// The first minor whose servers do not answer aggregated discovery at v2beta1.
const NO_BETA_DISCOVERY: Minor = Minor::v1(33);

/// The client libraries that ask for aggregated discovery at v2beta1 alone.
const BETA_DISCOVERY: std::ops::RangeInclusive<Minor> = Minor::v1(26)..=Minor::v1(29);

/// Most users that have a line of evidence.
const MOST_USERS: usize = 20;

fn run(ctx: &Context<'_>) -> Outcome {
    let log = match ctx.audit() {
        Err(missing) if is_choice(&missing) => {
            return Ok(Judgement::not_applicable(
                "without an audit log nobody knows which programs call (--audit-log FILE)",
            ));
        }
        read => read?,
    };
    let path = ctx.path()?;
    let mut programs: BTreeMap<Program<'_>, Vec<&ClientSeen>> = BTreeMap::new();
    for client in &log.clients {
        if let Some(program) = Program::of(&client.user_agent) {
            programs.entry(program).or_default().push(client);
        }
    }
    let target = path.target.minor;
    let findings = programs.into_iter().filter_map(|(program, seen)| {
        let (why, hop) = program.trouble(target, |minor| path.hop_crossing(minor))?;
        Some(finding(&program, &seen, &why, hop))
    });
    Ok(Judgement::from(findings.collect::<Vec<_>>()).without(gaps(log)))
}

/// An audit log is evidence that somebody has to give: to do without is no lack that a report could mend.
fn is_choice(missing: &Missing) -> bool {
    matches!(missing.reason, Reason::SwitchedOff | Reason::NotCollected)
}

/// What of the log could not be read, or was not kept.
fn gaps(log: &AuditLog) -> Option<Missing> {
    let beyond = || {
        let calls = usize::try_from(log.uncounted_clients).unwrap_or(usize::MAX);
        let detail = format!(
            "{} are of more clients than are kept",
            counted(calls, "call")
        );
        Missing {
            reason: Reason::Malformed,
            ..Missing::not_collected(Need::Audit, detail)
        }
    };
    calls::gaps(log).or_else(|| (log.uncounted_clients > 0).then(beyond))
}

/// A program that was built of Kubernetes' own source at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Program<'a> {
    name: &'a str,
    version: &'a str,
    minor: Minor,
}

/// Components of a cluster: their versions are judged where they are installed.
const COMPONENTS: [&str; 6] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
    "kubelet",
    "kube-proxy",
];

impl<'a> Program<'a> {
    /// From `kubectl/v1.24.3 (linux/amd64) kubernetes/aef86a9`. Programs that are not built as Kubernetes is say
    /// `v0.0.0 … kubernetes/$Format`, or a version of their own: what they are made of is not known.
    fn of(user_agent: &'a str) -> Option<Self> {
        let mut words = user_agent.split(' ');
        let (name, version) = words.next()?.split_once('/')?;
        words.next().filter(|platform| platform.starts_with('('))?;
        let commit = words.next()?.strip_prefix("kubernetes/")?;
        let commit = commit.split('/').next()?;
        let real = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut numbers = version.strip_prefix('v')?.split('.');
        let (major, minor) = (numbers.next()?, numbers.next()?.parse().ok()?);
        let ours = real && major == "1" && !COMPONENTS.contains(&name);
        ours.then_some(Self {
            name,
            version,
            minor: Minor::v1(minor),
        })
    }

    /// What its distance from the target means, and the hop that brings it.
    fn trouble(
        &self,
        target: Minor,
        crosses: impl Fn(Minor) -> Option<Hop>,
    ) -> Option<(String, Option<Hop>)> {
        let distance = self.minor.distance_from(target);
        if self.name == "kubectl" && distance.abs() > 1 {
            let side = if distance < 0 { "older" } else { "newer" };
            let minors = counted(distance.unsigned_abs() as usize, "minor");
            let why = format!("{minors} {side} than {target}, and one either way is supported");
            return Some((why, None));
        }
        if self.minor < READS_NO_SELF_LINK
            && let Some(hop) = crosses(NO_SELF_LINK)
        {
            let why = format!(
                "built on a client library that may read metadata.selfLink, which is empty from {NO_SELF_LINK} on"
            );
            return Some((why, Some(hop)));
        }
        let hop = crosses(NO_BETA_DISCOVERY).filter(|_| BETA_DISCOVERY.contains(&self.minor))?;
        let why = format!(
            "built on a client library whose one-request discovery ends in {NO_BETA_DISCOVERY}: it goes on with many requests"
        );
        Some((why, Some(hop)))
    }
}

fn finding(program: &Program<'_>, seen: &[&ClientSeen], why: &str, hop: Option<Hop>) -> Finding {
    let Program { name, version, .. } = program;
    let name = short(name, 40);
    let users = some_of(seen.iter().map(|client| &*client.user));
    let subject = Subject::cluster("", "Client", &format!("{name}/{}", short(version, 40)));
    let message = format!("{why}; used by {}", short(&users, 60));
    let mut finding = Finding::new(Severity::Note, subject, short(&message, 200));
    finding.hop = hop;
    finding.evidence = seen
        .iter()
        .take(MOST_USERS)
        .map(|client| evidence(client))
        .collect();
    finding.caller = seen.first().map(|client| Caller {
        user: Some(client.user.clone()).filter(|_| seen.len() == 1),
        user_agent: Some(client.user_agent.clone()),
    });
    finding.fix(format!(
        "Update {} where it runs to the version of the cluster",
        system::product(&name)
    ))
}

fn evidence(client: &ClientSeen) -> Evidence {
    let calls = counted(usize::try_from(client.count).unwrap_or(usize::MAX), "call");
    Evidence {
        kind: EvidenceKind::Call,
        source: "audit log".to_owned(),
        observed_at: client.last_seen,
        detail: format!("{calls} by {} as {}", client.user, client.user_agent),
    }
}
