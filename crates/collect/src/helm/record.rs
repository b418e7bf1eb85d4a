//! The records of releases: one object a revision, told apart by labels.

use std::collections::BTreeMap;

use airworthy_model::facts::Labels;

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
}

impl Record {
    /// A record from the labels that Helm puts on it; without them, from its name (`sh.helm.release.v1.web.v3`).
    pub(crate) fn new(holder: Holder, namespace: String, object: String, labels: &Labels) -> Self {
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

/// Of each release the record that counts, in the order of namespaces and names.
pub(crate) fn that_count(records: Vec<Record>) -> Vec<Record> {
    let mut releases: BTreeMap<(String, String, Holder), Record> = BTreeMap::new();
    for record in records {
        let release = (
            record.namespace.clone(),
            record.release.clone(),
            record.holder,
        );
        match releases.get(&release) {
            Some(known) if !record.outranks(known) => {}
            _ => {
                releases.insert(release, record);
            }
        }
    }
    releases.into_values().collect()
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
        )
    }

    fn counts(records: &[(u32, &str)]) -> (u32, String) {
        let records = records
            .iter()
            .map(|(revision, status)| record("web", *revision, status));
        let mut counting = that_count(records.collect());
        let one = counting.pop().unwrap();
        assert!(counting.is_empty());
        (one.revision, one.status)
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
        assert_eq!(that_count(all), [elsewhere, one, moved]);
    }

    #[test]
    fn labels_that_lack_are_made_up_for_by_the_name() {
        let bare = |object: &str| {
            let none = Labels::default();
            let record = Record::new(Holder::Secret, "shop".into(), object.into(), &none);
            (record.release, record.revision)
        };
        assert_eq!(bare("sh.helm.release.v1.my.v2.v17"), ("my.v2".into(), 17));
        assert_eq!(bare("odd"), ("odd".into(), 0));
    }
}
