use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity, facts::VolumeAttachment,
};

use super::attachment;
use crate::{Check, Context, Judgement, Outcome, never};

/// Volumes that do not get to their node, or not away from it.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "VolumeAttachmentStuck",
        summary: "a volume cannot be attached or detached, or its node is gone",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::VolumeAttachments, Need::Nodes],
        page: include_str!("volume_attachment_stuck.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let attachments = ctx.volume_attachments()?;
    let stuck: Judgement = attachments
        .iter()
        .filter_map(|one| {
            let why = attachment::stuck(ctx.now(), one)?;
            Some(attachment::finding(
                ctx.now(),
                Severity::Risk,
                one,
                &why,
                "",
            ))
        })
        .collect();
    Ok([Ok(stuck), orphans(ctx, attachments)].into_iter().collect())
}

/// Attachments to nodes that are not there, which nobody has begun to undo.
fn orphans(ctx: &Context<'_>, attachments: &[VolumeAttachment]) -> Outcome {
    let nodes: BTreeSet<&str> = ctx.nodes()?.iter().map(|node| node.name.as_str()).collect();
    Ok(attachments
        .iter()
        .filter(|one| one.attached && one.deleting_since.is_none())
        .filter(|one| !nodes.contains(one.node.as_str()))
        .map(|one| orphan(ctx, one))
        .collect())
}

fn orphan(ctx: &Context<'_>, attachment: &VolumeAttachment) -> Finding {
    let message = format!(
        "volume {} is attached to node {}, which is gone",
        crate::text::short(&attachment.volume, 60),
        crate::text::short(&attachment.node, 60)
    );
    attachment::of(ctx.now(), Severity::Risk, attachment, message)
}
