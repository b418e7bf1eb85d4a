//! What a hop takes away, as `hops.yaml` has it.

use std::collections::BTreeMap;

use airworthy_testbed::Client;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::case::At;

/// Where the namespaced objects of all cases are.
pub(super) const NAMESPACE: &str = "truth";

/// From one minor to the next, with the APIs that do not survive it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Hop {
    pub(super) from: String,
    pub(super) to: String,
    /// Gates of all components, before and after.
    #[serde(default)]
    pub(super) feature_gates: BTreeMap<String, bool>,
    /// `--runtime-config` before the upgrade.
    pub(super) runtime_config: Vec<String>,
    /// `--runtime-config` after it: what is left of the cluster's own flags.
    pub(super) target_runtime_config: Vec<String>,
    pub(super) apis: Vec<Api>,
}

/// A kind at a version that the hop takes away.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Api {
    pub(super) old: String,
    /// The version that its owners can move to; nothing when no version survives.
    pub(super) new: Option<String>,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    /// What names begin with where a number must follow.
    named: Option<String>,
    body: Value,
    new_body: Option<Value>,
    pub(super) touch: Option<Value>,
    pub(super) status: Option<Value>,
}

impl Hop {
    /// The hops that are known.
    pub(super) fn all() -> Result<Vec<Self>> {
        serde_saphyr::from_str(include_str!("hops.yaml")).context("hops.yaml")
    }
}

impl Api {
    /// Deployments at a version that went away long ago.
    pub(super) fn deployment() -> Self {
        let labels = json!({ "app": "stale" });
        let pod = json!({ "containers": [{ "name": "main", "image": "example.com/main" }] });
        let template = json!({ "metadata": { "labels": labels }, "spec": pod });
        let spec =
            json!({ "replicas": 0, "selector": { "matchLabels": labels }, "template": template });
        Self {
            old: "apps/v1beta1".into(),
            new: Some("apps/v1".into()),
            kind: "Deployment".into(),
            plural: "deployments".into(),
            namespaced: true,
            named: None,
            body: json!({ "spec": spec }),
            new_body: None,
            touch: None,
            status: None,
        }
    }

    /// The group and version of an end of the hop. Who has no version to move to stays.
    pub(super) fn version(&self, at: At) -> &str {
        match at {
            At::Old => &self.old,
            At::New => self.new.as_deref().unwrap_or(&self.old),
        }
    }

    /// The path of its collection.
    pub(super) fn list(&self, at: At) -> String {
        let (version, plural) = (self.version(at), &self.plural);
        if self.namespaced {
            format!("/apis/{version}/namespaces/{NAMESPACE}/{plural}")
        } else {
            format!("/apis/{version}/{plural}")
        }
    }

    /// An object of it.
    pub(super) fn object(&self, at: At, name: &str) -> Value {
        let body = match (at, &self.new_body) {
            (At::New, Some(body)) => body,
            _ => &self.body,
        };
        let mut object = body.clone();
        object["apiVersion"] = json!(self.version(at));
        object["kind"] = json!(self.kind);
        object["metadata"] = json!({ "name": name });
        if self.namespaced {
            object["metadata"]["namespace"] = json!(NAMESPACE);
        }
        object
    }

    /// The name of an object: what it says, or a number where the kind allows nothing else.
    pub(super) fn name(&self, wanted: &str, number: usize) -> String {
        let kind = self.plural.as_str();
        match &self.named {
            Some(start) => format!("{start}{number}"),
            None => format!("{wanted}-{kind}"),
        }
    }

    /// The name of the object that comes after this one.
    pub(super) fn next_name(&self, name: &str) -> String {
        match &self.named {
            Some(_) => format!("{name}1"),
            None => format!("{name}-next"),
        }
    }

    /// Whether a server serves it.
    pub(super) async fn is_served(&self, client: &Client, at: At) -> Result<bool> {
        let group_version = format!("/apis/{}", self.version(at));
        match client.get(&group_version).await {
            Ok(list) => Ok(names(&list).any(|name| name == self.plural)),
            Err(error) if error.code() == Some(404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    let resources = list["resources"].as_array();
    let resources = resources.map(Vec::as_slice).unwrap_or_default();
    resources
        .iter()
        .filter_map(|resource| resource["name"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hop_reads() {
        let hops = Hop::all().unwrap();
        assert_eq!(hops.len(), 3);
        assert!(hops.iter().all(|hop| hop.apis.len() > 3));
    }

    #[test]
    fn who_cannot_move_stays() {
        let hops = Hop::all().unwrap();
        let psp = hops[0].apis.iter().find(|api| api.new.is_none()).unwrap();
        assert_eq!(psp.version(At::New), "policy/v1beta1");
    }
}
