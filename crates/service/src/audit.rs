//! Audit events that API servers send: taken in batches, added up, and given to checks as facts.

use airworthy_collect::audit::{Callers, Refusal, Tally, callers};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, Missing, Need, Reason,
    facts::{AuditLog, Read, Unreadable},
};
use airworthy_store::{AuditBatch, AuditKept, Cluster};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{Error, Service};

/// What the facts name as their source.
const SOURCE: &str = "webhook";

/// An API server has something to tell every second. One that is silent so long does not send.
const SILENCE: SignedDuration = SignedDuration::from_hours(24);

/// The API server of a cluster, known by the cluster's token.
#[derive(Clone, Debug)]
pub struct AuditSender {
    cluster_id: String,
}

impl Service {
    /// Who sends audit events for a cluster with this token; nobody when the token is not the cluster's, or there is none.
    pub async fn audit_sender(
        &self,
        cluster_id: &str,
        token: &str,
    ) -> Result<Option<AuditSender>, Error> {
        let known = self.store.is_audit_token(cluster_id, token).await?;
        Ok(known.then(|| AuditSender {
            cluster_id: cluster_id.to_owned(),
        }))
    }

    /// Takes a batch: an `EventList` of `audit.k8s.io/v1`. Once this returns without an error, it is not lost.
    pub async fn take_audit_batch(&self, sender: &AuditSender, body: Bytes) -> Result<(), Error> {
        // A large batch takes a while, and the threads that answer have other requests.
        let read = tokio::task::spawn_blocking(move || batch(&body)).await;
        match read.map_err(|_| Error::Panicked)? {
            Ok(batch) => {
                self.store
                    .add_audit_batch(&sender.cluster_id, &batch, Timestamp::now())
                    .await?;
                Ok(())
            }
            Err(refusal) => {
                self.refuse_audit_batch(sender, &refusal.to_string())
                    .await?;
                Err(Error::AuditBatch(refusal))
            }
        }
    }

    /// Notes that a batch could not be taken and will not come again: what is kept has a hole.
    pub async fn refuse_audit_batch(&self, sender: &AuditSender, why: &str) -> Result<(), Error> {
        tracing::warn!(cluster = %sender.cluster_id, why, "a batch of audit events was refused");
        Ok(self
            .store
            .refuse_audit_batch(&sender.cluster_id, why, Timestamp::now())
            .await?)
    }

    /// Puts what API servers sent of a cluster among its facts, where somebody set that up.
    pub(crate) async fn put_audit_events(&self, cluster: &Cluster, facts: &mut Facts) {
        let now = Timestamp::now();
        match self
            .store
            .audit_events(&cluster.project_id, &cluster.id, now)
            .await
        {
            Ok(kept) => {
                if let Some(kept) = kept {
                    facts.audit = log(kept, now);
                }
            }
            Err(error) => {
                tracing::error!(cluster = %cluster.id, %error, "the audit events cannot be read");
                facts.audit = Err(unread());
            }
        }
    }
}

fn batch(body: &[u8]) -> Result<AuditBatch, Refusal> {
    let mut tally = Tally::new(Knowledge::embedded());
    tally.add(body)?;
    let (first, last) = tally.span();
    let (uncounted, uncounted_clients) = tally.uncounted();
    Ok(AuditBatch {
        digest: Sha256::digest(body).to_vec(),
        events: tally.events(),
        first,
        last,
        calls: tally.calls().collect(),
        clients: tally.clients().collect(),
        uncounted,
        uncounted_clients,
    })
}

fn log(kept: AuditKept, now: Timestamp) -> Read<AuditLog> {
    let Some(received_at) = kept.received_at else {
        return Err(silent());
    };
    let problems = problems(&kept, received_at, now);
    let Callers { answered, refused } = callers(kept.calls);
    Ok(AuditLog {
        problems,
        sources: vec![SOURCE.to_owned()],
        events: kept.events,
        first: kept.first,
        last: kept.last,
        callers: answered,
        refused,
        clients: kept.clients.into_iter().map(Into::into).collect(),
        uncounted: kept.uncounted,
        uncounted_clients: kept.uncounted_clients,
        unreadable: kept.refused,
    })
}

const LOOK: &str = "look into the API server's log for the audit webhook (--audit-webhook-config-file), and whether it reaches the service";

/// A token was made, so somebody waits for evidence; none came.
fn silent() -> Missing {
    Missing {
        need: Need::Audit,
        reason: Reason::TimedOut,
        detail: "the API server's audit webhook has sent nothing yet".to_owned(),
        cure: Some(LOOK.to_owned()),
    }
}

fn unread() -> Missing {
    Missing {
        need: Need::Audit,
        reason: Reason::Unreachable,
        detail: "the service could not read the audit events in its database".to_owned(),
        cure: Some("look into the service's log".to_owned()),
    }
}

fn problems(kept: &AuditKept, received_at: Timestamp, now: Timestamp) -> Vec<Unreadable> {
    let mut problems = Vec::new();
    let mut tell = |why: String, cure: &str| {
        let (file, cure) = (SOURCE.to_owned(), Some(cure.to_owned()));
        problems.push(Unreadable {
            file,
            why,
            cure,
            ..Unreadable::default()
        });
    };
    if now.duration_since(received_at) > SILENCE {
        tell(format!("it has sent nothing since {received_at:.0}"), LOOK);
    }
    if kept.refused > 0 {
        let why = kept
            .refusal
            .as_deref()
            .unwrap_or("for a reason that is not kept");
        let cure = "let the API server send smaller batches (--audit-webhook-batch-max-size) of events at level Metadata";
        tell(
            format!("batches were refused and are lost, the last one: {why}"),
            cure,
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn silence_is_no_evidence() {
        let now = at("2026-11-22T12:00:00Z");
        assert_eq!(
            log(AuditKept::default(), now).unwrap_err().reason,
            Reason::TimedOut
        );
        let kept = |received: &str| AuditKept {
            received_at: Some(at(received)),
            ..AuditKept::default()
        };
        assert_eq!(log(kept("2026-11-21T12:00:00Z"), now).unwrap().problems, []);
        let late = log(kept("2026-11-21T11:59:59Z"), now).unwrap().problems;
        assert_eq!(
            late[0].why,
            "it has sent nothing since 2026-11-21T11:59:59Z"
        );
    }

    #[test]
    fn refused_batches_are_a_hole() {
        let now = at("2026-11-22T12:00:00Z");
        let kept = AuditKept {
            received_at: Some(now),
            refused: 2,
            refusal: Some("too large".into()),
            ..AuditKept::default()
        };
        let facts = log(kept, now).unwrap();
        assert_eq!(facts.unreadable, 2);
        assert!(facts.problems[0].why.ends_with("the last one: too large"));
    }
}
