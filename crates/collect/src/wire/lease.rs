//! Leases.

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, Time, instant},
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Lease {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: LeaseSpec,
}

impl Wire for Lease {
    const LIST: &'static str = "LeaseList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LeaseSpec {
    #[prost(string, optional, tag = "1")]
    pub holder_identity: Option<String>,
    #[prost(int32, optional, tag = "2")]
    pub lease_duration_seconds: Option<i32>,
    #[prost(message, optional, tag = "4")]
    pub renew_time: Option<Time>,
}

impl Lease {
    /// Whether an API server holds it to say that it exists, which is no leader election.
    pub(crate) fn is_api_server_identity(&self) -> bool {
        // The second is the label of the time before 1.26.
        let keys = ["apiserver.kubernetes.io/identity", "k8s.io/component"];
        let labels = self.metadata.labels.iter();
        let mut identities = labels.filter(|label| keys.contains(&label.key.as_str()));
        identities.any(|label| label.value == "kube-apiserver")
    }
}

impl From<Lease> for facts::Lease {
    fn from(wire: Lease) -> Self {
        Self {
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            holder: wire.spec.holder_identity,
            renewed: instant(wire.spec.renew_time),
            duration_seconds: wire.spec.lease_duration_seconds,
        }
    }
}
