//! What goes in comes out, the same facts are the same bytes, and nothing else is taken for a recording.

mod files;
mod hostile;

use std::collections::BTreeMap;

use airworthy_model::{
    Facts, Missing, Need, Reason,
    facts::{ClusterIdentity, CollectionReport, Labels, Metrics, Node, Pod, ServerVersion},
};
use sha2::{Digest, Sha256};

use super::{
    RecordingError, archive,
    manifest::{self, Content, Group, Manifest, Summary, hex},
    read, write,
};

fn pod(number: usize) -> Pod {
    Pod {
        namespace: "shop".into(),
        name: format!("web-{number}"),
        labels: Labels::from_iter([("app", "web"), ("line\nbreak", "\u{1b}[31mred\0")]),
        phase: "Running".into(),
        ready: true,
        ..Pod::default()
    }
}

fn sample() -> Facts {
    let cluster = ClusterIdentity {
        name: Some("prod-eu".into()),
        server: None,
        uid: Some("7c2f".into()),
    };
    let at = "2026-11-21T10:00:00Z".parse().unwrap();
    let mut facts = Facts::unread(cluster, at, "not asked for");
    facts.version = Ok(ServerVersion {
        version: "v1.31.14".parse().unwrap(),
        emulation: None,
    });
    facts.pods = Ok((0..3).map(pod).collect());
    facts.nodes = Ok(vec![Node {
        name: "node-1".into(),
        ..Node::default()
    }]);
    facts.namespaces = Ok(Vec::new());
    facts.metrics = Ok(Metrics {
        object_counts: BTreeMap::from([("pods".into(), 3)]),
        ..Metrics::default()
    });
    facts.collection = Ok(CollectionReport::default());
    facts.pdbs = Err(Missing {
        need: Need::Pdbs,
        reason: Reason::Forbidden,
        detail: "GET /apis/policy/v1/poddisruptionbudgets answered 403".into(),
        cure: Some("allow `list` on `poddisruptionbudgets.policy`".into()),
    });
    facts
}

fn recording(facts: &Facts) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(facts, &mut bytes).unwrap();
    bytes
}

/// Facts have no equality of their own; their debug text names every member.
fn same(one: &Facts, other: &Facts) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

/// An archive of these members, in this order.
fn archive_of<B: AsRef<[u8]>>(members: &[(&str, B)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, body) in members {
        archive::append(&mut bytes, name, body.as_ref()).unwrap();
    }
    archive::finish(&mut bytes).unwrap();
    bytes
}

fn manifest_of(groups: Vec<(&str, Content)>) -> Vec<u8> {
    let groups = groups.into_iter().map(|(need, content)| Group {
        need: need.into(),
        content,
    });
    let facts = sample();
    Manifest::new(facts.cluster, facts.observed_at, groups.collect())
        .encode()
        .unwrap()
}

fn summary(rows: u64, text: &[u8]) -> Summary {
    Summary {
        rows,
        bytes: text.len() as u64,
        sha256: hex(&Sha256::digest(text)),
    }
}

fn compress(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

/// A recording of one group whose rows are this text.
fn one_group(need: &str, rows: u64, text: &[u8]) -> Vec<u8> {
    let manifest = manifest_of(vec![(need, Content::Read(summary(rows, text)))]);
    let member = manifest::member_name(need);
    archive_of(&[(manifest::NAME, manifest), (&member, compress(text))])
}

fn refusal(bytes: &[u8]) -> RecordingError {
    read(bytes).expect_err("it is no good recording")
}

#[test]
fn what_is_written_is_read() {
    let facts = sample();
    let read = read(&recording(&facts)[..]).unwrap();
    assert_eq!(format!("{read:#?}"), format!("{facts:#?}"));
}

#[test]
fn same_facts_are_same_bytes() {
    let bytes = recording(&sample());
    assert_eq!(bytes, recording(&sample()));
    assert_eq!(bytes, recording(&read(&bytes[..]).unwrap()));
}

#[test]
fn any_tar_program_can_list_it_and_finds_nothing_of_this_machine() {
    let bytes = recording(&sample());
    let mut names = Vec::new();
    for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        let numbers = (
            header.mode().unwrap(),
            header.uid().unwrap(),
            header.gid().unwrap(),
            header.mtime().unwrap(),
        );
        assert_eq!(numbers, (0o600, 0, 0, 0));
        assert_eq!(header.username_bytes(), Some(&b""[..]));
        names.push(String::from_utf8(header.path_bytes().into_owned()).unwrap());
    }
    let expected = [
        "manifest.json",
        "facts/collection.ndjson.zst",
        "facts/metrics.ndjson.zst",
        "facts/namespaces.ndjson.zst",
        "facts/nodes.ndjson.zst",
        "facts/pods.ndjson.zst",
        "facts/version.ndjson.zst",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_manifest_says_what_is_there_and_what_is_not() {
    let bytes = recording(&sample());
    let mut archive = tar::Archive::new(&bytes[..]);
    let manifest = archive.entries().unwrap().next().unwrap().unwrap();
    let manifest: serde_json::Value = serde_json::from_reader(manifest).unwrap();
    assert_eq!(manifest["format"], 1);
    assert_eq!(
        manifest["tool"],
        concat!("airworthy/", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(manifest["cluster"]["name"], "prod-eu");
    assert_eq!(manifest["observedAt"], "2026-11-21T10:00:00Z");
    let groups = manifest["groups"].as_array().unwrap();
    let group = |need: &str| groups.iter().find(|g| g["need"] == need).unwrap();
    let rows: String = (0..3)
        .map(|n| serde_json::to_string(&pod(n)).unwrap() + "\n")
        .collect();
    let expected = serde_json::to_value(summary(3, rows.as_bytes())).unwrap();
    for member in ["rows", "bytes", "sha256"] {
        assert_eq!(group("pods")[member], expected[member], "{member}");
    }
    assert_eq!(group("pdbs")["missing"]["reason"], "forbidden");
    assert_eq!(group("namespaces")["rows"], 0);
}

#[test]
fn groups_that_an_older_recording_lacks_were_not_collected() {
    let older = archive_of(&[(manifest::NAME, manifest_of(Vec::new()))]);
    let facts = read(&older[..]).unwrap();
    let missing = facts.pods.unwrap_err();
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::NotCollected)
    );
    assert!(missing.detail.contains("airworthy/"), "{missing}");
}

#[test]
fn members_may_come_in_any_order() {
    let facts = sample();
    let bytes = recording(&facts);
    let mut members: Vec<(String, Vec<u8>)> = tar::Archive::new(&bytes[..])
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut body = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut body).unwrap();
            (
                String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
                body,
            )
        })
        .collect();
    members[1..].reverse();
    let members: Vec<_> = members.iter().map(|(n, b)| (n.as_str(), b)).collect();
    assert!(same(&read(&archive_of(&members)[..]).unwrap(), &facts));
}
