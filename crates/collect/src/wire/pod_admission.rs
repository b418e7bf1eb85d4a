//! What lets new pods in: quotas, and the classes that pods name.

use std::collections::BTreeMap;

use airworthy_model::facts::{Quota, QuotaAmount};
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, nullable},
    quantity::Quantity,
};

/// A class, of which only its name counts.
macro_rules! classes {
    ($($kind:ident: $list:literal),*) => { $(
        #[derive(Clone, PartialEq, prost::Message, Deserialize)]
        #[serde(default)]
        pub(crate) struct $kind {
            #[prost(message, required, tag = "1")]
            pub metadata: ObjectMeta,
        }

        impl Wire for $kind {
            const LIST: &'static str = $list;
        }

        impl From<$kind> for String {
            fn from(wire: $kind) -> Self {
                wire.metadata.name
            }
        }
    )* };
}

classes!(PriorityClass: "PriorityClassList", RuntimeClass: "RuntimeClassList");

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ResourceQuota {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub spec: QuotaSpec,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub status: QuotaStatus,
}

impl Wire for ResourceQuota {
    const LIST: &'static str = "ResourceQuotaList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct QuotaSpec {
    #[prost(string, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub scopes: Vec<String>,
    #[prost(message, optional, tag = "3")]
    pub scope_selector: Option<ScopeSelector>,
}

/// A selector of which only its being there counts.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
pub(crate) struct ScopeSelector {}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct QuotaStatus {
    #[prost(btree_map = "string, message", tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub hard: BTreeMap<String, Quantity>,
    #[prost(btree_map = "string, message", tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub used: BTreeMap<String, Quantity>,
}

/// Whether a quota counts this of pods. Whatever else it counts stands in no pod's way.
fn is_of_pods(resource: &str) -> bool {
    let plain = resource
        .strip_prefix("requests.")
        .or_else(|| resource.strip_prefix("limits."))
        .unwrap_or(resource);
    ["pods", "count/pods", "cpu", "memory", "ephemeral-storage"].contains(&plain)
}

impl ResourceQuota {
    /// The quota, where it is over all pods of its namespace and counts something of them.
    pub(crate) fn over_all_pods(self) -> Option<Quota> {
        let status = self.status;
        let amounts = status.hard.iter().filter(|(name, _)| is_of_pods(name));
        let amounts = amounts.filter_map(|(name, hard)| {
            let read = |quantity: &Quantity| {
                if name.ends_with("cpu") {
                    quantity.thousandths()
                } else {
                    quantity.units()
                }
            };
            Some(QuotaAmount {
                resource: name.clone(),
                hard: read(hard)?,
                used: read(status.used.get(name)?)?,
            })
        });
        let amounts: Vec<_> = amounts.collect();
        let scoped = !self.spec.scopes.is_empty() || self.spec.scope_selector.is_some();
        (!scoped && !amounts.is_empty()).then_some(Quota {
            namespace: self.metadata.namespace,
            name: self.metadata.name,
            amounts,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn quota(json: serde_json::Value) -> Option<Quota> {
        let wire: ResourceQuota = serde_json::from_value(json).unwrap();
        wire.over_all_pods()
    }

    #[test]
    fn a_quota_tells_what_it_counts_of_pods() {
        let status = json!({"hard": {"pods": "3", "requests.cpu": "1", "requests.memory": "1Gi", "services": "2", "limits.cpu": "x"},
            "used": {"pods": "3", "requests.cpu": "1500m", "requests.memory": "0", "services": "2", "limits.cpu": "0"}});
        let metadata = json!({"namespace": "shop", "name": "all"});
        let read = quota(json!({"metadata": metadata, "spec": {}, "status": status})).unwrap();
        let amounts: Vec<_> = read
            .amounts
            .iter()
            .map(|one| (one.resource.as_str(), one.hard, one.used))
            .collect();
        assert_eq!(
            amounts,
            [
                ("pods", 3, 3),
                ("requests.cpu", 1000, 1500),
                ("requests.memory", 1 << 30, 0)
            ]
        );
        let scoped =
            json!({"metadata": metadata, "spec": {"scopes": ["BestEffort"]}, "status": status});
        assert_eq!(quota(scoped), None);
        let chosen = json!({"metadata": metadata, "spec": {"scopeSelector": {"matchExpressions": []}}, "status": status});
        assert_eq!(quota(chosen), None);
        assert_eq!(quota(json!({"metadata": metadata})), None);
    }
}
