//! What an operator does to etcd by hand, through its JSON gateway.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::cluster::Cluster;
use crate::error::{Context as _, Error, Result};
use crate::wait::wait_until;

/// How long others may write an object again and again.
const REWRITE_DEADLINE: Duration = Duration::from_secs(30);
/// Resources whose objects have another folder in the store than their name.
const FOLDERS: [(&str, &str); 3] = [
    ("services", "services/specs"),
    ("nodes", "minions"),
    ("ingresses", "ingress"),
];

impl Cluster {
    /// Changes an object in the store, past the API server and its rules: so it becomes as old as it has to be, or holds what only
    /// an older API server let in. `path` is that of a built-in object; what the API server serves next is the change.
    ///
    /// Fails if the object is not there, or if others keep on writing it.
    pub async fn rewrite(&self, path: &str, change: impl Fn(&mut Value)) -> Result<()> {
        let key = STANDARD.encode(storage_key(path)?);
        let change = &change;
        let what = format!("{path} to be written in the store");
        let written = wait_until(REWRITE_DEADLINE, &what, || async {
            let mut object = self.admin().get(path).await?;
            let revision = object["metadata"]["resourceVersion"].take();
            change(&mut object);
            let put = json!({ "requestPut": { "key": key, "value": STANDARD.encode(object.to_string()) } });
            let unchanged =
                json!({ "key": key, "target": "MOD", "result": "EQUAL", "modRevision": revision });
            let both = json!({ "compare": [unchanged], "success": [put] });
            let answer = self.ask_store("/v3/kv/txn", &both).await?;
            Ok((answer["succeeded"] == true).then_some(()))
        });
        written.await?;
        self.until_served(path, change).await
    }

    /// Lists are served from a cache that follows the store.
    async fn until_served(&self, path: &str, change: impl Fn(&mut Value)) -> Result<()> {
        let (list, name) = path.rsplit_once('/').unwrap_or_default();
        let list = format!("{list}?resourceVersion=0");
        let what = format!("{path} to be served as it was written");
        let change = &change;
        wait_until(REWRITE_DEADLINE, &what, || async {
            let cached = self.admin().list(&list).await?;
            let ours = cached
                .into_iter()
                .find(|one| one["metadata"]["name"] == name);
            let changed = |one: &Value| {
                let mut again = one.clone();
                change(&mut again);
                again == *one
            };
            Ok(ours.filter(changed).map(drop))
        })
        .await
    }

    /// Gives up the history of the store and the room on disk that it took, and takes back the alarm that it is full.
    pub async fn defragment_store(&self) -> Result<()> {
        let namespaces = self.admin().get("/api/v1/namespaces?limit=1").await?;
        let revision = &namespaces["metadata"]["resourceVersion"];
        let compaction = json!({ "revision": revision, "physical": true });
        self.ask_store("/v3/kv/compaction", &compaction).await?;
        self.ask_store("/v3/maintenance/defragment", &json!({}))
            .await?;
        let alarms = "/v3/maintenance/alarm";
        let raised = self.ask_store(alarms, &json!({ "action": "GET" })).await?;
        for alarm in raised["alarms"].as_array().into_iter().flatten() {
            let mut change = alarm.clone();
            change["action"] = "DEACTIVATE".into();
            self.ask_store(alarms, &change).await?;
        }
        Ok(())
    }

    async fn ask_store(&self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.0\r\nHost: etcd\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut socket = UnixStream::connect(self.store_socket())
            .await
            .context("connect to etcd")?;
        socket
            .write_all(request.as_bytes())
            .await
            .context("ask etcd")?;
        let mut answer = String::new();
        socket
            .read_to_string(&mut answer)
            .await
            .context("read etcd's answer")?;
        let refused = || Error::document(path, answer.lines().next().unwrap_or_default());
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(refused)?;
        if !head
            .lines()
            .next()
            .is_some_and(|line| line.contains(" 200 "))
        {
            return Err(Error::document(path, &answer));
        }
        serde_json::from_str(body).map_err(|error| Error::document(path, error))
    }
}

/// `/registry/pods/shop/web`, from the path at which the API server serves the object.
fn storage_key(path: &str) -> Result<String> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (group, rest) = match parts[..] {
        ["api", _, ref rest @ ..] => ("", rest),
        ["apis", group, _, ref rest @ ..] => (group, rest),
        _ => return Err(Error::document(path, "is no path of an object")),
    };
    let (resource, rest) = match rest {
        ["namespaces", namespace, resource, name] => (resource, format!("{namespace}/{name}")),
        [resource, name] => (resource, (*name).to_owned()),
        _ => return Err(Error::document(path, "is no path of an object")),
    };
    let folder = FOLDERS.iter().find(|(name, _)| name == resource);
    let folder = folder.map_or(*resource, |(_, folder)| folder);
    Ok(match group {
        "apiextensions.k8s.io" => format!("/registry/{group}/{folder}/{rest}"),
        _ => format!("/registry/{folder}/{rest}"),
    })
}

#[cfg(test)]
mod tests {
    use super::storage_key;

    #[test]
    fn objects_are_stored_where_their_paths_say() {
        for (path, key) in [
            ("/api/v1/namespaces/shop", "/registry/namespaces/shop"),
            ("/api/v1/nodes/n1", "/registry/minions/n1"),
            (
                "/api/v1/namespaces/shop/services/web",
                "/registry/services/specs/shop/web",
            ),
            (
                "/apis/batch/v1/namespaces/shop/jobs/one",
                "/registry/jobs/shop/one",
            ),
            (
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a.b",
                "/registry/apiextensions.k8s.io/customresourcedefinitions/a.b",
            ),
        ] {
            assert_eq!(storage_key(path).unwrap(), key);
        }
        assert!(storage_key("/api/v1/namespaces/shop/pods/web/status").is_err());
        assert!(storage_key("/healthz").is_err());
    }
}
