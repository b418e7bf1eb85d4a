use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Hpa},
};

use crate::{Check, Context, Outcome, never, text::short};

/// Autoscalers that do not scale.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "HpaHealth",
        summary: "a horizontal pod autoscaler cannot read its metrics or its target",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Hpas],
        page: include_str!("hpa_health.md"),
    },
    blocks: never,
    run,
};

/// Seconds that a gap in the metrics may last.
const PATIENCE: i64 = 120;
/// Reason of an autoscaler whose target is scaled to nothing on purpose.
const DISABLED: &str = "ScalingDisabled";

fn run(ctx: &Context<'_>) -> Outcome {
    let autoscalers = ctx.hpas()?.iter();
    Ok(autoscalers.filter_map(|one| judge(ctx, one)).collect())
}

fn judge(ctx: &Context<'_>, hpa: &Hpa) -> Option<Finding> {
    let fails = |kind: &&str| {
        let condition = Condition::find(&hpa.conditions, kind)?;
        let long = condition.last_transition.is_none()
            || ctx.seconds_since(condition.last_transition) > PATIENCE;
        (!condition.is_true() && condition.reason != DISABLED && long).then_some(condition)
    };
    let condition = ["AbleToScale", "ScalingActive"].iter().find_map(fails)?;
    let Condition {
        r#type,
        status,
        reason,
        message,
        ..
    } = condition;
    let text = format!(
        "does not scale {} {} ({reason}): {message}",
        hpa.target_kind, hpa.target_name
    );
    let version = if hpa.api_version.is_empty() {
        "autoscaling/v2"
    } else {
        &hpa.api_version
    };
    let subject = Subject::namespaced(
        version,
        "HorizontalPodAutoscaler",
        &hpa.namespace,
        &hpa.name,
    );
    let source = format!(
        "/apis/{version}/namespaces/{}/horizontalpodautoscalers/{}",
        hpa.namespace, hpa.name
    );
    Some(
        Finding::new(
            Severity::Risk,
            subject,
            short(text.trim_end_matches(['.', ' ', ':']), 200),
        )
        .because(Evidence::state(
            source,
            ctx.now(),
            format!(
                "condition {type} {status}, reason {reason}; {} of {} to {} replicas",
                hpa.current,
                hpa.min.unwrap_or(1),
                hpa.max
            ),
        ))
        .fix_with(
            "Repair what serves its metrics, or its target",
            format!("kubectl -n {} describe hpa {}", hpa.namespace, hpa.name),
        ),
    )
}
