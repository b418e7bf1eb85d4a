//! The upgrade: a first attempt that fails, and a second one that exchanges the API server and the nodes.

use anyhow::Result;
use serde_json::{Value, json};

use super::{FROM, TARGET, Walk};
use crate::{
    bodies, refusals,
    told::{id, is, list, text, time},
};

/// How far the program says it is, in percent of its part of the whole.
const PROGRESS: u8 = 40;

impl Walk<'_> {
    pub(super) async fn upgrades_at_the_second_attempt(&mut self, workflow: &str) -> Result<()> {
        let task = self.begins().await?;
        let one = self.about(json!({ "task_id": task }));
        let asked = self.bed.asked().await?;
        assert_eq!(asked, format!("{} v1.31.14 v1.32.13 attempt 1", self.name));
        self.is_under_way(&task, workflow).await?;
        self.bed.fail().await?;
        let failed = self.ended("ShowAutopilotUpgradeClusterTask", &one).await?;
        is_task(&failed, &task, "Failed");
        time(&failed["status"]["completionTime"]);
        let point = ("Cluster", task.as_str(), "Failed");
        self.workflow_has(workflow, "Pending", point).await?;

        let retried = self.get("RetryAutopilotUpgradeClusterTask").await?;
        assert_eq!(retried, json!({}));
        let asked = self.bed.asked().await?;
        assert_eq!(asked, format!("{} v1.31.14 v1.32.13 attempt 2", self.name));
        self.is_under_way(&task, workflow).await?;
        self.bed.upgrade().await?;
        let done = self.ended("ShowAutopilotUpgradeClusterTask", &one).await?;
        is_task(&done, &task, "Success");
        assert_eq!(done["status"]["progress"], "100");
        time(&done["status"]["completionTime"]);
        let created = &failed["metadata"]["creationTimestamp"];
        assert_eq!(
            &done["metadata"]["creationTimestamp"], created,
            "it stays the same task"
        );
        let point = ("Cluster", task.as_str(), "Success");
        self.workflow_has(workflow, "Running", point).await
    }

    /// With everything that the operation takes.
    async fn begins(&mut self) -> Result<String> {
        let strategy = json!({
            "type": "inPlaceRollingUpdate",
            "inPlaceRollingUpdate": { "userDefinedStep": 20 },
        });
        let selector = json!({ "key": "uid", "value": ["u1"], "operator": "in" });
        let addon = json!({
            "addonTemplateName": "coredns",
            "operation": "patch",
            "version": "1.29.4",
            "values": { "basic": {}, "custom": {} },
        });
        let action = json!({
            "addons": [addon],
            "nodeOrder": { "DefaultPool": [{ "nodeSelector": selector, "priority": 1 }] },
            "nodePoolOrder": { "DefaultPool": 10 },
            "strategy": strategy,
            "targetVersion": TARGET,
            "isOnlyUpgrade": false,
        });
        let body = bodies::upgrade(&json!({ "clusterUpgradeAction": action }));
        let told = self
            .ask("UpgradeAutopilotCluster", json!({ "body": body }))
            .await?;
        let action = &told["spec"]["clusterUpgradeAction"];
        assert_eq!(action["version"], FROM);
        assert_eq!(action["targetVersion"], TARGET);
        assert_eq!(action["strategy"]["type"], "inPlaceRollingUpdate");
        let step = &action["strategy"]["inPlaceRollingUpdate"]["userDefinedStep"];
        assert_eq!(step, 20);
        Ok(id(&told["metadata"]["uid"]))
    }

    /// While the program runs: shown, listed, in the workflow, and on the cluster.
    async fn is_under_way(&mut self, task: &str, workflow: &str) -> Result<()> {
        let call = "ShowAutopilotUpgradeClusterTask";
        let one = self.about(json!({ "task_id": task }));
        let far = |shown: &Value| (PROGRESS..100).contains(&progress(shown));
        let shown = self.until(call, &one, far).await?;
        is_task(&shown, task, "Running");
        let listed = self.get("ListAutopilotUpgradeClusterTasks").await?;
        is(&listed, "List", "v3");
        is_task(&list(&listed["items"])[0], task, "Running");
        let point = ("Cluster", task, "Running");
        self.workflow_has(workflow, "Running", point).await?;
        let cluster = self.get("ShowAutopilotCluster").await?;
        assert_eq!(cluster["status"]["phase"], "Upgrading", "{cluster}");
        refusals::meets_what_is_under_way(self.caller, &self.cluster, workflow).await
    }
}

fn is_task(told: &Value, task: &str, phase: &str) {
    is(told, "UpgradeTask", "v3");
    assert_eq!(told["metadata"]["uid"], task);
    time(&told["metadata"]["creationTimestamp"]);
    time(&told["metadata"]["updateTimestamp"]);
    assert_eq!(told["spec"]["version"], FROM);
    assert_eq!(told["spec"]["targetVersion"], TARGET);
    assert_eq!(told["status"]["phase"], phase, "{told}");
    assert!(progress(told) <= 100, "{told}");
}

/// A whole percentage, as a text.
#[track_caller]
fn progress(told: &Value) -> u8 {
    let percent = text(&told["status"]["progress"]).parse();
    percent.unwrap_or_else(|error| panic!("{error}: {told}"))
}
