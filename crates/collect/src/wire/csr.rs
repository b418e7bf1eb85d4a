//! Requests for certificates: who asks whom, and whether somebody has decided.

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, nullable},
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CertificateSigningRequest {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: CsrSpec,
    #[prost(message, required, tag = "3")]
    pub status: CsrStatus,
}

impl Wire for CertificateSigningRequest {
    const LIST: &'static str = "CertificateSigningRequestList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CsrSpec {
    #[prost(string, tag = "2")]
    pub username: String,
    #[prost(string, tag = "7")]
    pub signer_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CsrStatus {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<CsrCondition>,
}

/// `Approved`, `Denied` or `Failed`: any of them decides.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CsrCondition {
    #[prost(string, tag = "1")]
    pub r#type: String,
}

impl From<CertificateSigningRequest> for facts::Csr {
    fn from(wire: CertificateSigningRequest) -> Self {
        Self {
            created: wire.metadata.creation_timestamp.instant(),
            name: wire.metadata.name,
            signer: wire.spec.signer_name,
            requestor: wire.spec.username,
            decided: !wire.status.conditions.is_empty(),
        }
    }
}
