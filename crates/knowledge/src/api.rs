//! The life of one kind at one version of its group.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

/// The first minor whose sources are read.
const FIRST_READ: Minor = Minor::v1(19);

/// The life of one kind at one version of its group, as Kubernetes' own Go source tells it for every minor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Api {
    /// API group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Plural resource, as in request paths; empty for what has no collection of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// What sort of kind it is.
    #[serde(default, skip_serializing_if = "Class::is_resource")]
    pub class: Class,
    /// Whether its objects live in namespaces.
    #[serde(default, skip_serializing_if = "is_false")]
    pub namespaced: bool,
    /// The subresources at which it is sent or answered, such as `pods/eviction`; of other groups with their group:
    /// `deployments.apps/scale`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subresources: Vec<String>,
    /// First minor that has it; nothing when that is before the first minor that was read and no source says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<Minor>,
    /// First minor that marks it deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Minor>,
    /// The minor of which the newest source says that it will not serve it any more: a plan, which may come sooner or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_removal: Option<Minor>,
    /// First minor that does not serve it by default any more; for what was never served by default, the first that cannot serve
    /// it. Past the newest minor this is the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Minor>,
    /// Last minor whose source has it; nothing when the newest has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_in_source: Option<Minor>,
    /// The minors that serve it by default; a span that begins with the first minor that was read may have begun earlier. Of
    /// configuration and wire formats: the minors whose programs know it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<Span>,
    /// The minors that can serve it, but only when `--runtime-config` or a feature gate asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub off_by_default: Vec<Span>,
    /// Group and version to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// Kind to use instead, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement_kind: Option<String>,
    /// First minor that can serve the replacement; nothing when that is before the first minor that was read and no source says
    /// when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement_since: Option<Minor>,
    /// Never stored: only calls can show its use.
    #[serde(default, skip_serializing_if = "is_false")]
    pub create_only: bool,
    /// From `removed` on no version can read the objects that are stored at this one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone_for_good: bool,
    /// What earlier sources said, oldest first, where they did not always say the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Plan>,
    /// Where the row comes from.
    pub source: Provenance,
}

/// What sort of kind it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Has a collection of stored objects.
    #[default]
    Resource,
    /// A list of objects of another kind.
    List,
    /// Is created to get an answer, and never stored, such as a TokenReview.
    Review,
    /// Exists only below another resource, such as a Scale.
    Subresource,
    /// Parameters of a request, such as PodExecOptions.
    Options,
    /// The configuration file of a component.
    Config,
    /// Travels between programs and is no resource, such as an AdmissionReview.
    Wire,
}

impl Class {
    #[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
    fn is_resource(&self) -> bool {
        *self == Self::Resource
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_false(value: &bool) -> bool {
    !value
}

/// Minors from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(Minor, Minor)", from = "(Minor, Minor)")]
pub struct Span {
    /// The first.
    pub from: Minor,
    /// The last.
    pub to: Minor,
}

impl Span {
    /// Whether a minor lies in it.
    pub fn contains(self, minor: Minor) -> bool {
        self.from <= minor && minor <= self.to
    }
}

impl From<(Minor, Minor)> for Span {
    fn from((from, to): (Minor, Minor)) -> Self {
        Self { from, to }
    }
}

impl From<Span> for (Minor, Minor) {
    fn from(span: Span) -> Self {
        (span.from, span.to)
    }
}

/// What the sources from one minor on said of a kind's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The first minor whose source said so.
    pub said_by: Minor,
    /// Deprecated from this minor on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Minor>,
    /// Not served from this minor on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Minor>,
}

/// The file that a row was read from: that of the newest minor which has the kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Go module.
    pub module: String,
    /// Version of the module.
    pub tag: String,
    /// File in the module.
    pub file: String,
}

/// Whether a minor serves a kind at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// By default.
    Served,
    /// Only when `--runtime-config` or a feature gate asks for it.
    OffByDefault,
    /// Not yet.
    NotYet {
        /// First minor that can serve it.
        since: Minor,
    },
    /// Not any more.
    Removed {
        /// First minor that cannot serve it.
        since: Minor,
    },
    /// The minor is outside of what was read.
    Unknown,
}

impl Api {
    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// The name under which the API server counts stored objects: `resource.group`.
    pub fn counted_as(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// Whether a minor of those that were read serves it. Says [`Serving::Unknown`] of a minor about which no source was read:
    /// a plan is no fact.
    pub fn serving(&self, minor: Minor) -> Serving {
        let within = |spans: &[Span]| spans.iter().any(|span| span.contains(minor));
        if within(&self.served) {
            return Serving::Served;
        }
        if within(&self.off_by_default) {
            return Serving::OffByDefault;
        }
        let spans = || self.served.iter().chain(&self.off_by_default);
        let first = spans().map(|span| span.from).min();
        let last = spans().map(|span| span.to).max();
        match (first, last) {
            (Some(first), _) if minor < first => self.before(first, minor),
            (Some(_), Some(last)) if minor > last => self.after(last),
            (Some(_), Some(_)) => self.between(minor),
            // No minor that was read has it: it was gone before the first.
            _ => match self.removed {
                Some(since) if since <= minor => Serving::Removed { since },
                _ => Serving::Unknown,
            },
        }
    }

    fn before(&self, first: Minor, minor: Minor) -> Serving {
        let known = minor >= FIRST_READ || self.introduced.is_some_and(|since| minor < since);
        if known {
            Serving::NotYet { since: first }
        } else {
            // It may have been there before the first minor that was read: how it was served then, nobody looked at.
            Serving::Unknown
        }
    }

    fn after(&self, last: Minor) -> Serving {
        let ended = self.removed.is_some_and(|removed| removed <= last.next());
        let gone = self.last_in_source.is_some_and(|source| source <= last);
        if ended || gone {
            Serving::Removed { since: last.next() }
        } else {
            Serving::Unknown
        }
    }

    /// In a gap: it went and came back.
    fn between(&self, minor: Minor) -> Serving {
        let before = self.served.iter().chain(&self.off_by_default);
        let last = before.map(|span| span.to).filter(|to| *to < minor).max();
        last.map_or(Serving::Unknown, |last| Serving::Removed {
            since: last.next(),
        })
    }

    /// What the source of a minor says of its end. It may have said other minors than the newest source does.
    pub fn plan(&self, minor: Minor) -> Plan {
        let said = self.history.iter().rfind(|plan| plan.said_by <= minor);
        said.copied().unwrap_or(Plan {
            said_by: minor,
            deprecated: self.deprecated,
            removed: self.planned_removal,
        })
    }

    /// Whether the servers of a minor mark it deprecated: each goes by its own source.
    pub fn marked_deprecated(&self, minor: Minor) -> bool {
        let since = self.plan(minor).deprecated;
        since.is_some_and(|since| since <= minor)
    }
}

/// `group/version`, or the version alone for the core group.
pub fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// The request path of a resource, cluster-wide, as `deprecatedAPIRisks[].url` has it.
pub fn url(group: &str, version: &str, resource: &str) -> String {
    if group.is_empty() {
        format!("/api/{version}/{resource}")
    } else {
        format!("/apis/{group}/{version}/{resource}")
    }
}
