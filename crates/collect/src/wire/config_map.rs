//! `ConfigMaps` of which a named parser keeps a few words; nothing else of their data leaves this crate.

use serde::Deserialize;

use super::meta::{Pair, pairs};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ConfigMap {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "pairs")]
    pub data: Vec<Pair>,
}

impl ConfigMap {
    /// The text under a key.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let mut data = self.data.iter();
        data.find(|pair| pair.key == key)
            .map(|pair| pair.value.as_str())
    }
}
