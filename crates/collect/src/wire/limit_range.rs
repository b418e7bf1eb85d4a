//! What the containers and pods of a namespace have to keep to.

use std::collections::BTreeMap;

use airworthy_model::facts::{self, ContainerRole, ContainerShape, PodBounds, Resources};
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
    /// What it says of containers and pods, if anything.
    pub(crate) fn of_pods(self) -> Option<facts::LimitRange> {
        let mut range = facts::LimitRange::default();
        for item in self.spec.limits {
            match item.r#type.as_str() {
                "Container" => item.add_to(&mut range),
                "Pod" => range.pods = item.into(),
                _ => {}
            }
        }
        (range != facts::LimitRange::default()).then_some(facts::LimitRange {
            namespace: self.metadata.namespace,
            name: self.metadata.name,
            ..range
        })
    }
}

impl RangeItem {
    fn add_to(&self, range: &mut facts::LimitRange) {
        range.max.extend(quantity::amounts(&self.max));
        range.min.extend(quantity::amounts(&self.min));
        range.limits.extend(quantity::amounts(&self.default));
        let requests = quantity::amounts(&self.default_request);
        range.requests.extend(requests);
        range.ratio.extend(ratios(&self.max_limit_request_ratio));
    }
}

/// The API server lets in one item for pods, and none that fills something in.
impl From<RangeItem> for PodBounds {
    fn from(wire: RangeItem) -> Self {
        Self {
            min: quantity::amounts(&wire.min),
            max: quantity::amounts(&wire.max),
            ratio: ratios(&wire.max_limit_request_ratio),
        }
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
    /// What its containers ask for, init containers first.
    pub(super) fn asked(&self) -> Vec<ContainerShape> {
        let init = self.init_containers.iter().map(|init| {
            let role = if init.is_sidecar() {
                ContainerRole::Sidecar
            } else {
                ContainerRole::Init
            };
            init.resources.asked(role)
        });
        let main = self.containers.iter();
        let main = main.map(|container| container.resources.asked(ContainerRole::Main));
        init.chain(main).collect()
    }

    /// What it asks for as a whole, if anything.
    pub(super) fn asked_as_a_whole(&self) -> Option<ContainerShape> {
        let whole = self.resources.as_ref()?.asked(ContainerRole::Main);
        (whole != ContainerShape::default()).then_some(whole)
    }
}

impl Requirements {
    fn asked(&self, role: ContainerRole) -> ContainerShape {
        ContainerShape {
            role,
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
        wire.of_pods()
    }

    fn amounts(all: &[(&str, u64)]) -> Resources {
        let all = all.iter().map(|(name, amount)| ((*name).into(), *amount));
        all.collect()
    }

    #[test]
    fn a_range_tells_what_it_says_of_containers_and_pods() {
        let read = range(&json!([
            {"type": "Container", "max": {"cpu": "1"}, "min": {"memory": "1Ki"}, "default": {"cpu": "500m"},
                "defaultRequest": {"cpu": "250m"}, "maxLimitRequestRatio": {"cpu": "1500m", "memory": "2"}},
            {"type": "Pod", "max": {"cpu": "9"}, "min": {"memory": "2Ki"}, "maxLimitRequestRatio": {"memory": "4"}},
        ]))
        .unwrap();
        assert_eq!((&*read.namespace, &*read.name), ("shop", "bounds"));
        assert_eq!(read.max, amounts(&[("cpu", 1000)]));
        assert_eq!(read.min, amounts(&[("memory", 1024)]));
        assert_eq!(read.limits, amounts(&[("cpu", 500)]));
        assert_eq!(read.requests, amounts(&[("cpu", 250)]));
        assert_eq!(read.ratio, amounts(&[("cpu", 1500), ("memory", 2000)]));
        assert_eq!(read.pods.max, amounts(&[("cpu", 9000)]));
        assert_eq!(read.pods.min, amounts(&[("memory", 2048)]));
        assert_eq!(read.pods.ratio, amounts(&[("memory", 4000)]));
    }

    #[test]
    fn what_is_for_claims_is_left_out() {
        let items = json!([{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]);
        assert_eq!(range(&items), None);
        assert_eq!(range(&json!(null)), None);
    }

    fn spec(json: serde_json::Value) -> PodSpec {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn each_container_is_told_with_its_role() {
        let big = json!({"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}});
        let sidecar = json!({"restartPolicy": "Always"});
        let all = spec(json!({"initContainers": [{}, sidecar], "containers": [big, big]})).asked();
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.role, one.limits.get("cpu")))
            .collect();
        let big = (ContainerRole::Main, Some(&2000));
        let (init, sidecar) = (ContainerRole::Init, ContainerRole::Sidecar);
        assert_eq!(told, [(init, None), (sidecar, None), big, big]);
    }

    #[test]
    fn what_a_pod_asks_for_as_a_whole_is_kept_where_it_does() {
        let whole = spec(json!({"containers": [{}], "resources": {"requests": {"cpu": "1"}}}));
        let whole = whole.asked_as_a_whole().unwrap();
        assert_eq!(whole.requests, amounts(&[("cpu", 1000)]));
        assert_eq!(spec(json!({"resources": {}})).asked_as_a_whole(), None);
    }
}
