use airworthy_model::{CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject};

use crate::{
    Check, Context, Outcome,
    api::{
        usage::{self, Usage},
        uses::fate,
    },
    never,
};

/// What the next upgrades will ask about.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostNextDeprecated",
        summary: "an API version is called that one of the next two minors takes away",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[Need::Metrics, Need::Version],
        page: include_str!("post_next_deprecated.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let runs = ctx.version()?.version.minor;
    let next = [runs.next(), runs.next().next()];
    let calls = usage::of(ctx.metrics()?, ctx.knowledge);
    Ok(calls
        .filter_map(|usage| {
            let removed = usage.removed().filter(|removed| next.contains(removed))?;
            Some(describe(&usage, removed))
        })
        .collect())
}

fn describe(usage: &Usage<'_>, removed: Minor) -> Finding {
    let at = airworthy_knowledge::api_version(usage.group, usage.version);
    let address = airworthy_knowledge::url(usage.group, usage.version, usage.resource);
    let kind = usage.known.map_or(usage.resource, |api| api.kind.as_str());
    let message = format!("is called at {at}, which {removed} does not serve any more");
    Finding {
        api: usage.known.map(fate::affected),
        evidence: usage.evidence().collect(),
        ..Finding::new(Severity::Note, Subject::cluster(&at, kind, &address), message)
    }
    .fix("Move its clients to a version that lasts before the next upgrade; the pre-check names them where an audit log is given")
}
