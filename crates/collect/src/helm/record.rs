//! The records of releases: one object a revision, told apart by labels.

use std::collections::BTreeMap;

use airworthy_model::facts::Labels;
use jiff::Timestamp;

/// What Helm keeps a revision in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    Secret,
    ConfigMap,
}

impl Holder {
    /// Its kind.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// Its plural resource.
    pub(crate) const fn resource(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::ConfigMap => "configmaps",
        }
    }
}

/// The record of one revision, by its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub holder: Holder,
    pub namespace: String,
    /// Name of the object.
    pub object: String,
    /// Name of the release.
    pub release: String,
    pub revision: u32,
    pub status: String,
    /// When Helm last wrote it.
    pub written_at: Option<Timestamp>,
    /// When the API server made it: when the operation of this revision began.
    pub created: Option<Timestamp>,
}

/// The record of a release that counts, and the newest one where that is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counting {
    pub record: Record,
    pub newest: Option<Record>,
}

impl Record {
    /// A record from the labels that Helm puts on it; without them, from its name (`sh.helm.release.v1.web.v3`).
    pub(crate) fn new(
        holder: Holder,
        namespace: String,
        object: String,
        labels: &Labels,
        created: Option<Timestamp>,
    ) -> Self {
        let named = object.strip_prefix("sh.helm.release.v1.");
        let (name, revision) = named
            .and_then(|named| named.rsplit_once(".v"))
            .unwrap_or((&object, ""));
        Self {
            release: labels.get("name").unwrap_or(name).to_owned(),
            revision: labels
                .get("version")
                .unwrap_or(revision)
                .parse()
                .unwrap_or_default(),
            status: labels.get("status").unwrap_or_default().to_owned(),
            written_at: written_at(labels, created),
            created,
            holder,
            namespace,
            object,
        }
    }

    fn is_deployed(&self) -> bool {
        self.status == "deployed"
    }

    /// Whether Helm builds the objects of this revision again, should it be the one that counts: a release that was uninstalled
    /// and kept is installed anew.
    pub(crate) fn is_used_again(&self) -> bool {
        self.status != "uninstalled"
    }

    /// Whether it counts more than another record of the same release. Helm takes the newest deployed revision for its next
    /// upgrade, and where none is deployed the newest.
    fn outranks(&self, other: &Self) -> bool {
        (self.is_deployed(), self.revision) > (other.is_deployed(), other.revision)
    }
}

/// When Helm last wrote a record: seconds, in a label, by the clock of whoever ran Helm. What is pending was not written again since
/// the API server made it, and its clock is the one that ages are told by.
fn written_at(labels: &Labels, created: Option<Timestamp>) -> Option<Timestamp> {
    let pending = labels
        .get("status")
        .is_some_and(|status| status.starts_with("pending-"));
    if pending && created.is_some() {
        return created;
    }
    let label = labels.get("modifiedAt").or(labels.get("createdAt"))?;
    Timestamp::from_second(label.parse().ok()?).ok()
}

/// Of each release the record that counts, in the order of namespaces and names.
pub(crate) fn that_count(records: Vec<Record>) -> Vec<Counting> {
    let mut releases: BTreeMap<(String, String, Holder), Counting> = BTreeMap::new();
    for record in records {
        let release = (
            record.namespace.clone(),
            record.release.clone(),
            record.holder,
        );
        if let Some(known) = releases.get_mut(&release) {
            known.weigh(record);
            continue;
        }
        let first = Counting {
            record,
            newest: None,
        };
        releases.insert(release, first);
    }
    releases.into_values().collect()
}

impl Counting {
    /// Takes another record of the same release into account.
    fn weigh(&mut self, other: Record) {
        let spare = if other.outranks(&self.record) {
            std::mem::replace(&mut self.record, other)
        } else {
            other
        };
        let least = self.newest.as_ref().map_or(0, |newest| newest.revision);
        let newest = [Some(spare), self.newest.take()].into_iter().flatten();
        let newest = newest.filter(|record| record.revision >= least);
        self.newest = newest
            .max_by_key(|record| record.revision)
            .filter(|record| record.revision > self.record.revision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(release: &str, revision: u32, status: &str) -> Record {
        let labels = [("name", release), ("status", status)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let object = format!("sh.helm.release.v1.{release}.v{revision}");
        Record::new(
            Holder::Secret,
            "shop".into(),
            object,
            &labels.into_iter().collect(),
            None,
        )
    }

    fn counts(records: &[(u32, &str)]) -> (u32, String) {
        let records = records
            .iter()
            .map(|(revision, status)| record("web", *revision, status));
        let mut counting = that_count(records.collect());
        let one = counting.pop().unwrap();
        assert!(counting.is_empty());
        (one.record.revision, one.record.status)
    }

    #[test]
    fn the_newest_deployed_revision_counts_and_else_the_newest() {
        let old = [(9, "superseded"), (10, "deployed"), (11, "failed")];
        assert_eq!(counts(&old), (10, "deployed".into()));
        let twice = [(2, "deployed"), (10, "deployed"), (9, "deployed")];
        assert_eq!(counts(&twice), (10, "deployed".into()));
        let never = [(1, "failed"), (3, "pending-upgrade"), (2, "superseded")];
        assert_eq!(counts(&never), (3, "pending-upgrade".into()));
    }

    #[test]
    fn releases_of_other_namespaces_and_holders_are_others() {
        let one = record("web", 1, "deployed");
        let mut elsewhere = one.clone();
        elsewhere.namespace = "park".into();
        let mut moved = one.clone();
        moved.holder = Holder::ConfigMap;
        let all = vec![one.clone(), elsewhere.clone(), moved.clone()];
        let counting = that_count(all).into_iter().map(|one| one.record);
        assert_eq!(counting.collect::<Vec<_>>(), [elsewhere, one, moved]);
    }

    #[test]
    fn the_newest_revision_is_told_where_another_counts() {
        let newest = |records: &[(u32, &str)]| {
            let records = records
                .iter()
                .map(|(revision, status)| record("web", *revision, status));
            let one = that_count(records.collect()).pop().unwrap();
            one.newest.map(|newest| (newest.revision, newest.status))
        };
        let failed = Some((12, "failed".to_owned()));
        let records = [(10, "deployed"), (12, "failed"), (11, "superseded")];
        assert_eq!(newest(&records), failed);
        let mut backwards = records;
        backwards.reverse();
        assert_eq!(newest(&backwards), failed);
        assert_eq!(newest(&[(9, "superseded"), (10, "deployed")]), None);
        assert_eq!(newest(&[(2, "superseded"), (3, "failed")]), None);
    }

    #[test]
    fn the_time_of_writing_is_a_label() {
        let made = Timestamp::from_second(1_767_200_000).unwrap();
        let labels = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| (*key, *value));
            written_at(&pairs.collect(), Some(made)).map(|time| time.to_string())
        };
        let both = [("createdAt", "1767225600"), ("modifiedAt", "1767225660")];
        assert_eq!(labels(&both).as_deref(), Some("2026-01-01T00:01:00Z"));
        assert_eq!(labels(&both[..1]).as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(labels(&[("modifiedAt", "soon")]), None);
        let pending = [("status", "pending-upgrade"), both[1]];
        assert_eq!(labels(&pending), Some(made.to_string()));
    }

    #[test]
    fn labels_that_lack_are_made_up_for_by_the_name() {
        let bare = |object: &str| {
            let none = Labels::default();
            let record = Record::new(Holder::Secret, "shop".into(), object.into(), &none, None);
            (record.release, record.revision)
        };
        assert_eq!(bare("sh.helm.release.v1.my.v2.v17"), ("my.v2".into(), 17));
        assert_eq!(bare("odd"), ("odd".into(), 0));
    }
}
