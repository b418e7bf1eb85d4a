//! What lets new pods in: quotas with what they ask of pods, and the classes that pods name.

use std::collections::BTreeMap;

use airworthy_model::facts::{Quota, QuotaAmount, QuotaMarks, Requirement};
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, nullable},
    quantity::Quantity,
    shape::{PodAffinity, PodSpec},
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

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ScopeSelector {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub match_expressions: Vec<ScopeRequirement>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ScopeRequirement {
    #[prost(string, tag = "1")]
    pub scope_name: String,
    #[prost(string, tag = "2")]
    pub operator: String,
    #[prost(string, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub values: Vec<String>,
}

impl From<ScopeRequirement> for Requirement {
    fn from(wire: ScopeRequirement) -> Self {
        Self {
            key: wire.scope_name,
            operator: wire.operator,
            values: wire.values,
        }
    }
}

impl QuotaSpec {
    /// All scopes; one that is only named must be there, as the quota evaluator has it.
    fn all_scopes(self) -> Vec<Requirement> {
        let named = self.scopes.into_iter().map(|key| Requirement {
            key,
            operator: "Exists".to_owned(),
            values: Vec::new(),
        });
        let selector = self.scope_selector.unwrap_or_default();
        let selected = selector.match_expressions.into_iter().map(Into::into);
        named.chain(selected).collect()
    }
}

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
    /// The quota, where it counts something of pods.
    pub(crate) fn of_pods(self) -> Option<Quota> {
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
        (!amounts.is_empty()).then(|| Quota {
            namespace: self.metadata.namespace,
            name: self.metadata.name,
            amounts,
            scopes: self.spec.all_scopes(),
        })
    }
}

impl PodSpec {
    /// What quotas with scopes ask about it.
    pub(super) fn quota_marks(&self) -> QuotaMarks {
        let affinity = self.affinity.iter();
        let mut both = affinity.flat_map(|one| [&one.pod_affinity, &one.pod_anti_affinity]);
        QuotaMarks {
            deadline: self.active_deadline_seconds.is_some_and(|end| end >= 0),
            other_namespaces: both.any(|one| one.as_ref().is_some_and(PodAffinity::reaches_out)),
        }
    }
}

impl PodAffinity {
    /// Whether a term, required or not, is about other namespaces; an empty selector makes it so too.
    fn reaches_out(&self) -> bool {
        let others = |named: &[String], selected: bool| selected || !named.is_empty();
        let mut required = self.required.iter();
        let preferred = self.preferred.as_ref();
        let preferred = preferred.and_then(|terms| terms.pod_affinity_term.as_ref());
        required.any(|term| others(&term.namespaces, term.namespace_selector.is_some()))
            || preferred
                .is_some_and(|terms| others(&terms.namespaces, terms.namespace_selector.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use serde_json::{Value, json};

    use super::*;

    fn quota(json: Value) -> Option<Quota> {
        let wire: ResourceQuota = serde_json::from_value(json).unwrap();
        let again = ResourceQuota::decode(&*wire.encode_to_vec());
        assert_eq!(again, Ok(wire.clone()));
        wire.of_pods()
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
        assert_eq!(read.scopes, []);
        assert_eq!(quota(json!({"metadata": metadata})), None);
    }

    #[test]
    fn scopes_that_are_named_and_those_that_are_selected_count_together() {
        let status = json!({"hard": {"pods": "3"}, "used": {"pods": "3"}});
        let scopes = |spec: Value| {
            let read = quota(json!({"spec": spec, "status": status})).unwrap();
            let told = |one: Requirement| format!("{} {} {:?}", one.key, one.operator, one.values);
            read.scopes.into_iter().map(told).collect::<Vec<_>>()
        };
        let both = json!({"scopes": ["BestEffort"], "scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "In", "values": ["gold", "silver"]},
            {"scopeName": "Terminating", "operator": "Exists"}]}});
        let told = [
            "BestEffort Exists []",
            "PriorityClass In [\"gold\", \"silver\"]",
            "Terminating Exists []",
        ];
        assert_eq!(scopes(both), told);
        let all = json!({"scopes": null, "scopeSelector": {"matchExpressions": null}});
        assert!(scopes(all).is_empty());
    }

    fn marks(spec: Value) -> (bool, bool) {
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        // What the binary encoding makes of it is the same.
        let again = PodSpec::decode(&*spec.encode_to_vec()).unwrap();
        assert_eq!(again.quota_marks(), spec.quota_marks());
        let marks = spec.quota_marks();
        (marks.deadline, marks.other_namespaces)
    }

    #[test]
    fn a_pod_with_a_deadline_is_one_that_ends() {
        assert_eq!(marks(json!({"activeDeadlineSeconds": 0})), (true, false));
        assert_eq!(marks(json!({"activeDeadlineSeconds": -1})), (false, false));
        assert_eq!(marks(json!({})), (false, false));
    }

    #[test]
    fn terms_about_other_namespaces_count_whether_they_must_hold_or_not() {
        let (own, none) = (json!({"topologyKey": "zone"}), json!([]));
        let named = json!({"topologyKey": "zone", "namespaces": ["blog"]});
        let selected = json!({"topologyKey": "zone", "namespaceSelector": {}});
        let wishes = |terms: [&Value; 2]| {
            let terms = terms.map(|term| json!({"weight": 1, "podAffinityTerm": term}));
            json!(terms)
        };
        for (required, preferred, other) in [
            (json!([own]), wishes([&own, &own]), false),
            (json!([own, named]), none.clone(), true),
            (json!([selected]), none.clone(), true),
            (none.clone(), wishes([&own, &named]), true),
            (none.clone(), wishes([&selected, &own]), true),
        ] {
            let affinity = json!({"requiredDuringSchedulingIgnoredDuringExecution": required,
                "preferredDuringSchedulingIgnoredDuringExecution": preferred});
            for side in ["podAffinity", "podAntiAffinity"] {
                let spec = json!({"affinity": {side: affinity}});
                assert_eq!(marks(spec.clone()), (false, other), "{spec}");
            }
        }
    }
}
