//! The section of storage versions.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    api::{Api, Provenance, Serving, Span, api_version},
    section::{BadRow, Table},
    spans,
};

/// The versions at which the objects of one resource are written to etcd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stored {
    /// API group in which the objects are served; empty for the core group.
    pub group: String,
    /// Plural resource.
    pub resource: String,
    /// The versions, oldest first.
    pub versions: Vec<StorageVersion>,
    /// The table that the newest was read from.
    pub source: Provenance,
}

/// The version of stored bytes during some minors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StorageVersion {
    /// The first minor that writes it.
    pub from: Minor,
    /// The last minor that writes it.
    pub to: Minor,
    /// The group of the stored bytes, which for Events and early Ingresses is not the group that serves them.
    pub group: String,
    /// The version of the stored bytes.
    pub version: String,
}

impl StorageVersion {
    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    fn span(&self) -> Span {
        Span {
            from: self.from,
            to: self.to,
        }
    }
}

/// All resources, by group and name.
#[derive(Clone, Debug)]
pub(crate) struct Storage(Vec<Stored>);

impl Table for Storage {
    const NAME: &'static str = "storage";
    type Row = Stored;

    fn of(rows: Vec<Stored>) -> Result<Self, BadRow> {
        let spans =
            |row: &Stored| -> Vec<_> { row.versions.iter().map(StorageVersion::span).collect() };
        let name = |row: &Stored| format!("the resource {}.{}", row.resource, row.group);
        spans::demand(&rows, spans, key, name)?;
        let mut rows = rows;
        rows.sort_by(|one, other| key(one).cmp(&key(other)));
        Ok(Self(rows))
    }
}

fn key(row: &Stored) -> (&str, &str) {
    (&row.group, &row.resource)
}

impl Storage {
    pub(crate) fn all(&self) -> &[Stored] {
        &self.0
    }

    pub(crate) fn at(&self, group: &str, resource: &str, minor: Minor) -> Option<&StorageVersion> {
        let found = self
            .0
            .binary_search_by(|row| key(row).cmp(&(group, resource)));
        let versions = &self.0[found.ok()?].versions;
        versions
            .iter()
            .find(|version| version.span().contains(minor))
    }
}

impl Knowledge {
    /// All resources whose storage version is known, by group and name.
    pub fn stored(&self) -> &[Stored] {
        self.storage.get().all()
    }

    /// The group and version at which a minor writes the objects of a resource to etcd; nothing where its sources do not say,
    /// or where no server of the minor can serve the resource at any version.
    pub fn storage_version(
        &self,
        group: &str,
        resource: &str,
        minor: Minor,
    ) -> Option<&StorageVersion> {
        // Kubernetes' own table keeps what a minor removed for one minor more, since a variable of the environment, meant for
        // its tests, keeps it served.
        let served = |api: &Api| {
            let serving = api.serving(minor);
            matches!(serving, Serving::Served | Serving::OffByDefault)
        };
        let mut versions = self
            .apis()
            .filter(|api| api.group == group && api.resource == resource)
            .peekable();
        let known = versions.peek().is_some();
        if known && !versions.any(served) {
            return None;
        }
        self.storage.get().at(group, resource, minor)
    }
}
