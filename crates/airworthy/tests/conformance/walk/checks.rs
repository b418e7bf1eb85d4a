//! Pre-check, snapshot and post-check.

use anyhow::Result;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{FROM, TARGET, Walk, has_ended};
use crate::{
    bodies,
    told::{entry, id, is, list, text, time},
};

impl Walk<'_> {
    pub(super) async fn checks(&mut self, workflow: &str) -> Result<()> {
        let spec =
            json!({ "clusterID": self.cluster, "clusterVersion": FROM, "targetVersion": TARGET });
        let body = bodies::precheck(&spec);
        let created = self
            .ask("CreateAutopilotPreCheck", json!({ "body": body }))
            .await?;
        is(&created, "PreCheckTask", "v3");
        let task = id(&created["metadata"]["uid"]);
        let phase = text(&created["status"]["phase"]);
        assert!(["Init", "Running"].contains(&phase), "{created}");
        let one = self.about(json!({ "task_id": task }));
        let shown = self.ended("ShowAutopilotPreCheck", &one).await?;
        is_successful_check(&shown, &task);
        let listed = self.get("ListAutopilotPreCheckTasks").await?;
        is(&listed, "List", "v3");
        is_successful_check(&list(&listed["items"])[0], &task);
        let point = ("PreCheck", task.as_str(), "Success");
        self.workflow_has(workflow, "Running", point).await
    }

    pub(super) async fn takes_a_snapshot(&mut self) -> Result<()> {
        let created = self.get("CreateAutopilotClusterMasterSnapshot").await?;
        is(&created["metadata"], "SnapshotTask", "v3.1");
        let task = id(&created["uid"]);
        // There is no operation that shows a single one.
        let call = "ListAutopilotClusterMasterSnapshotTasks";
        let all = self.about(json!({}));
        let ended = |listed: &Value| has_ended(entry(&listed["items"], &task));
        let listed = self.until(call, &all, ended).await?;
        is(&listed, "List", "v3.1");
        let own = entry(&listed["items"], &task);
        is(own, "SnapshotTask", "v3.1");
        time(&own["metadata"]["creationTimestamp"]);
        let status = &own["status"];
        assert_eq!(
            (text(&status["phase"]), text(&status["progress"])),
            ("Success", "100")
        );
        let ended = time(&status["completionTime"]);
        assert_eq!(time(&listed["status"]["latestBackupTime"]), ended);
        let parts = list(&own["spec"]["items"]);
        assert_eq!(parts[0]["type"], "master-backup");
        assert_eq!(parts[0]["status"], "Success");
        Ok(())
    }

    pub(super) async fn confirms(&mut self, workflow: &str) -> Result<()> {
        let spec = json!({ "clusterVersion": FROM, "targetVersion": TARGET });
        let body = bodies::postcheck(&spec);
        let told = self
            .ask("CreateAutopilotPostCheck", json!({ "body": body }))
            .await?;
        is(&told, "PostCheckTask", "v3");
        let task = id(&told["metadata"]["uid"]);
        let spec =
            json!({ "clusterID": self.cluster, "clusterVersion": FROM, "targetVersion": TARGET });
        assert_eq!(told["spec"], spec);
        assert_eq!(told["status"]["phase"], "Success", "{told}");
        let point = ("PostCheck", task.as_str(), "Success");
        self.workflow_has(workflow, "Success", point).await
    }
}

fn is_successful_check(shown: &Value, task: &str) {
    is(shown, "PreCheckTask", "v3");
    assert_eq!(shown["metadata"]["uid"], task);
    time(&shown["metadata"]["creationTimestamp"]);
    let updated = time(&shown["metadata"]["updateTimestamp"]);
    assert_eq!(shown["spec"]["clusterVersion"], FROM);
    assert_eq!(shown["spec"]["targetVersion"], TARGET);
    let status = &shown["status"];
    assert_eq!(status["phase"], "Success", "{shown}");
    let validity = time(&status["expireTimeStamp"]).duration_since(updated);
    assert_eq!(validity, SignedDuration::from_hours(1), "{shown}");
    for group in ["clusterCheckStatus", "addonCheckStatus", "nodeCheckStatus"] {
        assert_eq!(status[group]["phase"], "Success", "{shown}");
    }
    let items = list(&status["clusterCheckStatus"]["itemsStatus"]);
    assert!(items.len() >= 10, "{shown}");
    for item in items {
        for member in ["name", "kind", "group", "level", "message"] {
            text(&item[member]);
        }
        assert_eq!(item["phase"], "Success", "{item}");
        assert!(item["riskSource"].is_object(), "{item}");
    }
}
