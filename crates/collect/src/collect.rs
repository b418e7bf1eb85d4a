//! One run over one cluster.

use std::time::{Duration, Instant};

use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, Minor, Missing, Need, Reason,
    facts::{
        self, ClusterIdentity, CollectionReport, NodeUsage, Read, Rows, ServerVersion, Webhook,
    },
};
use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    connect::Connection,
    failure::{Cause, Failure},
    groups::{
        admission_policies, api_services, backups, components, definitions, discovery, dns, events,
        gateways, gitops, health, helm, installed, kubelets, leases, metrics, operations,
        permissions, pod_admission, probes, roles, tokens, version, writers,
    },
    list::{self, Listing},
    plan::{Outcome, Plan, Progress, ProgressEvent},
    resource::{self, Resource, Versions},
    session::Session,
    wire::{self, Wire, usage::NodeMetrics},
};

const NOT_ASKED_FOR: &str = "not asked for";

/// Where metrics of nodes are served, if anywhere.
const NODE_METRICS: (&str, &str, &[&str]) = ("metrics.k8s.io", "nodes", &["v1beta1"]);

/// A cluster of which nothing can be said, because not even `/version` can be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No connection.
    #[error("cannot reach the API server {server}: {detail}")]
    Reach {
        /// Its address.
        server: String,
        /// What happened.
        detail: String,
    },
    /// A connection, but no agreement on TLS.
    #[error("cannot trust the API server {server}: {detail}")]
    Trust {
        /// Its address.
        server: String,
        /// What happened.
        detail: String,
    },
    /// The server does not know who we are.
    #[error("the API server {server} does not accept our credentials: {detail}")]
    Authenticate {
        /// Its address.
        server: String,
        /// What it said.
        detail: String,
    },
    /// Something answered, but it is no API server.
    #[error("{server} does not answer as a Kubernetes API server does: {detail}")]
    Recognise {
        /// Its address.
        server: String,
        /// What it said.
        detail: String,
    },
}

/// Reads what the plan wants. Groups that cannot be read say why not; an error means that nothing can be said at all.
pub async fn collect(
    connection: &Connection,
    knowledge: &Knowledge,
    plan: &Plan,
    progress: &Progress<'_>,
) -> Result<Facts, Unusable> {
    // Dozens of groups are under way at a time: too large to be part of every caller.
    Box::pin(all_groups(connection, knowledge, plan, progress)).await
}

async fn all_groups(
    connection: &Connection,
    knowledge: &Knowledge,
    plan: &Plan,
    progress: &Progress<'_>,
) -> Result<Facts, Unusable> {
    let begun = Instant::now();
    let session = Session::new(connection, plan, progress);
    let identity = ClusterIdentity {
        name: connection.name().map(str::to_owned),
        server: Some(connection.server().to_owned()),
        uid: None,
    };
    let mut facts = Facts::unread(identity, Timestamp::now(), NOT_ASKED_FOR);
    facts.audit = Err(crate::audit::not_given());
    let version = version::read(&session).await;
    if let Err(failure) = &version
        && let Some(unusable) = unusable(&session, failure)
    {
        return Err(unusable);
    }
    let minor = version.as_ref().ok().map(newest_minor);
    facts.version = session.group(Need::Version, async { version }).await;
    let (served, gaps) = match discovery::read(&session).await {
        Ok(discovered) => (Ok(discovered.served), discovered.gaps),
        Err(failure) => (Err(failure), Vec::new()),
    };
    let versions = Versions {
        knowledge,
        minor,
        served: served.as_ref().ok(),
    };
    let reading = Reading {
        session: &session,
        versions,
    };
    reading.fill(&mut facts).await;
    reading.kubelets(&mut facts).await;
    reading.policies(&mut facts).await;
    let services = facts.api_services.as_deref().unwrap_or_default();
    discovery::note(&session, gaps, services);
    facts.discovery = session.group(Need::Discovery, async { served }).await;
    facts.cluster.uid = uid(&session, &facts).await;
    facts.switch_off(&plan.switched_off);
    version::look_again(&session).await;
    session.note_mixture();
    by_its_clock(&session, &mut facts);
    if plan.wants(Need::Collection) {
        facts.collection = Ok(CollectionReport {
            seconds: rounded_up(begun.elapsed()),
            ..session.report()
        });
    }
    Ok(facts)
}

/// Whole seconds.
const fn rounded_up(time: Duration) -> u64 {
    time.as_secs() + (time.subsec_nanos() > 0) as u64
}

/// Takes the API server's clock for the time of reading: everything that facts say of time was written by that side.
fn by_its_clock(session: &Session<'_>, facts: &mut Facts) {
    let Some(ahead) = session.clock_difference() else {
        return;
    };
    let there = facts
        .observed_at
        .checked_add(SignedDuration::from_secs(ahead));
    if let Ok(there) = there {
        facts.observed_at = there;
        let (seconds, way) = (ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
        let detail =
            format!("the API server's clock is {seconds} s {way} ours; ages are told by its clock");
        session.note("/version", detail, false);
    }
}

/// The newest minor whose deprecations may apply.
fn newest_minor(version: &ServerVersion) -> Minor {
    let runs = version.version.minor;
    version
        .emulation
        .map_or(runs, |emulated| emulated.max(runs))
}

fn unusable(session: &Session<'_>, failure: &Failure) -> Option<Unusable> {
    let connection = session.connection;
    let server = connection.server().to_owned();
    let refused = |status: http::StatusCode| status == http::StatusCode::UNAUTHORIZED;
    Some(match &failure.cause {
        Cause::Tls(detail) => Unusable::Trust {
            server,
            detail: detail.clone(),
        },
        Cause::Transport(detail) => Unusable::Reach {
            server,
            detail: detail.clone(),
        },
        Cause::Credentials(detail) => Unusable::Authenticate {
            server,
            detail: detail.clone(),
        },
        cause @ Cause::Status(status, _) if refused(*status) => Unusable::Authenticate {
            server,
            detail: format!("it {cause}{}", ended(session)),
        },
        Cause::Status(..) if matches!(failure.reason(), Reason::Forbidden | Reason::Overloaded) => {
            return None;
        }
        cause => {
            let detail = failure.to_string();
            if matches!(cause, Cause::Deadline(_) | Cause::Budget(_)) {
                Unusable::Reach { server, detail }
            } else {
                Unusable::Recognise { server, detail }
            }
        }
    })
}

/// That our certificate has ended, when it has by the server's clock: the server does not say so.
fn ended(session: &Session<'_>) -> String {
    let now = session.server_now().unwrap_or_else(Timestamp::now);
    match session.connection.certificate_ends() {
        Some(end) if end < now => {
            format!("; our client certificate ended on {}", end.strftime("%F"))
        }
        _ => String::new(),
    }
}

impl Session<'_> {
    /// Reads a group when the plan wants it, and tells how it went.
    async fn group<T: Rows>(
        &self,
        need: Need,
        read: impl Future<Output = Result<T, Failure>>,
    ) -> Read<T> {
        if !self.plan.wants(need) {
            return Err(Missing::not_collected(need, NOT_ASKED_FOR));
        }
        self.tell(ProgressEvent::Started(need));
        let read = read.await.map_err(|failure| failure.missing(need));
        let outcome = match &read {
            Ok(rows) => Outcome::Read(rows.rows().len()),
            Err(missing) => Outcome::Missing(missing.reason),
        };
        self.tell(ProgressEvent::Finished(need, outcome));
        read
    }
}

/// What all groups that depend on versions need to be read.
struct Reading<'a> {
    session: &'a Session<'a>,
    versions: Versions<'a>,
}

/// A group that is on its way to its place.
fn into<'a, T: Send>(
    place: &'a mut Read<T>,
    read: impl Future<Output = Read<T>> + Send + 'a,
) -> BoxFuture<'a, ()> {
    async move { *place = read.await }.boxed()
}

/// Groups that are a list of one kind each, on their way to their places.
macro_rules! lists {
    ($reading:expr, $facts:ident, $($place:ident: $wire:ty = $need:ident at $resource:ident;)*) => {
        [$(into(
            &mut $facts.$place,
            $reading.list::<$wire, _>(Need::$need, &resource::$resource),
        )),*]
    };
}

impl Reading<'_> {
    /// Fills every group but version, discovery and the report, several at a time.
    async fn fill(&self, facts: &mut Facts) {
        use wire::{
            access, batch, csr, ingress, lease, network, node, pod, policy, storage, workload,
        };
        let (session, versions) = (self.session, self.versions);
        let mut api_servers = None;
        let leases = self.leases(&mut api_servers);
        let metrics = self.metrics();
        let health = session.group(Need::Health, health::read(session));
        let components = session.group(Need::Components, components::read(session, versions));
        let dns = session.group(Need::ClusterDns, dns::read(session));
        let permissions = session.group(Need::Permissions, permissions::read(session, versions));
        let crds = session.group(Need::Crds, definitions::read(session, versions));
        let api_services = session.group(Need::ApiServices, api_services::read(session, versions));
        let webhooks = session.group(Need::Webhooks, self.webhooks());
        let releases = helm::read(session, versions);
        let releases = session.group(Need::HelmReleases, releases);
        let roles = session.group(Need::Roles, roles::read(session, versions));
        let tokens = session.group(Need::TokenSecrets, tokens::read(session));
        let backups = session.group(Need::Backups, backups::read(session, versions));
        let writers = session.group(Need::ApiWriters, writers::read(session, versions));
        let gateways = session.group(Need::Gateways, gateways::read(session, versions));
        let events = session.group(Need::Events, events::read(session));
        let sources = session.group(Need::GitOps, gitops::read(session, versions));
        let found_out = session.group(Need::Probes, probes::read(session));
        let found_out = found_out.map(probes::or_missing);
        let admission = pod_admission::read(session, versions);
        let admission = session.group(Need::PodAdmission, admission);
        let operations = session.group(Need::Operations, operations::read(session, versions));
        let usage = installed::all(session, versions, NODE_METRICS, |wire: NodeMetrics, _| {
            NodeUsage::from(wire)
        });
        let usage = session.group(Need::NodeUsage, usage);
        let pods = self.list::<pod::Pod, _>(Need::Pods, &resource::PODS);
        let lists = lists! {
            self, facts,
            node_leases: lease::Lease = NodeLeases at NODE_LEASES;
            csrs: csr::CertificateSigningRequest = Csrs at CSRS;
            nodes: node::Node = Nodes at NODES;
            namespaces: network::Namespace = Namespaces at NAMESPACES;
            services: network::Service = Services at SERVICES;
            endpoint_slices: network::EndpointSlice = EndpointSlices at ENDPOINT_SLICES;
            deployments: workload::Deployment = Deployments at DEPLOYMENTS;
            stateful_sets: workload::StatefulSet = StatefulSets at STATEFUL_SETS;
            daemon_sets: workload::DaemonSet = DaemonSets at DAEMON_SETS;
            network_policies: policy::NetworkPolicy = NetworkPolicies at NETWORK_POLICIES;
            service_accounts: access::ServiceAccount = ServiceAccounts at SERVICE_ACCOUNTS;
            ingresses: ingress::Ingress = Ingresses at INGRESSES;
            ingress_classes: ingress::IngressClass = IngressClasses at INGRESS_CLASSES;
            persistent_volumes: storage::PersistentVolume = PersistentVolumes at PERSISTENT_VOLUMES;
            persistent_volume_claims: storage::PersistentVolumeClaim = PersistentVolumeClaims at PERSISTENT_VOLUME_CLAIMS;
            storage_classes: storage::StorageClass = StorageClasses at STORAGE_CLASSES;
            csi_drivers: storage::CsiDriver = CsiDrivers at CSI_DRIVERS;
            csi_nodes: storage::CsiNode = CsiNodes at CSI_NODES;
            volume_attachments: storage::VolumeAttachment = VolumeAttachments at VOLUME_ATTACHMENTS;
            jobs: batch::Job = Jobs at JOBS;
            cron_jobs: batch::CronJob = CronJobs at CRON_JOBS;
        };
        // Pods are the longest list and its pages come one after another, so they go first.
        let groups = [
            into(&mut facts.pods, pods),
            into(&mut facts.metrics, metrics),
            into(&mut facts.leases, leases),
            into(&mut facts.health, health),
            into(&mut facts.components, components),
            into(&mut facts.cluster_dns, dns),
            into(&mut facts.permissions, permissions),
            into(&mut facts.crds, crds),
            into(&mut facts.api_services, api_services),
            into(&mut facts.webhooks, webhooks),
            into(&mut facts.helm_releases, releases),
            into(&mut facts.api_writers, writers),
            into(&mut facts.git_ops, sources),
            into(&mut facts.gateways, gateways),
            into(&mut facts.events, events),
            into(&mut facts.operations, operations),
            into(&mut facts.pod_admission, admission),
            into(&mut facts.probes, found_out),
            into(&mut facts.node_usage, usage),
            into(&mut facts.pdbs, self.pdbs()),
            into(&mut facts.hpas, self.autoscalers()),
            into(&mut facts.roles, roles),
            into(&mut facts.token_secrets, tokens),
            into(&mut facts.backups, backups),
        ];
        join_all(groups.into_iter().chain(lists)).await;
        if let (Some(told), Ok(_)) = (api_servers, &facts.metrics) {
            let components = facts.components.as_ref();
            let pods = components.map_or(0, facts::Components::api_servers);
            leases::note_whose_metrics(session, told, pods);
        }
    }

    /// Metrics, and for those who read lists how long they are.
    async fn metrics(&self) -> Read<facts::Metrics> {
        let session = self.session;
        let read = session.group(Need::Metrics, metrics::read(session)).await;
        session.count(read.as_ref().ok().map(|metrics| &metrics.object_counts));
        read
    }

    /// Kubelets, once the nodes are known.
    async fn kubelets(&self, facts: &mut Facts) {
        facts.kubelets = match &facts.nodes {
            Ok(nodes) => {
                let kubelets = kubelets::read(self.session, nodes);
                self.session.group(Need::Kubelets, kubelets).await
            }
            Err(missing) => Err(Missing {
                need: Need::Kubelets,
                ..missing.clone()
            }),
        };
    }

    /// Policies, once the pods are known that they would be put to.
    async fn policies(&self, facts: &mut Facts) {
        let pods = facts.pods.as_deref().unwrap_or_default();
        let namespaces = facts.namespaces.as_deref().unwrap_or_default();
        let policies = async {
            let bound = admission_policies::read(self.session, self.versions).await?;
            Ok(admission_policies::judge(self.session, bound, pods, namespaces).await)
        };
        let need = Need::AdmissionPolicies;
        facts.admission_policies = self.session.group(need, policies).await;
    }

    /// Elections, and how many API servers say that they exist: whoever wants metrics has to know of how many they are.
    async fn leases(
        &self,
        api_servers: &mut Option<Result<usize, String>>,
    ) -> Read<Vec<facts::Lease>> {
        let session = self.session;
        let elections = async {
            let read = leases::read(session, self.versions).await;
            let told = read.as_ref().map(|leases| leases.api_servers);
            *api_servers = Some(told.map_err(ToString::to_string));
            read.map(|leases| leases.elections)
        };
        if session.plan.wants(Need::Metrics) && !session.plan.wants(Need::Leases) {
            // Nobody wants them for themselves, and why they lack is in what was told.
            drop(elections.await);
            return Err(Missing::not_collected(Need::Leases, NOT_ASKED_FOR));
        }
        session.group(Need::Leases, elections).await
    }

    /// A kind of which each object is one fact.
    async fn list<W: Wire, F: From<W> + Send>(
        &self,
        need: Need,
        resource: &Resource,
    ) -> Read<Vec<F>>
    where
        Vec<F>: Rows,
    {
        let rows = list::list(self.session, self.versions, resource, |wire: W, _, rows| {
            rows.push(F::from(wire));
        });
        self.session.group(need, rows).await
    }

    async fn pdbs(&self) -> Read<Vec<facts::Pdb>> {
        let keep = |wire: wire::pod::PodDisruptionBudget, version: &str, rows: &mut Vec<_>| {
            rows.push(wire.read_at(&airworthy_knowledge::api_version(
                resource::PDBS.group,
                version,
            )));
        };
        let rows = list::list(self.session, self.versions, &resource::PDBS, keep);
        self.session.group(Need::Pdbs, rows).await
    }

    async fn autoscalers(&self) -> Read<Vec<facts::Hpa>> {
        let keep = |wire: wire::scaling::Autoscaler, version: &str, rows: &mut Vec<_>| {
            rows.push(wire.read_at(&airworthy_knowledge::api_version(
                resource::AUTOSCALERS.group,
                version,
            )));
        };
        let rows = list::list(self.session, self.versions, &resource::AUTOSCALERS, keep);
        self.session.group(Need::Hpas, rows).await
    }

    async fn webhooks(&self) -> Result<Vec<Webhook>, Failure> {
        let (session, versions) = (self.session, self.versions);
        let validating = |wire: wire::admission::Validating, _: &str, rows: &mut Vec<_>| {
            rows.extend(wire.into_webhooks());
        };
        let mutating = |wire: wire::admission::Mutating, _: &str, rows: &mut Vec<_>| {
            rows.extend(wire.into_webhooks());
        };
        let (mut all, mutating) = tokio::try_join!(
            list::list(session, versions, &resource::VALIDATING, validating),
            list::list(session, versions, &resource::MUTATING, mutating),
        )?;
        all.extend(mutating);
        Ok(all)
    }
}

/// The uid of `kube-system`, from the namespaces where they were read.
async fn uid(session: &Session<'_>, facts: &Facts) -> Option<String> {
    if let Ok(namespaces) = &facts.namespaces {
        let system = namespaces
            .iter()
            .find(|namespace| namespace.name == "kube-system");
        return system.map(|namespace| namespace.uid.clone());
    }
    if session.plan.wants(Need::Namespaces) {
        return None;
    }
    let listing = Listing {
        selector: "fieldSelector=metadata.name%3Dkube-system",
        page_size: 1,
        ..Listing::at(resource::NAMESPACES.path("v1"), session)
    };
    let keep = |wire: wire::network::Namespace, rows: &mut Vec<_>| rows.push(wire.metadata.uid);
    list::read(session, &listing, keep).await.ok()?.pop()
}
