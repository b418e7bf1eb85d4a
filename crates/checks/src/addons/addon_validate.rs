use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{HelmRelease, ValuesVerdict},
};

use super::release;
use crate::{Check, Context, Outcome, never, text::short};

/// Releases that Helm refuses to render again with the values that they have.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "AddonValidate",
        summary: "the values of a Helm release are not what the schema of its chart allows",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::HelmReleases],
        page: include_str!("addon_validate.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let releases = ctx.helm_releases()?.iter();
    Ok(releases
        .filter_map(|release| judge(ctx, release, release.values.as_ref()?))
        .collect())
}

fn judge(ctx: &Context<'_>, release: &HelmRelease, values: &ValuesVerdict) -> Option<Finding> {
    let chart = short(&format!("{} {}", release.chart, release.chart_version), 40);
    if let Some(why) = &values.unjudged {
        let message = format!(
            "its values were not held against the schema of {chart}: {}",
            short(why, 80)
        );
        return Some(describe(ctx, release, Severity::Note, &message, why));
    }
    let first = values.faults.first()?;
    let place = match &*first.pointer {
        "" => "as a whole".to_owned(),
        pointer => format!("at {}", short(pointer, 50)),
    };
    let beyond = usize::try_from(values.more).unwrap_or(usize::MAX);
    let others = (values.faults.len() - 1).saturating_add(beyond);
    let more = match others {
        0 => String::new(),
        more => format!(" and in {more} more places"),
    };
    let message = format!(
        "the schema of {chart} does not allow its values {place} ({}){more}",
        short(&first.keyword, 30)
    );
    Some(describe(
        ctx,
        release,
        Severity::Risk,
        &message,
        &places(values),
    ))
}

/// `/replicas (type), /image (required)`.
fn places(values: &ValuesVerdict) -> String {
    let place = |fault: &airworthy_model::facts::ValuesFault| {
        let pointer = match &*fault.pointer {
            "" => "the values as a whole",
            pointer => pointer,
        };
        format!("{pointer} ({})", fault.keyword)
    };
    let all: Vec<_> = values.faults.iter().map(place).collect();
    all.join(", ")
}

fn describe(
    ctx: &Context<'_>,
    release: &HelmRelease,
    severity: Severity,
    message: &str,
    detail: &str,
) -> Finding {
    let HelmRelease {
        namespace, name, ..
    } = release;
    let subject = Subject::namespaced("", "HelmRelease", namespace, name);
    let detail = format!("revision {}: {}", release.revision, short(detail, 300));
    Finding::new(severity, subject, message)
        .because(Evidence::state(release::source(release), ctx.now(), detail))
        .fix_with(
            "Bring the values in line with the schema of the chart that you will upgrade to, and try them with --dry-run",
            format!("helm -n {namespace} get values {name}"),
        )
}
