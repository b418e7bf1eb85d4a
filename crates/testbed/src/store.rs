//! What an operator does to etcd by hand, through its JSON gateway.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::cluster::Cluster;
use crate::error::{Context as _, Error, Result};

impl Cluster {
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
