//! Recordings, looked into and held against each other.

use crate::common_cli::{Ended, Recordings, airworthy, facts::*};

/// A recording of a healthy cluster, looked into.
fn inspect(args: &[&str]) -> Ended {
    let recordings = Recordings::new();
    let file = recordings.of("it.tar", &healthy());
    let file = file.to_str().expect("a path of ours");
    airworthy([&["inspect", file], args].concat()).run()
}

fn diff(before: &str, after: impl FnOnce(&mut airworthy_model::Facts), args: &[&str]) -> Ended {
    let recordings = Recordings::new();
    let one = recordings.of("before.tar", &running(before));
    let mut facts = running("v1.32.13");
    after(&mut facts);
    let other = recordings.of("after.tar", &facts);
    let files = [&one, &other].map(|file| file.to_str().expect("a path of ours"));
    airworthy([&["diff"], &files[..], args].concat()).run()
}

#[test]
fn a_recording_tells_what_it_holds() {
    let table = inspect(&[]);
    table.exits(0);
    for words in ["Version", "v1.31.14", "Read at", "deployments", "2 rows,"] {
        table.says(words);
    }
    let json = inspect(&["-o", "json"]).exits(0).json();
    assert_eq!(json["version"], "v1.31.14");
    let groups = json["groups"].as_array().expect("groups");
    let pods = groups
        .iter()
        .find(|group| group["group"] == "pods")
        .expect("pods");
    assert!(
        pods["rows"].is_number() || pods["missing"].is_object(),
        "{pods}"
    );
}

#[test]
fn rows_of_a_group_are_printed() {
    for name in ["namespaces", "Namespaces"] {
        let yaml = inspect(&["--group", name]);
        yaml.exits(0).says("- name: kube-system");
    }
    let json = inspect(&["--group", "stateful-sets", "-o", "json"])
        .exits(0)
        .json();
    assert!(json.is_array());
    inspect(&["--group", "nonsense"]).refuses(&["nonsense", "deployments"]);
    inspect(&["-o", "yaml"]).refuses(&["--group"]);
}

#[test]
fn an_upgrade_that_lost_nothing_is_told_as_planned() {
    let table = diff("v1.31.14", |_| (), &[]);
    table
        .exits(0)
        .says("Nothing is worse than before, and nothing is gone");
    table.says("version was v1.31.14 and is v1.32.13");
}

#[test]
fn losses_come_first_and_fail() {
    let lose = |facts: &mut airworthy_model::Facts| {
        facts.namespaces = Ok(Vec::new());
    };
    let table = diff("v1.31.14", lose, &[]);
    let text = &table.exits(1).stdout;
    let gone = text.find("Gone (").expect("what is gone");
    let planned = text
        .find("As the upgrade brings it about")
        .expect("what is planned");
    assert!(gone < planned, "{text}");
    let json = diff("v1.31.14", lose, &["-o", "json"]).exits(1).json();
    assert_eq!(json["differences"][0]["change"], "loss");
}

#[test]
fn what_cannot_be_compared_has_an_exit_code_of_its_own() {
    let hide = |facts: &mut airworthy_model::Facts| {
        let gap = airworthy_model::Missing::not_collected(
            airworthy_model::Need::Services,
            "GET /api/v1/services answered 403",
        );
        facts.services = Err(airworthy_model::Missing {
            reason: airworthy_model::Reason::Forbidden,
            ..gap
        });
    };
    let table = diff("v1.31.14", hide, &[]);
    table.exits(3).says("Not compared (1)");
    table.says("after: GET /api/v1/services answered 403");
}

#[test]
fn recordings_of_two_clusters_are_not_held_against_each_other() {
    let other = |facts: &mut airworthy_model::Facts| facts.cluster.uid = Some("another".into());
    diff("v1.31.14", other, &[]).refuses(&["two clusters", "another"]);
}

#[test]
fn what_is_no_recording_is_refused() {
    let recordings = Recordings::new();
    let file = recordings.bytes("it.tar", b"nonsense");
    let file = file.to_str().expect("a path of ours");
    airworthy(["inspect", file]).run().refuses(&[file]);
    airworthy(["diff", file, file]).run().refuses(&[file]);
}
