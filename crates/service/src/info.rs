//! What a cluster may be upgraded to, and how its upgrades stand.

use airworthy_knowledge::Knowledge;
use airworthy_model::{KubeVersion, Minor};
use airworthy_store::{Brief, Cluster, TaskKind, TaskState};

use crate::{Error, Service};

/// What is known about upgrades of one cluster.
#[derive(Clone, Debug)]
pub struct UpgradeInfo {
    /// The cluster.
    pub cluster: Cluster,
    /// Its versions; nothing when it was never reached.
    pub versions: Option<Versions>,
    /// The newest upgrade, under way or over.
    pub newest: Option<Brief>,
    /// The newest upgrade that is over.
    pub ended: Option<Brief>,
}

/// Versions of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// What it runs.
    pub running: KubeVersion,
    /// The vendor release (the 4 in `-r4`) that is recommended for what it runs.
    pub suggested_release: u32,
    /// Where it may go, lowest first.
    pub targets: Vec<KubeVersion>,
}

impl Service {
    /// What a cluster may be upgraded to, and how its upgrades stand.
    pub async fn upgrade_info(&self, project: &str, id: &str) -> Result<UpgradeInfo, Error> {
        let cluster = self.cluster(project, id).await?;
        let running = self.running_version(&cluster).await;
        let upgrades = self.store.briefs(project, id, TaskKind::Upgrade).await?;
        let ended = |upgrade: &&Brief| upgrade.state == TaskState::Done;
        Ok(UpgradeInfo {
            versions: running.map(|running| self.versions(running)),
            newest: upgrades.first().cloned(),
            ended: upgrades.iter().find(ended).cloned(),
            cluster,
        })
    }

    /// The versions that each minor leads to, oldest minor first; minors that lead nowhere are left out.
    pub fn ways(&self) -> Vec<(KubeVersion, Vec<KubeVersion>)> {
        let minors = self.paths.minors().filter(|minor| covered(*minor));
        let ways = minors.filter_map(|minor| {
            let ways = reachable(self.paths.ways(minor));
            Some((self.paths.newest(minor)?.clone(), ways))
        });
        ways.filter(|(_, ways)| !ways.is_empty()).collect()
    }

    fn versions(&self, running: KubeVersion) -> Versions {
        let newest = self.paths.newest(running.minor);
        let same = newest.filter(|newest| newest.patch == running.patch);
        let release = |version: &KubeVersion| version.vendor_release().unwrap_or(0);
        Versions {
            suggested_release: same.map_or(0, release).max(release(&running)),
            targets: reachable(self.paths.targets(&running)),
            running,
        }
    }
}

/// Those that an upgrade may lead to: the tables say nothing about others, so nothing could be checked.
fn reachable(mut versions: Vec<KubeVersion>) -> Vec<KubeVersion> {
    versions.retain(|version| covered(version.minor));
    versions
}

fn covered(minor: Minor) -> bool {
    Knowledge::embedded().covers(minor)
}
