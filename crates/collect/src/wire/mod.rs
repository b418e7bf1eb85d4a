//! What the API server sends, as slim structs that both protobuf and JSON decode into, and what becomes of it: only members
//! that a fact needs have a name here, and everything else is skipped while decoding. That is the redaction.

pub(crate) mod access;
pub(crate) mod admission;
pub(crate) mod admission_policy;
mod annotation;
pub(crate) mod api;
pub(crate) mod backup;
pub(crate) mod batch;
pub(crate) mod component;
mod condition;
pub(crate) mod config_map;
pub(crate) mod csr;
pub(crate) mod event;
pub(crate) mod gateway;
pub(crate) mod gitops;
pub(crate) mod helm;
pub(crate) mod ingress;
mod json_list;
pub(crate) mod lease;
pub(crate) mod limit_range;
pub(crate) mod meta;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod operation;
pub(crate) mod pod;
pub(crate) mod pod_admission;
pub(crate) mod policy;
pub(crate) mod probe;
pub(crate) mod quantity;
mod reference;
pub(crate) mod scaling;
pub(crate) mod scrub;
mod security;
pub(crate) mod shape;
pub(crate) mod storage;
pub(crate) mod template;
pub(crate) mod usage;
pub(crate) mod volume;
pub(crate) mod workload;
pub(crate) mod written;

use bytes::{Buf as _, Bytes};
use prost::{
    Message,
    encoding::{DecodeContext, decode_key, decode_varint, skip_field},
};
use serde::{Deserialize, de::DeserializeOwned};

use meta::ListMeta;

/// The content type of protobuf.
pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// The content type of JSON.
pub(crate) const JSON: &str = "application/json";

/// A kind that can be listed.
pub(crate) trait Wire: Message + Default + DeserializeOwned {
    /// Kind of its list, such as `PodList`.
    const LIST: &'static str;
}

/// A body that is not what the API promises.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Neither protobuf nor JSON.
    #[error("the answer is {0:?}, not an API object")]
    ContentType(String),
    /// Protobuf without the envelope of Kubernetes.
    #[error("the answer has no Kubernetes envelope")]
    Envelope,
    /// Broken protobuf.
    #[error("the protobuf is broken: {0}")]
    Protobuf(#[from] prost::DecodeError),
    /// Shorter than its own lengths say.
    #[error("the protobuf is cut off")]
    CutOff,
    /// Broken JSON.
    #[error("the JSON is broken: {0}")]
    Json(#[from] serde_json::Error),
    /// Text in which no line ends.
    #[error("a line of the text does not end")]
    EndlessLine,
    /// Another kind than asked for.
    #[error("the answer is a {got:?}, not a {want}")]
    Kind {
        /// What came.
        got: String,
        /// What was asked for.
        want: &'static str,
    },
}

#[derive(Clone, PartialEq, Message)]
struct Unknown {
    #[prost(message, required, tag = "1")]
    type_meta: TypeMeta,
    #[prost(bytes = "bytes", tag = "2")]
    raw: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct TypeMeta {
    #[prost(string, tag = "2")]
    kind: String,
}

/// The answer that explains an error.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    #[prost(string, tag = "3")]
    pub message: String,
}

/// Decodes one page of a list and hands each item to `keep` as soon as it is there.
pub(crate) fn decode_list<W: Wire>(
    content_type: &str,
    body: Bytes,
    mut keep: impl FnMut(W),
) -> Result<ListMeta, DecodeError> {
    if content_type.starts_with(PROTOBUF) {
        return decode_protobuf_list(body, keep);
    }
    if !content_type.starts_with(JSON) {
        return Err(DecodeError::ContentType(content_type.to_owned()));
    }
    let (kind, metadata) = json_list::read(&body, &mut keep)?;
    expect_kind(&kind, W::LIST)?;
    Ok(metadata)
}

/// Decodes one object of a kind.
pub(crate) fn decode_object<W: Message + Default + DeserializeOwned>(
    content_type: &str,
    body: Bytes,
    kind: &'static str,
) -> Result<W, DecodeError> {
    if content_type.starts_with(PROTOBUF) {
        let unknown = open_envelope(body)?;
        expect_kind(&unknown.type_meta.kind, kind)?;
        return Ok(W::decode(unknown.raw)?);
    }
    if !content_type.starts_with(JSON) {
        return Err(DecodeError::ContentType(content_type.to_owned()));
    }
    Ok(serde_json::from_slice(&body)?)
}

/// The message of a `Status`, when the body is one.
pub(crate) fn decode_status(content_type: &str, body: Bytes) -> Option<String> {
    let status = if content_type.starts_with(PROTOBUF) {
        let unknown = open_envelope(body).ok()?;
        expect_kind(&unknown.type_meta.kind, "Status").ok()?;
        Status::decode(unknown.raw).ok()?
    } else {
        serde_json::from_slice(&body).ok()?
    };
    Some(status.message).filter(|message| !message.is_empty())
}

fn expect_kind(got: &str, want: &'static str) -> Result<(), DecodeError> {
    if got == want {
        return Ok(());
    }
    Err(DecodeError::Kind {
        got: got.chars().take(60).collect(),
        want,
    })
}

fn open_envelope(mut body: Bytes) -> Result<Unknown, DecodeError> {
    if !body.starts_with(b"k8s\0") {
        return Err(DecodeError::Envelope);
    }
    body.advance(4);
    Ok(Unknown::decode(body)?)
}

fn decode_protobuf_list<W: Wire>(
    body: Bytes,
    mut keep: impl FnMut(W),
) -> Result<ListMeta, DecodeError> {
    let unknown = open_envelope(body)?;
    expect_kind(&unknown.type_meta.kind, W::LIST)?;
    let mut raw = unknown.raw;
    let mut metadata = ListMeta::default();
    while raw.has_remaining() {
        let (tag, wire_type) = decode_key(&mut raw)?;
        match tag {
            1 => metadata = ListMeta::decode(length_delimited(&mut raw)?)?,
            2 => keep(W::decode(length_delimited(&mut raw)?)?),
            _ => skip_field(wire_type, tag, &mut raw, DecodeContext::default())?,
        }
    }
    Ok(metadata)
}

fn length_delimited(raw: &mut Bytes) -> Result<Bytes, DecodeError> {
    let length = usize::try_from(decode_varint(raw)?).map_err(|_| DecodeError::CutOff)?;
    if length > raw.len() {
        return Err(DecodeError::CutOff);
    }
    Ok(raw.split_to(length))
}
