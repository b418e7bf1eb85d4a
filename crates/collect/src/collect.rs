//! One run over one cluster.

use std::future::Future;

use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, Missing, Need, Reason,
    facts::{self, ClusterIdentity, Read, Rows, ServerVersion, Webhook},
};
use jiff::Timestamp;

use crate::{
    connect::Connection,
    failure::{Cause, Failure},
    groups::{api_services, definitions, discovery, health, leases, metrics, permissions, version},
    list::{self, Listing},
    plan::{Outcome, Plan, Progress, ProgressEvent},
    resource::{self, Resource, Versions},
    session::Session,
    wire::{self, Wire},
};

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
    let session = Session::new(connection, plan, progress);
    let observed_at = Timestamp::now();
    let version = version::read(&session).await;
    if let Err(failure) = &version
        && let Some(unusable) = unusable(connection, failure)
    {
        return Err(unusable);
    }
    let served = discovery::read(&session).await;
    let versions = Versions {
        knowledge,
        minor: version.as_ref().ok().map(newest_minor),
        served: served.as_ref().ok(),
    };
    let identity = ClusterIdentity {
        name: connection.name().map(str::to_owned),
        server: Some(connection.server().to_owned()),
        uid: None,
    };
    let mut facts = Facts::unread(identity, observed_at, "not asked for");
    read_all(&session, versions, &mut facts).await;
    facts.version = session.group(Need::Version, async { version }).await;
    facts.discovery = session.group(Need::Discovery, async { served }).await;
    facts.cluster.uid = uid(&session, &facts).await;
    if plan.wants(Need::Collection) {
        facts.collection = Ok(session.report());
    }
    Ok(facts)
}

/// The newest minor whose deprecations may apply.
fn newest_minor(version: &ServerVersion) -> airworthy_model::Minor {
    version.emulation.map_or(version.version.minor, |emulated| {
        emulated.max(version.version.minor)
    })
}

fn unusable(connection: &Connection, failure: &Failure) -> Option<Unusable> {
    let server = connection.server().to_owned();
    let detail = failure.cause.to_string();
    let detail = match connection.certificate_ends() {
        Some(end) if end < Timestamp::now() => {
            format!(
                "{detail}; our client certificate ended on {}",
                end.strftime("%F")
            )
        }
        _ => detail,
    };
    Some(match &failure.cause {
        Cause::Tls(text) => Unusable::Trust {
            server,
            detail: text.clone(),
        },
        Cause::Transport(_) | Cause::Deadline(_) | Cause::Budget(_) => {
            Unusable::Reach { server, detail }
        }
        Cause::Credentials(_) => Unusable::Authenticate { server, detail },
        Cause::Status(status, _) if status.as_u16() == 401 => {
            Unusable::Authenticate { server, detail }
        }
        Cause::Status(status, _)
            if failure.reason() == Reason::Forbidden || status.is_server_error() =>
        {
            return None;
        }
        _ => Unusable::Recognise { server, detail },
    })
}

async fn read_all(session: &Session<'_>, versions: Versions<'_>, facts: &mut Facts) {
    let leases = async {
        if session.plan.wants(Need::Leases) || session.plan.wants(Need::Metrics) {
            return Some(leases::read(session, versions).await);
        }
        None
    };
    let rows = Lists { session, versions };
    let (
        pods,
        (health, metrics, permissions, leases),
        (nodes, namespaces, services, endpoint_slices),
        (deployments, stateful_sets, daemon_sets, pdbs),
        (crds, api_services, webhooks),
    ) = tokio::join!(
        Box::pin(rows.plain::<wire::pod::Pod, _>(Need::Pods, &resource::PODS)),
        Box::pin(async {
            tokio::join!(
                session.group(Need::Health, health::read(session)),
                session.group(Need::Metrics, metrics::read(session)),
                session.group(Need::Permissions, permissions::read(session)),
                leases,
            )
        }),
        Box::pin(async {
            tokio::join!(
                rows.plain::<wire::node::Node, _>(Need::Nodes, &resource::NODES),
                rows.plain::<wire::network::Namespace, _>(Need::Namespaces, &resource::NAMESPACES),
                rows.plain::<wire::network::Service, _>(Need::Services, &resource::SERVICES),
                rows.plain::<wire::network::EndpointSlice, _>(
                    Need::EndpointSlices,
                    &resource::ENDPOINT_SLICES
                ),
            )
        }),
        Box::pin(async {
            tokio::join!(
                rows.plain::<wire::workload::Deployment, _>(
                    Need::Deployments,
                    &resource::DEPLOYMENTS
                ),
                rows.plain::<wire::workload::StatefulSet, _>(
                    Need::StatefulSets,
                    &resource::STATEFUL_SETS
                ),
                rows.plain::<wire::workload::DaemonSet, _>(
                    Need::DaemonSets,
                    &resource::DAEMON_SETS
                ),
                rows.pdbs(),
            )
        }),
        Box::pin(async {
            tokio::join!(
                session.group(Need::Crds, definitions::read(session, versions)),
                session.group(Need::ApiServices, api_services::read(session, versions)),
                session.group(Need::Webhooks, rows.webhooks()),
            )
        }),
    );
    if metrics.is_ok()
        && let Some(leases) = &leases
    {
        leases::note_whose_metrics(session, leases);
    }
    if let Some(leases) = leases {
        let elections = async { leases.map(|leases| leases.elections) };
        facts.leases = session.group(Need::Leases, elections).await;
    }
    (facts.health, facts.metrics, facts.permissions) = (health, metrics, permissions);
    (facts.nodes, facts.pods, facts.namespaces) = (nodes, pods, namespaces);
    (facts.services, facts.endpoint_slices) = (services, endpoint_slices);
    (facts.deployments, facts.stateful_sets, facts.daemon_sets) =
        (deployments, stateful_sets, daemon_sets);
    (facts.pdbs, facts.crds) = (pdbs, crds);
    (facts.api_services, facts.webhooks) = (api_services, webhooks);
}

impl Session<'_> {
    /// Reads a group when the plan wants it, and tells how it went.
    async fn group<T: Rows>(
        &self,
        need: Need,
        read: impl Future<Output = Result<T, Failure>>,
    ) -> Read<T> {
        if !self.plan.wants(need) {
            return Err(Missing::not_collected(need, "not asked for"));
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

/// Groups that are lists of a built-in kind.
struct Lists<'a> {
    session: &'a Session<'a>,
    versions: Versions<'a>,
}

impl Lists<'_> {
    /// A kind of which each object is one fact.
    async fn plain<W: Wire, F: From<W>>(&self, need: Need, resource: &Resource) -> Read<Vec<F>>
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
        path: resource::NAMESPACES.path("v1"),
        selector: "fieldSelector=metadata.name%3Dkube-system",
        page_size: 1,
    };
    let keep = |wire: wire::network::Namespace, rows: &mut Vec<_>| rows.push(wire.metadata.uid);
    list::read(session, &listing, keep).await.ok()?.pop()
}
