//! What the server answered when one custom object was listed at each version.

use airworthy_model::{
    Finding, Missing, Need, Reason,
    facts::{Conversion, Crd, CrdProbe},
};

use super::{
    baseline::{Before, Earlier},
    post_crds::describe,
};
use crate::{
    Context,
    text::{counted, short},
};

/// Versions of a definition at which nothing can be listed.
pub(super) fn failed<'a>(
    ctx: &'a Context<'_>,
    crd: &'a Crd,
    old: Earlier<&'a Crd>,
) -> impl Iterator<Item = Finding> {
    crd.probes
        .iter()
        .filter_map(move |probe| judge(ctx, crd, probe, old))
}

/// Whether an answer says something of the API, rather than of us.
fn tells(probe: &CrdProbe) -> bool {
    !matches!(probe.status, 401 | 403 | 429)
}

fn judge(ctx: &Context<'_>, crd: &Crd, probe: &CrdProbe, old: Earlier<&Crd>) -> Option<Finding> {
    if probe.status == 200 || !tells(probe) {
        return None;
    }
    let version = &probe.version;
    let same = |old: &&CrdProbe| old.version == *version && tells(old);
    let before = old
        .part(|old| old.probes.iter().find(same))
        .was(|old| old.status == 200);
    let answer = if probe.status == 0 {
        "no answer".to_owned()
    } else {
        format!("answers {}", probe.status)
    };
    let message = format!(
        "cannot be listed at {} ({answer}){}",
        short(version, 40),
        words(before)
    );
    Some(
        describe(
            ctx,
            crd,
            before.severity(),
            message,
            &format!("list at {version}: {answer} {}", probe.message),
        )
        .telling_apart(version),
    )
}

fn words(before: Before) -> &'static str {
    match before {
        Before::Absent => "; nothing tells whether it could before",
        other => other.words("; before the upgrade it could"),
    }
}

/// Definitions with a conversion webhook of which a served version could not be tried.
pub(super) fn gap(crds: &[Crd]) -> Option<Missing> {
    let tried = |crd: &Crd, version: &str| {
        crd.probes
            .iter()
            .any(|probe| probe.version == version && tells(probe))
    };
    let refused = |crd: &Crd| crd.probes.iter().any(|probe| !tells(probe));
    let untried = |crd: &&Crd| {
        let webhook = matches!(crd.conversion, Conversion::Webhook(_));
        refused(crd)
            || (webhook
                && crd
                    .versions
                    .iter()
                    .any(|v| v.served && !v.deprecated && !tried(crd, &v.name)))
    };
    let crds: Vec<_> = crds
        .iter()
        .filter(untried)
        .map(|crd| crd.name.as_str())
        .collect();
    let first = crds.iter().min()?;
    Some(Missing {
        need: Need::Crds,
        reason: Reason::NotCollected,
        detail: format!(
            "not every version of {}, such as {first}, could be tried",
            counted(crds.len(), "definition")
        ),
        cure: Some("allow listing these custom resources".into()),
    })
}
