//! What the containers of a namespace have to keep to.

use std::collections::BTreeMap;

use airworthy_model::facts::{self, ContainerShape, Resources};
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, nullable},
    quantity::{self, Quantity},
    shape::{PodSpec, Requirements},
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct LimitRange {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub spec: RangeSpec,
}

impl Wire for LimitRange {
    const LIST: &'static str = "LimitRangeList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct RangeSpec {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub limits: Vec<RangeItem>,
}

type Quantities = BTreeMap<String, Quantity>;

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RangeItem {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(btree_map = "string, message", tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub max: Quantities,
    #[prost(btree_map = "string, message", tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub min: Quantities,
    #[prost(btree_map = "string, message", tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub default: Quantities,
    #[prost(btree_map = "string, message", tag = "5")]
    #[serde(deserialize_with = "nullable")]
    pub default_request: Quantities,
    #[prost(btree_map = "string, message", tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub max_limit_request_ratio: Quantities,
}

impl LimitRange {
    /// What it says of containers, if anything.
    pub(crate) fn of_containers(self) -> Option<facts::LimitRange> {
        let items = self.spec.limits.iter();
        let mut range = facts::LimitRange::default();
        for item in items.filter(|item| item.r#type == "Container") {
            range.max.extend(quantity::amounts(&item.max));
            range.min.extend(quantity::amounts(&item.min));
            range.limits.extend(quantity::amounts(&item.default));
            let requests = quantity::amounts(&item.default_request);
            range.requests.extend(requests);
            range.ratio.extend(ratios(&item.max_limit_request_ratio));
        }
        (range != facts::LimitRange::default()).then_some(facts::LimitRange {
            namespace: self.metadata.namespace,
            name: self.metadata.name,
            ..range
        })
    }
}

/// A ratio is a plain number for every resource.
fn ratios(quantities: &Quantities) -> Resources {
    let thousandths = |(name, ratio): (&String, &Quantity)| {
        let ratio = ratio.thousandths()?;
        Some((name.as_str().into(), ratio))
    };
    quantities.iter().filter_map(thousandths).collect()
}

impl PodSpec {
    /// What its containers ask for, each kind of container once; nothing where the pod asks as a whole.
    pub(super) fn asked(&self) -> Vec<ContainerShape> {
        let mut asked = Vec::new();
        if self.resources.is_some() {
            return asked;
        }
        for container in self.init_containers.iter().chain(&self.containers) {
            let own = container.resources.asked();
            if !asked.contains(&own) {
                asked.push(own);
            }
        }
        asked
    }
}

impl Requirements {
    fn asked(&self) -> ContainerShape {
        ContainerShape {
            requests: quantity::amounts(&self.requests),
            limits: quantity::amounts(&self.limits),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn range(items: &serde_json::Value) -> Option<facts::LimitRange> {
        let metadata = json!({"namespace": "shop", "name": "bounds"});
        let json = json!({"metadata": metadata, "spec": {"limits": items}});
        let wire: LimitRange = serde_json::from_value(json).unwrap();
        let again = prost::Message::decode(&*prost::Message::encode_to_vec(&wire));
        assert_eq!(again, Ok(wire.clone()));
        wire.of_containers()
    }

    #[test]
    fn a_range_tells_what_it_says_of_containers() {
        let read = range(&json!([
            {"type": "Container", "max": {"cpu": "1"}, "min": {"memory": "1Ki"}, "default": {"cpu": "500m"},
                "defaultRequest": {"cpu": "250m"}, "maxLimitRequestRatio": {"cpu": "1500m", "memory": "2"}},
            {"type": "Pod", "max": {"cpu": "9"}},
        ]))
        .unwrap();
        let amounts = |all: &[(&str, u64)]| {
            let all = all.iter().map(|(name, amount)| ((*name).into(), *amount));
            all.collect::<Resources>()
        };
        assert_eq!((&*read.namespace, &*read.name), ("shop", "bounds"));
        assert_eq!(read.max, amounts(&[("cpu", 1000)]));
        assert_eq!(read.min, amounts(&[("memory", 1024)]));
        assert_eq!(read.limits, amounts(&[("cpu", 500)]));
        assert_eq!(read.requests, amounts(&[("cpu", 250)]));
        assert_eq!(read.ratio, amounts(&[("cpu", 1500), ("memory", 2000)]));
    }

    #[test]
    fn what_is_for_pods_and_claims_is_left_out() {
        let items = json!([{"type": "Pod", "max": {"cpu": "9"}}, {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]);
        assert_eq!(range(&items), None);
        assert_eq!(range(&json!(null)), None);
    }

    fn asked(spec: serde_json::Value) -> Vec<ContainerShape> {
        serde_json::from_value::<PodSpec>(spec).unwrap().asked()
    }

    #[test]
    fn each_kind_of_container_is_told_once() {
        let big = json!({"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}});
        let all = asked(json!({"initContainers": [{}], "containers": [big, big, {}]}));
        let limits: Vec<_> = all.iter().map(|one| one.limits.get("cpu")).collect();
        assert_eq!(limits, [None, Some(&2000)]);
    }

    #[test]
    fn a_pod_that_asks_as_a_whole_tells_nothing_of_its_containers() {
        let spec = json!({"containers": [{}], "resources": {"requests": {"cpu": "1"}}});
        assert_eq!(asked(spec), []);
    }
}
