//! What the API server's metric says of the use of deprecated versions.

use std::collections::BTreeMap;

use airworthy_knowledge::{Api, Knowledge};
use airworthy_model::{
    Evidence, EvidenceKind, Minor,
    facts::{DeprecatedRequest, Metrics},
};
use jiff::Timestamp;

/// Calls to one resource at one version, whatever the subresource.
pub(crate) struct Usage<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) resource: &'a str,
    /// What the tables know of it.
    pub(crate) known: Option<&'a Api>,
    /// When the process that counted them started.
    pub(crate) started: Option<Timestamp>,
    calls: Vec<&'a DeprecatedRequest>,
}

/// All use since the process started, one entry a resource and version.
pub(crate) fn of<'a>(
    metrics: &'a Metrics,
    knowledge: &'a Knowledge,
) -> impl Iterator<Item = Usage<'a>> {
    let mut uses: BTreeMap<_, Usage<'a>> = BTreeMap::new();
    for call in &metrics.deprecated_requests {
        let key = (&*call.group, &*call.version, &*call.resource);
        let (group, version, resource) = key;
        let usage = uses.entry(key).or_insert_with(|| Usage {
            group,
            version,
            resource,
            known: knowledge.api(group, version, resource),
            started: metrics.process_started,
            calls: Vec::new(),
        });
        usage.calls.push(call);
    }
    uses.into_values()
}

impl Usage<'_> {
    /// When the server and the tables disagree, the earlier minor counts: servers plan removals that then come sooner.
    pub(crate) fn removed(&self) -> Option<Minor> {
        self.theirs().into_iter().chain(self.ours()).min()
    }

    fn theirs(&self) -> Option<Minor> {
        let told = self.calls.iter().filter_map(|call| call.removed_release);
        told.min()
    }

    fn ours(&self) -> Option<Minor> {
        self.known?.removed
    }

    /// Whether calls alone tell of no client: the control plane's own controllers read kinds that have no other version.
    pub(crate) fn is_unavoidable(&self) -> bool {
        self.known.is_some_and(|api| api.gone_for_good)
    }

    /// How many calls were counted; nothing where that is not told of all.
    pub(crate) fn count(&self) -> Option<u64> {
        let told = self
            .calls
            .iter()
            .map(|call| (!call.verbs.is_empty()).then(|| call.verbs.values().sum::<u64>()));
        told.sum()
    }

    /// Who says what, when the two disagree.
    pub(crate) fn dispute(&self) -> String {
        match (self.theirs(), self.ours()) {
            (Some(theirs), Some(ours)) if theirs != ours => {
                format!(" (the server says {theirs}, our tables {ours})")
            }
            _ => String::new(),
        }
    }

    /// Since when calls are counted. Parts of a second help nobody.
    pub(crate) fn since(&self) -> String {
        let second = |time: Timestamp| Timestamp::from_second(time.as_second()).ok();
        let when = self.started.and_then(second).map(|time| time.to_string());
        let when = when.unwrap_or_else(|| "at an unknown time".to_owned());
        format!("since one API server process started ({when})")
    }

    /// One piece a subresource. The metric tells neither when a call was made nor by whom.
    pub(crate) fn evidence(&self) -> impl Iterator<Item = Evidence> {
        self.calls.iter().map(|call| Evidence {
            kind: EvidenceKind::Call,
            source: "/metrics".into(),
            observed_at: None,
            detail: format!(
                "{}: {} {}; the metric names neither client nor time",
                endpoint(call),
                verbs(call),
                self.since()
            ),
        })
    }
}

fn endpoint(call: &DeprecatedRequest) -> String {
    let parts = [call.resource.as_str(), call.subresource.as_str()];
    parts.join("/").trim_end_matches('/').to_owned()
}

fn verbs(call: &DeprecatedRequest) -> String {
    if call.verbs.is_empty() {
        return "an unknown number of calls".to_owned();
    }
    let counts = call.verbs.iter();
    let counts: Vec<_> = counts
        .map(|(verb, count)| format!("{verb} {count}"))
        .collect();
    counts.join(", ")
}
