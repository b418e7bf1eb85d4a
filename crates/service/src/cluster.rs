//! From a registered cluster to a connection, and what is seen of it in passing.

use std::{path::PathBuf, time::Duration};

use airworthy_collect::{ConnectOptions, Limits, Plan, Unusable, collect, connect, recording};
use airworthy_knowledge::Knowledge;
use airworthy_model::{Facts, KubeVersion, Need};
use airworthy_store::{Access, Cluster, Observed};
use jiff::{SignedDuration, Timestamp};

use crate::{Error, Service, totals::Totals};

/// Where the facts of a registered cluster come from.
pub(crate) enum Origin {
    Live(ConnectOptions),
    Recording(PathBuf),
}

pub(crate) fn origin(access: &Access) -> Origin {
    match access {
        Access::Kubeconfig { path, context } => Origin::Live(ConnectOptions {
            kubeconfig: Some(path.into()),
            context: context.clone(),
            in_cluster: false,
        }),
        Access::InCluster => Origin::Live(ConnectOptions {
            in_cluster: true,
            ..ConnectOptions::default()
        }),
        Access::Recording { path } => Origin::Recording(path.into()),
    }
}

/// Why nothing at all could be read of a cluster.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The operator's configuration of the cluster is at fault; the text names files and contexts.
    #[error("{0}")]
    Configuration(String),
    /// The cluster is.
    #[error("{0}")]
    Cluster(#[from] Unusable),
    /// The thread that read a file failed.
    #[error("reading was broken off")]
    BrokenOff,
}

impl Unread {
    /// What callers of the service are told: nothing of the operator's files.
    pub(crate) fn for_callers(&self) -> String {
        match self {
            Self::Configuration(_) => {
                "the cluster cannot be read: its registration is not usable; the log of the service says why".to_owned()
            }
            other => other.to_string(),
        }
    }
}

async fn facts(access: &Access, plan: &Plan) -> Result<Facts, Unread> {
    match origin(access) {
        Origin::Live(options) => {
            // A credential plugin may hang, and must not hold a worker for ever.
            let budget = plan.limits.run_budget;
            let connecting = tokio::time::timeout(budget, connect(options)).await;
            let connection = connecting
                .map_err(|_| Unread::Configuration(unconnected(budget)))?
                .map_err(|error| Unread::Configuration(error.to_string()))?;
            Ok(collect(&connection, Knowledge::embedded(), plan, &|_| ()).await?)
        }
        Origin::Recording(path) => {
            // Reading and inflating a file is work for a thread that may block.
            let read = tokio::task::spawn_blocking(move || recording::read_file(&path)).await;
            let read = read.map_err(|_| Unread::BrokenOff)?;
            read.map_err(|error| Unread::Configuration(with_causes(&error)))
        }
    }
}

fn unconnected(budget: Duration) -> String {
    let seconds = budget.as_secs_f32();
    format!("the credential plugin of its kubeconfig gave no credentials within {seconds} s")
}

/// An error and what caused it, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Reads a registered cluster. The error is what its callers are told.
pub(crate) async fn read(cluster: &Cluster, plan: &Plan) -> Result<Facts, String> {
    let mut facts = facts(&cluster.access, plan).await.map_err(|unread| {
        tracing::warn!(cluster = %cluster.id, %unread, "the cluster cannot be read");
        unread.for_callers()
    })?;
    facts.cluster.name = Some(cluster.name.clone());
    Ok(facts)
}

/// What a cluster shows of itself at first sight: for registering it.
pub async fn observe(access: &Access, limits: Limits) -> Result<Observed, Unread> {
    let plan = Plan {
        limits,
        ..Plan::of([Need::Version])
    };
    Ok(observed(&facts(access, &plan).await?))
}

/// A reading in which not even the version was answered is none of a cluster that is available.
pub(crate) fn observed(facts: &Facts) -> Observed {
    let phase = match facts.version {
        Ok(_) => "Available",
        Err(_) => "Unavailable",
    };
    Observed {
        version: facts
            .version
            .as_ref()
            .ok()
            .map(|version| version.version.to_string()),
        phase: Some(phase.to_owned()),
        endpoint_url: facts.cluster.server.clone(),
        totals: Totals::of(facts).and_then(|totals| serde_json::to_string(&totals).ok()),
    }
}

/// What was seen so lately need not be asked again.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// An instant in the future is none to rely on: the clock was put back.
fn is_fresh(seen: Timestamp) -> bool {
    let age = Timestamp::now().duration_since(seen);
    (SignedDuration::ZERO..FRESH).contains(&age)
}

impl Service {
    /// The version that a cluster runs: the one seen in the last half minute, or asked of the cluster, with a short deadline, or
    /// else the one last seen.
    pub(crate) async fn running_version(&self, cluster: &Cluster) -> Option<KubeVersion> {
        if cluster.observed_at.is_some_and(is_fresh) {
            return cluster.observed.version.as_ref()?.parse().ok();
        }
        let deadline = self.settings.probe_deadline;
        let asked = async {
            // The semaphore is never closed.
            let _permit = self.probes.acquire().await.ok()?;
            let limits = Limits {
                request_deadline: deadline,
                run_budget: deadline,
                ..self.settings.limits
            };
            observe(&cluster.access, limits).await.ok()
        };
        let seen = tokio::time::timeout(deadline, asked).await.ok().flatten();
        if let Some(seen) = &seen {
            self.remember(cluster, seen).await;
        }
        let version = seen
            .and_then(|seen| seen.version)
            .or_else(|| cluster.observed.version.clone());
        version.and_then(|version| version.parse().ok())
    }

    /// Refuses work on a cluster that was never reached and is not reached now.
    pub(crate) async fn demand_version(&self, cluster: &Cluster) -> Result<(), Error> {
        let known = cluster.observed.version.is_some();
        if known || self.running_version(cluster).await.is_some() {
            return Ok(());
        }
        Err(Error::VersionUnknown)
    }

    /// Keeps that a cluster did not answer; what was seen of it before stays.
    pub(crate) async fn remember_silence(&self, cluster: &Cluster) {
        let seen = Observed {
            phase: Some("Unavailable".to_owned()),
            ..Observed::default()
        };
        self.remember(cluster, &seen).await;
    }

    /// Keeps what was seen of a cluster. Losing it costs nothing but an older picture in a list.
    pub(crate) async fn remember(&self, cluster: &Cluster, seen: &Observed) {
        let version = seen.version.as_deref();
        if let Err(error) = self.note_growth(cluster, version, Timestamp::now()).await {
            tracing::warn!(cluster = %cluster.id, %error, "that the cluster has changed could not be kept");
        }
        let (project, id) = (&cluster.project_id, &cluster.id);
        if let Err(error) = self
            .store
            .update_observed(project, id, seen, Timestamp::now())
            .await
        {
            tracing::warn!(cluster = %cluster.id, %error, "what was seen of the cluster could not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::facts::ClusterIdentity;

    use super::*;

    /// An API server that answers, but refuses to tell its version, was not reached.
    #[test]
    fn a_cluster_that_told_no_version_is_not_available() {
        let why = "GET /version answered 503";
        let facts = Facts::unread(ClusterIdentity::default(), Timestamp::UNIX_EPOCH, why);
        let seen = observed(&facts);
        assert_eq!(seen.phase.as_deref(), Some("Unavailable"));
        assert_eq!(seen.version, None);
    }
}
