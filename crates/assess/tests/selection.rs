//! What the caller leaves out or accepts, on facts with one blocking budget and one bare pod.

use airworthy_assess::{Acceptance, Run, Selection, SelectionError, assess};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Assessment, Facts, KubeVersion, Missing, Need, Phase, Policy, Reason, Scope, Status,
    UpgradePath, Verdict,
    facts::{ClusterIdentity, IntOrPercent, Pdb, ServerVersion},
};

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
    facts
}

fn run(facts: &Facts, selection: &Selection) -> Assessment {
    let target: KubeVersion = "1.32".parse().unwrap();
    let path = UpgradePath::new("v1.31.14".parse().unwrap(), target).unwrap();
    let (knowledge, policy) = (Knowledge::embedded(), Policy::default());
    let run = Run {
        phase: Phase::Pre,
        facts,
        baseline: None,
        path: Some(&path),
        knowledge,
        policy: &policy,
        selection,
    };
    assess(run).unwrap()
}

fn only(names: &[&str]) -> Selection {
    Selection {
        only: names.iter().map(ToString::to_string).collect(),
        ..Selection::default()
    }
}

fn accept(check: &str) -> Vec<Acceptance> {
    vec![Acceptance::of_request(check.into(), None, "key:AK")]
}

fn status(assessment: &Assessment, check: &str) -> Status {
    assessment
        .checks
        .iter()
        .find(|result| result.check == check)
        .unwrap()
        .status
}

#[test]
fn a_chosen_check_runs_alone_and_the_scope_says_so() {
    let assessment = run(&facts(), &only(&["PdbBlocksDrain"]));
    assert_eq!(
        (assessment.verdict, assessment.scope),
        (Verdict::NotReady, Scope::Partial)
    );
    assert_eq!(assessment.coverage().applicable, 1);
    assert_eq!(assessment.findings[0].check, "PdbBlocksDrain");
}

#[test]
fn a_skipped_check_does_not_run() {
    let selection = Selection {
        skip: vec!["PdbBlocksDrain".into()],
        ..Selection::default()
    };
    let assessment = run(&facts(), &selection);
    assert_eq!(status(&assessment, "PdbBlocksDrain"), Status::Skipped);
    assert!(
        assessment
            .findings
            .iter()
            .all(|finding| finding.check != "PdbBlocksDrain")
    );
}

#[test]
fn an_accepted_risk_is_waived() {
    let selection = Selection {
        accept: accept("PdbBlocksDrain"),
        ..only(&["PdbBlocksDrain"])
    };
    let assessment = run(&facts(), &selection);
    assert_eq!(
        (status(&assessment, "PdbBlocksDrain"), assessment.verdict),
        (Status::Waived, Verdict::Ready)
    );
}

#[test]
fn lacking_evidence_can_be_accepted_too() {
    let mut facts = facts();
    facts.pdbs = Err(Missing {
        need: Need::Pdbs,
        reason: Reason::Forbidden,
        detail: "403".into(),
        cure: None,
    });
    let without = run(&facts, &only(&["PdbBlocksDrain"]));
    assert_eq!(
        (status(&without, "PdbBlocksDrain"), without.verdict),
        (Status::Unknown, Verdict::CannotDetermine)
    );
    let with = run(
        &facts,
        &Selection {
            accept: accept("PdbBlocksDrain"),
            ..only(&["PdbBlocksDrain"])
        },
    );
    assert_eq!(
        (status(&with, "PdbBlocksDrain"), with.verdict),
        (Status::Waived, Verdict::Ready)
    );
}

#[test]
fn evidence_switched_off_is_unknown_where_the_check_can_block() {
    let mut facts = facts();
    facts.pdbs = Err(Missing {
        need: Need::Pdbs,
        reason: Reason::SwitchedOff,
        detail: "by flag".into(),
        cure: None,
    });
    assert_eq!(
        run(&facts, &only(&["PdbBlocksDrain"])).verdict,
        Verdict::CannotDetermine
    );
}

#[test]
fn names_that_are_no_check_are_refused() {
    let error = only(&["PdbBlocksDrian"]).validate(Phase::Pre).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no check named \"PdbBlocksDrian\"; did you mean PdbBlocksDrain?"
    );
    let error = only(&["PostWorkloadBaseline"])
        .validate(Phase::Pre)
        .unwrap_err();
    assert!(
        matches!(error, SelectionError::OtherPhase { .. }),
        "{error}"
    );
    let accepted = Selection {
        accept: accept("Nope"),
        ..Selection::default()
    };
    assert!(accepted.validate(Phase::Pre).is_err());
}

#[test]
fn without_a_version_nothing_can_be_judged() {
    let mut facts = facts();
    facts.version = Err(Missing::not_collected(Need::Version, "no /version"));
    let (knowledge, policy, selection) = (
        Knowledge::embedded(),
        Policy::default(),
        Selection::default(),
    );
    let run = Run {
        phase: Phase::Pre,
        facts: &facts,
        baseline: None,
        path: None,
        knowledge,
        policy: &policy,
        selection: &selection,
    };
    assert_eq!(assess(run).unwrap_err().need, Need::Version);
}

/// One use is told once, by the first check that runs and can tell it.
#[test]
fn a_use_that_one_check_would_tell_is_told_by_another_when_that_is_left_out() {
    let mut facts = facts();
    let read = |text: &str| serde_json::from_str(text).unwrap();
    let old = "flowcontrol.apiserver.k8s.io/v1beta3";
    facts.api_writers = Ok(vec![read(&format!(
        r#"{{"group": "flowcontrol.apiserver.k8s.io", "readAt": "v1", "resource": "flowschemas", "kind": "FlowSchema", "watched": [
            {{"name": "jobs", "owners": [{{"kind": "HelmRelease", "namespace": "shop", "name": "web"}}],
              "writers": [{{"manager": "helm", "operation": "Update", "apiVersion": "{old}", "fields": 3}}]}}]}}"#
    ))]);
    facts.helm_releases = Ok(vec![
        serde_json::from_str(&format!(
            r#"{{"namespace": "shop", "name": "web", "revision": 1, "status": "deployed", "storedIn": "Secret", "record": "r",
                "watched": [{{"apiVersion": "{old}", "kind": "FlowSchema", "name": "jobs"}}]}}"#
        ))
        .unwrap(),
    ]);
    let (writer, helm) = ("DeprecatedApiWriter", "HelmReleaseDeprecatedApi");
    let both = run(&facts, &only(&[writer, helm]));
    assert_eq!(
        (status(&both, writer), status(&both, helm)),
        (Status::Found, Status::Clear)
    );
    let one = run(&facts, &only(&[helm]));
    assert_eq!(status(&one, helm), Status::Found);
}
