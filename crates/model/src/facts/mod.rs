//! What was seen of one cluster at one time. Slim: only what checks read. Redacted by construction: there is no member for
//! Secret data, environment values, `ConfigMap` data or last-applied texts.

mod access;
mod admission;
mod admission_policy;
mod api;
mod backup;
mod batch;
mod certificate;
mod common;
mod components;
mod dns;
mod event;
mod kubelet;
mod network;
mod node;
mod operation;
mod pod;
mod probe;
mod routing;
mod scaling;
mod scheduling;
mod server;
mod storage;
mod text;
mod usage;
mod workload;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use access::{Csr, Role, RoleRule, ServiceAccount, TokenSecret};
pub use admission::{
    FailurePolicy, LimitRange, PodAdmission, PodBounds, Quota, QuotaAmount, Webhook, WebhookKind,
    WebhookRule,
};
pub use admission_policy::{AdmissionPolicy, JudgedPod, Template};
pub use api::{ApiService, Conversion, Crd, CrdProbe, CrdVersion, Served, ServedResource};
pub use backup::{Backup, BackupKind};
pub use batch::{CronJob, Job, OnDisruption};
pub use certificate::{CaBundle, Certificate};
pub use common::{
    Condition, Deletion, IntOrPercent, LabelSelector, Labels, NoIntOrPercent, Requirement,
    ServiceRef,
};
pub use components::{
    Component, Components, ConfigDocument, ProxySettings, READ_FLAGS, UnreadSource,
};
pub use dns::{ClusterDns, Corefile, DnsOption, DnsPlugin, ServerBlock};
pub use event::Event;
pub use kubelet::{Disk, DiskPurpose, Kubelet, KubeletGap, NodeUsage};
pub use network::{EndpointSlice, LooseAddress, Namespace, Service, ServiceAsk, ServicePort};
pub use node::{Node, Resources, Taint};
pub use operation::Operation;
pub use pod::{ApiReference, Container, ControllerRef, Pdb, Pod, PodVolume};
pub use probe::{PROBE_EXPIRES, PROBE_LABEL, PROBE_NAMESPACE, Probe};
pub use routing::{Gateway, Ingress, IngressClass, NetworkPolicy};
pub use scaling::Hpa;
pub use scheduling::{
    ContainerRole, ContainerShape, HostPort, NodeTerm, PodShape, PodTerm, QuotaMarks,
    SecurityLevel, Spread, Toleration,
};
pub use server::{
    Answers, CollectionNote, CollectionReport, DeprecatedRequest, Health, HealthCheck, Lease,
    Metrics, Permission, ServerCertificates, ServerVersion, WebhookCalls,
};
pub use storage::{
    ClaimRef, CsiDriver, CsiNode, NodeDriver, PersistentVolume, PersistentVolumeClaim,
    StorageClass, VolumeAttachment, VolumeError, VolumePlugin,
};
pub use text::Text;
pub use usage::{
    ApiCaller, AuditLog, ClientSeen, DesiredField, DesiredObject, GitOpsSource, HelmRelease,
    ManifestTree, NewestRevision, ReleaseCorefile, ReleaseWorkload, Unreadable, ValuesFault,
    ValuesVerdict, Writer, WrittenKind, WrittenObject,
};
pub use workload::{AnnotatedProfile, ProfileKind, Workload, WorkloadKind};

use crate::need::{Missing, Need};

/// A group of facts, or the reason why it could not be read.
pub type Read<T> = Result<T, Missing>;

/// Which cluster facts are of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterIdentity {
    /// Context or registered name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address of the API server, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Uid of the namespace `kube-system`, which identifies a cluster for life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

macro_rules! facts {
    ($( $(#[$doc:meta])* $field:ident : $type:ty = $need:ident ),* $(,)?) => {
        /// Everything that was read, group by group; each group is there or says why not.
        #[derive(Clone, Debug)]
        pub struct Facts {
            /// Which cluster.
            pub cluster: ClusterIdentity,
            /// When reading began.
            pub observed_at: Timestamp,
            $( $(#[$doc])* pub $field: Read<$type>, )*
        }

        impl Facts {
            /// Facts of which no group was read yet, each for the reason given.
            pub fn unread(cluster: ClusterIdentity, observed_at: Timestamp, why: &str) -> Self {
                Self { cluster, observed_at, $( $field: Err(Missing::not_collected(Need::$need, why)), )* }
            }

            /// The groups that could not be read.
            pub fn missing(&self) -> Vec<&Missing> {
                [ $( self.$field.as_ref().err(), )* ].into_iter().flatten().collect()
            }

            /// Takes away groups that the operator has switched off.
            pub fn switch_off(&mut self, needs: &std::collections::BTreeSet<Need>) {
                $( if needs.contains(&Need::$need) {
                    self.$field = Err(Missing::switched_off(Need::$need));
                } )*
            }

            /// Walks over all groups in order. What a group serialises to is its visitor's choice.
            pub fn visit<V: GroupVisitor>(&self, visitor: &mut V) -> Result<(), V::Error> {
                $( visitor.group(Need::$need, &self.$field)?; )*
                Ok(())
            }

            /// Fills all groups in order from `filler`.
            pub fn fill<F: GroupFiller>(&mut self, filler: &mut F) -> Result<(), F::Error> {
                $( self.$field = filler.group(Need::$need)?; )*
                Ok(())
            }
        }
    };
}

/// Receives every group of facts; a group is a list of rows, or one row.
pub trait GroupVisitor {
    /// What can go wrong while visiting.
    type Error;
    /// One group.
    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Self::Error>;
}

/// Gives every group of facts.
pub trait GroupFiller {
    /// What can go wrong while filling.
    type Error;
    /// One group.
    fn group<T: Rows>(&mut self, need: Need) -> Result<Read<T>, Self::Error>;
}

/// A group as rows, so that it can be written and read line by line.
pub trait Rows: Sized {
    /// One row.
    type Row: Serialize + for<'de> Deserialize<'de>;
    /// All rows.
    fn rows(&self) -> &[Self::Row];
    /// The group of these rows; `None` when their number is wrong.
    fn from_rows(rows: Vec<Self::Row>) -> Option<Self>;
}

impl<T: Serialize + for<'de> Deserialize<'de>> Rows for Vec<T> {
    type Row = T;
    fn rows(&self) -> &[T] {
        self
    }
    fn from_rows(rows: Vec<T>) -> Option<Self> {
        Some(rows)
    }
}

macro_rules! single_row {
    ($($type:ty),*) => { $(
        impl Rows for $type {
            type Row = $type;
            fn rows(&self) -> &[$type] {
                std::slice::from_ref(self)
            }
            fn from_rows(rows: Vec<$type>) -> Option<Self> {
                <[$type; 1]>::try_from(rows).ok().map(|[row]| row)
            }
        }
    )* };
}

single_row!(
    ServerVersion,
    Health,
    Metrics,
    Served,
    PodAdmission,
    Components,
    ClusterDns,
    CollectionReport,
    AuditLog,
    ManifestTree
);

facts! {
    /// `/version`.
    version: ServerVersion = Version,
    /// `/readyz` and `/livez`.
    health: Health = Health,
    /// Leader-election leases of `kube-system`.
    leases: Vec<Lease> = Leases,
    /// `/metrics` of the API server that answered.
    metrics: Metrics = Metrics,
    /// What is served.
    discovery: Served = Discovery,
    /// Nodes.
    nodes: Vec<Node> = Nodes,
    /// Pods.
    pods: Vec<Pod> = Pods,
    /// Deployments.
    deployments: Vec<Workload> = Deployments,
    /// Stateful sets.
    stateful_sets: Vec<Workload> = StatefulSets,
    /// Daemon sets.
    daemon_sets: Vec<Workload> = DaemonSets,
    /// Disruption budgets.
    pdbs: Vec<Pdb> = Pdbs,
    /// Custom resource definitions.
    crds: Vec<Crd> = Crds,
    /// Aggregated APIs.
    api_services: Vec<ApiService> = ApiServices,
    /// Webhooks of both kinds of configuration.
    webhooks: Vec<Webhook> = Webhooks,
    /// Services.
    services: Vec<Service> = Services,
    /// Endpoint slices.
    endpoint_slices: Vec<EndpointSlice> = EndpointSlices,
    /// Namespaces.
    namespaces: Vec<Namespace> = Namespaces,
    /// Persistent volumes.
    persistent_volumes: Vec<PersistentVolume> = PersistentVolumes,
    /// Claims of persistent volumes.
    persistent_volume_claims: Vec<PersistentVolumeClaim> = PersistentVolumeClaims,
    /// Storage classes.
    storage_classes: Vec<StorageClass> = StorageClasses,
    /// CSI drivers that are registered.
    csi_drivers: Vec<CsiDriver> = CsiDrivers,
    /// Which CSI drivers each node has.
    csi_nodes: Vec<CsiNode> = CsiNodes,
    /// Volumes attached to nodes.
    volume_attachments: Vec<VolumeAttachment> = VolumeAttachments,
    /// Jobs.
    jobs: Vec<Job> = Jobs,
    /// Cron jobs.
    cron_jobs: Vec<CronJob> = CronJobs,
    /// Horizontal pod autoscalers.
    hpas: Vec<Hpa> = Hpas,
    /// Ingresses.
    ingresses: Vec<Ingress> = Ingresses,
    /// Ingress classes.
    ingress_classes: Vec<IngressClass> = IngressClasses,
    /// Gateways and routes of the Gateway API, where it is installed.
    gateways: Vec<Gateway> = Gateways,
    /// Network policies.
    network_policies: Vec<NetworkPolicy> = NetworkPolicies,
    /// Roles and cluster roles, with who is bound to them.
    roles: Vec<Role> = Roles,
    /// What lets new pods in: classes that they name, quotas.
    pod_admission: PodAdmission = PodAdmission,
    /// Policies that may refuse new pods, each as one binding puts it to them.
    admission_policies: Vec<AdmissionPolicy> = AdmissionPolicies,
    /// Service accounts.
    service_accounts: Vec<ServiceAccount> = ServiceAccounts,
    /// Secrets that hold tokens of service accounts: names and labels, never their data.
    token_secrets: Vec<TokenSecret> = TokenSecrets,
    /// Requests for certificates.
    csrs: Vec<Csr> = Csrs,
    /// Warning events, counted by reason.
    events: Vec<Event> = Events,
    /// How the components of the control plane and kube-proxy are started: flags, gates, configuration.
    components: Components = Components,
    /// The configuration of the cluster's DNS.
    cluster_dns: ClusterDns = ClusterDns,
    /// The leases that kubelets renew.
    node_leases: Vec<Lease> = NodeLeases,
    /// What nodes use, as the metrics API tells.
    node_usage: Vec<NodeUsage> = NodeUsage,
    /// Work on nodes that others have under way: machines, drains, maintenance, freezes.
    operations: Vec<Operation> = Operations,
    /// Backups that Velero and snapshot jobs have made.
    backups: Vec<Backup> = Backups,
    /// What kubelets say of themselves: configuration, flags, metrics. Read only when asked for.
    kubelets: Vec<Kubelet> = Kubelets,
    /// What pods on the nodes found out. Made only when asked for.
    probes: Vec<Probe> = Probes,
    /// Live objects written at API versions whose end is known.
    api_writers: Vec<WrittenKind> = ApiWriters,
    /// Deployed Helm releases.
    helm_releases: Vec<HelmRelease> = HelmReleases,
    /// What Argo CD and Flux keep applying.
    git_ops: Vec<GitOpsSource> = GitOps,
    /// What an audit log tells.
    audit: AuditLog = Audit,
    /// Files.
    manifests: ManifestTree = Manifests,
    /// Own permissions.
    permissions: Vec<Permission> = Permissions,
    /// How reading went.
    collection: CollectionReport = Collection,
}
