//! Annotations, whose values can hold anything: but for a few they are passed over.

use prost::{
    DecodeError,
    bytes::{Buf, BufMut},
    encoding::{DecodeContext, WireType, skip_field, string},
};
use serde::Deserializer;

use super::meta::Entries;

/// The policy that let a pod in.
pub(crate) const POLICY: &str = "kubernetes.io/psp";
/// Where kubeadm is told to find the container runtime of a node.
pub(crate) const RUNTIME_SOCKET: &str = "kubeadm.alpha.kubernetes.io/cri-socket";
/// Annotations whose values are kept.
const KEPT: [&str; 2] = [POLICY, RUNTIME_SOCKET];

/// An annotation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Annotation {
    pub key: String,
    /// Empty unless it is kept.
    pub value: String,
}

fn is_kept(key: &str) -> bool {
    KEPT.contains(&key)
}

/// An entry of a map, as prost would derive it but for the values that are passed over. Keys come first.
impl prost::Message for Annotation {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        string::encode(1, &self.key, buf);
        string::encode(2, &self.value, buf);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            1 => string::merge(wire_type, &mut self.key, buf, ctx),
            2 if is_kept(&self.key) => string::merge(wire_type, &mut self.value, buf, ctx),
            _ => skip_field(wire_type, tag, buf, ctx),
        }
    }

    fn encoded_len(&self) -> usize {
        string::encoded_len(1, &self.key) + string::encoded_len(2, &self.value)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

pub(super) fn annotations<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Annotation>, D::Error> {
    deserializer.deserialize_any(Entries(|key, value: String| {
        let value = if is_kept(&key) { value } else { String::new() };
        Annotation { key, value }
    }))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::wire::meta::ObjectMeta;

    #[test]
    fn of_two_annotations_the_value_of_one_is_kept_in_both_encodings() {
        let all = [(POLICY, "eks.privileged"), ("example.com/note", "hush")];
        let json = serde_json::json!({ "annotations": std::collections::BTreeMap::from(all) });
        let written = ObjectMeta {
            annotations: all
                .map(|(key, value)| Annotation {
                    key: key.into(),
                    value: value.into(),
                })
                .into(),
            ..ObjectMeta::default()
        };
        let binary = ObjectMeta::decode(written.encode_to_vec().as_slice()).unwrap();
        for meta in [serde_json::from_value(json).unwrap(), binary] {
            assert_eq!(meta.annotation(POLICY), "eks.privileged");
            assert!(meta.has_annotation("example.com/note"));
            assert_eq!(meta.annotation("example.com/note"), "");
        }
    }
}
