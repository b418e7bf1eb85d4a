//! The whole way of every check of the catalogue: what it says, how severe that is, the item on the wire, the task, and the exit code.

use std::collections::BTreeMap;

use airworthy_cce::{
    mapping::precheck_status,
    wire::{CheckPhase, ItemKind, ItemLevel, PreCheckItemStatus, PrecheckStatus, TaskPhase},
};
use airworthy_checks::{CATALOGUE, Check, Judgement, Outcome};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Assessment, CheckInfo, Evidence, Facts, Finding, Group, Kind, Missing, Need, Phase, Policy,
    Reason, Severity, Status, Subject, UpgradePath, Verdict,
    facts::{ClusterIdentity, ServerVersion},
};
use airworthy_report::{self as report, FailOn, exit_code};
use jiff::Timestamp;

use crate::{
    Acceptance, Run, Selection,
    run::{Item, run_items},
    waivers::{Form, parse},
};

/// What a check says, in a stand-in for its code: its data stays as it is.
type Code = fn(&airworthy_checks::Context<'_>) -> Outcome;

fn found(severity: Severity) -> Finding {
    let evidence = Evidence::state("/apis/x", Timestamp::UNIX_EPOCH, "seen");
    let node = Subject::cluster("v1", "Node", "n1").with_uid("uid-1");
    Finding::new(severity, node, "is bad")
        .because(evidence)
        .fix("Repair it")
}

fn lacks(reason: Reason) -> Missing {
    Missing {
        need: Need::Pods,
        reason,
        detail: "403".into(),
        cure: None,
    }
}

const BLOCKER: Code = |_| Ok(vec![found(Severity::Blocker)].into());
const RISK: Code = |_| Ok(vec![found(Severity::Risk)].into());
const NOTE: Code = |_| Ok(vec![found(Severity::Note)].into());
const CLEAR: Code = |_| Ok(Judgement::default());
const UNKNOWN: Code = |_| Err(lacks(Reason::Forbidden));
const SWITCHED_OFF: Code = |_| Err(lacks(Reason::SwitchedOff));
const HALF: Code =
    |_| Ok(Judgement::from(vec![found(Severity::Note)]).without([lacks(Reason::Forbidden)]));
const NOT_HERE: Code = |_| Ok(Judgement::not_applicable("there is none"));
const PANICS: Code = |_| panic!("a check may break");

struct House {
    facts: Facts,
    path: UpgradePath,
}

impl House {
    fn new() -> Self {
        let mut facts = Facts::unread(ClusterIdentity::default(), Timestamp::UNIX_EPOCH, "x");
        facts.version = Ok(ServerVersion {
            version: "v1.31.14".parse().unwrap(),
            emulation: None,
        });
        Self {
            facts,
            path: UpgradePath::new("v1.31.14".parse().unwrap(), "1.32".parse().unwrap()).unwrap(),
        }
    }

    /// Lets one check say something.
    fn judge(
        &self,
        info: &CheckInfo,
        code: Code,
        can_block: bool,
        selection: &Selection,
    ) -> Assessment {
        let blocks: fn(&airworthy_checks::Context<'_>) -> bool =
            if can_block { |_| true } else { |_| false };
        // A test's few checks may live as long as it does.
        let check: &'static Check = Box::leak(Box::new(Check {
            info: *info,
            blocks,
            run: code,
        }));
        let run = Run {
            phase: info.phase,
            facts: &self.facts,
            baseline: None,
            path: Some(&self.path),
            knowledge: Knowledge::embedded(),
            policy: &Policy::default(),
            selection,
        };
        run_items(run, &[Item::Ours(check)], Some(self.path.from.clone()))
    }
}

/// What has to come out.
#[derive(Debug, PartialEq)]
struct Row {
    status: Status,
    verdict: Verdict,
    /// Exit codes by default, with `--fail-on risk`, `unknown`, `never`.
    exits: [u8; 4],
    /// Phase, level, kind of the item and its error codes; nothing where it is left out.
    item: Option<(CheckPhase, ItemLevel, ItemKind, Vec<String>)>,
    task: TaskPhase,
}

fn row(info: &CheckInfo, assessment: &Assessment) -> Row {
    let status = precheck_status(assessment, &[info]);
    let fail_on = [
        FailOn::Blocker,
        FailOn::Risk,
        FailOn::Unknown,
        FailOn::Never,
    ];
    Row {
        status: assessment.checks[0].status,
        verdict: assessment.verdict,
        exits: fail_on.map(|fail_on| exit_code(assessment, fail_on)),
        task: status.phase,
        item: item(status).map(|it| (it.phase, it.level, it.kind, it.error_codes)),
    }
}

fn item(status: PrecheckStatus) -> Option<PreCheckItemStatus> {
    let cluster = status.cluster_check_status.unwrap_or_default().items_status;
    let addons = status.addon_check_status.unwrap_or_default().items_status;
    let mut items = cluster.into_iter().chain(addons);
    let first = items.next();
    assert!(items.next().is_none(), "one check is one item");
    first
}

/// The kind of an item that is below a blocker or not assessed; the vendor's own names keep theirs.
fn below(info: &CheckInfo) -> ItemKind {
    if info.vendor {
        own(info)
    } else {
        ItemKind::Risk
    }
}

fn own(info: &CheckInfo) -> ItemKind {
    match info.kind {
        Kind::Exception => ItemKind::Exception,
        Kind::Risk => ItemKind::Risk,
    }
}

fn pre() -> impl Iterator<Item = &'static CheckInfo> {
    let infos = CATALOGUE.iter().map(|check| &check.info);
    infos.filter(|info| info.phase == Phase::Pre && info.name != "InternalError")
}

#[test]
fn a_finding_of_each_severity_goes_its_way() {
    let house = House::new();
    for info in pre() {
        let expected = [
            (
                Severity::Blocker,
                BLOCKER,
                Row {
                    status: Status::Found,
                    verdict: Verdict::NotReady,
                    exits: [1, 1, 1, 0],
                    item: Some((CheckPhase::Failed, ItemLevel::Fatal, own(info), vec![])),
                    task: TaskPhase::Failed,
                },
            ),
            (
                Severity::Risk,
                RISK,
                Row {
                    status: Status::Found,
                    verdict: Verdict::ReadyWithRisks,
                    exits: [0, 1, 0, 0],
                    item: Some((CheckPhase::Failed, ItemLevel::Warning, below(info), vec![])),
                    task: TaskPhase::Failed,
                },
            ),
            (
                Severity::Note,
                NOTE,
                Row {
                    status: Status::Found,
                    verdict: Verdict::Ready,
                    exits: [0, 0, 0, 0],
                    item: Some((CheckPhase::Success, ItemLevel::Info, below(info), vec![])),
                    task: TaskPhase::Success,
                },
            ),
        ];
        for (severity, code, expected) in expected.into_iter().filter(|it| it.0 <= info.level) {
            let assessment = house.judge(info, code, true, &Selection::default());
            assert_eq!(
                row(info, &assessment),
                expected,
                "{} {severity:?}",
                info.name
            );
            let status = precheck_status(&assessment, &[info]);
            let item = item(status).unwrap();
            assert!(item.message.unwrap().contains("is bad"), "{}", info.name);
            assert_ne!(item.risk_source, airworthy_cce::wire::RiskSource::default());
        }
    }
}

#[test]
fn what_could_not_be_looked_at_is_never_a_success() {
    let house = House::new();
    for info in pre() {
        for (code, can_block, verdict, exits) in [
            (UNKNOWN, true, Verdict::CannotDetermine, [3, 3, 3, 0]),
            (UNKNOWN, false, Verdict::ReadyWithRisks, [0, 1, 3, 0]),
            (HALF, true, Verdict::CannotDetermine, [3, 3, 3, 0]),
            (HALF, false, Verdict::ReadyWithRisks, [0, 1, 3, 0]),
            (SWITCHED_OFF, true, Verdict::CannotDetermine, [3, 3, 3, 0]),
        ] {
            let assessment = house.judge(info, code, can_block, &Selection::default());
            let row = row(info, &assessment);
            assert_eq!(
                (row.verdict, row.exits),
                (verdict, exits),
                "{} {can_block}",
                info.name
            );
            let (phase, _, kind, codes) = row.item.unwrap();
            assert_eq!(
                (phase, kind),
                (CheckPhase::Failed, below(info)),
                "{}",
                info.name
            );
            assert_eq!(
                (codes, row.task),
                (vec!["NotAssessed".to_owned()], TaskPhase::Failed)
            );
        }
    }
}

#[test]
fn what_has_nothing_to_say_is_clear_or_absent() {
    let house = House::new();
    for info in pre() {
        let success = |status, item| Row {
            status,
            verdict: Verdict::Ready,
            exits: [0, 0, 0, 0],
            item,
            task: TaskPhase::Success,
        };
        let clear = row(info, &house.judge(info, CLEAR, true, &Selection::default()));
        let (phase, _, kind, codes) = clear.item.clone().unwrap();
        assert_eq!(
            (phase, kind, codes),
            (CheckPhase::Success, own(info), vec![]),
            "{}",
            info.name
        );
        let item = clear.item.clone();
        assert_eq!(clear, success(Status::Clear, item), "{}", info.name);
        let absent = house.judge(info, NOT_HERE, true, &Selection::default());
        assert_eq!(
            row(info, &absent),
            success(Status::NotApplicable, None),
            "{}",
            info.name
        );
        let off = house.judge(info, SWITCHED_OFF, false, &Selection::default());
        assert_eq!(
            row(info, &off),
            success(Status::Skipped, None),
            "{}",
            info.name
        );
        let skip = Selection {
            skip: vec![info.name.to_owned()],
            ..Selection::default()
        };
        let skipped = house.judge(info, BLOCKER, true, &skip);
        assert_eq!(
            row(info, &skipped),
            success(Status::Skipped, None),
            "{}",
            info.name
        );
        assert!(
            airworthy_report::sentence(&skipped).starts_with("No blocker found"),
            "never the bare word ready"
        );
    }
}

/// On the wire, what is below a blocker may be skipped, and a blocker where the kind of the item lets it.
#[test]
fn what_a_request_skips_is_left_out_and_stays_in_the_assessment() {
    let house = House::new();
    for info in pre() {
        let skip = |nodes: Option<&str>| Selection {
            accept: vec![Acceptance::of_request(
                info.name.to_owned(),
                nodes.map(|uid| [uid.to_owned()].into()),
                "key:AK",
            )],
            ..Selection::default()
        };
        for (severity, code) in [
            (Severity::Blocker, BLOCKER),
            (Severity::Risk, RISK),
            (Severity::Note, NOTE),
        ] {
            let stays = severity == Severity::Blocker && info.kind == Kind::Exception;
            let assessment = house.judge(info, code, true, &skip(None));
            let row = row(info, &assessment);
            assert_eq!(row.item.is_some(), stays, "{} {severity:?}", info.name);
            assert_eq!(
                row.task == TaskPhase::Success,
                !stays,
                "{} {severity:?}",
                info.name
            );
            assert_eq!(assessment.waived.len(), usize::from(!stays));
            if let Some(waived) = assessment.waived.first() {
                assert_eq!((row.status, row.verdict), (Status::Waived, Verdict::Ready));
                assert_eq!(
                    (waived.check.as_str(), waived.waiver.owner.as_str()),
                    (info.name, "key:AK")
                );
            }
        }
        let unknown = house.judge(info, UNKNOWN, true, &skip(None));
        assert_eq!(row(info, &unknown).item, None, "{}", info.name);
        assert_eq!(unknown.waived[0].missing.len(), 1);
        if info.group == Group::NodeCheck {
            let here = house.judge(info, RISK, true, &skip(Some("uid-1")));
            assert_eq!(
                (here.waived.len(), here.findings.len()),
                (1, 0),
                "{}",
                info.name
            );
            let elsewhere = house.judge(info, RISK, true, &skip(Some("uid-2")));
            assert_eq!(
                (elsewhere.waived.len(), elsewhere.findings.len()),
                (0, 1),
                "{}",
                info.name
            );
        }
    }
}

/// A file waives risks and notes of every check, and a blocker of none.
#[test]
fn what_a_file_waives_does_not_count() {
    let house = House::new();
    for info in pre() {
        let text = format!(
            "[[waiver]]\ncheck = \"{}\"\nsubject = \"Node n1\"\nowner = \"o\"\nreason = \"r\"\nexpires = 2026-12-31\n",
            info.name
        );
        let accept = parse(&text, Form::Toml, "w.toml", &crate::Catalogue::default()).unwrap();
        let selection = Selection {
            accept,
            ..Selection::default()
        };
        for (code, verdict) in [
            (BLOCKER, Verdict::NotReady),
            (RISK, Verdict::Ready),
            (NOTE, Verdict::Ready),
            (UNKNOWN, Verdict::CannotDetermine),
        ] {
            let assessment = house.judge(info, code, true, &selection);
            assert_eq!(assessment.verdict, verdict, "{}", info.name);
            assert_eq!(
                row(info, &assessment).item.is_some(),
                verdict != Verdict::Ready,
                "{}",
                info.name
            );
        }
    }
}

/// A check that breaks is unknown, says so as a finding of its own, and takes no other down.
#[test]
fn a_check_that_panics_is_not_clear() {
    let house = House::new();
    for (broken, reporter) in [
        ("PdbBlocksDrain", "InternalError"),
        ("PostNodesConverged", "PostInternalError"),
    ] {
        let info = &airworthy_checks::find(broken).unwrap().info;
        let assessment = house.judge(info, PANICS, false, &Selection::default());
        assert_eq!(assessment.checks[0].status, Status::Unknown);
        assert_eq!(assessment.verdict, Verdict::NotReady);
        assert_eq!(assessment.findings[0].check, reporter);
        let reporter = airworthy_checks::find(reporter).unwrap();
        assert_eq!(reporter.info.phase, info.phase);
    }
}

/// The rest goes on: what others find is there, and every report tells of the check that broke.
#[test]
fn every_report_tells_of_a_check_that_panicked() {
    let house = House::new();
    let names = ["PdbBlocksDrain", "NodeReady", "WorkloadUnhealthy"];
    let leaked = |(name, code): (&str, Code)| -> &'static Check {
        let info = airworthy_checks::find(name).unwrap().info;
        let blocks = |_: &airworthy_checks::Context<'_>| true;
        Box::leak(Box::new(Check {
            info,
            blocks,
            run: code,
        }))
    };
    let codes = [PANICS, RISK, CLEAR];
    let items = names.into_iter().zip(codes).map(leaked).map(Item::Ours);
    let items: Vec<_> = items.collect();
    let run = Run {
        phase: Phase::Pre,
        facts: &house.facts,
        baseline: None,
        path: Some(&house.path),
        knowledge: Knowledge::embedded(),
        policy: &Policy::default(),
        selection: &Selection::default(),
    };
    let assessment = run_items(run, &items, Some(house.path.from.clone()));
    let statuses: Vec<_> = assessment.checks.iter().map(|check| check.status).collect();
    assert_eq!(statuses, [Status::Unknown, Status::Found, Status::Clear]);
    assert_eq!(exit_code(&assessment, FailOn::Blocker), 1);
    let infos: Vec<CheckInfo> = names
        .iter()
        .map(|name| airworthy_checks::find(name).unwrap().info)
        .collect();
    for text in [
        report::table::render(&assessment, &infos, report::View::default()),
        report::json::render(&assessment),
        report::yaml::render(&assessment),
        report::csv::render(&assessment),
        report::markdown::render(&assessment, &infos),
        report::html::render(&assessment, &infos),
        report::sarif::render(&assessment, &infos),
        report::junit::render(&assessment),
        report::github::render(&assessment),
    ] {
        for word in ["InternalError", "PdbBlocksDrain", "NodeReady"] {
            assert!(text.contains(word), "no {word} in {text}");
        }
    }
    let item = precheck_status(&assessment, &[&infos[0]]);
    assert_eq!(item.phase, TaskPhase::Failed);
}

/// A name that a shell would run stands in no command.
#[test]
fn names_that_a_shell_would_run_stand_in_no_command() {
    let house = House::new();
    let info = &airworthy_checks::find("NodeReady").unwrap().info;
    let odd: Code = |_| {
        let of = |name: &str| {
            let role = Subject::cluster("rbac.authorization.k8s.io/v1", "ClusterRole", name);
            Finding::new(Severity::Risk, role, "is odd")
                .because(Evidence::state("/apis/x", Timestamp::UNIX_EPOCH, "seen"))
                .fix_with("Look at it", format!("kubectl get clusterrole {name}"))
                .fix_with("Look around", "kubectl get nodes -o name | head")
        };
        let names = [
            "system:node",
            "x;reboot",
            "$(reboot)",
            "-f/etc/passwd",
            "a b",
            "x`id`",
        ];
        Ok(names.map(of).to_vec().into())
    };
    let assessment = house.judge(info, odd, false, &Selection::default());
    for finding in &assessment.findings {
        let [own, other] = &finding.fix[..] else {
            panic!("{finding:?}")
        };
        let plain = finding.subject.name == "system:node";
        assert_eq!(own.command.is_some(), plain, "{finding:?}");
        assert!(other.command.is_some(), "{finding:?}");
    }
    assert_eq!(assessment.findings.len(), 6);
}

/// Post-checks go the same way, without items.
#[test]
fn post_checks_reach_the_same_verdicts() {
    let house = House::new();
    let mut verdicts: BTreeMap<&str, u32> = BTreeMap::new();
    for info in CATALOGUE
        .iter()
        .map(|check| &check.info)
        .filter(|info| info.phase == Phase::Post)
    {
        for (code, can_block, verdict, exit) in [
            (BLOCKER, true, Verdict::NotReady, 1),
            (RISK, true, Verdict::ReadyWithRisks, 0),
            (NOTE, true, Verdict::Ready, 0),
            (CLEAR, true, Verdict::Ready, 0),
            (UNKNOWN, true, Verdict::CannotDetermine, 3),
            (UNKNOWN, false, Verdict::ReadyWithRisks, 0),
            (NOT_HERE, true, Verdict::Ready, 0),
        ] {
            let assessment = house.judge(info, code, can_block, &Selection::default());
            assert_eq!(assessment.verdict, verdict, "{}", info.name);
            assert_eq!(
                exit_code(&assessment, FailOn::Blocker),
                exit,
                "{}",
                info.name
            );
            *verdicts.entry(info.name).or_default() += 1;
        }
    }
    assert!(verdicts.len() > 10 && verdicts.values().all(|number| *number == 7));
}
