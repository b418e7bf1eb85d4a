//! Gateways and HTTP routes of the Gateway API. Custom resources come as JSON: the numbers for protobuf are ours and stay unused.

use std::collections::BTreeMap;

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    meta::{Condition, nullable},
};

/// Most addresses of a gateway that are kept.
const MOST_ADDRESSES: usize = 8;

/// Metadata of which only the name is kept.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

/// A gateway.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Gateway {
    #[prost(message, required, tag = "1")]
    metadata: Named,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    spec: GatewaySpec,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    status: GatewayStatus,
}

impl Wire for Gateway {
    const LIST: &'static str = "GatewayList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GatewaySpec {
    #[prost(string, tag = "1")]
    gateway_class_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct GatewayStatus {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    addresses: Vec<Address>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Address {
    #[prost(string, tag = "1")]
    value: String,
}

impl From<Gateway> for facts::Gateway {
    fn from(wire: Gateway) -> Self {
        let values = wire.status.addresses.into_iter();
        let mut addresses: Vec<_> = values.map(|address| address.value).collect();
        addresses.sort_unstable();
        addresses.truncate(MOST_ADDRESSES);
        let conditions = wire.status.conditions.into_iter();
        Self {
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            kind: "Gateway".to_owned(),
            class: wire.spec.gateway_class_name,
            addresses,
            conditions: conditions.map(Into::into).collect(),
        }
    }
}

/// An HTTP route.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct HttpRoute {
    #[prost(message, required, tag = "1")]
    metadata: Named,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    status: RouteStatus,
}

impl Wire for HttpRoute {
    const LIST: &'static str = "HTTPRouteList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct RouteStatus {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    parents: Vec<RouteParent>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct RouteParent {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

impl From<HttpRoute> for facts::Gateway {
    fn from(wire: HttpRoute) -> Self {
        let mut worst: BTreeMap<String, facts::Condition> = BTreeMap::new();
        for wire in wire.status.parents.into_iter().flat_map(|it| it.conditions) {
            let condition = facts::Condition::from(wire);
            match worst.get(&condition.r#type) {
                Some(known) if !known.is_true() => (),
                _ => {
                    worst.insert(condition.r#type.clone(), condition);
                }
            }
        }
        Self {
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            kind: "HTTPRoute".to_owned(),
            conditions: worst.into_values().collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_gateway_tells_its_addresses_and_conditions() {
        let wire: Gateway = serde_json::from_value(json!({
            "metadata": {"namespace": "edge", "name": "public", "annotations": {"secret": "hush"}},
            "spec": {"gatewayClassName": "envoy", "listeners": []},
            "status": {"addresses": [{"type": "IPAddress", "value": "192.0.2.7"}, {"value": "192.0.2.1"}],
                "conditions": [{"type": "Programmed", "status": "True", "lastTransitionTime": "2026-11-01T08:00:00Z", "reason": "Programmed", "message": ""}]},
        })).unwrap();
        let gateway = facts::Gateway::from(wire);
        assert_eq!(gateway.addresses, ["192.0.2.1", "192.0.2.7"]);
        assert_eq!((&*gateway.class, &*gateway.kind), ("envoy", "Gateway"));
        assert!(gateway.conditions[0].is_true());
    }

    #[test]
    fn a_route_is_as_well_as_its_worst_gateway() {
        let accepted = |status: &str| json!({"parentRef": {"name": "g"}, "controllerName": "c", "conditions": [{"type": "Accepted", "status": status}]});
        for order in [["True", "False"], ["False", "True"]] {
            let wire: HttpRoute = serde_json::from_value(json!({
                "metadata": {"namespace": "shop", "name": "web"},
                "status": {"parents": [accepted(order[0]), accepted(order[1])]},
            }))
            .unwrap();
            let route = facts::Gateway::from(wire);
            assert_eq!(route.conditions.len(), 1);
            assert_eq!(route.conditions[0].status, "False");
        }
    }

    #[test]
    fn what_nobody_has_looked_at_yet_has_no_conditions() {
        let wire: HttpRoute =
            serde_json::from_value(json!({"metadata": {"name": "web"}, "status": null})).unwrap();
        assert!(facts::Gateway::from(wire).conditions.is_empty());
    }
}
