//! What kubelets say of themselves, asked through the API server's proxy to nodes: some at a time, each within its own deadline, so
//! that one that hangs costs little and hides nothing of the others.

mod config;
mod flags;
mod gauges;
mod stats;

use std::time::Duration;

use airworthy_model::{
    KubeVersion, Minor, Reason,
    facts::{Condition, Kubelet, KubeletGap, Node},
};
use futures::{StreamExt as _, stream::FuturesOrdered};
use tokio::time::{Instant, timeout_at};

use super::exposition::ByLine;
use crate::{
    failure::{Cause, Failure},
    session::{Ask, Session, Sink, server_time},
    wire,
};
use gauges::Gauges;

/// Time for all that one kubelet is asked.
const PER_NODE: Duration = Duration::from_secs(10);
/// Kubelets that are asked at a time; the limit of the run on requests holds besides.
const AT_A_TIME: usize = 8;
/// Most bytes of a configuration or of a list of flags.
const CONFIG_BYTES: usize = 1 << 20;
/// Most bytes of statistics and of metrics.
const TEXT_BYTES: usize = 32 << 20;
/// The first kubelets that show their flags without being told to.
const FLAGZ: Minor = Minor::v1(36);

/// Puts what an answer tells of a kubelet into its row, whichever of its answers it is.
pub(crate) fn told(body: &[u8], kubelet: &mut Kubelet) {
    kubelet.config = config::parse(body).unwrap_or_default();
    kubelet.flags = flags::parse(body).ok();
    // An answer of another kind tells nothing here.
    let _ = stats::parse(body, kubelet);
}

/// Puts what lines of metrics tell of a kubelet into its row.
pub(crate) fn gauged(gauges: Gauges, kubelet: &mut Kubelet) -> Result<(), &'static str> {
    gauges.of_a_kubelet()?.tell(kubelet);
    Ok(())
}

/// Asks the kubelets of all nodes. An error when the first one that can be asked shows that we may ask none.
pub(crate) async fn read(session: &Session<'_>, nodes: &[Node]) -> Result<Vec<Kubelet>, Failure> {
    // A virtual node has no kubelet to ask.
    let real: Vec<_> = nodes.iter().filter(|node| !node.is_virtual()).collect();
    let mut kubelets = Vec::with_capacity(real.len());
    let mut rest = &real[..];
    // One that is forbidden says what all would say: then thousands need not be asked.
    while let [first, others @ ..] = rest {
        let asking = Asking::of(session, first);
        rest = others;
        if let Some(why) = asking.unaskable() {
            kubelets.push(silent(first, why));
            continue;
        }
        let (kubelet, refused) = asking.everything().await;
        if let Some(failure) = refused {
            return Err(failure);
        }
        kubelets.push(kubelet);
        break;
    }
    // Not a buffered stream: of one of borrowing futures the compiler cannot tell that it can be sent.
    let mut waiting = rest.iter();
    let first = waiting.by_ref().take(AT_A_TIME);
    let mut asked: FuturesOrdered<_> = first.map(|node| one(session, node)).collect();
    while let Some(kubelet) = asked.next().await {
        kubelets.push(kubelet);
        if let Some(node) = waiting.next() {
            asked.push_back(one(session, node));
        }
    }
    Ok(kubelets)
}

async fn one(session: &Session<'_>, node: &Node) -> Kubelet {
    let asking = Asking::of(session, node);
    match asking.unaskable() {
        Some(why) => silent(node, why),
        None => asking.everything().await.0,
    }
}

/// A kubelet that nothing was asked of.
fn silent(node: &Node, why: &str) -> Kubelet {
    let gap = |endpoint: &str| KubeletGap {
        endpoint: endpoint.to_owned(),
        reason: Reason::Unreachable,
        detail: why.to_owned(),
    };
    Kubelet {
        name: node.name.clone(),
        unread: ["/configz", "/metrics", "/stats/summary"].map(gap).into(),
        ..Kubelet::default()
    }
}

/// The questions to one kubelet.
struct Asking<'a> {
    session: &'a Session<'a>,
    node: &'a Node,
    ends: Instant,
}

impl<'a> Asking<'a> {
    fn of(session: &'a Session<'a>, node: &'a Node) -> Self {
        let ends = Instant::now() + PER_NODE;
        Self {
            session,
            node,
            ends,
        }
    }

    /// Why there is no sense in asking, if there is none.
    fn unaskable(&self) -> Option<&'static str> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let ready = Condition::find(&self.node.conditions, "Ready").is_some_and(Condition::is_true);
        if !self.node.name.bytes().all(plain) {
            Some("its name fits no path")
        } else if ready {
            None
        } else {
            Some("the node is not ready")
        }
    }

    /// All answers; besides, the refusal when we are not allowed to ask.
    async fn everything(self) -> (Kubelet, Option<Failure>) {
        let mut kubelet = Kubelet {
            name: self.node.name.clone(),
            ..Kubelet::default()
        };
        let mut refused = None;
        let mut gap = |endpoint: &str, failure: Failure| {
            let gap = KubeletGap {
                endpoint: endpoint.to_owned(),
                reason: failure.reason(),
                detail: failure.to_string(),
            };
            if gap.reason == Reason::Forbidden {
                refused.get_or_insert(failure);
            }
            gap
        };
        match self.config(&mut kubelet).await {
            Ok(()) => (),
            Err(failure) => kubelet.unread.push(gap("/configz", failure)),
        }
        match self.gauges().await {
            Ok(gauges) => gauges.tell(&mut kubelet),
            Err(failure) => kubelet.unread.push(gap("/metrics", failure)),
        }
        match self.stats(&mut kubelet).await {
            Ok(()) => (),
            Err(failure) => kubelet.unread.push(gap("/stats/summary", failure)),
        }
        if self.shows_flags() {
            match self.flags().await {
                Ok(flags) => kubelet.flags = Some(flags),
                Err(failure) => kubelet.unread.push(gap("/flagz", failure)),
            }
        }
        let all = kubelet.unread.len() >= 3;
        let forbidden = |gap: &KubeletGap| gap.reason == Reason::Forbidden;
        let refused = refused.filter(|_| all && kubelet.unread.iter().all(forbidden));
        (kubelet, refused)
    }

    fn shows_flags(&self) -> bool {
        let version = self.node.kubelet_version.parse::<KubeVersion>();
        version.is_ok_and(|version| version.minor >= FLAGZ)
    }

    fn ask(&self, endpoint: &str, accept: &'static str) -> Ask {
        let path = format!("/api/v1/nodes/{}/proxy{endpoint}", self.node.name);
        Ask::get(path, accept)
    }

    /// A whole answer with a status of success.
    async fn get<S: Sink>(
        &self,
        ask: &Ask,
        most: usize,
    ) -> Result<(http::response::Parts, S), Failure> {
        let answer = timeout_at(self.ends, self.session.patiently::<S>(ask, most));
        let (head, body) = answer
            .await
            .map_err(|_| ask.failed(Cause::Deadline(PER_NODE)))??;
        if head.status.is_success() {
            return Ok((head, body));
        }
        let message = head.status.canonical_reason().unwrap_or_default();
        Err(ask.failed(Cause::Status(head.status, message.to_owned())))
    }

    async fn config(&self, kubelet: &mut Kubelet) -> Result<(), Failure> {
        let ask = self.ask("/configz", wire::JSON);
        let (head, body) = self.get::<Vec<u8>>(&ask, CONFIG_BYTES).await?;
        kubelet.config = config::parse(&body).map_err(|why| ask.failed(Cause::Malformed(why)))?;
        // The proxy hands on the kubelet's own header.
        let clock = server_time(&head.headers);
        let now = self.session.server_now();
        kubelet.clock_ahead_seconds = clock
            .zip(now)
            .map(|(clock, now)| clock.as_second() - now.as_second());
        Ok(())
    }

    async fn gauges(&self) -> Result<Gauges, Failure> {
        let ask = self.ask("/metrics", "text/plain;version=0.0.4, */*;q=0.1");
        let (_, lines) = self.get::<ByLine<Gauges>>(&ask, TEXT_BYTES).await?;
        lines
            .finish()
            .and_then(Gauges::of_a_kubelet)
            .map_err(|why| ask.failed(Cause::Malformed(why.into())))
    }

    async fn stats(&self, kubelet: &mut Kubelet) -> Result<(), Failure> {
        let ask = self.ask("/stats/summary", wire::JSON);
        let (_, body) = self.get::<Vec<u8>>(&ask, TEXT_BYTES).await?;
        stats::parse(&body, kubelet).map_err(|why| ask.failed(Cause::Malformed(why)))
    }

    async fn flags(&self) -> Result<flags::Flags, Failure> {
        let ask = self.ask("/flagz", flags::ACCEPT);
        let (_, body) = self.get::<Vec<u8>>(&ask, CONFIG_BYTES).await?;
        flags::parse(&body).map_err(|why| ask.failed(Cause::Malformed(why)))
    }
}
