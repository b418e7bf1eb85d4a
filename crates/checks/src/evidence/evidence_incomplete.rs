use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::CollectionNote,
};

use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, short},
};

/// Facts that were read, but not as they should be.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "EvidenceIncomplete",
        summary: "a source was read only in part",
        phase: Phase::Pre,
        group: Group::ExecuteException,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Collection],
        page: include_str!("evidence_incomplete.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    Ok(findings(ctx, &ctx.collection()?.notes))
}

/// What notes say of the sources that they are about.
pub(crate) fn findings<'n>(
    ctx: &Context<'_>,
    notes: impl IntoIterator<Item = &'n CollectionNote>,
) -> Judgement {
    let mut sources: BTreeMap<&str, Vec<&CollectionNote>> = BTreeMap::new();
    for note in notes {
        sources.entry(&note.source).or_default().push(note);
    }
    let worst_first = |mut notes: Vec<_>| {
        notes.sort_by_key(|note: &&CollectionNote| (!note.incomplete, note.detail.clone()));
        notes
    };
    sources
        .into_values()
        .filter_map(|notes| describe(ctx, &worst_first(notes)))
        .collect()
}

/// One finding a source: an identity must not depend on how often something went wrong there.
fn describe(ctx: &Context<'_>, notes: &[&CollectionNote]) -> Option<Finding> {
    let (worst, rest) = notes.split_first()?;
    let (severity, what) = if worst.incomplete {
        (Severity::Risk, "may be incomplete")
    } else {
        (Severity::Note, "was read in full, with a remark")
    };
    let detail = short(worst.detail.trim_end_matches('.'), 130);
    let more = match rest.len() {
        0 => String::new(),
        more => format!(" (and {} more)", counted(more, "note")),
    };
    let finding = Finding::new(
        severity,
        Subject::cluster("", "Source", &worst.source),
        format!("{what}: {detail}{more}"),
    )
    .fix("Remove the cause (load, time-outs, a server that does not answer) and run again");
    Some(notes.iter().fold(finding, |finding, note| {
        finding.because(Evidence::state(&note.source, ctx.now(), &note.detail))
    }))
}
