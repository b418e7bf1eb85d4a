//! Which evidence is read: some is read unless it is switched off, some only when it is asked for.

use std::collections::BTreeSet;

use airworthy_model::Need;
use clap::{Args, ValueEnum};

/// Evidence that can be switched on and off.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Evidence {
    /// Helm releases, which lie in Secrets or ConfigMaps; read unless switched off
    Helm,
    /// Secrets that hold tokens of service accounts: names and labels, never their data; read unless switched off
    Tokens,
    /// What kubelets say of themselves (configuration, flags, cgroups, disks, certificates), asked through the API server. Needs
    /// `get` on nodes/proxy, which also allows to run commands in pods; read only when asked for
    Nodes,
    /// What the pods of `airworthy probe run` found out on the nodes; read only when asked for
    Probes,
}

impl Evidence {
    const ALL: [Self; 4] = [Self::Helm, Self::Tokens, Self::Nodes, Self::Probes];

    /// The facts that are made of it.
    pub(crate) const fn need(self) -> Need {
        match self {
            Self::Helm => Need::HelmReleases,
            Self::Tokens => Need::TokenSecrets,
            Self::Nodes => Need::Kubelets,
            Self::Probes => Need::Probes,
        }
    }

    /// The word for it in options and in the configuration.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Helm => "helm",
            Self::Tokens => "tokens",
            Self::Nodes => "nodes",
            Self::Probes => "probes",
        }
    }
}

/// What a caller, or a configuration, says about evidence.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Asked {
    /// Read this evidence too, which is read only when asked for
    #[arg(long, value_enum, value_name = "EVIDENCE", num_args = 1.., value_delimiter = ',')]
    pub(crate) evidence: Vec<Evidence>,
    /// Do without this evidence: nothing of it is read
    #[arg(long, value_enum, value_name = "EVIDENCE", num_args = 1.., value_delimiter = ',')]
    pub(crate) without: Vec<Evidence>,
}

/// Which evidence is read. What is said later counts more than what was said before, and doing without more than asking for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Switches {
    on: BTreeSet<Evidence>,
    /// What was named as to do without, in contrast to what nobody asked for.
    off: BTreeSet<Evidence>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            on: BTreeSet::from([Evidence::Helm, Evidence::Tokens]),
            off: BTreeSet::new(),
        }
    }
}

impl Switches {
    /// These with what one more source says.
    pub(crate) fn with(mut self, evidence: &[Evidence], without: &[Evidence]) -> Self {
        for asked in evidence {
            self.on.insert(*asked);
            self.off.remove(asked);
        }
        for left_out in without {
            self.on.remove(left_out);
            self.off.insert(*left_out);
        }
        self
    }

    /// The facts that are not read.
    pub(crate) fn unread(&self) -> BTreeSet<Need> {
        let unread = Evidence::ALL.iter().filter(|one| !self.on.contains(one));
        unread.map(|one| one.need()).collect()
    }

    /// The facts of a recording that do not count: only what was named, for what it holds was asked for when it was made.
    pub(crate) fn ignored(&self) -> BTreeSet<Need> {
        self.off.iter().map(|one| one.need()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_that_must_be_asked_for_has_a_word_and_is_off() {
        let unread = Switches::default().unread();
        assert_eq!(unread, BTreeSet::from(Need::OPT_IN));
    }

    #[test]
    fn the_later_word_counts() {
        use Evidence::{Helm, Nodes, Probes};
        let configured = Switches::default().with(&[Nodes], &[Helm]);
        assert_eq!(
            configured.unread(),
            BTreeSet::from([Need::HelmReleases, Need::Probes])
        );
        assert_eq!(configured.ignored(), BTreeSet::from([Need::HelmReleases]));
        let called = configured.with(&[Helm, Probes], &[Nodes]);
        assert_eq!(called.unread(), BTreeSet::from([Need::Kubelets]));
        assert_eq!(called.ignored(), BTreeSet::from([Need::Kubelets]));
        let both = Switches::default().with(&[Nodes], &[Nodes]);
        assert!(both.unread().contains(&Need::Kubelets));
    }
}
