//! Which versions a cluster may go to, as operator and knowledge say.

use airworthy_knowledge::Knowledge;
use airworthy_model::{KubeVersion, UpgradePath};
use airworthy_upgrade::paths::Paths;

use crate::{Error, Service, Settings};

/// The policy that settings and knowledge make up.
pub(crate) fn of(settings: &Settings) -> Paths {
    let known = Knowledge::embedded().releases();
    let known = known.iter().map(|row| (row.minor, row.patch));
    Paths::new(known, &settings.paths, &settings.policy.allowed_jumps)
}

impl Service {
    /// Which versions clusters may go to.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The exact version that a target stands for, as a caller wrote it: `v1.32` means its newest patch.
    pub fn resolve_target(
        &self,
        running: Option<&KubeVersion>,
        asked: &str,
    ) -> Result<KubeVersion, Error> {
        let asked: KubeVersion = asked.parse()?;
        self.paths
            .resolve(running, &asked)
            .ok_or_else(|| unknown(&asked))
    }

    /// Whether an upgrade from what runs to an exact target is one that is made here. On the wire a way that is not allowed is
    /// no task at all.
    pub fn judge_path(&self, running: &KubeVersion, target: &KubeVersion) -> Result<(), Error> {
        let path = UpgradePath::new(running.clone(), target.clone())?;
        if !Knowledge::embedded().covers(target.minor) {
            return Err(unknown(target));
        }
        if self.paths.allows(running, target) {
            return Ok(());
        }
        Err(self.not_allowed(&path))
    }

    fn not_allowed(&self, path: &UpgradePath) -> Error {
        let (from, target) = (path.from.to_string(), path.target.to_string());
        if !self.paths.lists(path.from.minor) {
            let hops = path.hops.len();
            return Error::Jump { from, target, hops };
        }
        let targets = self.paths.targets(&path.from);
        let targets: Vec<_> = targets.iter().map(KubeVersion::exact).collect();
        Error::NotListed {
            from,
            target,
            targets: if targets.is_empty() {
                "nowhere".to_owned()
            } else {
                format!("to {}", targets.join(", "))
            },
        }
    }
}

fn unknown(target: &KubeVersion) -> Error {
    let knowledge = Knowledge::embedded();
    Error::UnknownTarget {
        target: target.to_string(),
        oldest: knowledge.oldest.to_string(),
        newest: knowledge.newest.to_string(),
    }
}
