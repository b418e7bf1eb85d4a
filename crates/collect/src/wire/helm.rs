//! What Helm keeps its releases in: Secrets and ConfigMaps, of which nothing is kept but one entry.

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::{Wire, meta::ObjectMeta};

/// The entry that Helm writes.
const RELEASE: &str = "release";

/// An object of any kind, by its metadata.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Labelled {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
}

impl Wire for Labelled {
    const LIST: &'static str = "PartialObjectMetadataList";
}

/// A Secret or ConfigMap with the payload of a release.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Holding {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "release")]
    data: Vec<Entry>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

impl Holding {
    /// The payload; of a Secret that came as JSON still with the base64 that Kubernetes puts around it.
    pub(crate) fn release(self) -> Option<Bytes> {
        let mut entries = self.data.into_iter();
        Some(entries.find(|entry| entry.key == RELEASE)?.value)
    }
}

struct Data;

impl<'de> Visitor<'de> for Data {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts or null")
    }

    fn visit_unit<E>(self) -> Result<Vec<Entry>, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == RELEASE {
                let value = map.next_value::<String>()?.into();
                entries.push(Entry { key, value });
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(entries)
    }
}

fn release<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
    deserializer.deserialize_any(Data)
}
