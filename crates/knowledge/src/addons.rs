//! The section of add-ons: how to know them, and which of their versions fit which minor, as their own projects say it.

use airworthy_model::{AddonVersion, Minor};
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    section::{BadRow, Table},
};

/// What runs in a cluster beside Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Addon {
    /// Its name.
    pub addon: String,
    /// What stops when it fails.
    pub role: Role,
    /// Its images, each by the last elements of the path of its repository: registries and mirrors differ in the rest.
    pub images: Vec<String>,
    /// Its charts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charts: Vec<String>,
    /// API groups of its custom resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Images that it puts into pods of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
    /// What its project says with a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// Where its project says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Since when nobody works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Retired>,
    /// The check that judges its version, where no range does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<String>,
    /// Ranges, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<AddonRange>,
}

/// What stops when an add-on fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Names.
    Dns,
    /// Pods get no network.
    Network,
    /// Volumes are not attached.
    Storage,
    /// Traffic from outside.
    Ingress,
    /// Traffic inside.
    Mesh,
    /// What joins nodes and load balancers to a cloud.
    Cloud,
    /// Something else.
    Other,
}

/// What a project says with a range of minors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Promise {
    /// It does not work outside.
    Required,
    /// It is supported inside.
    Supported,
    /// It was tested inside; it may work outside.
    Tested,
    /// Each release is made for one minor, and is upgraded with the cluster.
    Matched,
    /// It needs at least the first minor.
    Minimum,
    /// It is built or tested with one minor, and others are expected to work.
    BestEffort,
}

impl Promise {
    /// What it says of what is inside, for sentences such as *is tested with 1.29 to 1.33*.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Required => "works with",
            Self::Supported => "is supported with",
            Self::Tested => "is tested with",
            Self::Matched => "is made for",
            Self::Minimum => "needs",
            Self::BestEffort => "was built for",
        }
    }
}

/// An add-on that nobody works on any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retired {
    /// The month, such as `2026-03`.
    pub on: String,
    /// What takes its place.
    pub instead: String,
    /// Where it is said.
    pub source: String,
}

/// Versions of an add-on, and the minors that they fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddonRange {
    /// The first version, which stands for all that begin so.
    pub from: AddonVersion,
    /// The last one; absent for one that is the first too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<AddonVersion>,
    /// Whether newer versions are meant as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub newer: bool,
    /// The first minor; absent where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Minor>,
    /// The last minor; absent where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Minor>,
    /// Whether it was not read where the project says it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unverified: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_false(value: &bool) -> bool {
    !value
}

impl AddonRange {
    /// Whether it is about a version.
    pub fn is_of(&self, version: &AddonVersion) -> bool {
        let last = self.to.as_ref().unwrap_or(&self.from);
        version.within(&self.from, last) || (self.newer && version.order(&self.from).is_ge())
    }

    /// Whether a minor is inside.
    pub fn fits(&self, minor: Minor) -> bool {
        self.min.is_none_or(|min| min <= minor) && self.max.is_none_or(|max| minor <= max)
    }

    /// The minors, for people: `1.29 to 1.33`.
    pub fn minors(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => min.to_string(),
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("{min} or later"),
            (None, Some(max)) => format!("{max} or earlier"),
            (None, None) => "any minor".into(),
        }
    }
}

impl Addon {
    /// Whether an image is one of its own: `ingress-nginx/controller` of any registry and mirror.
    pub fn runs(&self, repository: &str) -> bool {
        self.images.iter().any(|image| ends_with(repository, image))
    }

    /// Whether an image is one that it puts into pods of others.
    pub fn injects(&self, repository: &str) -> bool {
        self.proxies
            .iter()
            .any(|image| ends_with(repository, image))
    }

    /// The range that is about a version.
    pub fn range(&self, version: &AddonVersion) -> Option<&AddonRange> {
        self.versions.iter().find(|range| range.is_of(version))
    }

    /// The ranges above a version that fit all these minors, newest first: what to upgrade to.
    pub fn ways_out<'a>(
        &'a self,
        version: &'a AddonVersion,
        minors: &'a [Minor],
    ) -> impl DoubleEndedIterator<Item = &'a AddonRange> {
        let newer = |range: &&AddonRange| range.from.order(version).is_gt();
        let fits = |range: &&AddonRange| minors.iter().all(|minor| range.fits(*minor));
        self.versions
            .iter()
            .filter(move |range| newer(range) && fits(range))
    }

    fn fault(&self) -> Option<&'static str> {
        let signs = |text: &String| text.is_empty() || text.contains([':', '@', ' ']);
        if self.images.iter().chain(&self.proxies).any(signs) {
            return Some("has an image with a tag, a digest or no name");
        }
        if self.versions.is_empty() != self.promise.is_none() {
            return Some("has ranges without what they mean, or the other way round");
        }
        if !self.versions.is_empty() && self.source.is_none() {
            return Some("has ranges without a source");
        }
        self.versions
            .iter()
            .find_map(AddonRange::fault)
            .or_else(|| {
                let ordered = |pair: &[AddonRange]| pair[0].from.order(&pair[1].from).is_gt();
                (!self.versions.windows(2).all(ordered))
                    .then_some("has ranges that are not newest first")
            })
    }
}

impl AddonRange {
    fn fault(&self) -> Option<&'static str> {
        let backwards = self
            .to
            .as_ref()
            .is_some_and(|to| to.order(&self.from).is_lt());
        let empty = self.min.zip(self.max).is_some_and(|(min, max)| max < min);
        (backwards || empty).then_some("has a range that ends before it begins")
    }
}

/// Whether the last elements of a path are these.
fn ends_with(repository: &str, elements: &str) -> bool {
    repository
        .strip_suffix(elements)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// All add-ons, by name.
#[derive(Clone, Debug)]
pub(crate) struct Addons(Vec<Addon>);

impl Table for Addons {
    const NAME: &'static str = "addons";
    type Row = Addon;

    fn of(mut rows: Vec<Addon>) -> Result<Self, BadRow> {
        let mut seen = std::collections::BTreeSet::new();
        for (at, row) in rows.iter().enumerate() {
            let twice = (!seen.insert(&row.addon)).then_some("is there twice");
            if let Some(why) = row.fault().or(twice) {
                let why = format!("the add-on {} {why}", row.addon);
                return Err(BadRow { at, why });
            }
        }
        rows.sort_by(|one, other| one.addon.cmp(&other.addon));
        Ok(Self(rows))
    }
}

impl Knowledge {
    /// All add-ons that are known, by name.
    pub fn addons(&self) -> &[Addon] {
        &self.addons.get().0
    }
}
