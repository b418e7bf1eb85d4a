//! Kinds whose objects come and go by themselves, so that their number says nothing.

/// As the API server counts them: `resource.group`.
const KINDS: [&str; 29] = [
    "events",
    "events.events.k8s.io",
    "pods",
    "replicasets.apps",
    "controllerrevisions.apps",
    "jobs.batch",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "leases.coordination.k8s.io",
    "leasecandidates.coordination.k8s.io",
    "volumeattachments.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "certificatesigningrequests.certificates.k8s.io",
    "podcertificaterequests.certificates.k8s.io",
    "tokenreviews.authentication.k8s.io",
    "subjectaccessreviews.authorization.k8s.io",
    "storageversions.internal.apiserver.k8s.io",
    "storageversionmigrations.storagemigration.k8s.io",
    "resourceclaims.resource.k8s.io",
    "resourceslices.resource.k8s.io",
    "podschedulingcontexts.resource.k8s.io",
    "orders.acme.cert-manager.io",
    "challenges.acme.cert-manager.io",
    "certificaterequests.cert-manager.io",
    "pipelineruns.tekton.dev",
    "taskruns.tekton.dev",
    "workflows.argoproj.io",
    "ephemeralreports.reports.kyverno.io",
    "updaterequests.kyverno.io",
];

/// Whether the number of this kind's objects says nothing.
pub(crate) fn comes_and_goes(resource: &str) -> bool {
    KINDS.contains(&resource)
}
