use airworthy_knowledge::Support;
use airworthy_model::{CheckInfo, Evidence, Finding, Group, Kind, Minor, Phase, Severity, Subject};
use jiff::tz::TimeZone;

use crate::{Check, Context, Judgement, Outcome, never};

/// Targets that the community no longer keeps up.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "VersionEol",
        summary: "the community's support of the target has ended or is about to end",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[],
        page: include_str!("version_eol.md"),
    },
    blocks: never,
    run,
};

/// Days before its end at which a target is worth a word.
const SOON: i32 = 60;

/// A note, since no upgrade is worse than staying: the minor that is left ended before.
fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if let Some(provider) = ctx.provider_runs_control_plane() {
        return Ok(Judgement::not_applicable(format!(
            "{provider}, and says itself how long it supports a version"
        )));
    }
    let target = path.target.minor;
    let Some(support) = ctx.knowledge.support(target) else {
        return Ok(Judgement::not_applicable(format!(
            "the tables do not say when support of {target} ends"
        )));
    };
    Ok(judge(ctx, target, support).into_iter().collect())
}

fn judge(ctx: &Context<'_>, target: Minor, support: &Support) -> Option<Finding> {
    let today = ctx.now().to_zoned(TimeZone::UTC).date();
    let left = (support.ends - today).get_days();
    if left > SOON {
        return None;
    }
    let message = if left < 0 {
        format!(
            "the community's support of {target} ended on {}: go on to a newer minor soon",
            support.ends
        )
    } else {
        format!(
            "the community's support of {target} ends on {}",
            support.ends
        )
    };
    Some(
        Finding::new(
            Severity::Note,
            Subject::cluster("", "Version", &target.to_string()),
            message,
        )
        .because(Evidence::state(
            support
                .source
                .rsplit_once("/blob/main/")
                .map_or(&*support.source, |(_, file)| file),
            ctx.now(),
            format!("{target} ends on {}", support.ends),
        ))
        .fix("Plan the next upgrade to a minor that is kept up, or have it supported by a vendor"),
    )
}
