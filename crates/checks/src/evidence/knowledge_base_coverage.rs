use airworthy_model::{CheckInfo, Evidence, Finding, Group, Kind, Minor, Phase, Severity, Subject};
use jiff::tz::TimeZone;

use crate::{Check, Context, Outcome, always};

/// Days after which a new minor may well have come out.
const FRESH_DAYS: i32 = 120;

/// An upgrade that the tables do not know enough about.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "KnowledgeBaseCoverage",
        summary: "the tables of Kubernetes minors do not cover the upgrade, or are old",
        phase: Phase::Pre,
        group: Group::ExecuteException,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[],
        page: include_str!("knowledge_base_coverage.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let (from, to) = (path.from.minor, path.target.minor);
    let gaps = [
        outside(
            ctx,
            "current minor",
            from,
            "nobody knows what leaving it breaks",
        ),
        outside(ctx, "target", to, "nobody knows what it removes"),
        old(ctx, to),
    ];
    let evidence = Evidence::state(
        "airworthy",
        ctx.now(),
        format!("tables of {}", ctx.knowledge.version()),
    );
    Ok(gaps
        .into_iter()
        .flatten()
        .map(|finding| finding.because(evidence.clone()))
        .collect())
}

fn finding(severity: Severity, message: String) -> Finding {
    Finding::new(
        severity,
        Subject::cluster("", "Knowledge", "versions"),
        message,
    )
    .fix("Use a newer release of airworthy, whose tables cover the upgrade")
}

fn outside(ctx: &Context<'_>, end: &str, minor: Minor, so: &str) -> Option<Finding> {
    let covered = format!("{} to {}", ctx.knowledge.oldest, ctx.knowledge.newest);
    (!ctx.knowledge.covers(minor)).then(|| {
        finding(
            Severity::Blocker,
            format!("{end} {minor} is outside the minors that the tables cover: {so}"),
        )
        .setting("version", minor.to_string(), Some(&covered))
        .telling_apart(end)
    })
}

/// A recording may be older than the tables that judge it: then they know more, not less.
fn old(ctx: &Context<'_>, to: Minor) -> Option<Finding> {
    let today = ctx.now().to_zoned(TimeZone::UTC).date();
    let age = (today - ctx.knowledge.compiled).get_days();
    (age > FRESH_DAYS).then(|| {
        finding(
            Severity::Risk,
            format!("the tables are more than {FRESH_DAYS} days old: later changes to {to} are not in them"),
        )
        .setting("compiled", ctx.knowledge.compiled.to_string(), None)
        .telling_apart("age")
    })
}
