//! What every object carries: metadata, times, selectors, conditions.

use std::fmt;

use super::{
    annotation::{Annotation, annotations},
    scrub::scrub,
};
use airworthy_model::facts::{self, ControllerRef, Deletion, IntOrPercent, Labels, Requirement};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

/// Longest text of a condition that is kept.
const MESSAGE_CHARS: usize = 300;

/// Reads JSON `null` as the empty value: Go writes it for empty lists, maps and zero times.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The part of `ObjectMeta` that facts need.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ObjectMeta {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub namespace: String,
    #[prost(string, tag = "5")]
    pub uid: String,
    #[prost(int64, tag = "7")]
    pub generation: i64,
    #[prost(message, required, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub creation_timestamp: Time,
    #[prost(message, optional, tag = "9")]
    pub deletion_timestamp: Option<Time>,
    #[prost(message, repeated, tag = "11")]
    #[serde(deserialize_with = "pairs")]
    pub labels: Vec<Pair>,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "annotations")]
    pub annotations: Vec<Annotation>,
    #[prost(message, repeated, tag = "13")]
    #[serde(deserialize_with = "nullable")]
    pub owner_references: Vec<OwnerReference>,
    #[prost(string, repeated, tag = "14")]
    #[serde(deserialize_with = "nullable")]
    pub finalizers: Vec<String>,
}

impl ObjectMeta {
    pub(crate) fn take_labels(&mut self) -> Labels {
        labels(std::mem::take(&mut self.labels))
    }

    /// Since when it is to go, and who holds it.
    pub(crate) fn take_deletion(&mut self) -> Option<Box<Deletion>> {
        let due = instant(self.deletion_timestamp)?;
        let finalizers = std::mem::take(&mut self.finalizers);
        Some(Box::new(Deletion { due, finalizers }))
    }

    pub(crate) fn has_annotation(&self, key: &str) -> bool {
        self.annotations.iter().any(|known| known.key == key)
    }

    /// The value of one of the annotations whose values are kept.
    pub(crate) fn annotation(&self, key: &str) -> &str {
        let found = self.annotations.iter().find(|known| known.key == key);
        found.map_or("", |found| &found.value)
    }

    pub(crate) fn controller(&mut self) -> Option<ControllerRef> {
        let owners = std::mem::take(&mut self.owner_references);
        let owner = owners.into_iter().find(|o| o.controller == Some(true))?;
        Some(ControllerRef {
            kind: told_apart(owner.kind, &owner.api_version).into(),
            name: owner.name.into(),
        })
    }
}

/// An entry of a map of texts.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Pair {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// An entry of which only the key may be known: values of annotations can hold anything.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Key {
    #[prost(string, tag = "1")]
    pub key: String,
}

pub(crate) fn labels(pairs: Vec<Pair>) -> Labels {
    pairs
        .into_iter()
        .map(|pair| (pair.key, pair.value))
        .collect()
}

pub(super) struct Entries<E, V>(pub(super) fn(String, V) -> E);

impl<'de, E, V: Deserialize<'de>> Visitor<'de> for Entries<E, V> {
    type Value = Vec<E>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts or null")
    }

    fn visit_unit<X>(self) -> Result<Vec<E>, X> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<E>, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry()? {
            entries.push(self.0(key, value));
        }
        Ok(entries)
    }
}

pub(crate) fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pair>, D::Error> {
    deserializer.deserialize_any(Entries(|key, value| Pair { key, value }))
}

pub(crate) fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Key>, D::Error> {
    deserializer.deserialize_any(Entries(|key, _: IgnoredAny| Key { key }))
}

/// An owner.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct OwnerReference {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "5")]
    pub api_version: String,
    #[prost(bool, optional, tag = "6")]
    pub controller: Option<bool>,
}

/// Kinds that control pods, and the groups that serve or served them.
const CONTROLLERS: [(&str, &[&str]); 9] = [
    ("ReplicaSet", &["apps", "extensions"]),
    ("DaemonSet", &["apps", "extensions"]),
    ("StatefulSet", &["apps"]),
    ("Deployment", &["apps", "extensions"]),
    ("Job", &["batch"]),
    ("CronJob", &["batch"]),
    ("ReplicationController", &[]),
    ("Node", &[]),
    ("Pod", &[]),
];

/// The kind of an owner; with its group when it only calls itself like a kind of Kubernetes, as others' `DaemonSet` does.
pub(super) fn told_apart(kind: String, api_version: &str) -> String {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let known = CONTROLLERS.iter().find(|(known, _)| *known == kind);
    match known {
        Some((_, groups)) if !group.is_empty() && !groups.contains(&group) => {
            format!("{kind}.{group}")
        }
        _ => kind,
    }
}

/// `ListMeta`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ListMeta {
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub resource_version: String,
    #[prost(string, tag = "3")]
    pub r#continue: String,
    /// How many objects come after this page; absent where the server does not count.
    #[prost(int64, optional, tag = "4")]
    pub remaining_item_count: Option<i64>,
}

/// `Time` and `MicroTime`; the zero time is empty on the wire.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Time {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Time {
    /// The instant; `None` for the zero time.
    pub(crate) fn instant(self) -> Option<Timestamp> {
        if self.seconds == 0 && self.nanos == 0 {
            return None;
        }
        Timestamp::new(self.seconds, self.nanos).ok()
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let instant: Timestamp = text.parse().map_err(D::Error::custom)?;
        Ok(Self {
            seconds: instant.as_second(),
            nanos: instant.subsec_nanosecond(),
        })
    }
}

/// The instant of a pointer to a time.
pub(crate) fn instant(time: Option<Time>) -> Option<Timestamp> {
    time.and_then(Time::instant)
}

/// `IntOrString`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct IntOrString {
    #[prost(int64, tag = "1")]
    pub r#type: i64,
    #[prost(int32, tag = "2")]
    pub int_val: i32,
    #[prost(string, tag = "3")]
    pub str_val: String,
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Int(i32),
            Text(String),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Int(int_val) => Self {
                int_val,
                ..Self::default()
            },
            Either::Text(str_val) => Self {
                r#type: 1,
                str_val,
                ..Self::default()
            },
        })
    }
}

impl From<IntOrString> for IntOrPercent {
    fn from(wire: IntOrString) -> Self {
        if wire.r#type == 0 {
            Self::Int(wire.int_val)
        } else {
            Self::Percent(wire.str_val)
        }
    }
}

/// A label selector.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LabelSelector {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "pairs")]
    pub match_labels: Vec<Pair>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub match_expressions: Vec<SelectorRequirement>,
}

/// One requirement of a selector.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SelectorRequirement {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub operator: String,
    #[prost(string, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub values: Vec<String>,
}

impl From<LabelSelector> for facts::LabelSelector {
    fn from(wire: LabelSelector) -> Self {
        let expressions = wire.match_expressions.into_iter();
        Self {
            match_labels: labels(wire.match_labels),
            match_expressions: expressions
                .map(|wire| Requirement {
                    key: wire.key,
                    operator: wire.operator,
                    values: wire.values,
                })
                .collect(),
        }
    }
}

/// A condition of most kinds.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Condition {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(string, tag = "2")]
    pub status: String,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub last_transition_time: Time,
    #[prost(string, tag = "4")]
    pub reason: String,
    #[prost(string, tag = "5")]
    pub message: String,
}

/// A condition of a pod, node, job or namespace: number 3 is a time of a probe or heartbeat, or nobody's.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ProbedCondition {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(string, tag = "2")]
    pub status: String,
    #[prost(message, required, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub last_transition_time: Time,
    #[prost(string, tag = "5")]
    pub reason: String,
    #[prost(string, tag = "6")]
    pub message: String,
}

/// A condition of a Deployment, whose transition time has a late number.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DeploymentCondition {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(string, tag = "2")]
    pub status: String,
    #[prost(message, required, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub last_transition_time: Time,
    #[prost(string, tag = "4")]
    pub reason: String,
    #[prost(string, tag = "5")]
    pub message: String,
}

macro_rules! condition_of {
    ($($wire:ident),*) => { $(
        impl From<$wire> for facts::Condition {
            fn from(wire: $wire) -> Self {
                Self {
                    r#type: wire.r#type,
                    status: wire.status,
                    reason: wire.reason,
                    message: cut(wire.message),
                    last_transition: wire.last_transition_time.instant(),
                }
            }
        }
    )* };
}

condition_of!(Condition, ProbedCondition, DeploymentCondition);

/// A text without credentials, cut at what a condition may keep.
pub(crate) fn cut(text: String) -> String {
    let mut text = scrub(text);
    if let Some((end, _)) = text.char_indices().nth(MESSAGE_CHARS) {
        text.truncate(end);
        text.shrink_to_fit();
    }
    text
}

/// Converts every element of a list.
pub(crate) fn convert<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    let mut converted: Vec<B> = list.into_iter().map(B::from).collect();
    converted.shrink_to_fit();
    converted
}
