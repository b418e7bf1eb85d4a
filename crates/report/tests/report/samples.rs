//! One assessment per row of the verdict table, and the catalogue that goes with them.

use airworthy_model::{
    Access, Assessment, Breaks, CheckInfo, CheckResult, Evidence, EvidenceKind, Finding, Fix,
    Group, Kind, Minor, Missing, Need, Phase, Reason, Scope, Severity, Status, Subject,
    UpgradePath, Verdict, Waived, Waiver, WaiverFault, WaiverNote,
    facts::ClusterIdentity,
    finding::{AffectedApi, Caller, Location, Owner},
    version::{Hop, KubeVersion},
};

pub(crate) fn v(text: &str) -> KubeVersion {
    text.parse().unwrap()
}

fn at() -> jiff::Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// A pre-check that found nothing.
pub(crate) fn ready() -> Assessment {
    let cluster = ClusterIdentity {
        name: Some("prod-eu".into()),
        server: Some("https://192.0.2.10:6443".into()),
        uid: Some("7c2f4a0e-0000-4000-8000-000000000001".into()),
    };
    Assessment {
        phase: Phase::Pre,
        verdict: Verdict::Ready,
        scope: Scope::Full,
        cluster,
        version: Some(v("v1.31.14")),
        observed_at: at(),
        path: Some(UpgradePath::new(v("v1.31.14"), v("1.32")).unwrap()),
        knowledge: "2026.11".into(),
        checks: vec![
            check("UpgradePath", Status::Clear),
            check("PdbBlocksDrain", Status::Clear),
            check("WebhookBackendDown", Status::Clear),
            check("PodUnhealthy", Status::Clear),
            CheckResult {
                why: Some("the path crosses no removal".into()),
                ..check("RemovedApiObjects", Status::NotApplicable)
            },
        ],
        findings: Vec::new(),
        waived: Vec::new(),
        waiver_notes: Vec::new(),
        plan: Vec::new(),
    }
}

pub(crate) fn check(name: &str, status: Status) -> CheckResult {
    CheckResult {
        check: name.into(),
        status,
        missing: Vec::new(),
        can_block: matches!(
            name,
            "PdbBlocksDrain" | "WebhookBackendDown" | "UpgradePath"
        ),
        why: None,
    }
}

pub(crate) fn set(assessment: &mut Assessment, check: CheckResult) {
    let checks = &mut assessment.checks;
    let place = checks.iter_mut().find(|c| c.check == check.check);
    *place.expect("the sample has the check") = check;
}

fn found(assessment: &mut Assessment, finding: Finding) {
    let checks = &mut assessment.checks;
    if !checks.iter().any(|check| check.check == finding.check) {
        checks.push(check(&finding.check, Status::Found));
    }
    set(assessment, check(&finding.check, Status::Found));
    assessment.findings.push(finding);
}

fn of(check: &str, finding: Finding) -> Finding {
    let check = check.into();
    Finding { check, ..finding }
}

pub(crate) fn pdb(name: &str) -> Finding {
    let subject = Subject::namespaced("policy/v1", "PodDisruptionBudget", "shop", name);
    let source = format!("/apis/policy/v1/namespaces/shop/poddisruptionbudgets/{name}");
    let finding = Finding::new(Severity::Blocker, subject, "allows no eviction of its 2 pods")
        .because(Evidence::state(source, at(), "disruptionsAllowed 0, currentHealthy 2, desiredHealthy 2"))
        .fix_with(
            "Let one pod go: lower minAvailable or add a replica",
            format!("kubectl -n shop patch pdb {name} --type merge -p '{{\"spec\": {{\"minAvailable\": 1}}}}'"),
        );
    of("PdbBlocksDrain", finding)
}

fn webhook() -> Finding {
    let subject = Subject::cluster(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "policy-gate",
    );
    let mut finding = Finding::new(
        Severity::Blocker,
        subject,
        "fails closed and its Service policy/gate has no ready endpoint",
    )
    .fix("Bring its back end up, or remove the configuration if nothing uses it");
    finding.owner = Some(Owner {
        kind: "Deployment".into(),
        namespace: Some("policy".into()),
        name: "gate".into(),
    });
    finding.fix[0].patch =
        Some("webhooks:\n- name: gate.example.com\n  failurePolicy: Ignore\n".into());
    of("WebhookBackendDown", finding)
}

fn pod() -> Finding {
    let subject = Subject::namespaced("v1", "Pod", "shop", "cart-0");
    let mut finding = Finding::new(
        Severity::Risk,
        subject,
        "container app waits in CrashLoopBackOff",
    )
    .at(Hop {
        from: Minor::v1(31),
        to: Minor::v1(32),
    });
    finding.breaks = Some(Breaks::RunningClient);
    finding.caller = Some(Caller {
        user: Some("system:serviceaccount:shop:cart".into()),
        user_agent: Some("cart/2.1".into()),
    });
    finding.location = Some(Location {
        file: "charts/cart.yaml".into(),
        line: 12,
        column: 3,
        document: 1,
    });
    finding.evidence.push(Evidence {
        kind: EvidenceKind::Call,
        source: "audit log".into(),
        observed_at: None,
        detail: "12 requests".into(),
    });
    of("PodUnhealthy", finding)
}

fn note() -> Finding {
    let subject = Subject::cluster("v1", "Node", "node-1");
    of(
        "UpgradePath",
        Finding::new(Severity::Note, subject, "is cordoned"),
    )
}

pub(crate) fn ready_with_risks() -> Assessment {
    let mut assessment = ready();
    assessment.verdict = Verdict::ReadyWithRisks;
    found(&mut assessment, pod());
    found(&mut assessment, note());
    set(&mut assessment, check("WebhookBackendDown", Status::Waived));
    assessment
}

pub(crate) fn not_ready() -> Assessment {
    let mut assessment = ready();
    assessment.verdict = Verdict::NotReady;
    for finding in [pdb("web"), pdb("api"), webhook(), pod(), note()] {
        found(&mut assessment, finding);
    }
    assessment
}

pub(crate) fn forbidden(need: Need, cure: Option<&str>) -> Missing {
    let path = match need.access() {
        [Access::List { resource, .. }, ..] => resource,
        _ => "somewhere",
    };
    Missing {
        need,
        reason: Reason::Forbidden,
        detail: format!("list {path} answered 403"),
        cure: cure.map(Into::into),
    }
}

pub(crate) fn unknown(name: &str, missing: Vec<Missing>) -> CheckResult {
    CheckResult {
        missing,
        ..check(name, Status::Unknown)
    }
}

pub(crate) fn cannot_determine() -> Assessment {
    let mut assessment = ready();
    assessment.verdict = Verdict::CannotDetermine;
    let cure = "allow `list` on `pods` (airworthy rbac prints the role)";
    let pods = forbidden(Need::Pods, Some(cure));
    let timed_out = Missing {
        need: Need::Webhooks,
        reason: Reason::TimedOut,
        detail: "GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations: no answer within 10 s".into(),
        cure: None,
    };
    let pdbs = forbidden(Need::Pdbs, None);
    set(&mut assessment, unknown("PodUnhealthy", vec![pods.clone()]));
    set(&mut assessment, unknown("PdbBlocksDrain", vec![pods, pdbs]));
    set(
        &mut assessment,
        unknown("WebhookBackendDown", vec![timed_out]),
    );
    assessment
}

/// A check that cannot block lacks evidence: a risk, no more.
pub(crate) fn unknown_risk() -> Assessment {
    let mut assessment = ready();
    assessment.verdict = Verdict::ReadyWithRisks;
    set(
        &mut assessment,
        unknown("PodUnhealthy", vec![forbidden(Need::Pods, None)]),
    );
    assessment
}

/// Blockers beside evidence that lacks, on a path of several steps.
pub(crate) fn not_ready_and_unknown() -> Assessment {
    let mut assessment = not_ready();
    assessment.path = Some(UpgradePath::new(v("v1.29.3+k3s1"), v("v1.32.4")).unwrap());
    assessment.version = Some(v("v1.29.3+k3s1"));
    let missing = vec![forbidden(Need::Services, None)];
    set(
        &mut assessment,
        CheckResult {
            missing,
            ..check("WebhookBackendDown", Status::Found)
        },
    );
    assessment
}

pub(crate) fn partial(mut assessment: Assessment) -> Assessment {
    assessment.scope = Scope::Partial;
    for name in ["UpgradePath", "RemovedApiObjects"] {
        let why = Some("left out by the caller".into());
        set(
            &mut assessment,
            CheckResult {
                why,
                ..check(name, Status::Skipped)
            },
        );
    }
    assessment
}

pub(crate) fn after(mut assessment: Assessment) -> Assessment {
    assessment.phase = Phase::Post;
    assessment.version = Some(v("v1.32.13"));
    assessment
}

/// 400 findings of one check, each with its own command.
pub(crate) fn many() -> Assessment {
    let mut assessment = ready();
    assessment.verdict = Verdict::NotReady;
    for number in 0..400 {
        found(&mut assessment, pdb(&format!("web-{number}")));
    }
    assessment
}

/// A cluster that tries to write on the terminal of who looks at it.
pub(crate) fn hostile() -> Assessment {
    saying("\u{1b}[2J\u{1b}]0;owned\u{7}\nReady for 1.32.\r\u{9b}31m\u{202e}x\0")
}

/// A cluster that says one thing wherever it can say something.
pub(crate) fn saying(text: &str) -> Assessment {
    let mut assessment = not_ready_and_unknown();
    assessment.cluster.name = Some(text.into());
    assessment.cluster.server = Some(text.into());
    assessment.knowledge = text.into();
    for finding in &mut assessment.findings {
        say(finding, text);
    }
    for check in &mut assessment.checks {
        check.check = text.into();
        check.why = Some(text.into());
        for missing in &mut check.missing {
            missing.detail = text.into();
            missing.cure = Some(text.into());
        }
    }
    say_waived(&mut assessment, text);
    assessment
}

/// A file of waivers can be anybody's, and a risk that is accepted is still of a cluster.
fn say_waived(assessment: &mut Assessment, text: &str) {
    let waiver = Waiver {
        owner: text.into(),
        reason: text.into(),
        expires: None,
        source: text.into(),
    };
    assessment.waived = vec![Waived {
        check: text.into(),
        finding: assessment.findings.first().cloned(),
        missing: Vec::new(),
        waiver,
    }];
    assessment.waiver_notes = vec![WaiverNote {
        fault: WaiverFault::Unused,
        check: text.into(),
        source: text.into(),
        message: text.into(),
    }];
}

fn say(finding: &mut Finding, text: &str) {
    let some = || Some(text.to_owned());
    finding.check = text.into();
    finding.subject.name = text.into();
    finding.subject.kind = text.into();
    finding.message = text.into();
    finding.evidence = vec![Evidence::state(text, at(), text)];
    finding.caller = Some(Caller {
        user: some(),
        user_agent: some(),
    });
    finding.owner = Some(Owner {
        kind: text.into(),
        namespace: some(),
        name: text.into(),
    });
    finding.fix = vec![Fix {
        text: text.into(),
        command: some(),
        patch: some(),
    }];
    if let Some(place) = &mut finding.location {
        place.file = text.into();
    }
}

const fn info(
    name: &'static str,
    summary: &'static str,
    phase: Phase,
    level: Severity,
    needs: &'static [Need],
) -> CheckInfo {
    CheckInfo {
        name,
        summary,
        phase,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level,
        vendor: false,
        needs,
        page: "",
    }
}

pub(crate) const CATALOGUE: [CheckInfo; 4] = [
    info(
        "PdbBlocksDrain",
        "a disruption budget that allows no eviction will stall a node drain",
        Phase::Pre,
        Severity::Blocker,
        &[Need::Pdbs, Need::Pods],
    ),
    info(
        "WebhookBackendDown",
        "an admission webhook that fails closed has nothing behind it",
        Phase::Pre,
        Severity::Blocker,
        &[Need::Webhooks, Need::EndpointSlices],
    ),
    info(
        "PodUnhealthy",
        "a pod does not run as it should",
        Phase::Pre,
        Severity::Risk,
        &[Need::Pods],
    ),
    info(
        "PostNodesConverged",
        "a node did not come to the new version",
        Phase::Post,
        Severity::Blocker,
        &[Need::Nodes, Need::Baseline],
    ),
];

/// Who uses an API that goes away, in all the ways in which one can.
pub(crate) fn uses() -> Assessment {
    let mut assessment = ready();
    assessment.verdict = Verdict::NotReady;
    for number in 0..6 {
        found(&mut assessment, release(number));
    }
    for number in 0..20 {
        found(&mut assessment, writer(number));
    }
    for number in 0..4 {
        found(&mut assessment, manifest(number));
    }
    let missing = vec![forbidden(Need::Services, None)];
    assessment
        .checks
        .push(unknown("PermissionCoverage", missing));
    assessment
}

/// An API that 1.32 drops.
pub(crate) fn flow_schemas() -> AffectedApi {
    AffectedApi {
        url: "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas".into(),
        api_version: "flowcontrol.apiserver.k8s.io/v1beta3".into(),
        kind: "FlowSchema".into(),
        deprecated: Some(Minor::v1(29)),
        removed: Some(Minor::v1(32)),
        replacement: Some("flowcontrol.apiserver.k8s.io/v1".into()),
        replacement_since: Some(Minor::v1(29)),
    }
}

fn flow_schema(name: &str) -> Subject {
    Subject::cluster("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", name)
}

fn use_of(check: &str, severity: Severity, subject: Subject, message: String) -> Finding {
    let finding = Finding::new(severity, subject, message);
    let mut finding = of(
        check,
        finding.fix("Write it at flowcontrol.apiserver.k8s.io/v1"),
    );
    finding.api = Some(flow_schemas());
    finding
}

/// A Helm release whose next upgrade fails.
fn release(number: usize) -> Finding {
    let subject = Subject::namespaced(
        "helm.sh/v3",
        "HelmRelease",
        "platform",
        &format!("tenant-{number}"),
    );
    let message =
        "renders FlowSchema at flowcontrol.apiserver.k8s.io/v1beta3, which 1.32 does not serve";
    let mut finding = use_of(
        "HelmReleaseDeprecatedApi",
        Severity::Blocker,
        subject,
        message.into(),
    );
    finding.breaks = Some(Breaks::NextDeploy);
    finding.objects = (0..=number * 3)
        .map(|n| flow_schema(&format!("tenant-{number}-{n}")))
        .collect();
    finding
}

/// A controller that writes at the old version.
fn writer(number: usize) -> Finding {
    let name = ["limits", "priority-for-the-batch-queue-of-the-night", "web"][number % 3];
    let subject = flow_schema(&format!("{name}-{number}"));
    let message =
        "was last written by quota-operator at flowcontrol.apiserver.k8s.io/v1beta3".into();
    let mut finding = use_of("DeprecatedApiWriter", Severity::Blocker, subject, message);
    // The old version begins as the new one is called: that does not name the new one.
    finding.fix.clear();
    let mut finding = finding.fix("Stop writing it at flowcontrol.apiserver.k8s.io/v1beta3");
    finding.breaks = Some([Breaks::RunningClient, Breaks::NextDeploy, Breaks::Stale][number % 3]);
    finding.owner = Some(Owner {
        kind: "Deployment".into(),
        namespace: Some("quota-system".into()),
        name: "quota-operator".into(),
    });
    finding
}

/// An object in a file.
fn manifest(number: u32) -> Finding {
    let subject = flow_schema(&format!("in-file-{number}"));
    let message = "is at flowcontrol.apiserver.k8s.io/v1beta3, which 1.32 does not serve".into();
    let mut finding = use_of("ManifestDeprecatedApi", Severity::Risk, subject, message);
    finding.breaks = Some(Breaks::NextDeploy);
    finding.location = Some(Location {
        file: "deploy/flow schemas.yaml".into(),
        line: 3 + number * 20,
        column: 1,
        document: number,
    });
    finding
}

/// A run on files and no cluster; one of them could not be read.
pub(crate) fn files() -> Assessment {
    let mut assessment = ready();
    assessment.version = None;
    assessment.cluster = ClusterIdentity::default();
    assessment.verdict = Verdict::CannotDetermine;
    assessment.checks.clear();
    for number in 0..4 {
        found(&mut assessment, manifest(number));
    }
    assessment.checks[0].can_block = true;
    assessment.checks[0].missing = vec![Missing::not_collected(
        Need::Discovery,
        "deploy/broken.yaml:7:3: mapping values are not allowed here",
    )];
    assessment
}
