//! JSON as expressions see it.

use std::{collections::HashMap, sync::Arc};

use cel::{Value, objects::Key};
use serde_json::Value as Json;

/// JSON as an API server shows it to expressions: whole numbers are of one kind, whatever their sign.
pub fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_i64().map_or_else(
            || Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            Value::Int,
        ),
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(list) => Value::List(Arc::new(list.iter().map(value).collect())),
        Json::Object(map) => {
            let entries = map.iter();
            let entries = entries.map(|(key, of)| (Key::String(Arc::new(key.clone())), value(of)));
            Value::from(entries.collect::<HashMap<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{parse, run};

    #[test]
    fn json_is_seen_as_it_is() {
        let seen = value(&json!({
            "none": null, "yes": true, "few": 3, "less": -3, "half": 0.5, "many": u64::MAX, "text": "x", "list": [1, "y", {"z": 2}],
        }));
        for text in [
            "v.none == null && v.yes && v.text == 'x'",
            "v.few + v.less == 0 && v.few == 3",
            "v.half < 1.0 && v.many > 1.0",
            "v.list.size() == 3 && v.list[1] == 'y' && v.list[2].z == 2",
        ] {
            let told = run(&parse(text, 24, 600).unwrap(), [("v", seen.clone())]);
            assert_eq!(told, Ok(Value::Bool(true)), "{text}");
        }
    }
}
