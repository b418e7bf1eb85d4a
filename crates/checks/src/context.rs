//! What a check may look at.

use std::{cell::RefCell, collections::BTreeSet, ops::Deref};

use airworthy_knowledge::Knowledge;
use airworthy_model::{
    ControlPlane, Facts, Minor, Missing, Need, Policy, Rollout, Severity, UpgradePath,
    facts::{
        AdmissionPolicy, ApiService, AuditLog, Backup, ClusterDns, CollectionReport, Components,
        Crd, CronJob, CsiDriver, CsiNode, Csr, EndpointSlice, Event, Gateway, GitOpsSource, Health,
        HelmRelease, Hpa, Ingress, IngressClass, Job, Kubelet, Lease, ManifestTree, Metrics,
        Namespace, NetworkPolicy, Node, NodeUsage, Operation, Pdb, Permission, PersistentVolume,
        PersistentVolumeClaim, Pod, PodAdmission, Probe, Read, Role, Served, ServerVersion,
        Service, ServiceAccount, StorageClass, TokenSecret, VolumeAttachment, Webhook, Workload,
        WrittenKind,
    },
};
use jiff::Timestamp;

/// Facts behind accessors that note which needs were read, so that declared needs can be held against real ones.
#[derive(Debug)]
pub struct View<'a> {
    facts: &'a Facts,
    before: bool,
    read: &'a RefCell<BTreeSet<Need>>,
}

macro_rules! accessors {
    ($( $(#[$doc:meta])* $name:ident -> $type:ty = $need:ident ),* $(,)?) => {
        impl<'a> View<'a> {
            $( $(#[$doc])* pub fn $name(&self) -> Result<&'a $type, Missing> {
                self.group(Need::$need, &self.facts.$name)
            } )*
        }
    };
}

accessors! {
    /// `/version`.
    version -> ServerVersion = Version,
    /// `/readyz` and `/livez`.
    health -> Health = Health,
    /// Leader-election leases.
    leases -> Vec<Lease> = Leases,
    /// The API server's metrics.
    metrics -> Metrics = Metrics,
    /// What is served.
    discovery -> Served = Discovery,
    /// Nodes.
    nodes -> Vec<Node> = Nodes,
    /// Pods.
    pods -> Vec<Pod> = Pods,
    /// Deployments.
    deployments -> Vec<Workload> = Deployments,
    /// Stateful sets.
    stateful_sets -> Vec<Workload> = StatefulSets,
    /// Daemon sets.
    daemon_sets -> Vec<Workload> = DaemonSets,
    /// Disruption budgets.
    pdbs -> Vec<Pdb> = Pdbs,
    /// Custom resource definitions.
    crds -> Vec<Crd> = Crds,
    /// Aggregated APIs.
    api_services -> Vec<ApiService> = ApiServices,
    /// Webhooks.
    webhooks -> Vec<Webhook> = Webhooks,
    /// Services.
    services -> Vec<Service> = Services,
    /// Endpoint slices.
    endpoint_slices -> Vec<EndpointSlice> = EndpointSlices,
    /// Namespaces.
    namespaces -> Vec<Namespace> = Namespaces,
    /// Persistent volumes.
    persistent_volumes -> Vec<PersistentVolume> = PersistentVolumes,
    /// Claims of persistent volumes.
    persistent_volume_claims -> Vec<PersistentVolumeClaim> = PersistentVolumeClaims,
    /// Storage classes.
    storage_classes -> Vec<StorageClass> = StorageClasses,
    /// CSI drivers that are registered.
    csi_drivers -> Vec<CsiDriver> = CsiDrivers,
    /// Which CSI drivers each node has.
    csi_nodes -> Vec<CsiNode> = CsiNodes,
    /// Volumes attached to nodes.
    volume_attachments -> Vec<VolumeAttachment> = VolumeAttachments,
    /// Jobs.
    jobs -> Vec<Job> = Jobs,
    /// Cron jobs.
    cron_jobs -> Vec<CronJob> = CronJobs,
    /// Horizontal pod autoscalers.
    hpas -> Vec<Hpa> = Hpas,
    /// Ingresses.
    ingresses -> Vec<Ingress> = Ingresses,
    /// Ingress classes.
    ingress_classes -> Vec<IngressClass> = IngressClasses,
    /// Gateways and routes of the Gateway API, where it is installed.
    gateways -> Vec<Gateway> = Gateways,
    /// Network policies.
    network_policies -> Vec<NetworkPolicy> = NetworkPolicies,
    /// Roles and cluster roles, with who is bound to them.
    roles -> Vec<Role> = Roles,
    /// What lets new pods in: classes that they name, quotas.
    pod_admission -> PodAdmission = PodAdmission,
    /// Policies that may refuse new pods.
    admission_policies -> Vec<AdmissionPolicy> = AdmissionPolicies,
    /// Service accounts.
    service_accounts -> Vec<ServiceAccount> = ServiceAccounts,
    /// Secrets that hold tokens of service accounts: names and labels, never their data.
    token_secrets -> Vec<TokenSecret> = TokenSecrets,
    /// Requests for certificates.
    csrs -> Vec<Csr> = Csrs,
    /// Warning events, counted by reason.
    events -> Vec<Event> = Events,
    /// How the components of the control plane and kube-proxy are started: flags, gates, configuration.
    components -> Components = Components,
    /// The configuration of the cluster's DNS.
    cluster_dns -> ClusterDns = ClusterDns,
    /// The leases that kubelets renew.
    node_leases -> Vec<Lease> = NodeLeases,
    /// What nodes use, as the metrics API tells.
    node_usage -> Vec<NodeUsage> = NodeUsage,
    /// Work on nodes that others have under way: machines, drains, maintenance, freezes.
    operations -> Vec<Operation> = Operations,
    /// Backups that Velero and snapshot jobs have made.
    backups -> Vec<Backup> = Backups,
    /// What kubelets say of themselves: configuration, flags, metrics. Read only when asked for.
    kubelets -> Vec<Kubelet> = Kubelets,
    /// What pods on the nodes found out. Made only when asked for.
    probes -> Vec<Probe> = Probes,
    /// Live objects written at API versions whose end is known.
    api_writers -> Vec<WrittenKind> = ApiWriters,
    /// Deployed Helm releases.
    helm_releases -> Vec<HelmRelease> = HelmReleases,
    /// What Argo CD and Flux keep applying.
    git_ops -> Vec<GitOpsSource> = GitOps,
    /// What an audit log tells.
    audit -> AuditLog = Audit,
    /// Files.
    manifests -> ManifestTree = Manifests,
    /// Own permissions.
    permissions -> Vec<Permission> = Permissions,
    /// How reading went.
    collection -> CollectionReport = Collection,
}

impl<'a> View<'a> {
    fn group<T>(&self, need: Need, group: &'a Read<T>) -> Result<&'a T, Missing> {
        self.read.borrow_mut().insert(need);
        group.as_ref().map_err(|missing| {
            let detail = if self.before {
                format!("in the baseline: {}", missing.detail)
            } else {
                missing.detail.clone()
            };
            Missing {
                detail,
                ..missing.clone()
            }
        })
    }

    /// When these facts were read: the only *now* that a check knows.
    pub fn now(&self) -> Timestamp {
        self.facts.observed_at
    }

    /// All three kinds of workload; missing as soon as one is.
    pub fn workloads(&self) -> Result<impl Iterator<Item = &'a Workload>, Missing> {
        let (deployments, stateful_sets, daemon_sets) =
            (self.deployments(), self.stateful_sets(), self.daemon_sets());
        Ok(deployments?
            .iter()
            .chain(stateful_sets?)
            .chain(daemon_sets?))
    }

    /// Seconds from `then` to now; 0 for a time that is not known or not past.
    pub fn seconds_since(&self, then: Option<Timestamp>) -> i64 {
        then.map_or(0, |then| (self.now().as_second() - then.as_second()).max(0))
    }
}

/// Everything a check may look at. Dereferences to the facts of now.
#[derive(Debug)]
pub struct Context<'a> {
    current: View<'a>,
    baseline: Option<&'a Facts>,
    path: Option<&'a UpgradePath>,
    left_out: &'a [&'static str],
    /// The tables of every minor.
    pub knowledge: &'a Knowledge,
    /// What the operator decided.
    pub policy: &'a Policy,
}

impl<'a> Deref for Context<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.current
    }
}

/// What a run is about; from it each check gets its context.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The facts of now.
    pub facts: &'a Facts,
    /// The facts of before, for a post-check.
    pub baseline: Option<&'a Facts>,
    /// The way that is judged.
    pub path: Option<&'a UpgradePath>,
    /// The tables of every minor.
    pub knowledge: &'a Knowledge,
    /// What the operator decided.
    pub policy: &'a Policy,
    /// Names of checks that do not run: what they would report, others have to.
    pub left_out: &'a [&'static str],
}

impl<'a> Context<'a> {
    /// A context that notes into `read` what is looked at.
    pub fn new(inputs: Inputs<'a>, read: &'a RefCell<BTreeSet<Need>>) -> Self {
        Self {
            current: View {
                facts: inputs.facts,
                before: false,
                read,
            },
            baseline: inputs.baseline,
            path: inputs.path,
            left_out: inputs.left_out,
            knowledge: inputs.knowledge,
            policy: inputs.policy,
        }
    }

    /// Whether another check runs beside this one, so that it reports what is its to report.
    pub fn runs(&self, check: &str) -> bool {
        !self.left_out.contains(&check)
    }

    /// The facts from before the upgrade.
    pub fn before(&self) -> Result<View<'a>, Missing> {
        self.current.read.borrow_mut().insert(Need::Baseline);
        let facts = self.baseline.ok_or_else(|| Missing {
            cure: Some("keep a recording before the upgrade (airworthy record -o FILE) and give it with --baseline".into()),
            ..Missing::not_collected(Need::Baseline, "there is no recording from before the upgrade to compare with")
        })?;
        Ok(View {
            facts,
            before: true,
            read: self.current.read,
        })
    }

    /// The way that is judged. A pre-check always has one; a post-check has it from its baseline or its caller.
    pub fn path(&self) -> Result<&'a UpgradePath, Missing> {
        self.path.ok_or_else(|| {
            self.current.read.borrow_mut().insert(Need::Baseline);
            let Some(before) = self.baseline else {
                let why = "nothing tells which version the cluster came from";
                return Missing::not_collected(Need::Baseline, why);
            };
            let cure = "give the recording from before the upgrade, or name the exact version that it was to reach (--target)";
            Missing {
                cure: Some(cure.into()),
                ..Missing::not_collected(Need::Baseline, no_way(before, self.current.facts))
            }
        })
    }

    /// Whether a change made in `minor` is met on the way.
    pub fn crosses(&self, minor: Minor) -> bool {
        self.path.is_some_and(|path| path.crosses(minor))
    }

    /// Those of some changes that are met on the way; an error where there is no way.
    pub(crate) fn crossed<'c, C>(
        &self,
        changes: &'c [C],
        since: impl Fn(&C) -> Minor,
    ) -> Result<Vec<&'c C>, Missing> {
        self.path()?;
        let met = changes.iter().filter(|change| self.crosses(since(change)));
        Ok(met.collect())
    }

    /// Whether nodes are drained in this upgrade. A patch of the control plane alone drains none; what is called a patch and crosses a
    /// minor is judged as if it did.
    pub fn drains_nodes(&self) -> bool {
        match self.policy.rollout {
            Rollout::Nodes => true,
            Rollout::ControlPlane => false,
            Rollout::Patch => self.path.is_some_and(|path| !path.hops.is_empty()),
        }
    }

    /// How bad it is what only a drain of nodes sets off: a risk where nodes are drained, else a note.
    pub(crate) fn risk_of_drain(&self) -> Severity {
        if self.drains_nodes() {
            Severity::Risk
        } else {
            Severity::Note
        }
    }

    /// Why flags, feature gates and files of the control plane are a provider's matter, where they are. Unless the operator has said
    /// it, the build of the API server and the labels of nodes tell; a node of the control plane among the nodes, or a pod that is an API
    /// server, says that it is not.
    /// Looked at in passing: no need is noted for it, for without it a check is as it would be on a control plane of one's own.
    pub fn provider_runs_control_plane(&self) -> Option<String> {
        match self.policy.control_plane {
            ControlPlane::SelfManaged => None,
            ControlPlane::Managed => {
                Some("a provider runs the control plane, as configured".to_owned())
            }
            ControlPlane::Detect => self.detected_provider(),
        }
    }

    fn detected_provider(&self) -> Option<String> {
        const CONTROL_PLANE: [&str; 2] = [
            "node-role.kubernetes.io/control-plane",
            "node-role.kubernetes.io/master",
        ];
        const AZURE: &str = "kubernetes.azure.com/cluster";
        let facts = self.current.facts;
        let seen = facts.components.as_ref();
        if seen.is_ok_and(Components::runs_api_server) {
            return None;
        }
        let nodes = facts.nodes.as_deref().unwrap_or_default();
        let labelled = |label: &str| nodes.iter().any(|node| node.labels.get(label).is_some());
        if CONTROL_PLANE.into_iter().any(labelled) {
            return None;
        }
        let version = &facts.version.as_ref().ok()?.version;
        let provider = version.provider();
        let provider = provider.or_else(|| labelled(AZURE).then_some("Azure AKS"))?;
        Some(format!("{provider} runs the control plane ({version})"))
    }
}

/// Why a baseline does not tell which way was gone. Looked at in passing: no need is noted for it.
fn no_way(before: &Facts, now: &Facts) -> String {
    let runs = |facts: &Facts| facts.version.as_ref().ok().map(|told| told.version.clone());
    match (runs(before), runs(now)) {
        (None, _) => "it does not tell its version".to_owned(),
        (Some(from), None) => format!(
            "it is of {from}, what runs now is not known, and no version above is named that should run"
        ),
        (Some(from), Some(now)) if from == now => format!(
            "it is of {from}, which runs now, and no version above is named that should run"
        ),
        (Some(from), Some(now)) => format!(
            "it is of {from}, {now} runs now, and no version above {from} is named that should run"
        ),
    }
}
