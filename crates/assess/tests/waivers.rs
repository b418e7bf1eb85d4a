//! What files of waivers cover, what they cannot cover, and what is said of it.

use airworthy_assess::{
    Acceptance, Catalogue, Covers, Run, Selection, assess,
    waivers::{Form, parse},
};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Assessment, Facts, Missing, Need, Phase, Policy, Reason, Severity, Status, UpgradePath,
    Verdict, WaiverFault,
    facts::{ClusterIdentity, IntOrPercent, Pdb, ServerVersion},
};

/// Two bare pods, a blocking budget, and a node that just joined: two risks of one check, a blocker, and a risk of a node.
fn facts() -> Facts {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut facts = Facts::unread(ClusterIdentity::default(), now, "not in this test");
    facts.version = Ok(ServerVersion {
        version: "v1.31.14".parse().unwrap(),
        emulation: None,
    });
    facts.pdbs = Ok(vec![Pdb {
        api_version: "policy/v1".into(),
        namespace: "shop".into(),
        name: "web".into(),
        max_unavailable: Some(IntOrPercent::Int(0)),
        expected_pods: 1,
        current_healthy: 1,
        ..Pdb::default()
    }]);
    let read = |name: &str| {
        let text = format!(
            r#"{{"namespace": "shop", "name": "{name}", "uid": "u", "phase": "Running", "node": "n1", "containers": [{{"name": "c", "ready": true}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    };
    facts.pods = Ok(vec![read("one"), read("two")]);
    facts.nodes = Ok(vec![
        serde_json::from_str(
            r#"{"name": "n1", "uid": "node-1", "labels": [["pool", "batch"]], "kubeletVersion": "v1.31.14", "runtimeVersion": "containerd://2.1.0",
                "created": "2026-11-22T11:59:00Z", "conditions": [{"type": "Ready", "status": "False"}]}"#,
        )
        .unwrap(),
    ]);
    facts
}

fn run(facts: &Facts, only: &[&str], accept: Vec<Acceptance>) -> Assessment {
    let path = UpgradePath::new("v1.31.14".parse().unwrap(), "1.32".parse().unwrap()).unwrap();
    let selection = Selection {
        only: only.iter().map(ToString::to_string).collect(),
        accept,
        ..Selection::default()
    };
    assess(Run {
        phase: Phase::Pre,
        facts,
        baseline: None,
        path: Some(&path),
        knowledge: Knowledge::embedded(),
        policy: &Policy::default(),
        selection: &selection,
    })
    .unwrap()
}

fn toml(rows: &str) -> Vec<Acceptance> {
    parse(rows, Form::Toml, "w.toml", &Catalogue::default()).unwrap()
}

fn waiver(check: &str, what: &str, expires: &str) -> String {
    format!(
        "[[waiver]]\ncheck = \"{check}\"\n{what}\nowner = \"team-shop\"\nreason = \"known\"\nexpires = {expires}\n"
    )
}

fn faults(assessment: &Assessment) -> Vec<WaiverFault> {
    let notes = assessment.waiver_notes.iter();
    notes.map(|note| note.fault).collect()
}

fn open(assessment: &Assessment) -> Vec<String> {
    let findings = assessment.findings.iter();
    findings.map(|finding| finding.subject.path()).collect()
}

#[test]
fn what_is_covered_does_not_count_and_stays() {
    let one = waiver("BarePod", "subject = \"Pod shop/one\"", "2026-12-31");
    let judged = run(&facts(), &["BarePod"], toml(&one));
    assert_eq!(open(&judged), ["shop/two"]);
    assert_eq!(judged.verdict, Verdict::ReadyWithRisks);
    let [waived] = judged.waived.as_slice() else {
        panic!("{:?}", judged.waived)
    };
    assert_eq!(waived.finding.as_ref().unwrap().subject.path(), "shop/one");
    assert_eq!(
        (waived.waiver.owner.as_str(), waived.waiver.source.as_str()),
        ("team-shop", "w.toml:1")
    );
    // Until the end of that day.
    let end = waived.waiver.expires.unwrap().to_string();
    assert_eq!(end, "2027-01-01T00:00:00Z");
    assert_eq!(faults(&judged), []);
    let both = waiver("BarePod", "subject = \"Pod shop/*\"", "2026-12-31");
    let judged = run(&facts(), &["BarePod"], toml(&both));
    assert_eq!(
        (
            judged.verdict,
            judged.checks[status_of(&judged, "BarePod")].status
        ),
        (Verdict::Ready, Status::Waived)
    );
}

fn status_of(assessment: &Assessment, check: &str) -> usize {
    let mut checks = assessment.checks.iter();
    checks.position(|result| result.check == check).unwrap()
}

#[test]
fn a_fingerprint_or_labels_of_nodes_say_it_too() {
    let fingerprint = run(&facts(), &["BarePod"], Vec::new()).findings[0].fingerprint();
    let one = waiver(
        "BarePod",
        &format!("fingerprint = \"{fingerprint}\""),
        "2026-12-31",
    );
    assert_eq!(run(&facts(), &["BarePod"], toml(&one)).findings.len(), 1);
    for (labels, left) in [("pool=batch", 0), ("pool=web", 1)] {
        let nodes = waiver("NodeReady", &format!("nodes = \"{labels}\""), "2026-12-31");
        let judged = run(&facts(), &["NodeReady"], toml(&nodes));
        assert_eq!(
            judged.findings.len(),
            left,
            "{labels}: {:?}",
            judged.findings
        );
    }
}

#[test]
fn a_blocker_cannot_be_waived() {
    for what in [
        "subject = \"PodDisruptionBudget shop/web\"",
        "subject = \"PodDisruptionBudget */*\"",
    ] {
        let blocker = waiver("PdbBlocksDrain", what, "2026-12-31");
        let judged = run(&facts(), &["PdbBlocksDrain"], toml(&blocker));
        assert_eq!(
            (judged.verdict, judged.waived.len()),
            (Verdict::NotReady, 0)
        );
        assert_eq!(judged.findings[0].severity, Severity::Blocker);
        assert_eq!(faults(&judged), [WaiverFault::Refused]);
        let said = &judged.waiver_notes[0].message;
        assert!(
            said.contains("PodDisruptionBudget shop/web is a blocker"),
            "{said}"
        );
    }
}

/// The end is compared with the time of the facts, and with now where that is later: a decision ages by the clock, not by the cluster.
#[test]
fn one_that_ended_counts_no_more() {
    for (expires, over) in [
        ("2026-11-21", true),
        ("2026-11-22T12:00:00Z", true),
        ("2026-11-22T12:00:01Z", false),
        ("2026-11-22", false),
    ] {
        let one = waiver("BarePod", "subject = \"Pod shop/one\"", expires);
        let judged = run(&facts(), &["BarePod"], toml(&one));
        assert_eq!(judged.findings.len(), if over { 2 } else { 1 }, "{expires}");
        let expected = if over {
            vec![WaiverFault::Expired]
        } else {
            vec![]
        };
        assert_eq!(faults(&judged), expected, "{expires}");
    }
}

#[test]
fn one_that_covers_nothing_is_told_where_that_can_be_known() {
    let none = waiver("BarePod", "subject = \"Pod shop/gone\"", "2026-12-31");
    let told = |facts: &Facts, only: &[&str]| faults(&run(facts, only, toml(&none)));
    assert_eq!(told(&facts(), &["BarePod"]), [WaiverFault::Unused]);
    // Not where the check did not run, or could not look.
    assert_eq!(told(&facts(), &["PdbBlocksDrain"]), []);
    let mut blind = facts();
    blind.pods = Err(Missing::not_collected(Need::Pods, "x"));
    assert_eq!(told(&blind, &["BarePod"]), []);
}

/// Evidence that lacks could hide a blocker: no file can accept that for good.
#[test]
fn a_file_cannot_accept_that_evidence_lacks() {
    let mut facts = facts();
    facts.pdbs = Err(Missing {
        need: Need::Pdbs,
        reason: Reason::Forbidden,
        detail: "403".into(),
        cure: None,
    });
    let all = waiver(
        "PdbBlocksDrain",
        "subject = \"PodDisruptionBudget */*\"",
        "2026-12-31",
    );
    let judged = run(&facts, &["PdbBlocksDrain"], toml(&all));
    assert_eq!(judged.verdict, Verdict::CannotDetermine);
}

#[test]
fn what_a_request_accepts_bears_its_caller() {
    let accept = vec![Acceptance::of_request("BarePod".into(), None, "key:AK")];
    let judged = run(&facts(), &["BarePod"], accept);
    assert_eq!((judged.waived.len(), judged.findings.len()), (2, 0));
    let waiver = &judged.waived[0].waiver;
    assert_eq!(
        (
            waiver.owner.as_str(),
            waiver.reason.as_str(),
            waiver.expires
        ),
        ("key:AK", "skipped by API", None)
    );
}

#[test]
fn both_forms_say_the_same() {
    let rows = "\n".to_owned() + &waiver("BarePod", "subject = \"Pod shop/one\"", "2026-12-31");
    let yaml = "waivers:\n  - check: BarePod\n    subject: Pod shop/one\n    owner: team-shop\n    reason: known\n    expires: 2026-12-31\n";
    let read = parse(yaml, Form::Yaml, "w.toml", &Catalogue::default()).unwrap();
    assert_eq!(read, toml(&rows));
    assert!(matches!(read[0].covers, Covers::Subject(_)));
    for (text, form) in [("", Form::Toml), ("waivers: []", Form::Yaml)] {
        assert_eq!(parse(text, form, "w", &Catalogue::default()).unwrap(), []);
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let good = waiver("BarePod", "subject = \"Pod shop/one\"", "2026-12-31");
    let toml = |text: String| (text, Form::Toml);
    let yaml = |text: &str| (text.to_owned(), Form::Yaml);
    for ((text, form), said) in [
        (
            toml(good.replace("BarePod", "BarePot")),
            "w:2: there is no check named \"BarePot\"; did you mean BarePod?",
        ),
        (
            toml(good.replace("owner = \"team-shop\"\n", "")),
            "w:1: the waiver has no owner",
        ),
        (toml(good.replace("team-shop", " ")), "w:4: owner is empty"),
        (
            toml(good.replace("known", "\\u001b[2J")),
            "w:5: reason has control characters",
        ),
        (
            toml(good.replace("reason = \"known\"", "reason = 7")),
            "w:5: reason is not text but integer",
        ),
        (
            toml(good.replace("2026-12-31", "\"soon\"")),
            "w:6: expires \"soon\" is neither a day",
        ),
        (
            toml(good.replace("subject = ", "object = ")),
            "w:3: a waiver has no member \"object\"",
        ),
        (
            toml(good.replace("subject = \"Pod shop/one\"\n", "")),
            "w:1: the waiver must have exactly one of subject",
        ),
        (
            toml(good.replace("Pod shop/one", "Pod")),
            "w:3: subject \"Pod\" is not understood",
        ),
        (
            toml(good.replace("subject = \"Pod shop/one\"", "nodes = \"a in b\"")),
            "w:3: nodes \"a in b\" is not understood",
        ),
        (
            toml(good.replace("subject = \"Pod shop/one\"", "fingerprint = \"abc\"")),
            "w:3: fingerprint \"abc\" is not understood",
        ),
        (toml(good.replace("[[waiver]]", "[[waivers]]")), "w:1: "),
        (toml("[[waiver]]\ncheck = ".into()), "w:2: "),
        (toml(good.clone() + "x = 1"), "w:7: "),
        (yaml("waiver: []"), "w:1: "),
        (
            yaml("waivers:\n  - check: BarePod\n    check: BarePod"),
            "w:3: ",
        ),
        (
            yaml("waivers:\n  - check: BarePod\n    owner: [a]"),
            "w:3: ",
        ),
        (yaml("waivers: {"), "w"),
        (
            toml(format!("# {}", "x".repeat(1 << 20))),
            "w: it has more than",
        ),
    ] {
        let error = parse(&text, form, "w", &Catalogue::default())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(said), "{error}\n{said}\n{text:.300}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let two = good.replace("owner", "boss") + &good.replace("2026-12-31", "\"1\"");
    let error = parse(&two, Form::Toml, "w", &Catalogue::default()).unwrap_err();
    assert_eq!(error.0.len(), 2, "{error}");
}
