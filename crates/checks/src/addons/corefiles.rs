//! Corefiles that were read, and what Helm would write in their place.

use airworthy_model::{
    Evidence, Finding, Missing, Need, Severity, Subject,
    facts::{ClusterDns, Corefile, HelmRelease, Workload},
};

use super::release;
use crate::{View, text::short};

/// Why there is nothing to judge where neither CoreDNS nor its Corefile is there.
pub(crate) const NO_COREDNS: &str = "no CoreDNS runs as a workload of kube-system";

/// The Corefile that CoreDNS starts with.
pub(crate) fn main(dns: &ClusterDns) -> Option<&Corefile> {
    let own = |corefile: &&Corefile| corefile.key == "Corefile" && !is_of_nodes(corefile);
    dns.corefiles.iter().find(own)
}

/// Whether it is that of the cache on nodes, a program with versions of its own.
pub(crate) fn is_of_nodes(corefile: &Corefile) -> bool {
    corefile.name == "node-local-dns"
}

/// CoreDNS runs, and its Corefile stands where nobody looked.
pub(crate) fn not_found() -> Missing {
    Missing {
        cure: Some(
            "look at the Corefile by hand: it is in the ConfigMap that the pods of CoreDNS mount"
                .into(),
        ),
        ..Missing::not_collected(
            Need::ClusterDns,
            "CoreDNS runs, but no ConfigMap with a usual name (coredns, rke2-coredns-rke2-coredns) of kube-system holds its Corefile",
        )
    }
}

/// The Corefile is there, and no image tells whether this workload starts with it.
pub(crate) fn unknown_image(corefile: &Corefile, workload: &Workload) -> Missing {
    let why = format!(
        "{} holds a Corefile, and {} {} of kube-system has no image of CoreDNS that is known",
        source(corefile),
        workload.kind.kind(),
        short(&workload.name, 60)
    );
    Missing {
        cure: Some("look at it by hand: its replicas, and the nodes of its pods".into()),
        ..Missing::not_collected(Need::ClusterDns, why)
    }
}

/// Where it stands.
pub(crate) fn source(corefile: &Corefile) -> String {
    let (namespace, name) = (&corefile.namespace, &corefile.name);
    format!("/api/v1/namespaces/{namespace}/configmaps/{name}")
}

/// Corefiles that are not what the release that made them says.
pub(crate) fn drift<'a>(
    view: &'a View<'_>,
    dns: &'a ClusterDns,
    releases: &'a [HelmRelease],
) -> impl Iterator<Item = Finding> + 'a {
    let of = |live: &Corefile, release: &HelmRelease| {
        release.corefiles.iter().any(|one| {
            one.namespace == live.namespace && one.name == live.name && one.digest != live.digest
        })
    };
    let texts = dns.corefiles.iter().filter(|live| live.key == "Corefile");
    texts.flat_map(move |live| {
        let owners = releases.iter().filter(move |release| of(live, release));
        owners.map(move |release| describe(view, live, release))
    })
}

fn describe(view: &View<'_>, live: &Corefile, release: &HelmRelease) -> Finding {
    let subject = Subject::namespaced("v1", "ConfigMap", &live.namespace, &live.name);
    let (namespace, name) = (&release.namespace, &release.name);
    let message = format!(
        "its Corefile is not what release {namespace}/{name} holds: the release's next upgrade overwrites it"
    );
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(
            source(live),
            view.now(),
            "the words of its Corefile differ from those in the manifest of the release",
        ))
        .because(Evidence::state(
            release::source(release),
            view.now(),
            format!("revision {}", release.revision),
        ))
        .setting("Corefile", "edited", None)
        .telling_apart(format!("drift {namespace}/{name}"))
        .fix_with(
            "Bring the edits into the values of the release, or give them up",
            format!("helm -n {namespace} get manifest {name}"),
        )
}
