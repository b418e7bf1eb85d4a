//! `/configz` of a kubelet: its merged configuration, of which each field is kept by its path.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::failure::short;

/// Most fields of one kubelet that are kept: about four times what one has.
const MOST_FIELDS: usize = 600;
/// Longest value that is kept whole.
const VALUE_CHARS: usize = 300;
/// Fields that name this one node, or that may carry credentials.
const LEFT_OUT: [&str; 5] = [
    "apiVersion",
    "kind",
    "providerID",
    "staticPodURL",
    "staticPodURLHeader",
];

type Fields = BTreeMap<Box<str>, Box<str>>;

#[derive(Deserialize)]
struct Configz {
    kubeletconfig: serde_json::Map<String, Value>,
}

/// The fields by path, with their values as JSON.
pub(super) fn parse(body: &[u8]) -> Result<Fields, String> {
    let configz: Configz =
        serde_json::from_slice(body).map_err(|error| short(&error.to_string()))?;
    let mut fields = Fields::new();
    for (name, value) in &configz.kubeletconfig {
        if !LEFT_OUT.contains(&name.as_str()) {
            flatten(name, value, &mut fields);
        }
    }
    Ok(fields)
}

fn flatten(path: &str, value: &Value, fields: &mut Fields) {
    if let Value::Object(members) = value {
        for (name, value) in members {
            flatten(&format!("{path}.{name}"), value, fields);
        }
        return;
    }
    if !value.is_null() && fields.len() < MOST_FIELDS {
        let text: String = value.to_string().chars().take(VALUE_CHARS).collect();
        fields.insert(path.into(), text.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_kept_by_path_and_what_is_of_one_node_is_not() {
        let body = br#"{"kubeletconfig": {"kind": "KubeletConfiguration", "providerID": "aws:///i-1", "failCgroupV1": false,
            "featureGates": {"NodeSwap": true}, "clusterDNS": ["10.96.0.10"], "staticPodURLHeader": {"Authorization": ["hush"]},
            "authentication": {"webhook": {"cacheTTL": "2m0s"}}, "evictionSoft": null}}"#;
        let fields = parse(body).unwrap();
        let read: Vec<_> = fields
            .iter()
            .map(|(path, text)| (&**path, &**text))
            .collect();
        let expected = [
            ("authentication.webhook.cacheTTL", "\"2m0s\""),
            ("clusterDNS", "[\"10.96.0.10\"]"),
            ("failCgroupV1", "false"),
            ("featureGates.NodeSwap", "true"),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_configuration_is_refused_and_what_is_too_much_is_cut() {
        parse(b"<html>").unwrap_err();
        parse(br#"{"kubeletconfig": []}"#).unwrap_err();
        let many: BTreeMap<String, u32> = (0..2000).map(|n| (format!("f{n}"), n)).collect();
        let body = serde_json::json!({ "kubeletconfig": many }).to_string();
        assert_eq!(parse(body.as_bytes()).unwrap().len(), MOST_FIELDS);
        let long = serde_json::json!({ "kubeletconfig": { "a": "x".repeat(9999) } }).to_string();
        let fields = parse(long.as_bytes()).unwrap();
        assert_eq!(fields["a"].chars().count(), VALUE_CHARS);
    }
}
