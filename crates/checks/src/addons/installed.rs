//! Which add-ons run here, by the images of workloads.

use airworthy_knowledge::{Addon, AddonRange};
use airworthy_model::{
    AddonVersion, Evidence, Finding, Missing, Severity, Subject, facts::Workload, finding::Owner,
};

use crate::{Context, View};

/// An add-on that a workload runs.
#[derive(Clone, Debug)]
pub(crate) struct Installed<'a> {
    /// What is known of it.
    pub(crate) addon: &'a Addon,
    /// The workload.
    pub(crate) workload: &'a Workload,
    /// Its image.
    pub(crate) image: &'a str,
    /// Its version, where the tag of the image tells one.
    pub(crate) version: Option<AddonVersion>,
}

/// The repository and the tag of an image: `host:5000/a/b:1.2@sha256:…` is `host:5000/a/b` and `1.2`.
pub(crate) fn parts(image: &str) -> (&str, Option<&str>) {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    let last = image.rfind('/').map_or(0, |at| at + 1);
    match image[last..].find(':') {
        Some(colon) => (&image[..last + colon], Some(&image[last + colon + 1..])),
        None => (image, None),
    }
}

/// The version that the tag of an image names.
pub(crate) fn version(image: &str) -> Option<AddonVersion> {
    AddonVersion::of_tag(parts(image).1?)
}

/// The add-ons of a workload; each once, with its first image.
pub(crate) fn of<'a>(ctx: &Context<'a>, workload: &'a Workload) -> Vec<Installed<'a>> {
    let mut found: Vec<Installed<'a>> = Vec::new();
    for image in &workload.images {
        let repository = parts(image).0;
        let addon = ctx
            .knowledge
            .addons()
            .iter()
            .find(|addon| addon.runs(repository));
        let Some(addon) = addon else { continue };
        if found.iter().all(|known| known.addon != addon) {
            found.push(Installed {
                addon,
                workload,
                image,
                version: version(image),
            });
        }
    }
    found
}

/// What runs here, and the kinds of workload that could not be listed.
pub(crate) fn all<'a>(ctx: &Context<'a>, view: &View<'a>) -> (Vec<Installed<'a>>, Vec<Missing>) {
    let (workloads, missing) = crate::workloads::workload::listed(view);
    let found = workloads.into_iter().flat_map(|workload| of(ctx, workload));
    (found.collect(), missing)
}

/// The workload that answers names for the whole cluster: a Deployment as a rule. Kinds are looked at until it is found.
pub(crate) fn cluster_dns<'a>(ctx: &Context<'a>) -> Result<Option<Installed<'a>>, Missing> {
    let in_kind = |workloads: &'a Vec<Workload>| {
        let mine = workloads
            .iter()
            .filter(|one| one.namespace == "kube-system");
        mine.flat_map(|workload| of(ctx, workload))
            .find(|one| one.addon.addon == "coredns")
    };
    Ok(match in_kind(ctx.deployments()?) {
        Some(found) => Some(found),
        None => in_kind(ctx.daemon_sets()?),
    })
}

/// A workload of kube-system that is called after DNS and has no image that is known: it may answer names for the whole cluster.
pub(crate) fn unknown_dns<'a>(ctx: &Context<'a>) -> Result<Option<&'a Workload>, Missing> {
    let mut workloads = ctx.deployments()?.iter().chain(ctx.daemon_sets()?);
    Ok(workloads.find(|one| {
        one.namespace == "kube-system" && is_called_dns(one) && of(ctx, one).is_empty()
    }))
}

fn is_called_dns(workload: &Workload) -> bool {
    let app = workload
        .selector
        .as_ref()
        .and_then(|selector| selector.match_labels.get("k8s-app"));
    workload.name.contains("dns") || app.is_some_and(|app| app.contains("dns"))
}

impl<'a> Installed<'a> {
    /// The range that its version lies in.
    pub(crate) fn range(&self) -> Option<&'a AddonRange> {
        self.addon.range(self.version.as_ref()?)
    }

    /// Its name and version, as far as known.
    pub(crate) fn title(&self) -> String {
        let name = &self.addon.addon;
        self.version
            .as_ref()
            .map_or_else(|| name.clone(), |version| format!("{name} {version}"))
    }

    /// A finding about it: the workload is the subject, the add-on its owner.
    pub(crate) fn finding(
        &self,
        view: &View<'_>,
        severity: Severity,
        message: impl Into<String>,
        detail: &str,
    ) -> Finding {
        let (kind, namespace, name) = (
            self.workload.kind,
            &self.workload.namespace,
            &self.workload.name,
        );
        let resource = kind.resource();
        let subject = Subject::namespaced("apps/v1", kind.kind(), namespace, name);
        let source = format!("/apis/apps/v1/namespaces/{namespace}/{resource}/{name}");
        let mut finding = Finding::new(severity, subject, message)
            .because(Evidence::state(source, view.now(), detail))
            .telling_apart(self.addon.addon.clone());
        finding.owner = Some(Owner {
            kind: "Addon".into(),
            namespace: None,
            name: self.addon.addon.clone(),
        });
        finding
    }

    /// A command that shows its workload with its images.
    pub(crate) fn show(&self) -> String {
        let Workload {
            kind,
            namespace,
            name,
            ..
        } = self.workload;
        format!(
            "kubectl -n {namespace} get {} {name} -o wide",
            kind.resource()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_taken_apart() {
        for (image, repository, tag) in [
            ("nginx", "nginx", None),
            (
                "registry.k8s.io/coredns/coredns:v1.11.3",
                "registry.k8s.io/coredns/coredns",
                Some("v1.11.3"),
            ),
            ("host:5000/a/b", "host:5000/a/b", None),
            (
                "host:5000/a/b:1.2@sha256:00ff",
                "host:5000/a/b",
                Some("1.2"),
            ),
            ("a/b@sha256:00ff", "a/b", None),
            ("", "", None),
        ] {
            assert_eq!(parts(image), (repository, tag), "{image}");
        }
    }
}
