//! The section of CoreDNS: which plugins and options it has had, and which version comes with which minor.

use airworthy_model::{AddonVersion, Minor};
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    api::Provenance,
    section::{BadRow, Table},
};

/// One fact about CoreDNS: exactly one of its first three members is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CorefileRow {
    /// A version that comes with a minor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<DefaultCoredns>,
    /// A plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<CorefilePlugin>,
    /// An option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<RemovedOption>,
    /// Where it was read.
    pub source: Provenance,
}

/// The version that kubeadm installs with a minor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DefaultCoredns {
    /// The minor.
    pub minor: Minor,
    /// The version.
    pub coredns: AddonVersion,
}

/// A plugin that CoreDNS is, or was, built with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CorefilePlugin {
    /// Its name.
    pub plugin: String,
    /// The first version that has it; absent where the oldest that was read has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<AddonVersion>,
    /// The first version that does not have it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<AddonVersion>,
    /// What takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// An option that a plugin had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemovedOption {
    /// The plugin.
    pub plugin: String,
    /// The option.
    pub option: String,
    /// The first version that refuses it.
    pub removed: AddonVersion,
    /// What to write instead.
    pub instead: String,
}

/// What a version of CoreDNS makes of a plugin or an option. One that it does not know keeps it from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorefileState<'a> {
    /// Takes it.
    Known,
    /// Does not know it yet.
    NotYet {
        /// The first version that does.
        since: &'a AddonVersion,
    },
    /// Does not know it any more.
    Removed {
        /// The first version that does not.
        since: &'a AddonVersion,
        /// What takes its place.
        instead: Option<&'a str>,
    },
    /// No version that was read has it: it is built in by somebody else.
    Unheard,
}

/// All that is known of CoreDNS.
#[derive(Clone, Debug)]
pub(crate) struct Corefiles(Vec<CorefileRow>);

impl Table for Corefiles {
    const NAME: &'static str = "corefile";
    type Row = CorefileRow;

    fn of(rows: Vec<CorefileRow>) -> Result<Self, BadRow> {
        let mut seen = std::collections::BTreeSet::new();
        for (at, row) in rows.iter().enumerate() {
            let bad = |why: &str| BadRow {
                at,
                why: why.to_owned(),
            };
            let mut keys = row.keys();
            let (Some(key), None) = (keys.next(), keys.next()) else {
                return Err(bad("is not about exactly one thing"));
            };
            if !seen.insert(key) {
                return Err(bad("is about something that another row is about"));
            }
        }
        Ok(Self(rows))
    }
}

impl CorefileRow {
    /// What it is about.
    fn keys(&self) -> impl Iterator<Item = (String, String)> {
        let default = self
            .default
            .as_ref()
            .map(|row| (String::new(), row.minor.to_string()));
        let plugin = self
            .plugin
            .as_ref()
            .map(|row| (row.plugin.clone(), String::new()));
        let option = self
            .option
            .as_ref()
            .map(|row| (row.plugin.clone(), row.option.clone()));
        [default, plugin, option].into_iter().flatten()
    }
}

impl CorefilePlugin {
    fn state(&self, coredns: &AddonVersion) -> CorefileState<'_> {
        match (&self.since, &self.removed) {
            (Some(since), _) if coredns.order(since).is_lt() => CorefileState::NotYet { since },
            (_, Some(since)) if coredns.order(since).is_ge() => CorefileState::Removed {
                since,
                instead: self.instead.as_deref(),
            },
            _ => CorefileState::Known,
        }
    }
}

impl Knowledge {
    /// All that is known of CoreDNS.
    pub fn corefile(&self) -> &[CorefileRow] {
        &self.corefile.get().0
    }

    /// The version of CoreDNS that kubeadm installs with a minor.
    pub fn default_coredns(&self, minor: Minor) -> Option<&AddonVersion> {
        let mut defaults = self
            .corefile()
            .iter()
            .filter_map(|row| row.default.as_ref());
        defaults
            .find(|row| row.minor == minor)
            .map(|row| &row.coredns)
    }

    /// What a version of CoreDNS makes of a plugin.
    pub fn corefile_plugin(&self, name: &str, coredns: &AddonVersion) -> CorefileState<'_> {
        let mut plugins = self.corefile().iter().filter_map(|row| row.plugin.as_ref());
        plugins
            .find(|row| row.plugin == name)
            .map_or(CorefileState::Unheard, |row| row.state(coredns))
    }

    /// What a version of CoreDNS makes of an option of a plugin. Only options that went are known.
    pub fn corefile_option(
        &self,
        plugin: &str,
        option: &str,
        coredns: &AddonVersion,
    ) -> CorefileState<'_> {
        let mut options = self.corefile().iter().filter_map(|row| row.option.as_ref());
        let went = options.find(|row| {
            row.plugin == plugin && row.option == option && coredns.order(&row.removed).is_ge()
        });
        went.map_or(CorefileState::Known, |row| CorefileState::Removed {
            since: &row.removed,
            instead: Some(&row.instead),
        })
    }
}
