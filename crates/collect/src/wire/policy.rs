//! Network policies, of which only addresses are read.

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, nullable},
    network::loose,
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NetworkPolicy {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: PolicySpec,
}

impl Wire for NetworkPolicy {
    const LIST: &'static str = "NetworkPolicyList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct PolicySpec {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub ingress: Vec<IngressRule>,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub egress: Vec<EgressRule>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct IngressRule {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub from: Vec<Peer>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct EgressRule {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub to: Vec<Peer>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Peer {
    #[prost(message, optional, tag = "3")]
    pub ip_block: Option<IpBlock>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct IpBlock {
    #[prost(string, tag = "1")]
    pub cidr: String,
    #[prost(string, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub except: Vec<String>,
}

/// All CIDRs of the peers of one direction.
fn blocks<'a>(peers: impl Iterator<Item = &'a Peer>) -> impl Iterator<Item = &'a String> {
    let blocks = peers.filter_map(|peer| peer.ip_block.as_ref());
    blocks.flat_map(|block| std::iter::once(&block.cidr).chain(&block.except))
}

impl From<NetworkPolicy> for facts::NetworkPolicy {
    fn from(wire: NetworkPolicy) -> Self {
        let from = wire.spec.ingress.iter().flat_map(|rule| &rule.from);
        let to = wire.spec.egress.iter().flat_map(|rule| &rule.to);
        let incoming = loose("spec.ingress.from.ipBlock", blocks(from));
        let outgoing = loose("spec.egress.to.ipBlock", blocks(to));
        Self {
            loose_addresses: incoming.chain(outgoing).collect(),
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
        }
    }
}
