use super::*;
use crate::{Serving, url};

fn minors(from: u16, to: u16) -> Hop {
    Hop {
        from: Minor::v1(from),
        to: Minor::v1(to),
    }
}

#[test]
fn the_embedded_file_is_read_and_covers_what_it_says() {
    let knowledge = Knowledge::embedded();
    knowledge.read_all();
    assert_eq!(
        (knowledge.oldest, knowledge.newest),
        (Minor::v1(19), Minor::v1(37))
    );
    assert!(knowledge.covers(Minor::v1(37)) && !knowledge.covers(Minor::v1(38)));
}

#[test]
fn a_bundle_is_read_back_as_it_was() {
    let read = Knowledge::parse(&Knowledge::bundle()).unwrap();
    assert_eq!(read.version(), Knowledge::embedded().version());
    assert!(read.apis().eq(Knowledge::embedded().apis()));
    let named = read.from_file("own.json").version();
    assert!(named.ends_with(" of own.json"), "{named}");
}

#[test]
fn answers_what_collecting_and_checks_ask() {
    let k = Knowledge::embedded();
    assert!(k.deprecated_at("policy", "v1beta1", "poddisruptionbudgets", Minor::v1(21)));
    assert!(!k.deprecated_at("policy", "v1beta1", "poddisruptionbudgets", Minor::v1(20)));
    assert!(!k.deprecated_at("policy", "v1", "poddisruptionbudgets", Minor::v1(37)));
    assert!(k.deprecated_at("", "v1", "endpoints", Minor::v1(33)));
    assert!(!k.deprecated_at("", "v1", "endpoints", Minor::v1(32)));
    assert_eq!(
        k.removed_in("flowcontrol.apiserver.k8s.io", "v1beta3", "flowschemas"),
        Some(Minor::v1(32))
    );
    assert_eq!(url("", "v1", "endpoints"), "/api/v1/endpoints");
}

#[test]
fn knows_which_stored_objects_are_lost_on_a_hop() {
    let lost = |hop| {
        Knowledge::embedded()
            .gone_for_good(hop)
            .map(Api::counted_as)
            .collect::<Vec<_>>()
    };
    assert_eq!(lost(minors(24, 25)), ["podsecuritypolicies.policy"]);
    assert!(lost(minors(31, 32)).contains(&"podschedulingcontexts.resource.k8s.io".to_owned()));
    assert_eq!(lost(minors(25, 26)), [""; 0]);
}

#[test]
fn rows_are_found_by_kind_and_by_resource() {
    let k = Knowledge::embedded();
    for api in k.apis() {
        assert_eq!(k.kind(&api.group, &api.version, &api.kind), Some(api));
        if !api.resource.is_empty() {
            assert_eq!(k.api(&api.group, &api.version, &api.resource), Some(api));
        }
        assert!(k.knows_group(&api.group));
    }
    assert!(k.kind("policy", "v1beta1", "poddisruptionbudget").is_none());
    assert!(!k.knows_group("example.com") && k.knows_group(""));
}

fn broken(from: &str, to: &str) -> String {
    let bundle = Knowledge::bundle();
    assert!(bundle.contains(from), "the bundle has {from}");
    Knowledge::parse(&bundle.replacen(from, to, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn another_schema_is_refused_by_name() {
    assert_eq!(
        broken("\"schema\": 2", "\"schema\": 9"),
        "the knowledge file has schema 9; this program reads schema 2"
    );
    // Of another schema is what it is first of all, whatever else it lacks.
    assert!(matches!(
        Knowledge::parse("{\"schema\": 1}"),
        Err(ParseError::Schema(1))
    ));
}

#[test]
fn a_section_that_lacks_or_is_no_list_is_refused_by_name() {
    let head =
        "{\"schema\": 2, \"compiled\": \"2026-01-01\", \"oldest\": \"1.19\", \"newest\": \"1.37\"";
    let refused = |rest: &str| {
        Knowledge::parse(&format!("{head}{rest}}}"))
            .unwrap_err()
            .to_string()
    };
    assert!(refused("").contains("no section \"addons\""));
    let no_list = refused(", \"addons\": 7");
    assert!(
        no_list.contains("\"addons\"") && no_list.contains("not a list"),
        "{no_list}"
    );
    assert!(refused(", \"apes\": []").contains("apes"));
}

#[test]
fn a_broken_row_is_refused_with_its_section_number_and_line() {
    let bundle = Knowledge::bundle();
    let line = 1 + bundle
        .lines()
        .position(|line| line.contains("\"poddisruptionbudgets\""))
        .unwrap();
    let error = broken("\"resource\":\"poddisruptionbudgets\"", "\"resource\":[]");
    assert!(
        error.starts_with("the section \"apis\" of the knowledge file, row "),
        "{error}"
    );
    assert!(error.contains(&format!("(line {line}): ")), "{error}");
    assert!(error.contains("expected a string"), "{error}");
}

#[test]
fn a_row_that_is_there_twice_is_refused() {
    let bundle = Knowledge::bundle();
    let row = bundle
        .lines()
        .find(|line| line.contains("\"poddisruptionbudgets\""))
        .unwrap();
    let twice = format!("{row}\n{row}");
    let error = broken(row, &twice);
    assert!(
        error.contains("PodDisruptionBudget is there twice"),
        "{error}"
    );
}

#[test]
fn no_prefix_of_a_bundle_is_read_and_none_panics() {
    let bundle = Knowledge::bundle();
    for end in (0..bundle.len() - 2).step_by(bundle.len() / 40) {
        if bundle.is_char_boundary(end) {
            assert!(
                Knowledge::parse(&bundle[..end]).is_err(),
                "the first {end} bytes"
            );
        }
    }
}

#[test]
fn removed_switched_off_and_not_yet_are_three_answers() {
    let k = Knowledge::embedded();
    let pdb = k.kind("policy", "v1beta1", "PodDisruptionBudget").unwrap();
    assert_eq!(pdb.serving(Minor::v1(24)), Serving::Served);
    let since = Minor::v1(25);
    assert_eq!(pdb.serving(since), Serving::Removed { since });
    assert_eq!(pdb.serving(Minor::v1(37)), Serving::Removed { since });
    assert_eq!(pdb.serving(Minor::v1(18)), Serving::Unknown);
    let cron = k.kind("batch", "v1", "CronJob").unwrap();
    let since = Minor::v1(21);
    assert_eq!(cron.serving(Minor::v1(20)), Serving::NotYet { since });
    assert_eq!(cron.serving(Minor::v1(38)), Serving::Unknown);
    let policy = k
        .kind(
            "admissionregistration.k8s.io",
            "v1beta1",
            "ValidatingAdmissionPolicy",
        )
        .unwrap();
    assert_eq!(policy.serving(Minor::v1(29)), Serving::OffByDefault);
    assert_eq!(
        policy.serving(Minor::v1(34)),
        Serving::Removed {
            since: Minor::v1(34)
        }
    );
}

/// Each row that the documentation shows is one that is read.
#[test]
fn rows_of_the_documentation_are_read() {
    let page = include_str!("../../../../docs/knowledge.md");
    let blocks = page.split("```json\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let mut seen = std::collections::BTreeSet::new();
    for row in blocks.flat_map(|block| serde_json::Deserializer::from_str(block).into_iter()) {
        let row: serde_json::Value = row.unwrap();
        let members = [
            ("addon", "addons"),
            ("default", "corefile"),
            ("plugin", "corefile"),
            ("option", "corefile"),
            ("kinds", "configs"),
            ("containerd", "runtimes"),
            ("ends", "support"),
        ];
        let Some((_, section)) = members.iter().find(|(member, _)| !row[member].is_null()) else {
            assert_eq!(row["schema"], crate::SCHEMA, "{row}");
            continue;
        };
        let mut bundle: serde_json::Value = serde_json::from_str(&Knowledge::bundle()).unwrap();
        bundle[section] = serde_json::Value::from(vec![row.clone()]);
        let read = Knowledge::parse(&bundle.to_string());
        read.unwrap_or_else(|error| panic!("{error}: {row}"));
        seen.insert(*section);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
    let bundle: serde_json::Value = serde_json::from_str(&Knowledge::bundle()).unwrap();
    for section in bundle.as_object().unwrap().keys() {
        assert!(
            page.contains(section.as_str()),
            "{section} is not on the page"
        );
    }
}
