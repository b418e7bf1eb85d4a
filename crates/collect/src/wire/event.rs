//! Events, without their texts.

use serde::Deserialize;

use super::{
    Wire,
    meta::{Time, nullable},
};

/// An event of the core group.
#[allow(clippy::struct_field_names)] // As the API names it.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Event {
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub involved_object: Involved,
    #[prost(string, tag = "3")]
    pub reason: String,
    #[prost(message, optional, tag = "6")]
    pub first_timestamp: Option<Time>,
    #[prost(message, optional, tag = "7")]
    pub last_timestamp: Option<Time>,
    #[prost(int32, tag = "8")]
    pub count: i32,
    #[prost(message, optional, tag = "10")]
    pub event_time: Option<Time>,
    #[prost(message, optional, tag = "11")]
    pub series: Option<Series>,
}

impl Wire for Event {
    const LIST: &'static str = "EventList";
}

/// What an event is about.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Involved {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub namespace: String,
    #[prost(string, tag = "3")]
    pub name: String,
}

/// How often an event was repeated, as clients of the newer API write it.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Series {
    #[prost(int32, tag = "1")]
    pub count: i32,
    #[prost(message, optional, tag = "2")]
    pub last_observed_time: Option<Time>,
}
