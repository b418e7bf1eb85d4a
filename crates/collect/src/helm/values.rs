//! How the values of a release stand to the schema of its chart. Values hold secrets: nothing of them is kept but the places of
//! what is wrong.

mod weight;

use std::borrow::Cow;

use airworthy_model::facts::{ValuesFault, ValuesVerdict};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonschema::{PatternOptions, ValidationError, error::ValidationErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::failure::short;

/// Most bytes of a schema, and of the values of a chart or a release.
const MOST_BYTES: usize = 1 << 20;
/// Most steps that holding values against a schema may take: places in the schema times places in the values.
const MOST_STEPS: u64 = 20_000_000;
/// Most faults that are kept.
const MOST: usize = 5;

/// The members of a payload that Helm holds against one another. Charts within the chart are not stored.
#[derive(Debug, Deserialize)]
struct Held<'a> {
    #[serde(borrow)]
    chart: Chart<'a>,
    /// What was set for this release.
    #[serde(borrow, default)]
    config: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Chart<'a> {
    /// Base64, as Go writes bytes.
    #[serde(borrow)]
    schema: Cow<'a, str>,
    #[serde(borrow, default)]
    values: Option<&'a RawValue>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    dependencies: Option<Vec<Dependency>>,
}

/// A chart within the chart, whose values stand under its name or its alias.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dependency {
    name: String,
    alias: String,
}

/// The verdict on the payload of a release whose chart has a schema.
pub(super) fn verdict(json: &[u8]) -> ValuesVerdict {
    judge(json).unwrap_or_else(|why| ValuesVerdict {
        unjudged: Some(why.to_owned()),
        ..ValuesVerdict::default()
    })
}

fn judge(json: &[u8]) -> Result<ValuesVerdict, &'static str> {
    let held: Held<'_> = serde_json::from_slice(json)
        .map_err(|_| "its values or its schema are not as Helm writes them")?;
    let schema = schema(&held.chart.schema)?;
    let values = merged(read(held.chart.values)?, read(held.config)?);
    let steps = weight::of(&schema)
        .ok_or("its schema refers to itself or to other files")?
        .saturating_mul(places(&values));
    if steps > MOST_STEPS {
        return Err("holding its values against its schema would take too long");
    }
    let validator = jsonschema::options()
        .should_validate_formats(false)
        .with_pattern_options(PatternOptions::regex())
        .build(&schema)
        .map_err(|_| "its schema is no JSON schema that is understood")?;
    let within = held.chart.metadata.dependencies.unwrap_or_default();
    let wrong = validator.iter_errors(&values);
    Ok(told(wrong.filter(|error| !is_within(error, &within))))
}

fn schema(text: &str) -> Result<Value, &'static str> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| "its schema is not base64")?;
    if bytes.len() > MOST_BYTES {
        return Err("its schema is larger than 1 MB");
    }
    serde_json::from_slice(&bytes).map_err(|_| "its schema is not JSON")
}

/// Values; none stand for an empty map.
fn read(raw: Option<&RawValue>) -> Result<Value, &'static str> {
    let text = raw.map_or("null", RawValue::get);
    if text.len() > MOST_BYTES {
        return Err("its values are larger than 1 MB");
    }
    match serde_json::from_str(text) {
        Ok(Value::Null) => Ok(Value::Object(Map::new())),
        Ok(values) => Ok(values),
        Err(_) => Err("its values are nested too deep"),
    }
}

/// What was set over what the chart sets: maps are merged, and `null` takes a value of the chart away.
fn merged(chart: Value, release: Value) -> Value {
    match (chart, release) {
        (Value::Object(mut all), Value::Object(set)) => {
            for (name, value) in set {
                match (all.remove(&name), value) {
                    (_, Value::Null) => {}
                    (Some(known), value) => {
                        all.insert(name, merged(known, value));
                    }
                    (None, value) => {
                        all.insert(name, value);
                    }
                }
            }
            Value::Object(all)
        }
        (_, set) => set,
    }
}

/// How many values there are, in and beside one another.
fn places(value: &Value) -> u64 {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        _ => 0,
    }
}

/// Whether a fault is about values of a chart within the chart: what those charts set by themselves is not stored, so it seems to lack.
fn is_within(error: &ValidationError<'_>, within: &[Dependency]) -> bool {
    let is = |name: &str| {
        let mut all = within.iter();
        all.any(|one| !name.is_empty() && (one.name == name || one.alias == name))
    };
    let path = error.instance_path().as_str();
    let first = path.split('/').nth(1).unwrap_or_default();
    let lacks = match error.kind() {
        ValidationErrorKind::Required { property } if path.is_empty() => property.as_str(),
        _ => None,
    };
    is(first) || lacks.is_some_and(is)
}

fn told<'a>(wrong: impl Iterator<Item = ValidationError<'a>>) -> ValuesVerdict {
    let mut verdict = ValuesVerdict::default();
    for error in wrong {
        let fault = ValuesFault {
            pointer: short(error.instance_path().as_str()),
            keyword: error.kind().keyword().to_owned(),
        };
        if verdict.faults.len() < MOST {
            verdict.faults.push(fault);
        } else {
            verdict.more = verdict.more.saturating_add(1);
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(schema: &Value, chart: &Value, release: &Value) -> ValuesVerdict {
        with(schema, chart, release, &json!([]))
    }

    fn with(schema: &Value, chart: &Value, release: &Value, within: &Value) -> ValuesVerdict {
        let schema = STANDARD.encode(schema.to_string());
        let payload = json!({"name": "web", "config": release, "manifest": "hush",
            "chart": {"metadata": {"name": "web", "dependencies": within}, "values": chart, "schema": schema}});
        verdict(payload.to_string().as_bytes())
    }

    fn faults(verdict: &ValuesVerdict) -> Vec<String> {
        assert_eq!(verdict.unjudged, None);
        let faults = verdict.faults.iter();
        faults
            .map(|fault| format!("{} {}", fault.pointer, fault.keyword))
            .collect()
    }

    fn web() -> Value {
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": ["image", "db"],
            "properties": {"replicas": {"$ref": "#/definitions/count"}, "image": {"type": "object", "properties": {"tag": {"pattern": "^v"}}},
                "password": {"type": "string", "minLength": 8}, "db": {"type": "object", "required": ["host"]}},
            "definitions": {"count": {"type": "integer", "minimum": 1}}})
    }

    #[test]
    fn what_was_set_counts_over_what_the_chart_sets() {
        let chart = json!({"replicas": 1, "image": {"tag": "v1"}, "password": "long enough", "db": {"host": "a"}});
        assert!(faults(&of(&web(), &chart, &Value::Null)).is_empty());
        let set = json!({"replicas": "two", "image": {"tag": "1"}, "password": "hush"});
        let verdict = of(&web(), &chart, &set);
        let mut found = faults(&verdict);
        found.sort();
        assert_eq!(
            found,
            [
                "/image/tag pattern",
                "/password minLength",
                "/replicas type"
            ]
        );
        assert!(!format!("{verdict:?}").contains("hush"));
        assert_eq!(
            faults(&of(&web(), &chart, &json!({"db": null}))),
            [" required"]
        );
        assert_eq!(
            faults(&of(&web(), &chart, &json!({"db": {"host": null}}))),
            ["/db required"]
        );
    }

    #[test]
    fn what_a_chart_within_sets_is_not_known() {
        let chart = json!({"image": {}});
        let lacks = faults(&of(&web(), &chart, &Value::Null));
        assert_eq!(lacks, [" required"]);
        for within in [
            json!([{"name": "db"}]),
            json!([{"name": "postgresql", "alias": "db"}]),
        ] {
            assert!(faults(&with(&web(), &chart, &json!({"db": {}}), &within)).is_empty());
            assert!(faults(&with(&web(), &chart, &Value::Null, &within)).is_empty());
        }
    }

    #[test]
    fn faults_are_bounded() {
        let schema = json!({"additionalProperties": {"type": "integer"}});
        let set: Map<String, Value> = (0..20).map(|n| (n.to_string(), json!("hush"))).collect();
        let verdict = of(&schema, &json!({}), &Value::Object(set));
        assert_eq!((verdict.faults.len(), verdict.more), (5, 15));
    }

    /// Schemas that would take for ever, or all of the stack, are not begun.
    #[test]
    fn schemas_that_lead_nowhere_are_told() {
        let twice = |n: usize| json!({"allOf": [{"$ref": format!("#/$defs/{}", n + 1)}, {"$ref": format!("#/$defs/{}", n + 1)}]});
        let mut defs: Map<String, Value> = (0..40).map(|n| (n.to_string(), twice(n))).collect();
        defs.insert("40".into(), json!({"type": "object"}));
        let chain: Map<String, Value> = (0..50_000)
            .map(|n| (n.to_string(), json!({"$ref": format!("#/$defs/{}", n + 1)})))
            .collect();
        for schema in [
            json!({"$ref": "#"}),
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
            json!({"properties": {"definitions": {"$ref": "#"}}}),
            json!({"$ref": "#/$defs/0", "$defs": defs}),
            json!({"$ref": "#/$defs/0", "$defs": chain}),
            json!({"$ref": "https://192.0.2.1/schema.json"}),
            json!({"$dynamicRef": "#a"}),
            json!({"properties": {"a": {"$id": "other", "$ref": "#/x"}}}),
            json!({"type": "nonsense"}),
            json!({"pattern": "(?<!hush)x"}),
            json!("hush"),
        ] {
            let told = of(&schema, &json!({}), &json!({"a": {"b": 1}})).unjudged;
            assert!(
                told.is_some_and(|why| !why.contains("hush")),
                "{schema:.200}"
            );
        }
    }

    #[test]
    fn what_is_no_payload_is_told() {
        let odd = |payload: &str| verdict(payload.as_bytes()).unjudged.is_some();
        assert!(odd("{}") && odd("{\"chart\": {\"schema\": \"%\"}}"));
        assert!(odd("{\"chart\": {\"schema\": \"aHVzaA==\"}}"));
        let deep = format!(
            "{{\"chart\": {{\"schema\": \"e30=\"}}, \"config\": {}1{}}}",
            "[".repeat(200),
            "]".repeat(200)
        );
        assert!(odd(&deep));
    }
}
