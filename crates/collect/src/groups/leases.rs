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

/// Says of whom the metrics are, when they are not certainly of all API servers.
pub(crate) fn note_whose_metrics(session: &Session<'_>, leases: &Result<Leases, Failure>) {
    let detail = match leases {
        Ok(Leases { api_servers: 1, .. }) => return,
        Ok(Leases { api_servers: 0, .. }) => {
            "metrics are of one API server; how many there are is unknown, because none says so in a lease".to_owned()
        }
        Ok(leases) => format!("metrics are of 1 of {} API servers", leases.api_servers),
        Err(failure) => {
            format!("metrics are of one API server; how many there are is unknown, because {failure}")
        }
    };
    session.note("/metrics", detail, true);
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
}
