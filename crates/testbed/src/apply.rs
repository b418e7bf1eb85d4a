//! Applies YAML as the common tools do, so that managed fields and annotations look real.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::client::{Client, Patch};
use crate::error::{Error, Result};
use crate::wait::wait_until;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const DISCOVERY_DEADLINE: Duration = Duration::from_secs(5);

/// How documents reach the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// As `kubectl apply`: the last-applied annotation and a patch against it.
    ClientSide,
    /// As `kubectl apply --server-side --force-conflicts`.
    ServerSide,
    /// As `kubectl create`: no annotation, fails if the object is there.
    Create,
}

/// As whom and how to apply.
#[derive(Debug, Clone)]
pub struct Apply {
    /// The user agent; the field manager follows from it unless given.
    pub user_agent: String,
    /// The `fieldManager` of the request; server-side apply takes the user agent's name without it.
    pub field_manager: Option<String>,
    /// The way of applying.
    pub how: How,
}

impl Apply {
    /// Applies under this user agent, such as `kubectl/v1.31.0`.
    pub fn new(user_agent: &str, how: How) -> Self {
        Self {
            user_agent: user_agent.to_owned(),
            field_manager: None,
            how,
        }
    }

    /// Names the field manager.
    #[must_use]
    pub fn field_manager(mut self, name: &str) -> Self {
        self.field_manager = Some(name.to_owned());
        self
    }

    /// Sends one object to a list path that is known, such as `/apis/batch/v1beta1/namespaces/shop/cronjobs`, without asking
    /// discovery; gives back what the API server stored.
    pub async fn send(&self, client: &Client, list: &str, object: &Value) -> Result<Value> {
        let name = text(object, "/metadata/name")?;
        let path = format!("{list}/{name}");
        let query = self.query();
        match self.how {
            How::Create => client.create(&format!("{list}{query}"), object).await,
            How::ServerSide => {
                let target = format!("{path}{query}");
                client.patch(&target, Patch::Apply, object).await
            }
            How::ClientSide => client_side(client, object, list, &path, &query).await,
        }
    }

    fn query(&self) -> String {
        let manager = match (&self.field_manager, self.how) {
            (Some(name), _) => name.as_str(),
            (None, How::ServerSide) => self.user_agent.split('/').next().unwrap_or("testbed"),
            (None, _) => return String::new(),
        };
        let force = if self.how == How::ServerSide {
            "&force=true"
        } else {
            ""
        };
        format!("?fieldManager={manager}{force}")
    }
}

/// Splits multi-document YAML into objects; empty documents are dropped.
pub(crate) fn documents(yaml: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(yaml).map_err(|error| Error::document("YAML", error))?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}

/// Applies one object and gives back what the API server stored.
pub(crate) async fn apply_object(client: &Client, object: &Value, apply: &Apply) -> Result<Value> {
    let list = list_path(client, object).await?;
    apply.send(client, &list, object).await
}

async fn client_side(
    client: &Client,
    object: &Value,
    list: &str,
    path: &str,
    query: &str,
) -> Result<Value> {
    let desired = with_annotation(object)?;
    let live = match client.get(path).await {
        Ok(live) => live,
        Err(error) if error.code() == Some(404) => {
            return client.create(&format!("{list}{query}"), &desired).await;
        }
        Err(error) => return Err(error),
    };
    let mut change = desired;
    if let Some(before) = last_applied(&live) {
        remove_dropped(&mut change, &before);
    }
    let target = format!("{path}{query}");
    match client.patch(&target, Patch::Strategic, &change).await {
        // Custom resources know no strategic merge.
        Err(error) if error.code() == Some(415) => {
            client.patch(&target, Patch::Merge, &change).await
        }
        outcome => outcome,
    }
}

/// The object with kubectl's annotation: itself with empty annotations if it had none, and a newline.
fn with_annotation(object: &Value) -> Result<Value> {
    let mut object = object.clone();
    annotations(&mut object)?.remove(LAST_APPLIED);
    let text = format!("{object}\n");
    annotations(&mut object)?.insert(LAST_APPLIED.to_owned(), text.into());
    Ok(object)
}

fn annotations(object: &mut Value) -> Result<&mut Map<String, Value>> {
    object
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .and_then(|metadata| {
            metadata
                .entry("annotations")
                .or_insert_with(|| json!({}))
                .as_object_mut()
        })
        .ok_or_else(|| Error::document("object", "has no metadata"))
}

fn last_applied(live: &Value) -> Option<Value> {
    let text = live
        .get("metadata")?
        .get("annotations")?
        .get(LAST_APPLIED)?
        .as_str()?;
    serde_json::from_str(text).ok()
}

/// Sets to null what was applied before and is not wanted any more; lists are the server's matter.
fn remove_dropped(patch: &mut Value, before: &Value) {
    let (Value::Object(patch), Value::Object(before)) = (patch, before) else {
        return;
    };
    for (key, old) in before {
        match patch.get_mut(key) {
            Some(new) => remove_dropped(new, old),
            None => {
                patch.insert(key.clone(), Value::Null);
            }
        }
    }
}

/// The list path of an object's resource, at exactly the version the object names.
///
/// Asks for a moment again if discovery lacks the kind: its definition may have come just now.
pub(crate) async fn list_path(client: &Client, object: &Value) -> Result<String> {
    let version = text(object, "/apiVersion")?;
    let kind = text(object, "/kind")?;
    let base = if version.contains('/') {
        format!("/apis/{version}")
    } else {
        format!("/api/{version}")
    };
    let what = format!("kind {kind} in {version}");
    let resource = wait_until(DISCOVERY_DEADLINE, &what, || async {
        let list = client.get(&base).await?;
        Ok(find_kind(&list, kind))
    })
    .await?;
    let plural = text(&resource, "/name")?;
    if resource["namespaced"] != json!(true) {
        return Ok(format!("{base}/{plural}"));
    }
    let namespace = object
        .pointer("/metadata/namespace")
        .and_then(Value::as_str);
    Ok(format!(
        "{base}/namespaces/{}/{plural}",
        namespace.unwrap_or("default")
    ))
}

fn find_kind(resources: &Value, kind: &str) -> Option<Value> {
    let is_it = |resource: &&Value| {
        let name = resource["name"].as_str().unwrap_or_default();
        resource["kind"] == kind && !name.contains('/')
    };
    resources["resources"]
        .as_array()?
        .iter()
        .find(is_it)
        .cloned()
}

fn text<'a>(object: &'a Value, pointer: &str) -> Result<&'a str> {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| Error::document("object", format!("has no {pointer}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_documents_are_dropped() {
        let documents = documents("---\nkind: A\n---\n# nothing\n---\nkind: B\n").unwrap();
        assert_eq!(documents, [json!({"kind": "A"}), json!({"kind": "B"})]);
    }

    #[test]
    fn the_annotation_holds_the_object_without_itself() {
        let object = json!({"metadata": {"name": "a"}});
        let annotated = with_annotation(&object).unwrap();
        let again = with_annotation(&annotated).unwrap();
        assert_eq!(annotated, again);
        let text = annotated["metadata"]["annotations"][LAST_APPLIED]
            .as_str()
            .unwrap();
        assert_eq!(text, "{\"metadata\":{\"annotations\":{},\"name\":\"a\"}}\n");
    }

    #[test]
    fn what_was_applied_before_and_is_gone_is_removed() {
        let mut patch = json!({"a": {"kept": 1}});
        remove_dropped(&mut patch, &json!({"a": {"kept": 0, "gone": 1}, "b": 2}));
        assert_eq!(patch, json!({"a": {"kept": 1, "gone": null}, "b": null}));
    }

    #[test]
    fn server_side_apply_names_its_manager() {
        assert_eq!(
            Apply::new("helm/v3", How::ServerSide).query(),
            "?fieldManager=helm&force=true"
        );
        assert_eq!(Apply::new("helm/v3", How::Create).query(), "");
        let named = Apply::new("x", How::ClientSide).field_manager("y");
        assert_eq!(named.query(), "?fieldManager=y");
    }
}
