//! What somebody accepted stays to be seen in every format, and the steps of an upgrade are told in order.

use airworthy_model::{
    Assessment, Minor, Part, Step, UpgradePath, Verdict, Waived, Waiver, WaiverFault, WaiverNote,
};
use airworthy_report::{View, csv, exit_code, html, json, junit, markdown, sarif, table, yaml};
use serde_json::Value;

use super::{committed::assert_committed, samples::*};

fn waiver(source: &str) -> Waiver {
    Waiver {
        owner: "team-shop".into(),
        reason: "a crash loop of a canary".into(),
        expires: Some("2027-01-31T00:00:00Z".parse().unwrap()),
        source: source.into(),
    }
}

/// A run on a way of two steps: a risk and evidence that lacks are accepted, and three waivers are of no use.
pub(crate) fn waived() -> Assessment {
    let mut assessment = not_ready();
    assessment.verdict = Verdict::NotReady;
    let finding = assessment.findings.remove(3);
    assessment.waived = vec![
        Waived {
            check: finding.check.clone(),
            finding: Some(finding),
            missing: Vec::new(),
            waiver: waiver("waivers.toml:3"),
        },
        Waived {
            check: "WebhookBackendDown".into(),
            finding: None,
            missing: vec![forbidden(airworthy_model::Need::Services, None)],
            waiver: Waiver {
                expires: None,
                ..waiver("the request")
            },
        },
    ];
    let note = |fault, message: &str| WaiverNote {
        fault,
        check: "PdbBlocksDrain".into(),
        source: "waivers.toml:12".into(),
        message: message.into(),
    };
    assessment.waiver_notes = vec![
        note(WaiverFault::Refused, "is a blocker, which nobody can waive"),
        note(WaiverFault::Expired, "ended at 2026-01-01"),
        note(WaiverFault::Unused, "covers nothing that was found"),
    ];
    assessment.plan = plan();
    assessment
}

fn plan() -> Vec<Step> {
    let step = |part, from, to| Step {
        part,
        from: Minor::v1(from),
        to: Minor::v1(to),
        may_wait_until: None,
        blockers: 0,
        risks: 0,
        notes: 0,
    };
    vec![
        Step {
            blockers: 1,
            risks: 2,
            ..step(Part::ControlPlane, 30, 31)
        },
        step(Part::Addons, 30, 31),
        Step {
            may_wait_until: Some(Minor::v1(32)),
            ..step(Part::Nodes, 30, 31)
        },
        step(Part::ControlPlane, 31, 32),
        step(Part::Addons, 31, 32),
        step(Part::Nodes, 31, 32),
    ]
}

type Render = (&'static str, fn(&Assessment) -> String);

const ALL: [Render; 9] = [
    ("table", |it| table::render(it, &CATALOGUE, View::default())),
    ("wide", |it| {
        let view = View {
            wide: true,
            ..View::default()
        };
        table::render(it, &CATALOGUE, view)
    }),
    ("json", json::render),
    ("yaml", yaml::render),
    ("md", |it| markdown::render(it, &CATALOGUE)),
    ("html", |it| html::render(it, &CATALOGUE)),
    ("sarif", |it| sarif::render(it, &CATALOGUE)),
    ("junit.xml", junit::render),
    ("csv", csv::render),
];

#[test]
fn what_is_waived_is_told_with_who_why_and_until_when() {
    for (format, render) in ALL {
        let text = render(&waived());
        for said in [
            "cart-0",
            "team-shop",
            "a crash loop of a canary",
            "2027-01-31",
            "waivers.toml:3",
            "covers nothing that was found",
        ] {
            assert!(text.contains(said), "{said} is not in {format}:\n{text}");
        }
        if !["json", "yaml", "sarif"].contains(&format) {
            assert_committed(&format!("tests/report/expected/waived.{format}"), &text);
        }
    }
}

/// The subject shows once, as waived, and nowhere as something that counts.
#[test]
fn what_is_waived_does_not_count() {
    let report: Value = serde_json::from_str(&json::render(&waived())).unwrap();
    assert!(!report["findings"].to_string().contains("cart-0"));
    assert_eq!(report["waived"][0]["finding"]["subject"]["name"], "cart-0");
    assert_eq!(report["waived"][1]["waiver"]["expires"], Value::Null);
    let cases = junit::render(&waived());
    let cases = roxmltree::Document::parse(&cases).unwrap();
    let case = cases.descendants().find(|node| {
        node.attribute("name")
            .is_some_and(|name| name.contains("cart-0"))
    });
    let case = case.expect("a case of its own");
    assert!(case.children().any(|it| it.has_tag_name("skipped")));
    let suite = cases.descendants().find(|it| it.has_tag_name("testsuite"));
    assert_eq!(suite.unwrap().attribute("skipped"), Some("3"));
    let mut only = waived();
    only.findings.clear();
    only.verdict = Verdict::Ready;
    assert_eq!(exit_code(&only, airworthy_report::FailOn::Risk), 0);
    let sentence = airworthy_report::sentence(&only);
    assert_eq!(sentence, "Ready for 1.32; 2 findings waived.");
}

#[test]
fn sarif_suppresses_what_is_waived() {
    let log: Value = serde_json::from_str(&sarif::render(&waived(), &CATALOGUE)).unwrap();
    let schema = serde_json::from_str(include_str!("../schemas/sarif-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&log)
        .map(|it| it.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let suppressed: Vec<_> = results
        .iter()
        .filter(|result| result.get("suppressions").is_some())
        .collect();
    let [one] = suppressed.as_slice() else {
        panic!("{suppressed:?}")
    };
    assert_eq!(one["ruleId"], "PodUnhealthy");
    let suppression = &one["suppressions"][0];
    assert_eq!(
        (&suppression["kind"], &suppression["status"]),
        (&"external".into(), &"accepted".into())
    );
}

#[test]
fn steps_are_told_in_order_where_there_are_several() {
    let expected = [
        "before the first step: 3 blockers, 1 note",
        "control plane 1.30 → 1.31: 1 blocker, 2 risks",
        "add-ons for 1.31",
        "nodes 1.30 → 1.31 (may wait until the control plane is at 1.32)",
        "control plane 1.31 → 1.32",
        "add-ons for 1.32",
        "nodes 1.31 → 1.32",
    ];
    for (format, render) in ALL
        .into_iter()
        .filter(|it| ["table", "md", "html"].contains(&it.0))
    {
        let text = render(&waived()).replace("\\(", "(").replace("\\)", ")");
        let places: Vec<_> = expected.iter().map(|step| text.find(step)).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{format} {places:?}:\n{text}"
        );
    }
    let report: Value = serde_json::from_str(&json::render(&waived())).unwrap();
    assert_eq!(report["plan"][2]["mayWaitUntil"], "1.32");
    assert_eq!(report["plan"][0]["part"], "controlPlane");
    let mut short = waived();
    short.plan.truncate(3);
    let [from, target] = ["v1.30.4", "v1.32.0"].map(|one| one.parse().unwrap());
    short.path = UpgradePath::new(from, target).ok();
    let text = table::render(&short, &CATALOGUE, View::default());
    assert!(!text.contains("control plane 1.30"), "{text}");
    assert!(!text.contains("before the first step"), "{text}");
    let one = "One step, judged minor by minor: 1.30 → 1.31, 1.31 → 1.32";
    assert!(text.contains(one), "{text}");
}
