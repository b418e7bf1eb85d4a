//! In the place of pluto and kubent: their outline, field by field, beside what they printed themselves of the same file.

use std::collections::BTreeSet;

use airworthy_model::{
    Assessment, Breaks, Finding, Minor, Need, Severity, Subject, Verdict,
    finding::{AffectedApi, Location},
};
use airworthy_report::drop_in::{Tool, exit_code, omissions, render};
use serde_json::{Value, json};

use super::samples::*;

/// What `pluto detect` (5.24) and `kubent --cluster=false --helm3=false` (0.7.3) printed for 1.32 of `drop-in/objects.yaml`.
const PLUTO: &str = include_str!("drop-in/pluto.json");
const KUBENT: &str = include_str!("drop-in/kubent.json");

fn printed(assessment: &Assessment, tool: Tool) -> Value {
    serde_json::from_str(&render(assessment, tool)).unwrap()
}

fn api(version: &str, kind: &str, years: [u16; 2], new: Option<(&str, u16)>) -> AffectedApi {
    AffectedApi {
        url: String::new(),
        api_version: version.into(),
        kind: kind.into(),
        deprecated: Some(Minor::v1(years[0])),
        removed: Some(Minor::v1(years[1])),
        replacement: new.map(|(new, _)| new.into()),
        replacement_since: new.map(|(_, since)| Minor::v1(since)),
    }
}

fn object(api: AffectedApi, namespace: Option<&str>, name: &str) -> Finding {
    let subject = Subject {
        namespace: namespace.map(Into::into),
        ..Subject::cluster(&api.api_version, &api.kind, name)
    };
    let mut finding = Finding::new(Severity::Blocker, subject, "goes away");
    finding.check = "ManifestDeprecatedApi".into();
    finding.location = Some(Location {
        file: "/srv/objects.yaml".into(),
        line: 1,
        column: 1,
        document: 0,
    });
    finding.api = Some(api);
    finding
}

/// The findings of `drop-in/objects.yaml`.
fn objects() -> Assessment {
    let flow = api(
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema",
        [29, 32],
        Some(("flowcontrol.apiserver.k8s.io/v1", 29)),
    );
    let policy = api("policy/v1beta1", "PodSecurityPolicy", [21, 25], None);
    let cron = api("batch/v1beta1", "CronJob", [21, 25], Some(("batch/v1", 21)));
    let mut assessment = ready();
    assessment.verdict = Verdict::NotReady;
    assessment.findings = vec![
        object(flow, None, "tenants"),
        object(policy, None, "restricted"),
        object(cron, Some("shop"), "night \"&<ly>"),
    ];
    assessment
}

fn named<'a>(items: &'a Value, member: &str, name: &str) -> &'a Value {
    let items = items.as_array().unwrap();
    let item = items.iter().find(|item| item[member] == name);
    item.unwrap_or_else(|| panic!("no {name}"))
}

/// Every path to a member, with the kind of what is there.
fn outline(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(members) => {
            let below = |(name, value)| {
                outline(value)
                    .into_iter()
                    .map(move |rest| format!("{name}.{rest}"))
            };
            members.iter().flat_map(below).collect()
        }
        Value::Array(items) => items
            .iter()
            .flat_map(outline)
            .map(|rest| format!("[].{rest}"))
            .collect(),
        Value::String(_) => ["text".to_owned()].into(),
        Value::Bool(_) => ["bool".to_owned()].into(),
        Value::Number(_) => ["number".to_owned()].into(),
        Value::Null => ["null".to_owned()].into(),
    }
}

#[test]
fn plutos_outline_is_kept() {
    let (ours, theirs) = (
        printed(&objects(), Tool::Pluto),
        serde_json::from_str::<Value>(PLUTO).unwrap(),
    );
    // It also names the targets of components that are not Kubernetes.
    let mut expected = outline(&theirs);
    expected.retain(|path| !path.contains("cert-manager") && !path.contains("istio"));
    assert_eq!(outline(&ours), expected);
    assert_eq!(
        ours["target-versions"]["k8s"],
        theirs["target-versions"]["k8s"]
    );
}

#[test]
fn plutos_items_are_the_same_field_by_field() {
    let (ours, theirs) = (
        printed(&objects(), Tool::Pluto),
        serde_json::from_str::<Value>(PLUTO).unwrap(),
    );
    for name in ["restricted", "night \"&<ly>"] {
        assert_eq!(
            named(&ours["items"], "name", name),
            named(&theirs["items"], "name", name)
        );
    }
    // Where its table lacks the minor of the replacement, and calls v1beta3 deprecated since 1.24, ours does not.
    let mut corrected = named(&theirs["items"], "name", "tenants").clone();
    corrected["api"]["deprecated-in"] = json!("v1.29.0");
    corrected["api"]["replacement-available-in"] = json!("v1.29.0");
    corrected["replacementAvailable"] = json!(true);
    assert_eq!(*named(&ours["items"], "name", "tenants"), corrected);
}

#[test]
fn kubents_items_are_the_same_field_by_field() {
    let (ours, theirs) = (
        printed(&objects(), Tool::Kubent),
        serde_json::from_str::<Value>(KUBENT).unwrap(),
    );
    assert_eq!(outline(&ours), outline(&theirs));
    for name in ["tenants", "restricted", "night \"&<ly>"] {
        assert_eq!(named(&ours, "Name", name), named(&theirs, "Name", name));
    }
}

#[test]
fn nothing_found_is_what_they_print_then() {
    assert_eq!(
        printed(&ready(), Tool::Pluto),
        json!({"target-versions": {"k8s": "v1.32.0"}})
    );
    assert_eq!(printed(&ready(), Tool::Kubent), json!([]));
}

#[test]
fn there_is_one_item_for_each_object_once() {
    let mut assessment = uses();
    let objects: usize = (0..6).map(|release| 1 + release * 3).sum();
    let (writers, stale, files) = (20, 6, 4);
    let expected = objects + writers - stale + files;
    for _ in 0..2 {
        let items = printed(&assessment, Tool::Pluto);
        assert_eq!(items["items"].as_array().unwrap().len(), expected);
        let items = printed(&assessment, Tool::Kubent);
        assert_eq!(items.as_array().unwrap().len(), expected);
        // The same again, found by another check.
        assessment.findings.extend(assessment.findings.clone());
    }
}

/// One finding of an API with these minors.
fn one(change: impl FnOnce(&mut Finding)) -> Assessment {
    let mut assessment = objects();
    assessment.findings.truncate(1);
    change(&mut assessment.findings[0]);
    assessment
}

#[test]
fn exit_codes_are_theirs() {
    let with_api =
        |change: fn(&mut AffectedApi)| one(|finding| change(finding.api.as_mut().unwrap()));
    let deprecated = with_api(|api| api.removed = Some(Minor::v1(33)));
    let unreplaced = with_api(|api| api.replacement_since = None);
    let noted = one(|finding| {
        finding.severity = Severity::Note;
        finding.api.as_mut().unwrap().removed = Some(Minor::v1(33));
    });
    let stale = one(|finding| finding.breaks = Some(Breaks::Stale));
    for (case, assessment, pluto, kubent) in [
        ("nothing", ready(), 0, 0),
        ("deprecated", deprecated, 2, 200),
        ("removed", one(|_| ()), 3, 200),
        ("no replacement", unreplaced, 4, 200),
        ("no replacement at all", objects(), 4, 200),
        ("superseded since", stale, 0, 0),
        (
            "removed, and a note",
            one(|finding| finding.severity = Severity::Note),
            0,
            0,
        ),
        ("deprecated, and a note", noted, 2, 200),
        ("other findings", not_ready(), 0, 0),
    ] {
        assert_eq!(exit_code(&assessment, Tool::Pluto), pluto, "{case}");
        assert_eq!(exit_code(&assessment, Tool::Kubent), kubent, "{case}");
    }
}

#[test]
fn evidence_that_lacks_is_never_their_success() {
    let lacking = |mut assessment: Assessment| {
        assessment
            .checks
            .push(unknown("X", vec![forbidden(Need::Pods, None)]));
        assessment
    };
    let deprecated = one(|finding| finding.api.as_mut().unwrap().removed = None);
    for (case, assessment, pluto, kubent) in [
        ("nothing found", lacking(ready()), 1, 1),
        // Somebody who passes deprecations must not pass this.
        ("deprecated", lacking(deprecated), 1, 200),
        ("removed", lacking(one(|_| ())), 3, 200),
        ("found and unknown", not_ready_and_unknown(), 1, 1),
        ("cannot determine", cannot_determine(), 1, 1),
    ] {
        assert_eq!(exit_code(&assessment, Tool::Pluto), pluto, "{case}");
        assert_eq!(exit_code(&assessment, Tool::Kubent), kubent, "{case}");
    }
}

#[test]
fn what_has_no_place_there_is_told() {
    assert_eq!(omissions(&ready()), [""; 0]);
    assert_eq!(omissions(&objects()), [""; 0]);
    assert_eq!(
        omissions(&not_ready_and_unknown()),
        [
            "WebhookBackendDown was not assessed: services forbidden: list services answered 403",
            "5 findings left out that are not about API versions: 3 blockers, 1 risk, 1 note",
        ]
    );
    let told = omissions(&uses());
    assert_eq!(
        told[1],
        "6 uses of a removed API left out, for nothing breaks: superseded since, or the control plane's own"
    );
}

#[test]
fn any_text_is_still_json() {
    let mut assessment = saying("\u{1b}[2J]]>\"\\\u{9b}\u{202e}");
    for finding in &mut assessment.findings {
        finding.api = Some(flow_schemas());
    }
    for tool in [Tool::Pluto, Tool::Kubent] {
        let text = render(&assessment, tool);
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']));
        serde_json::from_str::<Value>(&text).unwrap();
    }
}
