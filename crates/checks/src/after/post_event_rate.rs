use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Event,
};

use crate::{Check, Context, Outcome, never, text::short};

/// Warnings that come faster than before.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostEventRate",
        summary: "warning events of a reason come much faster than before the upgrade",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[Need::Events, Need::Baseline],
        page: include_str!("post_event_rate.md"),
    },
    blocks: never,
    run,
};

/// Fewer in ten minutes are no flood, however few there were before.
const LEAST: u64 = 20;
/// So many times as fast as before.
const FACTOR: u64 = 3;
/// Ten-minute spans in the hour that the baseline counts.
const SPANS: u64 = 6;

/// How many there were, and one of them.
type Counted<'a> = BTreeMap<&'a str, (u64, &'a Event)>;

fn run(ctx: &Context<'_>) -> Outcome {
    let now = by_reason(ctx.events()?, |event| event.in_ten_minutes);
    let before = by_reason(ctx.before()?.events()?, |event| event.in_hour);
    let findings = now.into_iter().filter_map(|(reason, (count, example))| {
        let hour = before.get(reason).map_or(0, |(count, _)| *count);
        let faster = count.saturating_mul(SPANS) > hour.saturating_mul(FACTOR);
        (count >= LEAST && faster).then(|| describe(ctx, reason, (count, hour), example))
    });
    Ok(findings.collect())
}

fn by_reason(events: &[Event], count: impl Fn(&Event) -> u64) -> Counted<'_> {
    let mut reasons = Counted::new();
    for event in events {
        let (sum, example) = reasons.entry(&event.reason).or_insert((0, event));
        *sum = sum.saturating_add(count(event));
        let order = |event: &Event| (event.last, event.namespace.clone(), event.name.clone());
        if order(event) > order(example) {
            *example = event;
        }
    }
    reasons
}

fn describe(
    ctx: &Context<'_>,
    reason: &str,
    (count, hour): (u64, u64),
    example: &Event,
) -> Finding {
    let Event {
        namespace,
        name,
        kind,
        ..
    } = example;
    let place = if namespace.is_empty() {
        name.clone()
    } else {
        format!("{namespace}/{name}")
    };
    let message = format!(
        "{count} times in ten minutes, such as on {} {}; before the upgrade {hour} times in an hour",
        short(kind, 40),
        short(&place, 80)
    );
    let message = short(&message, 200);
    Finding::new(
        Severity::Note,
        Subject::cluster("v1", "EventReason", reason),
        message.clone(),
    )
    .because(Evidence::state("/api/v1/events", ctx.now(), message))
    .fix_with(
        "See them",
        format!("kubectl get events -A --field-selector type=Warning,reason={reason}"),
    )
}
