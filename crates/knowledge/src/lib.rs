//! The tables of every Kubernetes minor, and the questions that checks ask of them. Knows nothing of where facts come from.
//!
//! The data is a file of facts with a source per row (`data/apis.json`), embedded in the program.

use std::sync::LazyLock;

use airworthy_model::{Hop, Minor};
use jiff::civil::Date;
use serde::Deserialize;

static EMBEDDED: LazyLock<Knowledge> = LazyLock::new(|| {
    let text = include_str!("../data/apis.json");
    // A test reads the same bytes, so a broken table does not leave the workshop.
    Knowledge::parse(text).expect("the embedded knowledge is well-formed")
});

/// Everything known about every covered minor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Knowledge {
    schema: u32,
    /// The day on which the tables were last brought up to date.
    pub compiled: Date,
    /// The oldest minor that may be upgraded from.
    pub oldest: Minor,
    /// The newest minor that may be upgraded to.
    pub newest: Minor,
    apis: Vec<Api>,
}

/// The life of one resource at one version of its group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Api {
    /// API group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Plural resource.
    pub resource: String,
    /// First minor that serves it.
    pub introduced: Option<Minor>,
    /// First minor that marks it deprecated.
    pub deprecated: Option<Minor>,
    /// First minor that does not serve it.
    pub removed: Option<Minor>,
    /// Group and version to use instead.
    pub replacement: Option<String>,
    /// First minor that serves the replacement.
    pub replacement_since: Option<Minor>,
    /// Served only when asked for by `--runtime-config`.
    #[serde(default)]
    pub off_by_default: bool,
    /// Never stored: only calls can show its use.
    #[serde(default, rename = "virtual")]
    pub create_only: bool,
    /// Stored objects cannot be read at any version once it is removed.
    #[serde(default)]
    pub gone_for_good: bool,
    /// Where the row comes from.
    pub source: String,
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

/// A file that is no knowledge, or of another schema.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not the JSON that a knowledge file is.
    #[error("the knowledge file cannot be read: {0}")]
    Decode(#[from] serde_json::Error),
    /// Written for another program version.
    #[error("the knowledge file has schema {0}; this program reads schema 1")]
    Schema(u32),
}

impl Knowledge {
    /// The tables that came with the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads a knowledge file.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let knowledge: Self = serde_json::from_str(text)?;
        if knowledge.schema == 1 {
            Ok(knowledge)
        } else {
            Err(ParseError::Schema(knowledge.schema))
        }
    }

    /// What assessments name as the knowledge that judged them.
    pub fn version(&self) -> String {
        format!(
            "{} (Kubernetes {} to {})",
            self.compiled, self.oldest, self.newest
        )
    }

    /// The row of a resource at a version.
    pub fn api(&self, group: &str, version: &str, resource: &str) -> Option<&Api> {
        self.apis
            .iter()
            .find(|api| api.group == group && api.version == version && api.resource == resource)
    }

    /// Whether a minor marks the resource at that version deprecated, so that asking for it would raise a finding.
    pub fn deprecated_at(&self, group: &str, version: &str, resource: &str, minor: Minor) -> bool {
        self.api(group, version, resource)
            .and_then(|api| api.deprecated)
            .is_some_and(|since| since <= minor)
    }

    /// The minor from which on the resource is not served at that version.
    pub fn removed_in(&self, group: &str, version: &str, resource: &str) -> Option<Minor> {
        self.api(group, version, resource)
            .and_then(|api| api.removed)
    }

    /// Kinds whose stored objects no version can read any more after `hop`.
    pub fn gone_for_good(&self, hop: Hop) -> impl Iterator<Item = &Api> {
        self.apis.iter().filter(move |api| {
            api.gone_for_good && api.removed.is_some_and(|minor| hop.crosses(minor))
        })
    }

    /// Whether both ends of an upgrade are covered.
    pub fn covers(&self, minor: Minor) -> bool {
        self.oldest <= minor && minor <= self.newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minors(from: u16, to: u16) -> Hop {
        Hop {
            from: Minor::v1(from),
            to: Minor::v1(to),
        }
    }

    #[test]
    fn the_embedded_file_is_read_and_covers_what_it_says() {
        let knowledge = Knowledge::embedded();
        assert_eq!(
            (knowledge.oldest, knowledge.newest),
            (Minor::v1(19), Minor::v1(37))
        );
        assert!(knowledge.covers(Minor::v1(37)) && !knowledge.covers(Minor::v1(38)));
    }

    #[test]
    fn rows_are_unique_and_their_minors_are_in_order() {
        let mut seen = std::collections::BTreeSet::new();
        for api in &Knowledge::embedded().apis {
            assert!(
                seen.insert((&api.group, &api.version, &api.resource)),
                "{api:?} is there twice"
            );
            if let (Some(deprecated), Some(removed)) = (api.deprecated, api.removed) {
                assert!(
                    deprecated <= removed,
                    "{api:?} is removed before it is deprecated"
                );
            }
            assert!(!api.source.is_empty(), "{api:?} has no source");
        }
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
        assert_eq!(lost(minors(30, 31)), [""; 0]);
    }

    #[test]
    fn another_schema_is_refused_by_name() {
        let text = include_str!("../data/apis.json").replacen("\"schema\": 1", "\"schema\": 9", 1);
        assert_eq!(
            Knowledge::parse(&text).unwrap_err().to_string(),
            "the knowledge file has schema 9; this program reads schema 1"
        );
    }
}
