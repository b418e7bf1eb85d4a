//! An upgrade under the eyes of its caller.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    house::{POLL, operation, uid},
};

/// A machine may have much else to do.
const DEADLINE: Duration = Duration::from_mins(2);

/// An upgrade under the eyes of its caller.
pub(crate) struct Watched {
    pub(crate) client: Client,
    cluster: String,
    pub(crate) uid: String,
    /// Everything that was ever shown of its progress in this attempt.
    pub(crate) seen: Vec<u8>,
}

impl Watched {
    /// Asks for an upgrade to 1.32.
    pub(crate) async fn begin(client: &Client, cluster: &str, is_only_upgrade: bool) -> Self {
        let action = json!({
            "strategy": { "type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": { "userDefinedStep": 20 } },
            "targetVersion": "v1.32.13-r0",
            "isOnlyUpgrade": is_only_upgrade,
        });
        let metadata = json!({ "apiVersion": "v3", "kind": "UpgradeTask" });
        let body = json!({ "metadata": metadata, "spec": { "clusterUpgradeAction": action } });
        let answer = client.post(&operation(cluster, "upgrade"), &body).await;
        Self {
            client: client.clone(),
            cluster: cluster.to_owned(),
            uid: uid(&answer.ok()),
            seen: Vec::new(),
        }
    }

    pub(crate) async fn status(&mut self) -> Value {
        let path = operation(&self.cluster, &format!("upgrade/tasks/{}", self.uid));
        let shown = self.client.get(&path).await.ok();
        let progress: u8 = shown["status"]["progress"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let before = self.seen.last().copied().unwrap_or(0);
        assert!(
            before <= progress,
            "progress went back from {before}: {shown}"
        );
        self.seen.push(progress);
        shown["status"].clone()
    }

    pub(crate) async fn until(&mut self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let status = self.status().await;
            if is(&status) {
                return status;
            }
            let open = !["Success", "Failed"].contains(&status["phase"].as_str().unwrap());
            assert!(open && Instant::now() < deadline, "{what}: {status}");
            sleep(POLL).await;
        }
    }

    pub(crate) async fn ends(&mut self, phase: &str) -> Value {
        self.until(phase, |status| status["phase"] == phase).await
    }

    pub(crate) async fn retry(&mut self) {
        let path = operation(&self.cluster, "upgrade/retry");
        let answer = self.client.post(&path, &json!({})).await;
        assert_eq!(answer.ok(), json!({}));
        self.seen.clear();
    }
}
