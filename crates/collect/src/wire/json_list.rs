//! A list in JSON, item by item: a page of a million empty objects is a few megabytes and must not become a gigabyte of structs.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::meta::ListMeta;

/// Hands each item to `keep` as soon as it is there; the kind and the metadata of the list. What was handed over counts only
/// when the whole is well.
pub(super) fn read<W: for<'de> Deserialize<'de>>(
    body: &[u8],
    keep: &mut impl FnMut(W),
) -> Result<(String, ListMeta), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let list = Members {
        keep,
        of: PhantomData,
    };
    let read = json.deserialize_map(list)?;
    json.end()?;
    Ok(read)
}

struct Members<'k, W, K> {
    keep: &'k mut K,
    of: PhantomData<W>,
}

impl<'de, W: Deserialize<'de>, K: FnMut(W)> Visitor<'de> for Members<'_, W, K> {
    type Value = (String, ListMeta);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut kind, mut metadata, mut items) = (None, None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "kind" => once("kind", &mut kind, map.next_value()?)?,
                "metadata" => once("metadata", &mut metadata, map.next_value()?)?,
                "items" => {
                    let each = Items {
                        keep: &mut *self.keep,
                        of: PhantomData,
                    };
                    once("items", &mut items, map.next_value_seed(each)?)?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = |name| move || A::Error::missing_field(name);
        items.ok_or_else(missing("items"))?;
        Ok((
            kind.ok_or_else(missing("kind"))?,
            metadata.ok_or_else(missing("metadata"))?,
        ))
    }
}

fn once<T, E: serde::de::Error>(
    name: &'static str,
    place: &mut Option<T>,
    value: T,
) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(name)),
    }
}

struct Items<'k, W, K> {
    keep: &'k mut K,
    of: PhantomData<W>,
}

impl<'de, W: Deserialize<'de>, K: FnMut(W)> DeserializeSeed<'de> for Items<'_, W, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, W: Deserialize<'de>, K: FnMut(W)> Visitor<'de> for Items<'_, W, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a list")
    }

    /// Go writes `null` for a list of nothing.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            (self.keep)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Item {
        #[serde(default)]
        name: String,
    }

    fn names(json: &str) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        let (kind, metadata) = read(json.as_bytes(), &mut |item: Item| names.push(item.name))
            .map_err(|error| error.to_string())?;
        names.push(kind);
        names.push(metadata.r#continue);
        Ok(names)
    }

    #[test]
    fn items_come_one_by_one_in_any_order_of_members() {
        let read = names(
            r#"{"items": [{"name": "a"}, {}], "x": {"items": 1}, "metadata": {"continue": "c"}, "kind": "L"}"#,
        );
        assert_eq!(read.unwrap(), ["a", "", "L", "c"]);
        let empty = names(r#"{"kind": "L", "metadata": {}, "items": null}"#);
        assert_eq!(empty.unwrap(), ["L", ""]);
    }

    #[test]
    fn what_lacks_or_is_said_twice_is_refused() {
        for (json, why) in [
            (r#"{"kind": "L", "metadata": {}}"#, "missing field `items`"),
            (r#"{"items": [], "metadata": {}}"#, "missing field `kind`"),
            (r#"{"items": [], "kind": "L"}"#, "missing field `metadata`"),
            (
                r#"{"kind": "L", "metadata": {}, "items": [], "items": []}"#,
                "duplicate field `items`",
            ),
            (
                r#"{"kind": "L", "kind": "M", "metadata": {}, "items": []}"#,
                "duplicate field `kind`",
            ),
            (
                r#"{"kind": "L", "metadata": {}, "items": [1]}"#,
                "invalid type",
            ),
            (
                r#"{"kind": "L", "metadata": {}, "items": {}}"#,
                "the items of a list",
            ),
            (
                r#"{"kind": "L", "metadata": {}, "items": []} x"#,
                "trailing",
            ),
            ("[]", "a list of objects"),
        ] {
            let error = names(json).unwrap_err();
            assert!(error.contains(why), "{json}: {error}");
        }
    }
}
