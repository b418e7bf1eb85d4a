//! Recordings of every shape that was ever written are read for ever. The files in `formats/` are as the programs of their day wrote
//! them; none is ever changed or written anew, and a change of the format or of a fact adds one.

use std::{collections::BTreeSet, fs, path::PathBuf};

use airworthy_collect::recording;
use airworthy_model::{Facts, Need, Reason};

/// One file: what it must be read as.
struct Kept {
    file: &'static str,
    version: &'static str,
    pods: usize,
    /// Groups whose names came later.
    without: &'static [Need],
}

const KEPT: [Kept; 4] = [
    Kept {
        file: "1-first.tar",
        version: "v1.31.14",
        pods: 9,
        without: &[
            Need::HelmReleases,
            Need::Audit,
            Need::Jobs,
            Need::AdmissionPolicies,
        ],
    },
    Kept {
        file: "1-audit-and-helm.tar",
        version: "v1.31.14",
        pods: 9,
        without: &[Need::Jobs, Need::Events, Need::Kubelets],
    },
    Kept {
        file: "1-before-policies.tar",
        version: "v1.31.14",
        pods: 13,
        without: &[Need::AdmissionPolicies, Need::Kubelets],
    },
    Kept {
        file: "1-before-scopes.tar",
        version: "v1.31.14",
        pods: 7,
        without: &[Need::Kubelets],
    },
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats"))
}

fn read(file: &str) -> Facts {
    recording::read_file(&folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error:?}"))
}

#[test]
fn recordings_of_every_shape_so_far_are_read() {
    for kept in KEPT {
        let facts = read(kept.file);
        let version = facts.version.as_ref().unwrap().version.to_string();
        assert_eq!(version, kept.version, "{}", kept.file);
        let pods = facts.pods.as_ref().unwrap();
        assert_eq!(pods.len(), kept.pods, "{}", kept.file);
        let missing = facts.missing();
        for need in kept.without {
            let gap = missing.iter().find(|gap| gap.need == *need);
            let gap = gap.unwrap_or_else(|| panic!("{}: {need} was made up", kept.file));
            if Need::OPT_IN.contains(need) {
                // Nobody asked for it then, either.
                assert_eq!(gap.reason, Reason::SwitchedOff, "{}: {need}", kept.file);
                continue;
            }
            assert_eq!(gap.reason, Reason::NotCollected, "{}: {need}", kept.file);
            assert!(gap.detail.contains("airworthy/0."), "{}", gap.detail);
        }
    }
}

/// What quotas and limit ranges of whole pods ask about a pod is not made up where it was not read.
#[test]
fn what_was_not_asked_of_pods_is_not_made_up() {
    let facts = read("1-before-scopes.tar");
    let shapes = facts.pods.as_ref().unwrap().iter();
    let mut shapes = shapes.map(|pod| pod.shape.as_ref().unwrap());
    assert!(shapes.all(|shape| shape.quota_marks.is_none()));
    let admission = facts.pod_admission.unwrap();
    assert_eq!(admission.quotas.len(), 1);
    assert!(admission.quotas[0].scopes.is_empty());
    assert_eq!(admission.limit_ranges.len(), 1);
    assert!(admission.limit_ranges[0].pods.is_empty());
}

/// What match conditions do beside leaving out namespaces is not made up where it was not read.
#[test]
fn what_conditions_do_is_not_made_up() {
    let webhooks = read("1-before-policies.tar").webhooks.unwrap();
    assert_eq!(webhooks.len(), 1);
    assert_eq!(webhooks[0].opaque_conditions, None);
}

/// What was read of an old recording can be written anew, and says the same.
#[test]
fn old_recordings_can_be_written_as_new_ones() {
    for kept in KEPT {
        let mut bytes = Vec::new();
        recording::write(&read(kept.file), &mut bytes).unwrap();
        let again = recording::read(bytes.as_slice()).unwrap();
        assert_eq!(again.pods, read(kept.file).pods);
        assert_eq!(again.crds, read(kept.file).crds);
        let admission = |facts: Facts| facts.pod_admission.ok();
        assert_eq!(admission(again), admission(read(kept.file)));
    }
}

#[test]
fn every_file_that_is_kept_is_read() {
    let files: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let read: BTreeSet<_> = KEPT.iter().map(|kept| kept.file.to_owned()).collect();
    assert_eq!(files, read);
}
