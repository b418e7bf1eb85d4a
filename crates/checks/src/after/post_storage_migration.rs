use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Crd,
};

use crate::{Check, Context, Outcome, never, text::some_of};

/// Objects that may still be stored at an old version.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostStorageMigration",
        summary: "objects of a custom resource may still be stored at an old version",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[Need::Crds],
        page: include_str!("post_storage_migration.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let crds = ctx.crds()?.iter();
    Ok(crds.filter_map(|crd| mixed(ctx, crd)).collect())
}

fn mixed(ctx: &Context<'_>, crd: &Crd) -> Option<Finding> {
    let storage = &crd.versions.iter().find(|version| version.storage)?.name;
    let old: Vec<_> = crd
        .stored_versions
        .iter()
        .filter(|version| *version != storage)
        .map(String::as_str)
        .collect();
    if old.is_empty() {
        return None;
    }
    let message = format!(
        "objects may still be stored at {}; what is written now is stored at {storage}",
        some_of(old.iter().copied())
    );
    let name = &crd.name;
    let subject = Subject::cluster("apiextensions.k8s.io/v1", "CustomResourceDefinition", name);
    let source = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
    let detail = format!("status.storedVersions: {}", crd.stored_versions.join(", "));
    Some(
        Finding::new(Severity::Note, subject, message)
            .because(Evidence::state(source, ctx.now(), detail))
            .fix("Before a release of the add-on drops the old version: write each object once, then take the version out of status.storedVersions")
            .fix_with(
                "Write each object once",
                format!("kubectl get {name} -A -o json | kubectl replace -f -"),
            ),
    )
}
