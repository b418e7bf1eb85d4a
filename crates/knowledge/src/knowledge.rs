//! The tables, embedded or from a file, and the questions that are asked of them.

use std::sync::OnceLock;

use airworthy_model::{Hop, Minor};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    addons::Addons,
    api::{Api, Serving},
    apis::Apis,
    configs::Configs,
    corefile::Corefiles,
    fields::Fields,
    flags::{Flags, Plugins},
    gates::Gates,
    releases::Releases,
    runtimes::Runtimes,
    section::{ParseError, SCHEMA, Section},
    storage::Storage,
    support::Supports,
};

static IN_USE: OnceLock<Knowledge> = OnceLock::new();

/// Declares the sections: a member of the bundle, the table it is read into, the file it is embedded from.
macro_rules! sections {
    ($( $name:ident: $table:ty = $file:literal ),* $(,)?) => {
        /// Everything known about every covered minor.
        #[derive(Clone, Debug)]
        pub struct Knowledge {
            /// The day on which the tables were last brought up to date.
            pub compiled: Date,
            /// The oldest minor that may be upgraded from.
            pub oldest: Minor,
            /// The newest minor that may be upgraded to.
            pub newest: Minor,
            /// The file it was read from; nothing for what came with the program.
            file: Option<String>,
            $( pub(crate) $name: Section<$table>, )*
        }

        /// A bundle: what `--knowledge FILE` names.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Bundle<'a> {
            #[allow(dead_code)] // Looked at before all else.
            schema: u32,
            compiled: Date,
            oldest: Minor,
            newest: Minor,
            $( #[serde(borrow)] $name: Option<&'a RawValue>, )*
        }

        impl Knowledge {
            fn of_the_program() -> Result<Self, ParseError> {
                let head: Head = serde_json::from_str(HEAD)?;
                Ok(Self {
                    compiled: head.compiled,
                    oldest: head.oldest,
                    newest: head.newest,
                    file: None,
                    $( $name: Section::embedded(include_str!($file)), )*
                })
            }

            /// Reads a knowledge file whole: a bundle of all sections.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                let Schema { schema } = serde_json::from_str(text)?;
                if schema != SCHEMA {
                    return Err(ParseError::Schema(schema));
                }
                let bundle: Bundle<'_> = serde_json::from_str(text)?;
                Ok(Self {
                    compiled: bundle.compiled,
                    oldest: bundle.oldest,
                    newest: bundle.newest,
                    file: None,
                    $( $name: Section::parse(text, bundle.$name)?, )*
                })
            }

            /// The tables that came with the program as one knowledge file.
            pub fn bundle() -> String {
                let sections = [ $( concat!("\"", stringify!($name), "\": "), include_str!($file) ),* ];
                let head = HEAD.trim_end().trim_end_matches('}').trim_end();
                let sections: String = sections.chunks(2).map(|pair| format!(",\n{}{}", pair[0], pair[1].trim_end())).collect();
                format!("{head}{sections}\n}}\n")
            }

            /// Reads every section; for tests, which must not leave a broken one to the first who asks.
            #[cfg(test)]
            fn read_all(&self) {
                $( self.$name.get(); )*
            }
        }
    };
}

sections! {
    addons: Addons = "../data/addons.json",
    apis: Apis = "../data/apis.json",
    configs: Configs = "../data/configs.json",
    corefile: Corefiles = "../data/corefile.json",
    fields: Fields = "../data/fields.json",
    flags: Flags = "../data/flags.json",
    gates: Gates = "../data/gates.json",
    plugins: Plugins = "../data/plugins.json",
    releases: Releases = "../data/releases.json",
    runtimes: Runtimes = "../data/runtimes.json",
    storage: Storage = "../data/storage.json",
    support: Supports = "../data/support.json",
}

const HEAD: &str = include_str!("../data/head.json");

/// What stands before the sections.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    #[allow(dead_code)] // Ours is of our own schema.
    schema: u32,
    compiled: Date,
    oldest: Minor,
    newest: Minor,
}

#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

/// Groups that were gone before the oldest minor whose source is read: dynamic audit configuration was removed in 1.19.
pub const GONE_GROUPS: [&str; 1] = ["auditregistration.k8s.io"];

impl Knowledge {
    /// The tables that came with the program, or those that took their place when it started.
    pub fn embedded() -> &'static Self {
        IN_USE.get_or_init(|| {
            // A test reads the same bytes, so a broken table does not leave the workshop.
            Self::of_the_program().expect("the embedded knowledge is well-formed")
        })
    }

    /// Takes the place of the tables that came with the program, for the whole process. `false`, and nothing changes, once
    /// anything was answered from those: no two parts of a run may go by different tables.
    #[must_use = "nothing changes when the tables are in use"]
    pub fn replace_embedded(self) -> bool {
        IN_USE.set(self).is_ok()
    }

    /// Says which file it was read from, so that every report names it.
    #[must_use]
    pub fn from_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// What assessments name as the knowledge that judged them.
    pub fn version(&self) -> String {
        let (compiled, oldest, newest) = (self.compiled, self.oldest, self.newest);
        let own = format!("{compiled} (Kubernetes {oldest} to {newest})");
        match &self.file {
            Some(file) => format!("{own} of {file}"),
            None => own,
        }
    }

    /// All kinds, by group, version and kind.
    pub fn apis(&self) -> impl ExactSizeIterator<Item = &Api> {
        self.apis.get().all().iter()
    }

    /// The row of a kind at a version.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Api> {
        self.apis.get().kind(group, version, kind)
    }

    /// The row of a resource at a version.
    pub fn api(&self, group: &str, version: &str, resource: &str) -> Option<&Api> {
        self.apis.get().resource(group, version, resource)
    }

    /// Whether Kubernetes itself has (or had) the group: kinds of any other are custom resources.
    pub fn knows_group(&self, group: &str) -> bool {
        GONE_GROUPS.contains(&group) || self.apis.get().knows_group(group)
    }

    /// Whether any minor that was read has the version of the group.
    pub fn knows_version(&self, group: &str, version: &str) -> bool {
        self.apis.get().knows_version(group, version)
    }

    /// Whether Kubernetes has the group and no minor that was read has this version of it: it went before, or never was.
    pub fn is_unheard(&self, group: &str, version: &str) -> bool {
        !group.is_empty() && self.knows_group(group) && !self.knows_version(group, version)
    }

    /// Whether a minor serves nothing of a version of a group of Kubernetes, unless it is asked to: then it does not serve kinds of
    /// it either that no table knows.
    pub fn has_left(&self, group: &str, version: &str, minor: Minor) -> bool {
        let of_version = |api: &&Api| api.group == group && api.version == version;
        let served = |api: &Api| api.serving(minor) == Serving::Served;
        self.knows_version(group, version) && !self.apis().filter(of_version).any(served)
    }

    /// Whether a minor marks the resource at that version deprecated, so that asking for it would raise a finding.
    pub fn deprecated_at(&self, group: &str, version: &str, resource: &str, minor: Minor) -> bool {
        self.api(group, version, resource)
            .is_some_and(|api| api.marked_deprecated(minor))
    }

    /// The minor from which on the resource is not served at that version.
    pub fn removed_in(&self, group: &str, version: &str, resource: &str) -> Option<Minor> {
        self.api(group, version, resource)
            .and_then(|api| api.removed)
    }

    /// Kinds whose stored objects no version can read any more after `hop`.
    pub fn gone_for_good(&self, hop: Hop) -> impl Iterator<Item = &Api> {
        self.apis().filter(move |api| {
            api.gone_for_good && api.removed.is_some_and(|minor| hop.crosses(minor))
        })
    }

    /// Whether both ends of an upgrade are covered.
    pub fn covers(&self, minor: Minor) -> bool {
        self.oldest <= minor && minor <= self.newest
    }
}

#[cfg(test)]
mod tests;
