use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity, Subject,
    facts::TokenSecret,
};
use jiff::civil::Date;

use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, short},
};

/// Tokens in Secrets that end with the upgrade, or have ended.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ServiceAccountToken",
        summary: "a service account's token in a Secret is refused, or will be after the upgrade",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::TokenSecrets, Need::ServiceAccounts],
        page: include_str!("service_account_token.md"),
    },
    blocks: never,
    run,
};

/// The minor that makes no Secret with a token for a new service account any more.
const NOT_MADE: Minor = Minor::v1(24);
/// The minor that refuses generated tokens which nobody has used for a year (gate `LegacyServiceAccountTokenCleanUp`).
const CLEANED: Minor = Minor::v1(29);
/// Days without use after which a generated token is refused.
const IDLE_DAYS: i32 = 365;

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if path.target.minor < NOT_MADE {
        return Ok(Judgement::not_applicable(
            "no version on this path changes how tokens in Secrets are made or kept",
        ));
    }
    let secrets = ctx.token_secrets()?;
    let mut whole: Judgement = secrets.iter().map(|secret| judge(ctx, secret)).collect();
    whole.findings.extend(not_made(ctx, secrets.len()));
    Ok(whole)
}

fn judge(ctx: &Context<'_>, secret: &TokenSecret) -> Outcome {
    if let Some(day) = &secret.invalid_since {
        let message = format!(
            "its token is refused since {}: it will be deleted a year after",
            short(day, 20)
        );
        return Ok(vec![describe(
            ctx,
            secret,
            "kubernetes.io/legacy-token-invalid-since",
            &message,
        )]
        .into());
    }
    // Tokens in Secrets made by hand are not touched.
    if !ctx.crosses(CLEANED) || !is_idle(ctx, secret) || !is_generated(ctx, secret)? {
        return Ok(Judgement::default());
    }
    let day = secret.last_used.as_deref().unwrap_or_default();
    let message = format!(
        "nobody has used its token since {}: from 1.29 on it is refused, and deleted a year after",
        short(day, 20)
    );
    Ok(vec![describe(
        ctx,
        secret,
        "kubernetes.io/legacy-token-last-used",
        &message,
    )]
    .into())
}

fn is_idle(ctx: &Context<'_>, secret: &TokenSecret) -> bool {
    let day = secret
        .last_used
        .as_deref()
        .and_then(|day| day.parse::<Date>().ok());
    let today = ctx.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    day.is_some_and(|day| {
        today
            .since(day)
            .is_ok_and(|span| span.get_days() >= IDLE_DAYS)
    })
}

/// Whether a controller made it, as Secrets are that a service account lists.
fn is_generated(ctx: &Context<'_>, secret: &TokenSecret) -> Result<bool, Missing> {
    let mut accounts = ctx.service_accounts()?.iter();
    Ok(accounts.any(|one| {
        one.namespace == secret.namespace
            && one.name == secret.account
            && one.secrets.contains(&secret.name)
    }))
}

fn describe(ctx: &Context<'_>, secret: &TokenSecret, label: &str, message: &str) -> Finding {
    let TokenSecret {
        namespace,
        name,
        account,
        ..
    } = secret;
    let source = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    Finding::new(
        Severity::Risk,
        Subject::namespaced("v1", "Secret", namespace, name),
        short(message, 200),
    )
    .because(Evidence::state(
        source,
        ctx.now(),
        format!("a token of service account {account}, by its label {label}"),
    ))
    .fix_with(
        "Let what still needs it ask for a token (TokenRequest), and delete the Secret",
        format!("kubectl -n {namespace} create token {account}"),
    )
}

/// Nothing tells whether somebody waits for such Secrets, so that this is a note.
fn not_made(ctx: &Context<'_>, secrets: usize) -> Option<Finding> {
    (ctx.crosses(NOT_MADE) && secrets > 0).then(|| {
        let message = "service accounts made after the upgrade get no Secret with a token; what reads it from there does not find it";
        Finding::new(Severity::Note, Subject::cluster("v1", "Cluster", "service accounts"), message)
            .because(Evidence::state("/api/v1/secrets", ctx.now(), format!("{} with a token of a service account", counted(secrets, "Secret"))))
            .fix("Let what needs such a token ask for one (TokenRequest), or make the Secret by hand with the annotation kubernetes.io/service-account.name")
    })
}
