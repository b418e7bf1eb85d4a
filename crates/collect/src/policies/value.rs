//! JSON as expressions see it.

use std::{collections::HashMap, sync::Arc};

use cel::{Value, objects::Key};
use serde_json::Value as Json;

/// Whole numbers are of one kind, as they are for the API server.
pub(super) fn of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_i64().map_or_else(
            || Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            Value::Int,
        ),
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(list) => Value::List(Arc::new(list.iter().map(of).collect())),
        Json::Object(map) => {
            let entries = map.iter();
            let entries =
                entries.map(|(key, value)| (Key::String(Arc::new(key.clone())), of(value)));
            Value::from(entries.collect::<HashMap<_, _>>())
        }
    }
}

/// How large a value is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    /// Elements of its longest list or map.
    pub list: u64,
    /// Bytes of its longest text.
    pub text: u64,
}

impl Size {
    pub(super) fn of(json: &Json) -> Self {
        match json {
            Json::Array(list) => Self::whole(list.len(), list.iter()),
            Json::Object(map) => Self::whole(map.len(), map.values()),
            Json::String(text) => Self {
                text: text.len() as u64,
                ..Self::default()
            },
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::default(),
        }
    }

    fn whole<'a>(length: usize, parts: impl Iterator<Item = &'a Json>) -> Self {
        let own = Self {
            list: length as u64,
            text: 0,
        };
        parts.map(Self::of).fold(own, |one, other| Self {
            list: one.list.max(other.list),
            text: one.text.max(other.text),
        })
    }
}
