//! Whose use it is.

use airworthy_model::{
    Subject,
    facts::{ApiCaller, GitOpsSource, HelmRelease, Writer, WrittenObject},
    finding::Owner,
};

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
pub(crate) fn writer(object: &WrittenObject, manager: &str) -> Owner {
    let deployer = |owner: &&Owner| is_release(owner) || is_source(owner);
    let owner = object.owners.iter().find(deployer).cloned();
    owner.unwrap_or_else(|| named(FIELD_MANAGER, object.namespace.as_deref(), manager))
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

/// Whether two managers are one: `kubectl` calls itself by what it does with a file.
pub(crate) fn is_same(one: &Writer, other: &Writer) -> bool {
    const KUBECTL: [&str; 4] = [
        "kubectl",
        "kubectl-client-side-apply",
        "kubectl-create",
        "kubectl-replace",
    ];
    let kubectl = |writer: &Writer| KUBECTL.contains(&&*writer.manager);
    one.manager == other.manager || (kubectl(one) && kubectl(other))
}
