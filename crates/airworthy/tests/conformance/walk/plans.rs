//! Automatic upgrades: planned by the operator, listed and delayed by callers.

use anyhow::Result;
use serde_json::json;

use super::{TARGET, Walk};
use crate::{
    matrix, refusals,
    told::{id, is, metadata_time, time},
};

impl Walk<'_> {
    pub(super) async fn delays_a_plan(&mut self) -> Result<()> {
        if !matrix::has(self.language(), "ListAutopilotUpgradePlans") {
            return Ok(());
        }
        let none = self.get("ListAutopilotUpgradePlans").await?;
        is(&none, "List", "v3");
        assert!(none["items"].is_null(), "{none}");
        self.plan().await?;
        let listed = self.get("ListAutopilotUpgradePlans").await?;
        let listed = &listed["items"];
        is(listed, "UpgradePlan", "v3");
        let plan = id(&listed["metadata"]["uid"]);
        metadata_time(&listed["metadata"]["creationTimestamp"], self.language());
        let spec = &listed["spec"];
        assert_eq!(spec["clusterID"], self.cluster);
        assert_eq!(spec["clusterVersion"], TARGET);
        assert_eq!(listed["status"]["phase"], "Pending");
        let window = time(&spec["notAfter"]).duration_since(time(&spec["notBefore"]));

        for later in ["2031-02-01 16:00:00 +0000 UTC", "2031-02-02"] {
            let body = json!({ "notBefore": later });
            let arguments = json!({ "upgrade_plan_id": plan, "body": body });
            let delayed = self.ask("UpdateAutopilotUpgradePlan", arguments).await?;
            is(&delayed, "UpgradePlan", "v3");
            let spec = &delayed["spec"];
            let whole = if later.len() > 10 {
                later
            } else {
                "2031-02-02 00:00:00 +0000 UTC"
            };
            assert_eq!(time(&spec["notBefore"]), time(&whole.into()));
            let moved = time(&spec["notAfter"]).duration_since(time(&spec["notBefore"]));
            assert_eq!(moved, window, "the window keeps its length");
        }
        refusals::meets_a_deadline(self.caller, &self.cluster, &plan).await
    }

    /// No operation of the wire makes a plan.
    async fn plan(&self) -> Result<()> {
        let cluster = self.cluster.as_str();
        let words = ["plan", "add", "--cluster", cluster, "--target", "v1.33"];
        let window = [
            "--not-before",
            "2031-01-06T16:00:00Z",
            "--not-after",
            "2031-01-06T20:00:00Z",
        ];
        let deadline = ["--deadline", "2031-03-01T00:00:00Z"];
        let words = [&words[..], &window, &deadline].concat();
        self.house.tell(&words).await.map(drop)
    }
}
