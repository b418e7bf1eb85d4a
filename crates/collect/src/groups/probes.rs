//! Pods that `airworthy probe run` has put on the nodes, and what they found out.

use airworthy_model::{
    Missing, Need, Reason,
    facts::{PROBE_NAMESPACE, Probe, Read},
};

use crate::{
    failure::Failure,
    list::{self, Listing},
    session::Session,
    wire::probe::ProbePod,
};

/// The pods that look; those that are looked for have another component.
const SELECTOR: &str = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dairworthy%2Capp.kubernetes.io%2Fcomponent%3Dlook";

pub(crate) async fn read(session: &Session<'_>) -> Result<Vec<Probe>, Failure> {
    let listing = Listing {
        selector: SELECTOR,
        ..Listing::at(
            format!("/api/v1/namespaces/{PROBE_NAMESPACE}/pods"),
            session,
        )
    };
    list::read(session, &listing, |wire: ProbePod, rows| {
        rows.push(Probe::from(wire));
    })
    .await
}

/// No pod at all means that no probe has run, which is no answer.
pub(crate) fn or_missing(probes: Read<Vec<Probe>>) -> Read<Vec<Probe>> {
    match probes {
        Ok(none) if none.is_empty() => Err(Missing {
            need: Need::Probes,
            reason: Reason::NotCollected,
            detail: format!("there is no pod of a probe in the namespace {PROBE_NAMESPACE}"),
            cure: Some("run airworthy probe run first".to_owned()),
        }),
        probes => probes,
    }
}
