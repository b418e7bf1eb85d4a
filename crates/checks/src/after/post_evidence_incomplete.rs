use airworthy_model::{
    CheckInfo, Group, Kind, Missing, Need, Phase, Severity, facts::CollectionNote,
};

use super::post_version_converged::tells_versions;
use crate::{Check, Context, Judgement, evidence::evidence_incomplete::findings, never};

/// Facts of before or of now that were read, but not as they should be.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostEvidenceIncomplete",
        summary: "a source was read only in part, now or for the baseline",
        phase: Phase::Post,
        group: Group::ExecuteException,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Collection, Need::Baseline],
        page: include_str!("post_evidence_incomplete.md"),
    },
    blocks: never,
    run: |ctx| Ok(run(ctx)),
};

/// Remarks about what was read in full are left to the pre-check: nothing is lost by them.
fn run(ctx: &Context<'_>) -> Judgement {
    let before = ctx.before().and_then(|before| before.collection());
    let (before, lacks) = split(before.map(|report| &report.notes[..]));
    let (now, also) = split(ctx.collection().map(|report| &report.notes[..]));
    let told = ctx.runs("PostVersionConverged");
    let now = now.iter().filter(|note| !(told && tells_versions(note)));
    let notes: Vec<_> = now.cloned().chain(before.iter().map(of_before)).collect();
    let incomplete = notes.iter().filter(|note| note.incomplete);
    findings(ctx, incomplete).without(lacks.into_iter().chain(also))
}

type Notes<'n> = &'n [CollectionNote];

fn split(notes: Result<Notes<'_>, Missing>) -> (Notes<'_>, Option<Missing>) {
    notes.map_or_else(|lacks| (&[][..], Some(lacks)), |notes| (notes, None))
}

fn of_before(note: &CollectionNote) -> CollectionNote {
    CollectionNote {
        detail: format!("in the baseline, {}", note.detail),
        ..note.clone()
    }
}
