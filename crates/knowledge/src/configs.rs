//! The section of configuration files: which API versions of them each minor can read.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    api::{Provenance, Span},
    component::Component,
    section::{BadRow, Table},
    spans::{self, Place},
};

/// One version of the configuration of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigVersion {
    /// The program that reads it.
    pub component: Component,
    /// Group and version, such as `kubescheduler.config.k8s.io/v1beta3`.
    pub api: String,
    /// The kinds.
    pub kinds: Vec<String>,
    /// The minors that can read it.
    pub spans: Vec<Span>,
    /// The flag that names a file of it; empty where none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flag: String,
    /// The file that registers it in the newest minor that can read it.
    pub source: Provenance,
}

/// What a program of a minor makes of a version of its configuration. One that it cannot read keeps it from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigState {
    /// Reads it.
    Read,
    /// Does not read it yet.
    NotYet {
        /// The first minor that does.
        since: Minor,
    },
    /// Does not read it any more.
    Removed {
        /// The first minor that does not.
        since: Minor,
    },
    /// No minor that was read knows it.
    Unheard,
    /// The minor was not read.
    Unread,
}

/// All versions of configuration, as written.
#[derive(Clone, Debug)]
pub(crate) struct Configs(Vec<ConfigVersion>);

impl Table for Configs {
    const NAME: &'static str = "configs";
    type Row = ConfigVersion;

    fn of(rows: Vec<ConfigVersion>) -> Result<Self, BadRow> {
        let name = |row: &ConfigVersion| format!("{} {}", row.component, row.api);
        spans::demand(
            &rows,
            |row| &row.spans,
            |row| (row.component, &row.api, &row.kinds),
            name,
        )?;
        Ok(Self(rows))
    }
}

impl Knowledge {
    /// All versions of configuration.
    pub fn configs(&self) -> &[ConfigVersion] {
        &self.configs.get().0
    }

    /// What a minor makes of a document of configuration of this version and kind.
    pub fn config(&self, api: &str, kind: &str, minor: Minor) -> ConfigState {
        if !self.covers(minor) {
            return ConfigState::Unread;
        }
        let is = |row: &&ConfigVersion| row.api == api && row.kinds.iter().any(|one| one == kind);
        let Some(row) = self.configs().iter().find(is) else {
            return ConfigState::Unheard;
        };
        match spans::place(&row.spans, minor) {
            Place::Inside(_) => ConfigState::Read,
            Place::Before(since) => ConfigState::NotYet { since },
            Place::After(since) => ConfigState::Removed { since },
            Place::Nowhere => ConfigState::Unheard,
        }
    }

    /// The versions that a minor can no longer read and the one before it could.
    pub fn configs_lost(&self, minor: Minor) -> impl Iterator<Item = &ConfigVersion> {
        self.configs()
            .iter()
            .filter(move |row| row.spans.last().is_some_and(|span| span.to.next() == minor))
    }
}
