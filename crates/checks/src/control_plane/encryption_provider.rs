use airworthy_knowledge::Component as Program;
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity, facts::Component,
};

use super::started;
use crate::{Check, Context, Judgement, Outcome};

/// Encryption of what is stored, by a provider that the target switches off.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "EncryptionProvider",
        summary: "stored data is encrypted, and the target switches a kind of provider off",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("encryption_provider.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, |path| path.crosses(KMS_V1_OFF)),
    run,
};

/// KMS v1 is off unless the gate `KMSv1` is set.
const KMS_V1_OFF: Minor = Minor::v1(29);
const FLAG: &str = "encryption-provider-config";

fn run(ctx: &Context<'_>) -> Outcome {
    if !ctx.path()?.crosses(KMS_V1_OFF) {
        return Ok(Judgement::default());
    }
    let provider = ctx.provider_runs_control_plane();
    let seen = ctx.components()?;
    if let Some(why) = provider {
        return Ok(Judgement::not_applicable(why));
    }
    let encrypting = || {
        seen.of(Program::KubeApiserver.name())
            .filter(|one| one.sets(FLAG))
    };
    let kept = encrypting()
        .filter(|one| keeps_v1(one))
        .map(|one| kept(ctx, one));
    let found: Judgement = kept.collect();
    let unread = encrypting()
        .find(|one| !keeps_v1(one))
        .map(|one| file(&one.source));
    Ok(found
        .without(started::gap(seen, &[Program::KubeApiserver]))
        .without(unread))
}

fn keeps_v1(server: &Component) -> bool {
    server.gates().any(|gate| gate == ("KMSv1", "true"))
}

/// It goes on working, for as long as there is the gate.
fn kept(ctx: &Context<'_>, server: &Component) -> Finding {
    let message =
        "the gate KMSv1 keeps providers of KMS v1, which are deprecated: move to v2 before it goes";
    let detail = "kube-apiserver is started with KMSv1=true and encrypts what it stores".to_owned();
    let program = Program::KubeApiserver.name();
    started::finding(
        ctx,
        Severity::Note,
        program,
        message.to_owned(),
        [(server, detail)].into_iter(),
    )
    .telling_apart(&*server.source)
    .fix("Name a provider of KMS v2 first in the file, and write every Secret anew")
}

/// The file of providers holds keys: nobody reads it from afar.
fn file(source: &str) -> Missing {
    let why = format!(
        "{source} has --{FLAG}, a file that only its node has: with a KMS provider of v1 in it and without the gate KMSv1=true the API \
         server of {KMS_V1_OFF} does not start"
    );
    Missing {
        cure: Some("look for kms with apiVersion v1 (or none) in that file; where there is none, leave this check out".into()),
        ..Missing::not_collected(Need::Components, why)
    }
}
