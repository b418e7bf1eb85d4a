//! Leases of `kube-system`: who leads, and how many API servers there are.

use airworthy_model::facts;
use jiff::{SignedDuration, Timestamp};

use crate::{
    failure::Failure,
    list::list,
    resource::{LEASES, Versions},
    session::Session,
    wire::{lease::Lease, meta::instant},
};

/// API servers renew every few seconds; one that has not for so long is gone, although its lease lives for an hour.
const ALIVE: SignedDuration = SignedDuration::from_secs(60);

/// What the leases say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases {
    /// Leases by which a leader is elected.
    pub elections: Vec<facts::Lease>,
    /// API servers that say that they exist; 0 when none does, as before 1.26.
    pub api_servers: usize,
}

enum Row {
    Election(facts::Lease),
    ApiServer(Option<Timestamp>),
}

pub(crate) async fn read(session: &Session<'_>, versions: Versions<'_>) -> Result<Leases, Failure> {
    let rows = list(session, versions, &LEASES, |wire: Lease, _, rows| {
        rows.push(if wire.is_api_server_identity() {
            Row::ApiServer(instant(wire.spec.renew_time))
        } else {
            Row::Election(wire.into())
        });
    });
    Ok(sort(rows.await?))
}

fn sort(rows: Vec<Row>) -> Leases {
    let mut elections = Vec::new();
    let mut renewals = Vec::new();
    for row in rows {
        match row {
            Row::Election(lease) => elections.push(lease),
            Row::ApiServer(renewed) => renewals.extend(renewed),
        }
    }
    let newest = renewals.iter().max().copied();
    let alive = |renewed: &&Timestamp| {
        newest.is_some_and(|newest| newest.duration_since(**renewed) <= ALIVE)
    };
    Leases {
        api_servers: renewals.iter().filter(alive).count(),
        elections,
    }
}

/// Says of whom the metrics are, when they are not certainly of all API servers: `leases` tells how many say so in a lease, or why
/// that is not known, and `pods` how many have a pod in `kube-system`.
pub(crate) fn note_whose_metrics(
    session: &Session<'_>,
    leases: Result<usize, String>,
    pods: usize,
) {
    if let Some(detail) = whose(leases, pods) {
        session.note("/metrics", detail, true);
    }
}

fn whose(leases: Result<usize, String>, pods: usize) -> Option<String> {
    const OF_ONE: &str = "metrics are of one API server; how many there are is unknown, because";
    match leases {
        Ok(0) | Err(_) if pods > 0 => whose(Ok(pods), 0),
        Ok(0) => Some(format!("{OF_ONE} none says so in a lease")),
        Ok(1) => None,
        Ok(several) => Some(format!("metrics are of 1 of {several} API servers")),
        Err(failure) => Some(format!("{OF_ONE} {failure}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_servers_that_are_gone_do_not_count() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let ago = |seconds| Row::ApiServer(Some(now - SignedDuration::from_secs(seconds)));
        let leases = sort(vec![ago(0), ago(9), ago(1800), Row::ApiServer(None)]);
        assert_eq!(leases.api_servers, 2);
    }

    #[test]
    fn pods_tell_how_many_api_servers_there_are_where_leases_do_not() {
        let unread = || Err("nobody may list leases".to_owned());
        assert_eq!(whose(Ok(1), 0), None);
        assert_eq!(whose(Ok(0), 1), None);
        assert_eq!(whose(unread(), 1), None);
        // Leases are younger than pods: one API server may have no pod.
        assert!(whose(Ok(2), 1).unwrap().contains("1 of 2"));
        assert!(whose(Ok(0), 3).unwrap().contains("1 of 3"));
        assert!(whose(Ok(0), 0).unwrap().contains("unknown"));
        assert!(whose(unread(), 0).unwrap().contains("nobody may list"));
    }
}
