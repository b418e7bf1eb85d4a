//! Whose use it is.

use airworthy_model::{
    Subject,
    facts::{ApiCaller, GitOpsSource, HelmRelease, Writer, WrittenObject},
    finding::Owner,
};

use crate::Context;

/// The kind of owner that a field manager is.
pub(crate) const FIELD_MANAGER: &str = "FieldManager";
/// The kind of owner that a Helm release is.
pub(crate) const HELM_RELEASE: &str = "HelmRelease";
/// The kinds of the sources that keep applying.
const SOURCES: [&str; 2] = ["Application", "Kustomization"];

/// A release.
pub(crate) fn release(release: &HelmRelease) -> Owner {
    named(HELM_RELEASE, Some(&release.namespace), &release.name)
}

/// A source that keeps applying.
pub(crate) fn source(source: &GitOpsSource) -> Owner {
    named(&source.kind, Some(&source.namespace), &source.name)
}

/// The release or source that an object names, else the manager that wrote it, in the namespace where it wrote.
pub(crate) fn writer(ctx: &Context<'_>, object: &WrittenObject, manager: &str) -> Owner {
    let deployer = |owner: &&Owner| is_release(owner) || is_source(owner);
    match object.owners.iter().find(deployer) {
        Some(owner) => found(ctx, owner),
        None => named(FIELD_MANAGER, object.namespace.as_deref(), manager),
    }
}

/// The owner with the namespace that its mark leaves out, where only one source has the name.
fn found(ctx: &Context<'_>, owner: &Owner) -> Owner {
    if owner.namespace.is_some() {
        return owner.clone();
    }
    let sources = ctx.git_ops().map_or(&[][..], Vec::as_slice);
    let same = |one: &Owner| one.kind == owner.kind && one.name == owner.name;
    let mut same = sources.iter().map(source).filter(same);
    match (same.next(), same.next()) {
        (Some(one), None) => one,
        _ => owner.clone(),
    }
}

/// The account or user that called.
pub(crate) fn caller(caller: &ApiCaller) -> Owner {
    let account = caller.user.strip_prefix("system:serviceaccount:");
    match account.and_then(|account| account.split_once(':')) {
        Some((namespace, name)) => named("ServiceAccount", Some(namespace), name),
        None => named("User", None, &caller.user),
    }
}

fn named(kind: &str, namespace: Option<&str>, name: &str) -> Owner {
    Owner {
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

pub(crate) fn is_release(owner: &Owner) -> bool {
    owner.kind == HELM_RELEASE
}

pub(crate) fn is_source(owner: &Owner) -> bool {
    SOURCES.contains(&&*owner.kind)
}

/// The owner as what a finding is about.
pub(crate) fn subject(owner: &Owner) -> Subject {
    let api_version = match &*owner.kind {
        "Application" => "argoproj.io/v1alpha1",
        "Kustomization" => "kustomize.toolkit.fluxcd.io/v1",
        "ServiceAccount" => "v1",
        _ => "",
    };
    Subject {
        namespace: owner.namespace.clone(),
        ..Subject::cluster(api_version, &owner.kind, &owner.name)
    }
}

/// Programs that write when somebody deploys; whatever else writes runs all the time.
const DEPLOYERS: [&str; 12] = [
    "kubectl",
    "helm",
    "Helm",
    "terraform",
    "Terraform",
    "pulumi",
    "ansible",
    "kapp",
    "argocd",
    "kustomize-controller",
    "helm-controller",
    "before-first-apply",
];

/// Whether a manager writes only when somebody deploys.
pub(crate) fn deploys(manager: &str) -> bool {
    DEPLOYERS.iter().any(|name| manager.starts_with(name))
}

/// Whether a manager is kubectl with a file, which it calls by what it does.
pub(crate) fn is_kubectl(writer: &Writer) -> bool {
    const NAMES: [&str; 4] = [
        "kubectl",
        "kubectl-client-side-apply",
        "kubectl-create",
        "kubectl-replace",
    ];
    NAMES.contains(&&*writer.manager)
}
