use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Crd},
};

use crate::{Check, Context, Outcome, never, text::short};

/// Definitions that the API server does not serve as they stand.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CrdHealth",
        summary: "a custom resource definition is not established, not accepted or being deleted",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Crds],
        page: include_str!("crd_health.md"),
    },
    blocks: never,
    run,
};

/// Seconds that a definition is given to be accepted.
const STARTING: i64 = 60;

fn run(ctx: &Context<'_>) -> Outcome {
    let crds = ctx.crds()?.iter();
    Ok(crds.flat_map(|crd| judge(ctx, crd)).collect())
}

fn judge(ctx: &Context<'_>, crd: &Crd) -> Vec<Finding> {
    // An unknown age is no excuse.
    let young = crd.created.is_some() && ctx.seconds_since(crd.created) < STARTING;
    let clash = clash(crd);
    let mut told: Vec<_> = clash.into_iter().collect();
    if !young {
        told.extend(unserved(crd).filter(|_| clash.is_none()));
        told.extend(lasting(crd).into_iter().flatten());
    }
    let told = told.into_iter();
    let mut findings: Vec<_> = told.map(|one| describe(ctx, crd, one)).collect();
    findings.extend(unjudged(ctx, crd).filter(|_| !young));
    findings
}

/// How bad a condition is, the condition, and what it means.
type Told<'a> = (Severity, &'a Condition, &'static str);

fn condition<'a>(crd: &'a Crd, kind: &str, holds: bool) -> Option<&'a Condition> {
    Condition::find(&crd.conditions, kind).filter(|one| one.is_true() == holds)
}

/// Names are refused once and for all, and that is no matter of time.
fn clash(crd: &Crd) -> Option<Told<'_>> {
    let refused = condition(crd, "NamesAccepted", false);
    refused.map(|one| (Severity::Risk, one, "its names are not accepted"))
}

fn unserved(crd: &Crd) -> Option<Told<'_>> {
    let unserved = condition(crd, "Established", false);
    unserved.map(|one| (Severity::Risk, one, "is not established"))
}

fn lasting(crd: &Crd) -> [Option<Told<'_>>; 2] {
    let going = "is being deleted, and is still there";
    let loose = "has a schema that is not structural";
    [
        condition(crd, "Terminating", true).map(|one| (Severity::Risk, one, going)),
        condition(crd, "NonStructuralSchema", true).map(|one| (Severity::Note, one, loose)),
    ]
}

fn finding(
    ctx: &Context<'_>,
    crd: &Crd,
    severity: Severity,
    message: &str,
    detail: String,
) -> Finding {
    let subject = Subject::cluster(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &crd.name,
    );
    let source = format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
        crd.name
    );
    Finding::new(severity, subject, short(message, 200))
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "See what its conditions say, and repair or delete the definition",
            format!("kubectl describe crd {}", crd.name),
        )
}

fn describe(ctx: &Context<'_>, crd: &Crd, (severity, condition, what): Told<'_>) -> Finding {
    let Condition {
        r#type,
        status,
        reason,
        message,
        ..
    } = condition;
    let text = format!("{what} ({reason}): {message}");
    finding(
        ctx,
        crd,
        severity,
        text.trim_end_matches(['.', ' ', ':']),
        format!("condition {type} {status}, reason {reason}"),
    )
    .telling_apart(r#type)
}

/// No controller has looked at it.
fn unjudged(ctx: &Context<'_>, crd: &Crd) -> Option<Finding> {
    Condition::find(&crd.conditions, "Established")
        .is_none()
        .then(|| {
            let detail = "there is no condition Established".to_owned();
            finding(
                ctx,
                crd,
                Severity::Risk,
                "is not served: no controller has judged it",
                detail,
            )
            .telling_apart("unjudged")
        })
}
