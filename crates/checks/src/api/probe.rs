//! What one-object lists of a custom resource proved.

use airworthy_model::{
    Missing, Need, Reason,
    facts::{Crd, CrdProbe},
};

use crate::{Context, text::counted};

/// Seconds for which a definition may still be on its way to being served.
const STARTING: i64 = 60;

/// Whether the definition is so young that it may not be served yet. An unknown age is no excuse.
fn is_starting(ctx: &Context<'_>, crd: &Crd) -> bool {
    crd.created.is_some() && ctx.seconds_since(crd.created) < STARTING
}

/// Why a probe proves nothing, where it proves nothing: it was refused, or cut short on the way.
fn unsettled(probe: &CrdProbe) -> Option<Reason> {
    match probe.status {
        401 | 403 => Some(Reason::Forbidden),
        408 | 504 => Some(Reason::TimedOut),
        429 | 502 | 503 => Some(Reason::Overloaded),
        0 => Some(Reason::Unreachable),
        _ => None,
    }
}

/// What a server answers that does not serve a kind yet.
const NOT_FOUND: u16 = 404;

/// Probes by which the server says that the kind cannot be read. Youth excuses that it is not served, and nothing else.
pub(crate) fn failed<'a>(ctx: &Context<'_>, crd: &'a Crd) -> impl Iterator<Item = &'a CrdProbe> {
    let young = is_starting(ctx, crd);
    crd.probes.iter().filter(move |probe| {
        let excused = young && probe.status == NOT_FOUND;
        probe.status != 200 && !excused && unsettled(probe).is_none()
    })
}

/// Why it is not known whether a definition can be read.
fn gap(ctx: &Context<'_>, crd: &Crd) -> Option<(Reason, String)> {
    let refused = crd.probes.iter().find_map(|probe| {
        let reason = unsettled(probe)?;
        Some((
            reason,
            format!(
                "{} at {} answered {}",
                crd.name, probe.version, probe.status
            ),
        ))
    });
    let expected = crd
        .versions
        .iter()
        .any(|version| version.served && !version.deprecated);
    let skipped = expected && crd.probes.is_empty();
    let skipped = skipped.then(|| (Reason::NotCollected, format!("{} was not probed", crd.name)));
    refused.or(skipped).filter(|_| !is_starting(ctx, crd))
}

/// Definitions of which it is not known whether they can be read, as one gap in the evidence.
pub(crate) fn gaps(ctx: &Context<'_>, crds: &[Crd]) -> Option<Missing> {
    let gaps: Vec<_> = crds.iter().filter_map(|crd| gap(ctx, crd)).collect();
    let (reason, first) = gaps.iter().min_by_key(|(_, text)| text)?;
    let forbidden = *reason == Reason::Forbidden;
    Some(Missing {
        need: Need::Crds,
        reason: *reason,
        detail: format!(
            "lists with one object of {}: {first}",
            counted(gaps.len(), "definition")
        ),
        cure: forbidden.then(|| {
            "grant list on the groups of custom resources: airworthy rbac --api-group GROUP".into()
        }),
    })
}
