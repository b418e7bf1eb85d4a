//! A cluster as the wire shows it.

use std::{collections::BTreeMap, net::Ipv4Addr};

use airworthy_cce::{
    time::SpacedTime,
    wire::{
        ApiVersion, AutopilotCluster, AutopilotClusterEndpoints, AutopilotClusterMetadata,
        AutopilotClusterSpec, AutopilotClusterStatus, ClusterKind, ClusterPhase, EndpointType,
    },
};
use airworthy_model::KubeVersion;
use airworthy_service::Totals;
use airworthy_store::Cluster;
use http::Uri;
use serde::Deserialize;
use serde_json::Value;

use crate::{call::Call, versions};

/// A cluster on the wire, and its exact version, which the wire does not show.
pub(super) struct Shown {
    pub(super) cluster: AutopilotCluster,
    exact: Option<String>,
    phase: ClusterPhase,
}

impl Shown {
    /// Whether the filters of the query let it pass.
    pub(super) fn fits(&self, call: &Call) -> bool {
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

    /// A cluster as a query asks for it: with totals, where it wants detail.
    pub(super) fn asked(cluster: Cluster, call: &Call) -> Self {
        let detail = call.query("detail") == Some("true");
        let totals = cluster.observed.totals.as_deref();
        let totals = totals.filter(|_| detail).and_then(Totals::stored);
        let mut shown = Self::from(cluster);
        let annotations = totals.as_ref().map(annotations).unwrap_or_default();
        shown.cluster.metadata.annotations.extend(annotations);
        shown
    }
}

impl From<Cluster> for Shown {
    fn from(cluster: Cluster) -> Self {
        let version: Option<KubeVersion> = cluster
            .observed
            .version
            .as_ref()
            .and_then(|version| version.parse().ok());
        let status = status(&cluster);
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

/// Totals as texts: cores with up to three decimals, memory in whole MiB. What is not known has no annotation, and of
/// installed add-ons nothing is.
fn annotations(totals: &Totals) -> BTreeMap<String, String> {
    let cpu = totals.cpu_thousandths.map(cores);
    let memory = totals.memory_bytes.map(|bytes| (bytes >> 20).to_string());
    let all = [
        ("totalNodesNumber", Some(totals.nodes.to_string())),
        ("activeNodesNumber", Some(totals.active.to_string())),
        ("totalNodesCPU", cpu),
        ("totalNodesMemory", memory),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn cores(thousandths: u64) -> String {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let text = format!("{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn status(cluster: &Cluster) -> AutopilotClusterStatus {
    let seen = &cluster.observed;
    let endpoints = seen.endpoint_url.iter();
    let endpoints = endpoints.map(|url| AutopilotClusterEndpoints {
        url: url.clone(),
        endpoint_type: reachable_from(url),
    });
    let known = seen.phase.as_deref().and_then(phase);
    let status = AutopilotClusterStatus {
        phase: known.filter(|_| !cluster.upgrading),
        endpoints: endpoints.collect(),
        ..AutopilotClusterStatus::default()
    };
    match known {
        _ if cluster.upgrading => AutopilotClusterStatus {
            phase: Some(ClusterPhase::Upgrading),
            ..status
        },
        Some(ClusterPhase::Creating) => AutopilotClusterStatus {
            job_id: cluster.job_id.clone(),
            ..status
        },
        Some(ClusterPhase::Unavailable) | None => unavailable(cluster, status),
        Some(_) => status,
    }
}

/// A cluster that was never reached, or did not answer when it was last asked, is not called available.
fn unavailable(cluster: &Cluster, status: AutopilotClusterStatus) -> AutopilotClusterStatus {
    let (reason, message) = match cluster.observed_at {
        None => (
            "NeverReached",
            "The cluster was registered and not reached since.".to_owned(),
        ),
        Some(at) => (
            "Unreachable",
            format!(
                "The cluster did not answer when it was last read; its version was last seen at {at:.0}."
            ),
        ),
    };
    AutopilotClusterStatus {
        phase: Some(ClusterPhase::Unavailable),
        reason: Some(reason.to_owned()),
        message: Some(message),
        job_id: cluster.job_id.clone(),
        ..status
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
    fn totals_are_texts_and_only_those_that_are_known() {
        for (thousandths, text) in [
            (0, "0"),
            (4000, "4"),
            (1500, "1.5"),
            (12_345, "12.345"),
            (10, "0.01"),
        ] {
            assert_eq!(cores(thousandths), text);
        }
        let totals = Totals {
            nodes: 2,
            active: 1,
            cpu_thousandths: None,
            memory_bytes: Some(3 << 30),
        };
        let shown: Vec<_> = annotations(&totals).into_iter().collect();
        let expected = [
            ("activeNodesNumber", "1"),
            ("totalNodesMemory", "3072"),
            ("totalNodesNumber", "2"),
        ];
        assert_eq!(
            shown,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn phases_are_those_of_the_wire() {
        assert_eq!(phase("Available"), Some(ClusterPhase::Available));
        assert_eq!(phase("available"), None);
    }
}
