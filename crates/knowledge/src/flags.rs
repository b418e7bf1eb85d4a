//! The sections of command-line flags and of admission plugins.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    api::{Provenance, Span},
    component::Component,
    section::{BadRow, Table},
    spans::{self, Place},
};

/// The life of one flag of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flag {
    /// The program.
    pub component: Component,
    /// The name, with hyphens and without those before it.
    pub flag: String,
    /// The minors that know it.
    pub spans: Vec<Span>,
    /// The first minor from which on it is marked deprecated, as far as it still is in its last minor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Minor>,
    /// What the newest minor that knows it says of its deprecation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The file that declares it in the newest minor that knows it.
    pub source: Provenance,
}

/// What a program of a minor makes of a flag. One that it does not know keeps it from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagState {
    /// Takes it.
    Known {
        /// Marked deprecated from this minor on.
        deprecated: Option<Minor>,
    },
    /// Does not know it yet.
    NotYet {
        /// The first minor that does.
        since: Minor,
    },
    /// Does not know it any more.
    Removed {
        /// The first minor that does not.
        since: Minor,
    },
    /// No minor that was read knows it: a slip of the pen, or a vendor's own flag.
    Unheard,
    /// The minor was not read, or flags of that program are not known.
    Unread,
}

impl Flag {
    pub(crate) fn state(&self, minor: Minor) -> FlagState {
        match spans::place(&self.spans, minor) {
            Place::Inside(_) => FlagState::Known {
                deprecated: self.deprecated.filter(|since| *since <= minor),
            },
            Place::Before(since) => FlagState::NotYet { since },
            Place::After(since) => FlagState::Removed { since },
            Place::Nowhere => FlagState::Unheard,
        }
    }
}

/// All flags, by program and name.
#[derive(Clone, Debug)]
pub(crate) struct Flags(Vec<Flag>);

impl Table for Flags {
    const NAME: &'static str = "flags";
    type Row = Flag;

    fn of(rows: Vec<Flag>) -> Result<Self, BadRow> {
        let name = |flag: &Flag| format!("{} --{}", flag.component, flag.flag);
        spans::demand(&rows, |flag| &flag.spans, key, name)?;
        let mut rows = rows;
        rows.sort_by(|one, other| key(one).cmp(&key(other)));
        Ok(Self(rows))
    }
}

fn key(flag: &Flag) -> (Component, &str) {
    (flag.component, &flag.flag)
}

impl Flags {
    pub(crate) fn all(&self) -> &[Flag] {
        &self.0
    }

    /// Finds a flag as it is written on a command line: `--log-dir`, `log_dir`.
    pub(crate) fn named(&self, component: Component, name: &str) -> Option<&Flag> {
        let name = name.trim_start_matches('-').replace('_', "-");
        let found = self
            .0
            .binary_search_by(|flag| key(flag).cmp(&(component, &name)));
        found.ok().map(|at| &self.0[at])
    }
}

/// The life of one admission plugin of the API server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plugin {
    /// The name, as in `--enable-admission-plugins`.
    pub plugin: String,
    /// The minors that know it.
    pub spans: Vec<Span>,
    /// The minors that run it where nobody says otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_on: Vec<Span>,
    /// The list that it was read from, in the newest minor that knows it.
    pub source: Provenance,
}

/// What an API server of a minor makes of an admission plugin. One that it does not know keeps it from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// Knows it.
    Known {
        /// Runs it where nobody says otherwise.
        default_on: bool,
    },
    /// Does not know it yet.
    NotYet {
        /// The first minor that does.
        since: Minor,
    },
    /// Does not know it any more.
    Removed {
        /// The first minor that does not.
        since: Minor,
    },
    /// No minor that was read knows it.
    Unheard,
    /// The minor was not read.
    Unread,
}

/// All admission plugins, by name.
#[derive(Clone, Debug)]
pub(crate) struct Plugins(Vec<Plugin>);

impl Table for Plugins {
    const NAME: &'static str = "plugins";
    type Row = Plugin;

    fn of(rows: Vec<Plugin>) -> Result<Self, BadRow> {
        let name = |plugin: &Plugin| format!("the plugin {}", plugin.plugin);
        spans::demand(&rows, |row| &row.spans, |row| &row.plugin, name)?;
        let mut rows = rows;
        rows.sort_by(|one, other| one.plugin.cmp(&other.plugin));
        Ok(Self(rows))
    }
}

impl Plugins {
    pub(crate) fn all(&self) -> &[Plugin] {
        &self.0
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Plugin> {
        let found = self.0.binary_search_by(|plugin| (*plugin.plugin).cmp(name));
        found.ok().map(|at| &self.0[at])
    }

    pub(crate) fn state(&self, name: &str, minor: Minor) -> PluginState {
        let Some(plugin) = self.named(name) else {
            return PluginState::Unheard;
        };
        match spans::place(&plugin.spans, minor) {
            Place::Inside(_) => PluginState::Known {
                default_on: spans::contains(&plugin.default_on, minor),
            },
            Place::Before(since) => PluginState::NotYet { since },
            Place::After(since) => PluginState::Removed { since },
            Place::Nowhere => PluginState::Unheard,
        }
    }
}

impl Knowledge {
    /// All flags, by program and name.
    pub fn flags(&self) -> &[Flag] {
        self.flags.get().all()
    }

    /// The row of a flag, as it is written on a command line: `--log-dir`, `log_dir`.
    pub fn flag_row(&self, component: Component, name: &str) -> Option<&Flag> {
        self.flags.get().named(component, name)
    }

    /// What a program of a minor makes of a flag.
    pub fn flag(&self, component: Component, name: &str, minor: Minor) -> FlagState {
        if !self.covers(minor) || component == Component::Kubeadm {
            return FlagState::Unread;
        }
        let row = self.flag_row(component, name);
        row.map_or(FlagState::Unheard, |flag| flag.state(minor))
    }

    /// All admission plugins, by name.
    pub fn plugins(&self) -> &[Plugin] {
        self.plugins.get().all()
    }

    /// What an API server of a minor makes of an admission plugin.
    pub fn plugin(&self, name: &str, minor: Minor) -> PluginState {
        if self.covers(minor) {
            self.plugins.get().state(name, minor)
        } else {
            PluginState::Unread
        }
    }
}
