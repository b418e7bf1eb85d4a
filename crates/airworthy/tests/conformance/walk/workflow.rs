//! Workflows: opened, called off, listed and followed.

use anyhow::Result;
use serde_json::{Value, json};

use super::{FROM, TARGET, Walk};
use crate::{
    bodies,
    told::{id, is, list, metadata_time, text, time},
};

const POINTS: [&str; 4] = ["PreCheck", "Snapshot", "Cluster", "PostCheck"];

impl Walk<'_> {
    pub(super) async fn calls_a_workflow_off(&mut self) -> Result<()> {
        let workflow = self.opens_a_workflow().await?;
        let body = bodies::phase("Cancel");
        let arguments = json!({ "upgrade_workflow_id": workflow, "body": body });
        let cancelled = self
            .ask("UpgradeAutopilotWorkFlowUpdate", arguments)
            .await?;
        self.is_workflow(&cancelled, &workflow, "Cancel");
        Ok(())
    }

    /// As the vendor's tools do it: an empty version, and a target without a patch.
    pub(super) async fn opens_a_workflow(&mut self) -> Result<String> {
        let spec = json!({ "clusterVersion": "", "targetVersion": "v1.32" });
        let body = bodies::workflow(&spec);
        let created = self.ask("CreateAutopilotUpgradeWorkFlow", json!({ "body": body }));
        let created = created.await?;
        let workflow = id(&created["metadata"]["uid"]);
        self.is_workflow(&created, &workflow, "Init");
        for point in list(&created["status"]["pointStatuses"]) {
            assert!(
                point["taskID"].is_null() && point["status"].is_null(),
                "{point}"
            );
        }
        self.lists_first(&workflow, "Init").await?;
        Ok(workflow)
    }

    /// The newest is the first; in the older shapes it is the only one.
    async fn lists_first(&mut self, workflow: &str, phase: &str) -> Result<()> {
        let listed = self.get("ListAutopilotUpgradeWorkFlows").await?;
        is(&listed, "List", "v3");
        let first = if self.language().is_legacy() {
            &listed["items"]
        } else {
            &list(&listed["items"])[0]
        };
        self.is_workflow(first, workflow, phase);
        Ok(())
    }

    fn is_workflow(&self, told: &Value, workflow: &str, phase: &str) {
        is(told, "WorkFlowTask", "v3");
        assert_eq!(told["metadata"]["uid"], workflow);
        metadata_time(&told["metadata"]["creationTimestamp"], self.language());
        let spec =
            json!({ "clusterID": self.cluster, "clusterVersion": FROM, "targetVersion": TARGET });
        assert_eq!(told["spec"], spec);
        assert_eq!(told["status"]["phase"], phase, "{told}");
        let points = list(&told["status"]["pointStatuses"]);
        let points: Vec<_> = points.iter().map(|it| text(&it["taskType"])).collect();
        assert_eq!(points, POINTS);
        let lines = list(&told["status"]["lineStatuses"]);
        assert_eq!(lines.len(), 4);
        for line in lines {
            text(&line["startPoint"]["taskType"]);
            text(&line["endPoint"]["taskType"]);
            // Its type changed in 2026-04, so the current shapes leave it out.
            assert_eq!(
                line["critical"].is_string(),
                self.language().is_legacy(),
                "{line}"
            );
        }
    }

    /// The workflow is in this phase, and its point is in this state with this task.
    pub(super) async fn workflow_has(
        &mut self,
        workflow: &str,
        phase: &str,
        (point, task, state): (&str, &str, &str),
    ) -> Result<()> {
        let arguments = json!({ "upgrade_workflow_id": workflow });
        let shown = self.ask("ShowAutopilotUpgradeWorkFlow", arguments).await?;
        self.is_workflow(&shown, workflow, phase);
        let points = list(&shown["status"]["pointStatuses"]);
        let own = points
            .iter()
            .find(|it| it["taskType"] == point)
            .unwrap_or(&Value::Null);
        let told = (text(&own["taskID"]), text(&own["status"]));
        assert_eq!(told, (task, state), "{shown}");
        time(&own["startTimeStamp"]);
        let ended = ["Success", "Failed"].contains(&state);
        assert_eq!(own["endTimeStamp"].is_string(), ended, "{own}");
        let expires = point == "PreCheck" && ended;
        assert_eq!(own["expireTimeStamp"].is_string(), expires, "{own}");
        Ok(())
    }
}
