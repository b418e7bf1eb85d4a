//! Reads JSON objects as objects only: serde's derived types would also take an array of their members.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A `T` that was written as a JSON object.
pub(crate) struct Object<T>(pub(crate) T);

struct MapOnly<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MapOnly<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(MapOnly(PhantomData))
            .map(Object)
    }
}

/// Reads an object that must be there, for `#[serde(deserialize_with)]`.
pub(super) fn required<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::<T>::deserialize(deserializer).map(|Object(inner)| inner)
}

/// Reads an optional object, for `#[serde(deserialize_with)]`.
pub(super) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Object<T>>::deserialize(deserializer).map(|found| found.map(|Object(inner)| inner))
}

/// Reads a list of objects where `null` means none, for `#[serde(deserialize_with)]`.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let found = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(found
        .unwrap_or_default()
        .into_iter()
        .map(|Object(inner)| inner)
        .collect())
}

/// Reads a list where `null` means none, for `#[serde(deserialize_with)]`.
pub(super) fn values<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a map where `null` means none, for `#[serde(deserialize_with)]`.
pub(super) fn map<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<BTreeMap<String, T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a map of lists of objects where `null` means none, for `#[serde(deserialize_with)]`.
pub(super) fn map_of_lists<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let found = map::<D, Option<Vec<Object<T>>>>(deserializer)?;
    let bare = |list: Option<Vec<Object<T>>>| -> Vec<T> {
        let list = list.unwrap_or_default().into_iter();
        list.map(|Object(inner)| inner).collect()
    };
    Ok(found
        .into_iter()
        .map(|(key, list)| (key, bare(list)))
        .collect())
}
