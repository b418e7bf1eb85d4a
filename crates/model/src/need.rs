//! What a check can ask to know, what it takes to read it, and what it means that it could not be read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A group of facts: the unit that is read, recorded, and missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// `/version`.
    Version,
    /// `/readyz` and `/livez`, check by check.
    Health,
    /// The leases by which control-plane components elect a leader.
    Leases,
    /// The API server's own metrics: deprecated requests, object counts.
    Metrics,
    /// Which group-versions and resources are served.
    Discovery,
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
    /// Deployments.
    Deployments,
    /// `StatefulSets`.
    StatefulSets,
    /// `DaemonSets`.
    DaemonSets,
    /// Disruption budgets.
    Pdbs,
    /// Custom resource definitions, with one probe of each served version.
    Crds,
    /// Registrations of aggregated APIs.
    ApiServices,
    /// Validating and mutating webhook configurations.
    Webhooks,
    /// Services.
    Services,
    /// Endpoint slices.
    EndpointSlices,
    /// Namespaces.
    Namespaces,
    /// Persistent volumes.
    PersistentVolumes,
    /// Claims of persistent volumes.
    PersistentVolumeClaims,
    /// Storage classes.
    StorageClasses,
    /// CSI drivers that are registered.
    CsiDrivers,
    /// Which CSI drivers each node has.
    CsiNodes,
    /// Volumes attached to nodes.
    VolumeAttachments,
    /// Jobs.
    Jobs,
    /// Cron jobs.
    CronJobs,
    /// Horizontal pod autoscalers.
    Hpas,
    /// Ingresses.
    Ingresses,
    /// Ingress classes.
    IngressClasses,
    /// Gateways and routes of the Gateway API, where it is installed.
    Gateways,
    /// Network policies.
    NetworkPolicies,
    /// Roles and cluster roles, with who is bound to them.
    Roles,
    /// What lets new pods in: classes that they name, quotas.
    PodAdmission,
    /// Policies (`ValidatingAdmissionPolicy`) that may refuse new pods.
    AdmissionPolicies,
    /// Service accounts.
    ServiceAccounts,
    /// Secrets that hold tokens of service accounts: names and labels, never their data.
    TokenSecrets,
    /// Requests for certificates.
    Csrs,
    /// Warning events, counted by reason.
    Events,
    /// How the components of the control plane and kube-proxy are started: flags, gates, configuration.
    Components,
    /// The configuration of the cluster's DNS.
    ClusterDns,
    /// The leases that kubelets renew.
    NodeLeases,
    /// What nodes use, as the metrics API tells.
    NodeUsage,
    /// Work on nodes that others have under way: machines, drains, maintenance, freezes.
    Operations,
    /// Backups that Velero and snapshot jobs have made.
    Backups,
    /// What kubelets say of themselves: configuration, flags, metrics. Read only when asked for.
    Kubelets,
    /// What pods on the nodes found out. Made only when asked for.
    Probes,
    /// Who wrote live objects at API versions whose end is known: metadata of kinds that have such a version.
    ApiWriters,
    /// Of each Helm release the revision that Helm builds its next upgrade on.
    HelmReleases,
    /// What Argo CD and Flux keep applying.
    GitOps,
    /// An audit log, or the batches of an audit webhook.
    Audit,
    /// Files of manifests.
    Manifests,
    /// What our own identity may read.
    Permissions,
    /// How the reading itself went.
    Collection,
    /// The facts kept from before the upgrade.
    Baseline,
}

/// One rule of the role that a need asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// `list` on a resource of an API group (the core group is empty).
    List {
        /// API group.
        group: &'static str,
        /// Plural resource name.
        resource: &'static str,
    },
    /// `get` on a resource of an API group.
    Get {
        /// API group.
        group: &'static str,
        /// Plural resource name.
        resource: &'static str,
    },
    /// `get` on a path that is no resource.
    Path(&'static str),
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List {
                group: "",
                resource,
            } => write!(f, "list {resource}"),
            Self::List { group, resource } => write!(f, "list {resource}.{group}"),
            Self::Get {
                group: "",
                resource,
            } => write!(f, "get {resource}"),
            Self::Get { group, resource } => write!(f, "get {resource}.{group}"),
            Self::Path(path) => write!(f, "get {path}"),
        }
    }
}

const fn get(group: &'static str, resource: &'static str) -> Access {
    Access::Get { group, resource }
}

const fn list(group: &'static str, resource: &'static str) -> Access {
    Access::List { group, resource }
}

/// Kinds that had, have or will have a version with an end beside one that lasts. A test holds it against the tables.
const WRITTEN: &[Access] = &[
    list("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
    list(
        "admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings",
    ),
    list(
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
    ),
    list(
        "admissionregistration.k8s.io",
        "validatingadmissionpolicies",
    ),
    list(
        "admissionregistration.k8s.io",
        "validatingadmissionpolicybindings",
    ),
    list(
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
    ),
    list("apiextensions.k8s.io", "customresourcedefinitions"),
    list("apiregistration.k8s.io", "apiservices"),
    list("autoscaling", "horizontalpodautoscalers"),
    list("batch", "cronjobs"),
    list("certificates.k8s.io", "certificatesigningrequests"),
    list("certificates.k8s.io", "clustertrustbundles"),
    list("certificates.k8s.io", "podcertificaterequests"),
    list("coordination.k8s.io", "leasecandidates"),
    list("coordination.k8s.io", "leases"),
    list("discovery.k8s.io", "endpointslices"),
    list("events.k8s.io", "events"),
    list("flowcontrol.apiserver.k8s.io", "flowschemas"),
    list(
        "flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations",
    ),
    list("lifecycle.k8s.io", "evictionrequests"),
    list("lifecycle.k8s.io", "evictions"),
    list("networking.k8s.io", "ingressclasses"),
    list("networking.k8s.io", "ingresses"),
    list("networking.k8s.io", "ipaddresses"),
    list("networking.k8s.io", "servicecidrs"),
    list("node.k8s.io", "runtimeclasses"),
    list("policy", "poddisruptionbudgets"),
    list("rbac.authorization.k8s.io", "clusterrolebindings"),
    list("rbac.authorization.k8s.io", "clusterroles"),
    list("rbac.authorization.k8s.io", "rolebindings"),
    list("rbac.authorization.k8s.io", "roles"),
    list("resource.k8s.io", "deviceclasses"),
    list("resource.k8s.io", "devicetaintrules"),
    list("resource.k8s.io", "resourceclaims"),
    list("resource.k8s.io", "resourceclaimtemplates"),
    list("resource.k8s.io", "resourcepoolstatusrequests"),
    list("resource.k8s.io", "resourceslices"),
    list("scheduling.k8s.io", "podgroups"),
    list("scheduling.k8s.io", "priorityclasses"),
    list("scheduling.k8s.io", "workloads"),
    list("storage.k8s.io", "csidrivers"),
    list("storage.k8s.io", "csinodes"),
    list("storage.k8s.io", "csistoragecapacities"),
    list("storage.k8s.io", "storageclasses"),
    list("storage.k8s.io", "volumeattachments"),
    list("storage.k8s.io", "volumeattributesclasses"),
    list("storagemigration.k8s.io", "storageversionmigrations"),
];

impl Need {
    /// Every need, in the order in which they are read and shown.
    pub const ALL: [Self; 53] = [
        Self::Version,
        Self::Health,
        Self::Leases,
        Self::Metrics,
        Self::Discovery,
        Self::Nodes,
        Self::Pods,
        Self::Deployments,
        Self::StatefulSets,
        Self::DaemonSets,
        Self::Pdbs,
        Self::Crds,
        Self::ApiServices,
        Self::Webhooks,
        Self::Services,
        Self::EndpointSlices,
        Self::Namespaces,
        Self::PersistentVolumes,
        Self::PersistentVolumeClaims,
        Self::StorageClasses,
        Self::CsiDrivers,
        Self::CsiNodes,
        Self::VolumeAttachments,
        Self::Jobs,
        Self::CronJobs,
        Self::Hpas,
        Self::Ingresses,
        Self::IngressClasses,
        Self::Gateways,
        Self::NetworkPolicies,
        Self::Roles,
        Self::PodAdmission,
        Self::AdmissionPolicies,
        Self::ServiceAccounts,
        Self::TokenSecrets,
        Self::Csrs,
        Self::Events,
        Self::Components,
        Self::ClusterDns,
        Self::NodeLeases,
        Self::NodeUsage,
        Self::Operations,
        Self::Backups,
        Self::Kubelets,
        Self::Probes,
        Self::ApiWriters,
        Self::HelmReleases,
        Self::GitOps,
        Self::Audit,
        Self::Manifests,
        Self::Permissions,
        Self::Collection,
        Self::Baseline,
    ];

    /// Needs that are read only when the operator asks for them.
    pub const OPT_IN: [Self; 2] = [Self::Kubelets, Self::Probes];

    /// What an identity must be allowed to do so that the need can be read. Reviews of one's own rights need no rule:
    /// every authenticated user may make them (the bootstrap role `system:basic-user`).
    pub const fn access(self) -> &'static [Access] {
        match self {
            Self::Version => &[Access::Path("/version")],
            Self::Health => &[Access::Path("/readyz"), Access::Path("/livez")],
            Self::Leases | Self::NodeLeases => const { &[list("coordination.k8s.io", "leases")] },
            Self::Metrics => &[Access::Path("/metrics")],
            Self::Discovery => &[
                Access::Path("/api"),
                Access::Path("/api/*"),
                Access::Path("/apis"),
                Access::Path("/apis/*"),
            ],
            Self::Nodes => const { &[list("", "nodes")] },
            Self::Pods | Self::Probes => const { &[list("", "pods")] },
            Self::Deployments => const { &[list("apps", "deployments")] },
            Self::StatefulSets => const { &[list("apps", "statefulsets")] },
            Self::DaemonSets => const { &[list("apps", "daemonsets")] },
            Self::Pdbs => const { &[list("policy", "poddisruptionbudgets")] },
            Self::Crds => const { &[list("apiextensions.k8s.io", "customresourcedefinitions")] },
            Self::ApiServices => const { &[list("apiregistration.k8s.io", "apiservices")] },
            Self::Webhooks => {
                const {
                    &[
                        list(
                            "admissionregistration.k8s.io",
                            "validatingwebhookconfigurations",
                        ),
                        list(
                            "admissionregistration.k8s.io",
                            "mutatingwebhookconfigurations",
                        ),
                    ]
                }
            }
            Self::Services => const { &[list("", "services")] },
            Self::EndpointSlices => const { &[list("discovery.k8s.io", "endpointslices")] },
            Self::Namespaces => const { &[list("", "namespaces")] },
            Self::PersistentVolumes => const { &[list("", "persistentvolumes")] },
            Self::PersistentVolumeClaims => const { &[list("", "persistentvolumeclaims")] },
            Self::StorageClasses => const { &[list("storage.k8s.io", "storageclasses")] },
            Self::CsiDrivers => const { &[list("storage.k8s.io", "csidrivers")] },
            Self::CsiNodes => const { &[list("storage.k8s.io", "csinodes")] },
            Self::VolumeAttachments => const { &[list("storage.k8s.io", "volumeattachments")] },
            Self::Jobs => const { &[list("batch", "jobs")] },
            Self::CronJobs => const { &[list("batch", "cronjobs")] },
            Self::Hpas => const { &[list("autoscaling", "horizontalpodautoscalers")] },
            Self::Ingresses => const { &[list("networking.k8s.io", "ingresses")] },
            Self::IngressClasses => const { &[list("networking.k8s.io", "ingressclasses")] },
            Self::Gateways => {
                const {
                    &[
                        list("gateway.networking.k8s.io", "gateways"),
                        list("gateway.networking.k8s.io", "httproutes"),
                    ]
                }
            }
            Self::NetworkPolicies => const { &[list("networking.k8s.io", "networkpolicies")] },
            Self::Roles => {
                const {
                    &[
                        list("rbac.authorization.k8s.io", "roles"),
                        list("rbac.authorization.k8s.io", "clusterroles"),
                        list("rbac.authorization.k8s.io", "rolebindings"),
                        list("rbac.authorization.k8s.io", "clusterrolebindings"),
                    ]
                }
            }
            Self::PodAdmission => {
                const {
                    &[
                        list("", "resourcequotas"),
                        list("", "limitranges"),
                        list("scheduling.k8s.io", "priorityclasses"),
                        list("node.k8s.io", "runtimeclasses"),
                    ]
                }
            }
            Self::AdmissionPolicies => {
                const {
                    &[
                        list(
                            "admissionregistration.k8s.io",
                            "validatingadmissionpolicies",
                        ),
                        list(
                            "admissionregistration.k8s.io",
                            "validatingadmissionpolicybindings",
                        ),
                    ]
                }
            }
            Self::ServiceAccounts => const { &[list("", "serviceaccounts")] },
            Self::TokenSecrets => const { &[list("", "secrets")] },
            Self::Csrs => const { &[list("certificates.k8s.io", "certificatesigningrequests")] },
            Self::Events => const { &[list("", "events")] },
            Self::Components => {
                const {
                    &[
                        list("", "pods"),
                        get("", "configmaps"),
                        Access::Path("/flagz"),
                    ]
                }
            }
            Self::ClusterDns => const { &[get("", "configmaps")] },
            Self::NodeUsage => const { &[list("metrics.k8s.io", "nodes")] },
            Self::Operations => {
                const {
                    &[
                        get("", "configmaps"),
                        list("cluster.x-k8s.io", "machines"),
                        list("cluster.x-k8s.io", "machinedeployments"),
                        list("nodemaintenance.medik8s.io", "nodemaintenances"),
                        list("karpenter.sh", "nodeclaims"),
                    ]
                }
            }
            Self::Backups => {
                const { &[list("velero.io", "backups"), list("velero.io", "schedules")] }
            }
            Self::Kubelets => const { &[get("", "nodes/proxy")] },
            // RBAC cannot tell Helm's records from other Secrets; what is read is chosen by label.
            Self::HelmReleases => {
                const {
                    &[
                        list("", "secrets"),
                        get("", "secrets"),
                        list("", "configmaps"),
                        get("", "configmaps"),
                    ]
                }
            }
            Self::ApiWriters => WRITTEN,
            Self::GitOps => {
                const {
                    &[
                        list("argoproj.io", "applications"),
                        list("kustomize.toolkit.fluxcd.io", "kustomizations"),
                    ]
                }
            }
            Self::Audit
            | Self::Manifests
            | Self::Permissions
            | Self::Collection
            | Self::Baseline => &[],
        }
    }

    /// The name that people read: `pods`, `disruption budgets`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Version => "server version",
            Self::Health => "control-plane health",
            Self::Leases => "leader-election leases",
            Self::Metrics => "API server metrics",
            Self::Discovery => "API discovery",
            Self::Nodes => "nodes",
            Self::Pods => "pods",
            Self::Deployments => "deployments",
            Self::StatefulSets => "stateful sets",
            Self::DaemonSets => "daemon sets",
            Self::Pdbs => "disruption budgets",
            Self::Crds => "custom resource definitions",
            Self::ApiServices => "API services",
            Self::Webhooks => "admission webhooks",
            Self::Services => "services",
            Self::EndpointSlices => "endpoint slices",
            Self::Namespaces => "namespaces",
            Self::PersistentVolumes => "persistent volumes",
            Self::PersistentVolumeClaims => "volume claims",
            Self::StorageClasses => "storage classes",
            Self::CsiDrivers => "CSI drivers",
            Self::CsiNodes => "CSI drivers of nodes",
            Self::VolumeAttachments => "volume attachments",
            Self::Jobs => "jobs",
            Self::CronJobs => "cron jobs",
            Self::Hpas => "pod autoscalers",
            Self::Ingresses => "ingresses",
            Self::IngressClasses => "ingress classes",
            Self::Gateways => "gateways",
            Self::NetworkPolicies => "network policies",
            Self::Roles => "roles",
            Self::PodAdmission => "rules for new pods",
            Self::AdmissionPolicies => "admission policies",
            Self::ServiceAccounts => "service accounts",
            Self::TokenSecrets => "token secrets",
            Self::Csrs => "certificate requests",
            Self::Events => "warning events",
            Self::Components => "component settings",
            Self::ClusterDns => "cluster DNS",
            Self::NodeLeases => "node leases",
            Self::NodeUsage => "node usage",
            Self::Operations => "operations under way",
            Self::Backups => "backups",
            Self::Kubelets => "kubelets",
            Self::Probes => "node probes",
            Self::ApiWriters => "writers of objects",
            Self::HelmReleases => "Helm releases",
            Self::GitOps => "GitOps sources",
            Self::Audit => "audit log",
            Self::Manifests => "manifest files",
            Self::Permissions => "own permissions",
            Self::Collection => "collection report",
            Self::Baseline => "baseline recording",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Why a group of facts could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The server said 401 or 403.
    Forbidden,
    /// The server does not serve it (404, or no version that may be asked for without harm).
    NotServed,
    /// No answer within the deadline.
    TimedOut,
    /// The server asked us to slow down until the budget was used up (429), or was overloaded (5xx).
    Overloaded,
    /// No connection, or it broke.
    Unreachable,
    /// The answer was not what the API promises: HTML, cut off, undecodable.
    Malformed,
    /// The source does not hold it: an older recording, a run without a baseline.
    NotCollected,
    /// The operator does without it, or it is read only when asked for.
    SwitchedOff,
}

impl Reason {
    /// A word for tables and error lines.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotServed => "not served",
            Self::TimedOut => "timed out",
            Self::Overloaded => "overloaded or failing",
            Self::Unreachable => "unreachable",
            Self::Malformed => "unreadable",
            Self::NotCollected => "not collected",
            Self::SwitchedOff => "switched off",
        }
    }
}

/// A group of facts that could not be read, and why. A check passes it up with `?`, so that "could not look" never
/// becomes "nothing found".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{need} {}: {detail}", reason.label())]
pub struct Missing {
    /// What lacks.
    pub need: Need,
    /// The kind of obstacle.
    pub reason: Reason,
    /// What was asked and what was answered, for people.
    pub detail: String,
    /// What to do so that it can be read next time: a permission, a flag, an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

impl Missing {
    /// Something that the operator has switched off, or that nobody has asked for.
    pub fn switched_off(need: Need) -> Self {
        let (detail, cure) = match need {
            Need::Kubelets => (
                "kubelets are asked only on request",
                Some(
                    "--evidence nodes (or evidence = [\"nodes\"] in the configuration) asks every kubelet through the API server for \
                      its configuration, flags and metrics: allow `get` on `nodes/proxy`",
                ),
            ),
            Need::Probes => (
                "what pods find out on nodes is looked at only on request",
                Some(
                    "run airworthy probe run, then look with --evidence probes (or evidence = [\"probes\"] in the configuration)",
                ),
            ),
            _ => ("the operator does without this evidence", None),
        };
        Self {
            reason: Reason::SwitchedOff,
            cure: cure.map(str::to_owned),
            ..Self::not_collected(need, detail)
        }
    }

    /// Something that the source never held.
    pub fn not_collected(need: Need, detail: impl Into<String>) -> Self {
        Self {
            need,
            reason: Reason::NotCollected,
            detail: detail.into(),
            cure: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_every_need_once_and_in_order() {
        let mut sorted = Need::ALL.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted, Need::ALL);
    }

    #[test]
    fn missing_reads_as_a_sentence() {
        let missing = Missing {
            need: Need::Pods,
            reason: Reason::Forbidden,
            detail: "GET /api/v1/pods answered 403".into(),
            cure: None,
        };
        assert_eq!(
            missing.to_string(),
            "pods forbidden: GET /api/v1/pods answered 403"
        );
    }
}
