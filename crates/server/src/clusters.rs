//! Clusters, as far as they were seen: nothing is asked of a cluster to answer these.

use std::net::Ipv4Addr;

use airworthy_cce::{
    time::SpacedTime,
    wire::{
        ApiVersion, AutopilotCluster, AutopilotClusterEndpoints, AutopilotClusterMetadata,
        AutopilotClusterSpec, AutopilotClusterStatus, ClusterKind, ClusterPhase, EndpointType,
        ListAutopilotClustersResponse,
    },
};
use airworthy_model::KubeVersion;
use airworthy_store::{Cluster, Observed};
use axum::{Json, extract::State};
use http::Uri;
use serde::Deserialize;
use serde_json::Value;

use crate::{answer::Answer, app::App, call::Call, openapi::path_of, versions};

/// Lists the clusters of the caller's project that fit the filters of the query.
///
/// `detail` is accepted and adds nothing: no totals of nodes or add-ons are kept of a cluster. Parameters that are not
/// known are ignored.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotClusters"),
    operation_id = "ListAutopilotClusters",
    tag = "Clusters",
    params(
        ("status" = Option<String>, Query, description = "Only clusters in this phase, such as `Available`."),
        ("type" = Option<String>, Query, description = "Only clusters of this type; all are `VirtualMachine`."),
        ("version" = Option<String>, Query, description = "Only clusters of this version, as the list shows it or exact."),
    ),
    responses((status = 200, description = "The clusters of the project.", body = ListAutopilotClustersResponse)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<ListAutopilotClustersResponse> {
    let clusters = app.service.store().clusters(&call.project).await?;
    let items = clusters
        .into_iter()
        .map(Shown::from)
        .filter(|shown| shown.fits(&call))
        .map(|shown| shown.cluster)
        .collect();
    Ok(Json(ListAutopilotClustersResponse {
        items,
        ..ListAutopilotClustersResponse::default()
    }))
}

/// Shows a cluster.
#[utoipa::path(
    get,
    path = path_of("ShowAutopilotCluster"),
    operation_id = "ShowAutopilotCluster",
    tag = "Clusters",
    responses((status = 200, description = "The cluster.", body = AutopilotCluster)),
)]
pub(crate) async fn show(State(app): State<App>, call: Call) -> Answer<AutopilotCluster> {
    let cluster = app.service.cluster(&call.project, call.cluster()).await?;
    Ok(Json(Shown::from(cluster).cluster))
}

/// A cluster on the wire, and its exact version, which the wire does not show.
struct Shown {
    cluster: AutopilotCluster,
    exact: Option<String>,
    phase: ClusterPhase,
}

impl Shown {
    fn fits(&self, call: &Call) -> bool {
        let spec = &self.cluster.spec;
        let is = |name, found: Option<&str>| match call.query(name) {
            None | Some("") => true,
            wanted => wanted == found,
        };
        let status = call.query("status").filter(|status| !status.is_empty());
        status.is_none_or(|status| phase(status) == Some(self.phase))
            && is("type", spec.cluster_type.as_deref())
            && (is("version", spec.version.as_deref()) || is("version", self.exact.as_deref()))
    }
}

impl From<Cluster> for Shown {
    fn from(cluster: Cluster) -> Self {
        let version: Option<KubeVersion> = cluster
            .observed
            .version
            .as_ref()
            .and_then(|version| version.parse().ok());
        let status = status(&cluster.observed);
        Self {
            exact: version.as_ref().map(KubeVersion::exact),
            phase: status.phase.unwrap_or(ClusterPhase::Unavailable),
            cluster: AutopilotCluster {
                kind: ClusterKind::Cluster,
                api_version: ApiVersion::V3,
                metadata: metadata(cluster),
                // The networks that every client demands are the vendor's, and a registered cluster is in none of them:
                // their ids stay empty, and what may be absent (service network, proxy mode, billing) is.
                spec: AutopilotClusterSpec {
                    version: version.as_ref().map(versions::of_cluster),
                    ..AutopilotClusterSpec::default()
                },
                status: Some(status),
            },
        }
    }
}

fn metadata(cluster: Cluster) -> AutopilotClusterMetadata {
    AutopilotClusterMetadata {
        alias: Some(cluster.alias.unwrap_or_else(|| cluster.name.clone())),
        name: cluster.name,
        uid: Some(cluster.id),
        creation_timestamp: Some(SpacedTime(cluster.created_at)),
        update_timestamp: Some(SpacedTime(cluster.updated_at)),
        ..AutopilotClusterMetadata::default()
    }
}

/// A cluster that was never reached is not called available.
fn status(seen: &Observed) -> AutopilotClusterStatus {
    let endpoints = seen
        .endpoint_url
        .iter()
        .map(|url| AutopilotClusterEndpoints {
            url: url.clone(),
            endpoint_type: reachable_from(url),
        });
    let endpoints = endpoints.collect();
    match seen.phase.as_deref().and_then(phase) {
        Some(phase) => AutopilotClusterStatus {
            phase: Some(phase),
            endpoints,
            ..AutopilotClusterStatus::default()
        },
        None => AutopilotClusterStatus {
            phase: Some(ClusterPhase::Unavailable),
            reason: Some("NeverReached".to_owned()),
            message: Some("The cluster was registered and not reached since.".to_owned()),
            endpoints,
            ..AutopilotClusterStatus::default()
        },
    }
}

fn phase(text: &str) -> Option<ClusterPhase> {
    ClusterPhase::deserialize(Value::from(text)).ok()
}

/// Only an address that is plainly public is called external.
fn reachable_from(url: &str) -> EndpointType {
    let uri: Option<Uri> = url.parse().ok();
    let address: Option<Ipv4Addr> = uri.and_then(|uri| uri.host()?.parse().ok());
    match address {
        Some(it) if !(it.is_private() || it.is_loopback() || it.is_link_local()) => {
            EndpointType::External
        }
        _ => EndpointType::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_external() {
        for (url, expected) in [
            ("https://192.168.0.10:5443", EndpointType::Internal),
            ("https://127.0.0.1:6443", EndpointType::Internal),
            ("https://kubernetes.default.svc", EndpointType::Internal),
            ("https://203.0.113.7:6443", EndpointType::External),
            ("nonsense", EndpointType::Internal),
        ] {
            assert_eq!(reachable_from(url), expected, "{url}");
        }
    }

    #[test]
    fn phases_are_those_of_the_wire() {
        assert_eq!(phase("Available"), Some(ClusterPhase::Available));
        assert_eq!(phase("available"), None);
    }
}
