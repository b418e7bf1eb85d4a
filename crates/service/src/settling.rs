//! Looking again until a cluster has settled. It begins when an upgrade is seen to converge, goes on in the background, and outlives the
//! process; a post-check compares the last two samples there are.

use airworthy_collect::recording;
use airworthy_model::{Facts, KubeVersion, Minor};
use airworthy_store::{Cluster, Sample, Settling};
use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::{Error, Service, worker::apart};

/// Samples without which nothing can be compared.
pub(crate) const FEWEST: i64 = 2;

/// When a cluster is tried again that could not be read.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Clusters that are sampled side by side: each is read whole.
const AT_ONCE: usize = 2;

impl Service {
    /// Takes the samples that are due, again and again, until it is told to stop.
    pub(crate) async fn keep_settling(self, mut stopped: watch::Receiver<bool>) {
        const EVERY: std::time::Duration = std::time::Duration::from_secs(5);
        while !*stopped.borrow() {
            tokio::select! {
                _ = stopped.changed() => break,
                settled = apart(self.settle(Timestamp::now())) => {
                    if let Err(error) = settled {
                        tracing::error!(%error, "what settles cannot be read; trying again");
                    }
                }
            }
            tokio::select! {
                _ = stopped.changed() => (),
                () = tokio::time::sleep(EVERY) => (),
            }
        }
    }

    /// Takes the samples that are due at `now`.
    pub async fn settle(&self, now: Timestamp) -> Result<(), Error> {
        let due = self.store.due_samples(now).await?;
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |(project, id)| async move {
                if let Err(error) = apart(Box::pin(self.settle_one(&project, &id, now))).await {
                    tracing::warn!(cluster = %id, %error, "no sample could be taken");
                }
            })
            .await;
        Ok(())
    }

    async fn settle_one(&self, project: &str, id: &str, now: Timestamp) -> Result<(), Error> {
        let cluster = self.cluster(project, id).await?;
        if let Some(seen) = self.store.settling(id).await? {
            // A look that ends this process must not be the first thing that the next one does, again and again.
            self.store.put_off_sample(&seen, now + AGAIN).await?;
            // Why it could not be read is in the log, and in the answer of the next post-check.
            let _: Result<(), String> = self.sample(&cluster, &seen, now).await?;
        }
        Ok(())
    }

    /// Notes that a cluster has converged: its settling begins anew.
    pub(crate) async fn converged(
        &self,
        cluster: &Cluster,
        version: &str,
        now: Timestamp,
    ) -> Result<Settling, Error> {
        let new = Settling {
            cluster_id: cluster.id.clone(),
            version: version.to_owned(),
            behind: None,
            converged_at: now,
            taken: 0,
            next_at: Some(now),
            last_at: None,
        };
        self.store.begin_settling(&new).await?;
        tracing::info!(cluster = %cluster.id, version, "the cluster settles");
        Ok(new)
    }

    /// Begins the settling of a cluster whose version has grown while nobody watched.
    pub(crate) async fn note_growth(
        &self,
        cluster: &Cluster,
        seen: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let parse = |text: &str| text.parse::<KubeVersion>().ok();
        let (before, after) = (cluster.observed.version.as_deref(), seen);
        let grown = before
            .and_then(parse)
            .zip(after.and_then(parse))
            .is_some_and(|(before, after)| after > before);
        if let (true, Some(version)) = (grown, seen) {
            let known = self.store.settling(&cluster.id).await?;
            if known.is_none_or(|known| known.version != version) {
                self.converged(cluster, version, now).await?;
            }
        }
        Ok(())
    }

    /// Reads a cluster and keeps what was seen. The inner error is for callers: the cluster could not be read.
    pub(crate) async fn sample(
        &self,
        cluster: &Cluster,
        seen: &Settling,
        now: Timestamp,
    ) -> Result<Result<(), String>, Error> {
        // On the heap: everything that is read of a cluster is large.
        let facts = match Box::pin(self.facts(cluster)).await {
            Ok(facts) => facts,
            Err(why) => {
                self.store.put_off_sample(seen, now + AGAIN).await?;
                return Ok(Err(why));
            }
        };
        let version = match &facts.version {
            Ok(version) => version.version.clone(),
            Err(missing) => {
                self.store.put_off_sample(seen, now + AGAIN).await?;
                return Ok(Err(missing.to_string()));
            }
        };
        let behind = behind(&facts, version.minor);
        let current = self.current(cluster, seen, &version, behind, now).await?;
        let mut recording = Vec::new();
        if let Err(error) = recording::write(&facts, &mut recording) {
            return Ok(Err(format!("what was read cannot be kept: {error}")));
        }
        let next_at = self.next_sample(&current, now);
        let sample = Sample {
            taken_at: now,
            recording,
        };
        // Whoever was faster has looked as well as we have.
        self.store
            .keep_sample(&current, sample, behind, next_at)
            .await?;
        Ok(Ok(()))
    }

    /// The settling that a sample belongs to: a new one when the version has changed, or the last node has followed, since the last look.
    async fn current(
        &self,
        cluster: &Cluster,
        seen: &Settling,
        version: &KubeVersion,
        behind: Option<i64>,
        now: Timestamp,
    ) -> Result<Settling, Error> {
        let known = self.store.settling(&cluster.id).await?;
        let seen = known.as_ref().unwrap_or(seen);
        let version = version.to_string();
        let changed = !seen.version.is_empty() && seen.version != version;
        let followed = seen.behind.is_some_and(|nodes| nodes > 0) && behind == Some(0);
        if changed || followed {
            return self.converged(cluster, &version, now).await;
        }
        Ok(seen.clone())
    }

    /// When the next sample is due after one at `now`: at the next planned time that is not too close, or as soon as there are two.
    fn next_sample(&self, settling: &Settling, now: Timestamp) -> Option<Timestamp> {
        let plan = &self.settings.settle_at;
        let spacing = SignedDuration::try_from(plan.spacing()).unwrap_or_default();
        let planned = plan
            .spans()
            .iter()
            .filter_map(|span| settling.converged_at.checked_add(*span).ok())
            .find(|at| *at > now && at.duration_since(now) * 2 >= spacing);
        let lacks = settling.taken + 1 < FEWEST;
        planned.or_else(|| lacks.then(|| now + spacing))
    }

    /// Whether a look is due, for one who wants to know now: a planned one, or one of its own where the last is old and nothing but
    /// waiting for requests is planned.
    pub(crate) fn is_due(&self, settling: &Settling, now: Timestamp) -> bool {
        let planned = settling.next_at.is_some_and(|at| at <= now);
        let spacing = SignedDuration::try_from(self.settings.settle_at.spacing());
        let old = settling.last_at.is_none_or(|last| {
            let age = now.duration_since(last);
            // A sample of the future is none to rely on: the clock was put back.
            age.is_negative() || age >= spacing.unwrap_or_default()
        });
        planned || (old && (settling.taken >= FEWEST || settling.next_at.is_none()))
    }

    /// Whether the last planned look at a cluster is still to come.
    pub(crate) async fn is_settling(
        &self,
        cluster: &Cluster,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let settling = self.store.settling(&cluster.id).await?;
        let whole = self.settings.settle_at.whole();
        Ok(settling.is_some_and(|it| {
            let over = it.converged_at.checked_add(whole);
            over.is_ok_and(|over| now < over)
        }))
    }
}

/// Nodes whose kubelet is of an older minor than the API server; nothing where one of them tells no version, or nodes could not be read.
fn behind(facts: &Facts, minor: Minor) -> Option<i64> {
    let nodes = facts.nodes.as_ref().ok()?;
    let minors = nodes.iter().map(|node| {
        let version: Option<KubeVersion> = node.kubelet_version.parse().ok();
        version.map(|version| version.minor)
    });
    let minors: Option<Vec<_>> = minors.collect();
    let older = minors?.into_iter().filter(|node| *node < minor).count();
    i64::try_from(older).ok()
}

#[cfg(test)]
#[path = "settling_tests.rs"]
mod tests;
