//! Checks that users write: the same findings as ours, bounded, and never clear where they could not be decided.

use airworthy_assess::{
    Catalogue, Run, Selection, assess,
    users::{UserCheck, parse},
};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Assessment, Facts, Missing, Need, Phase, Policy, Reason, Severity, Status, UpgradePath,
    Verdict,
    facts::{ClusterIdentity, Pod, ServerVersion},
};

const LATEST: &str = r"
checks:
  - id: NoRestarts
    summary: a container keeps restarting
    for: pods
    when: item.containers.exists(c, c.restarts > 5)
    message: has a container that keeps restarting
    level: risk
    fix: Find out why it ends
    examples:
      - item: {namespace: shop, name: web, containers: [{name: c, restarts: 9}]}
        says: found
      - item: {namespace: shop, name: web, containers: [{name: c, restarts: 0}]}
        says: clear
      - item: {namespace: shop, name: web}
        says: unknown
";

fn checks(text: &str) -> Vec<UserCheck> {
    parse(text, "own.yaml", &[]).unwrap()
}

fn pod(name: &str, restarts: u8) -> Pod {
    let text = format!(
        r#"{{"namespace": "shop", "name": "{name}", "uid": "u", "phase": "Running", "node": "n1",
            "containers": [{{"name": "c", "restarts": {restarts}}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn facts(pods: Vec<Pod>) -> Facts {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut facts = Facts::unread(ClusterIdentity::default(), now, "not in this test");
    facts.version = Ok(ServerVersion {
        version: "v1.31.14".parse().unwrap(),
        emulation: None,
    });
    facts.pods = Ok(pods);
    facts
}

fn run(facts: &Facts, text: &str) -> Assessment {
    let users = checks(text);
    let path = UpgradePath::new("v1.31.14".parse().unwrap(), "1.32".parse().unwrap()).unwrap();
    let selection = Selection {
        only: users
            .iter()
            .map(|check| check.info.name.to_owned())
            .collect(),
        catalogue: Catalogue::with(users),
        ..Selection::default()
    };
    selection.validate(Phase::Pre).unwrap();
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

fn status(assessment: &Assessment) -> (Status, Verdict) {
    let result = assessment.checks.iter().find(|it| it.check == "NoRestarts");
    (result.unwrap().status, assessment.verdict)
}

#[test]
fn findings_are_as_ours_are() {
    let judged = run(&facts(vec![pod("web", 9), pod("api", 0)]), LATEST);
    assert_eq!(status(&judged), (Status::Found, Verdict::ReadyWithRisks));
    let [finding] = judged.findings.as_slice() else {
        panic!("{:?}", judged.findings)
    };
    assert_eq!(finding.check, "NoRestarts");
    assert_eq!(finding.severity, Severity::Risk);
    assert_eq!(
        (finding.subject.kind.as_str(), finding.subject.path()),
        ("Pod", "shop/web".to_owned())
    );
    assert_eq!(finding.subject.api_version, "v1");
    assert!(!finding.evidence.is_empty() && !finding.fix.is_empty());
    let clear = run(&facts(vec![pod("api", 0)]), LATEST);
    assert_eq!(status(&clear), (Status::Clear, Verdict::Ready));
}

#[test]
fn facts_that_lack_make_it_unknown_and_a_blocker_cannot_determine() {
    let mut blind = facts(Vec::new());
    blind.pods = Err(Missing {
        need: Need::Pods,
        reason: Reason::Forbidden,
        detail: "403".into(),
        cure: None,
    });
    assert_eq!(
        status(&run(&blind, LATEST)),
        (Status::Unknown, Verdict::ReadyWithRisks)
    );
    let blocker = LATEST.replace("level: risk", "level: blocker");
    assert_eq!(
        status(&run(&blind, &blocker)),
        (Status::Unknown, Verdict::CannotDetermine)
    );
}

/// A wrong type in one item hides nothing that was found in others, and is never a clear.
#[test]
fn what_cannot_be_decided_is_unknown() {
    let wrong = LATEST.replace(
        "item.containers.exists(c, c.restarts > 5)",
        "item.gone == 'x'",
    );
    let judged = run(&facts(vec![pod("web", 0), pod("api", 0)]), &wrong);
    assert_eq!(status(&judged), (Status::Unknown, Verdict::ReadyWithRisks));
    let said = &judged
        .checks
        .iter()
        .find(|it| it.check == "NoRestarts")
        .unwrap()
        .missing[0]
        .detail;
    assert!(
        said.contains("Pod shop/web") && said.contains("No such key: gone"),
        "{said}"
    );
    let some = LATEST.replace(
        "item.containers.exists(c, c.restarts > 5)",
        "item.name == 'web' || item.gone == 'x'",
    );
    let judged = run(&facts(vec![pod("web", 0), pod("api", 0)]), &some);
    assert_eq!(judged.findings.len(), 1);
    assert_eq!(judged.verdict, Verdict::ReadyWithRisks);
    assert_eq!(judged.undecided().count(), 1);
}

/// Too much to look at, told before anything is looked at.
#[test]
fn what_is_too_much_is_unknown() {
    let loops = LATEST.replace(
        "item.containers.exists(c, c.restarts > 5)",
        "item.containers.exists(c, item.containers.exists(d, c.name.matches(d.name)))",
    );
    let mut large = pod("web", 0);
    large.containers = vec![large.containers[0].clone(); 1000];
    let judged = run(&facts(vec![large]), &loops);
    assert_eq!(status(&judged), (Status::Unknown, Verdict::ReadyWithRisks));
    let said = judged.undecided().next().unwrap().missing[0].detail.clone();
    assert!(said.contains("would look at"), "{said}");
    let deep = LATEST.replace(
        "item.containers.exists(c, c.restarts > 5)",
        &format!("1{} == 1", "+1".repeat(60)),
    );
    let judged = run(&facts(vec![pod("web", 0)]), &deep);
    assert_eq!(status(&judged), (Status::Unknown, Verdict::ReadyWithRisks));
    assert_eq!(checks(&deep)[0].failures().len(), 1);
}

#[test]
fn examples_are_tests() {
    assert_eq!(checks(LATEST)[0].failures(), [""; 0]);
    let wrong = LATEST.replace("says: clear", "says: found");
    let failures = checks(&wrong)[0].failures();
    assert_eq!(
        failures,
        [
            "there is no example that says clear",
            "example 2 says clear; found was expected"
        ]
    );
}

#[test]
fn every_group_of_facts_can_be_looked_at() {
    for need in Need::ALL.into_iter().filter(|need| *need != Need::Baseline) {
        let name = serde_json::to_value(need).unwrap();
        let text = LATEST.replace("for: pods", &format!("for: {}", name.as_str().unwrap()));
        let mut facts = facts(Vec::new());
        facts.pods = Err(Missing::not_collected(Need::Pods, "x"));
        let judged = run(&facts, &text);
        let expected = if need == Need::Version {
            "No such key"
        } else {
            ""
        };
        let lacking = judged.undecided().next().unwrap();
        assert_eq!(lacking.missing[0].need, need);
        assert!(lacking.missing[0].detail.contains(expected), "{lacking:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    for (text, said) in [
        (
            LATEST.replace("NoRestarts", "PdbBlocksDrain"),
            "own.yaml:3: id PdbBlocksDrain is the name of another check",
        ),
        (
            LATEST.replace("NoRestarts", "pdbblocksdrain"),
            "own.yaml:3: id \"pdbblocksdrain\" is no name",
        ),
        (
            LATEST.replace("NoRestarts", "Taken"),
            "own.yaml:3: id Taken is the name of another check",
        ),
        (
            LATEST.replace("NoRestarts", "No-Latest"),
            "own.yaml:3: id \"No-Latest\" is no name",
        ),
        (LATEST.replace("for: pods", "for: pod"), "own.yaml:5: "),
        (
            LATEST.replace("for: pods", "for: baseline"),
            "own.yaml:5: for names facts",
        ),
        (
            LATEST.replace("c.restarts", "c..restarts"),
            "own.yaml:6: when is no expression",
        ),
        (
            LATEST.replace("exists(c,", "exists(d,"),
            "own.yaml:6: when is no expression: it names \"c\"",
        ),
        (
            LATEST.replace(
                "message: has a container that keeps restarting",
                "message: ''",
            ),
            "own.yaml:7: message must have",
        ),
        (
            LATEST.replace("level: risk", "level: fatal"),
            "own.yaml:8: ",
        ),
        (
            LATEST.replace("    fix: Find out why it ends\n", ""),
            "own.yaml:9: ",
        ),
        (
            LATEST.replace("    level: risk\n", "    level: risk\n    colour: red\n"),
            "own.yaml:9: ",
        ),
        (
            LATEST.replace("says: clear", "says: maybe"),
            "own.yaml:14: ",
        ),
        ("checks: {".to_owned(), "own.yaml"),
        (
            format!("# {}", "x".repeat(1 << 20)),
            "own.yaml: it has more than",
        ),
    ] {
        let error = parse(&text, "own.yaml", &["Taken"])
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(said), "{error}\n{said}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let twice = LATEST.to_owned() + &LATEST.replace("\nchecks:\n", "");
    assert!(parse(&twice, "own.yaml", &[]).is_err());
}
