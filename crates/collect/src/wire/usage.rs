//! What the metrics API says of nodes. It comes as JSON: the numbers for protobuf are ours and stay unused.

use std::collections::BTreeMap;

use airworthy_model::facts::NodeUsage;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, Time, instant, nullable},
    quantity::Quantity,
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct NodeMetrics {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, optional, tag = "2")]
    timestamp: Option<Time>,
    #[prost(btree_map = "string, message", tag = "3")]
    #[serde(deserialize_with = "nullable")]
    usage: BTreeMap<String, Quantity>,
}

impl Wire for NodeMetrics {
    const LIST: &'static str = "NodeMetricsList";
}

impl From<NodeMetrics> for NodeUsage {
    fn from(wire: NodeMetrics) -> Self {
        let usage = |name| wire.usage.get(name);
        Self {
            cpu_thousandths: usage("cpu").and_then(Quantity::thousandths),
            memory_bytes: usage("memory").and_then(Quantity::units),
            measured: instant(wire.timestamp),
            name: wire.metadata.name,
        }
    }
}
