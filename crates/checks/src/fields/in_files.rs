//! Fields of manifests that the target does not know.

use airworthy_model::{
    Evidence, EvidenceKind, Finding, Minor, Severity, UpgradePath,
    facts::{DesiredField, DesiredObject, ManifestTree},
    finding::Location,
};

use super::changes::{Changes, Turn};
use crate::{
    Context,
    api::{place, subject},
    text::short,
};

/// One finding a field and object. Files do not tell the version that they were written for, so every field counts that was there
/// once and is gone at the target.
pub(super) fn judge(ctx: &Context<'_>, path: &UpgradePath, tree: &ManifestTree) -> Vec<Finding> {
    let mut changes = if path.hops.is_empty() {
        Changes::gone_at(ctx.knowledge, path.target.minor)
    } else {
        Changes::new(ctx.knowledge, path)
    };
    let mut findings = Vec::new();
    for object in &tree.watched {
        for field in &object.fields {
            if let Some(Turn::Gone(minor)) = changes.of(object, &field.path) {
                findings.push(describe(ctx, path, object, field, minor));
            }
        }
    }
    findings
}

fn describe(
    ctx: &Context<'_>,
    path: &UpgradePath,
    object: &DesiredObject,
    field: &DesiredField,
    minor: Minor,
) -> Finding {
    let location = object.location.as_ref().map(|object| Location {
        line: field.line,
        column: field.column,
        ..object.clone()
    });
    let file = location.as_ref().map_or("", |location| &location.file);
    let message = format!(
        "sets {}, which {minor} does not know: kubectl is refused, others lose it without a word",
        field.path
    );
    let evidence = Evidence {
        kind: EvidenceKind::Reapply,
        source: place(location.as_ref()),
        observed_at: Some(ctx.now()),
        detail: format!("{} is set at {}", field.path, object.api_version),
    };
    let finding = Finding {
        hop: path.hop_crossing(minor),
        location: location.clone(),
        ..Finding::new(Severity::Risk, subject(object), short(&message, 200))
    };
    finding
        .telling_apart(format!("{} {file}", field.path).trim_end())
        .because(evidence)
        .setting(&field.path, "set", None)
        .fix_with(
            "Take the field out, or say in another way what it says",
            format!("airworthy knowledge show {}.{}", object.kind, field.path),
        )
}
