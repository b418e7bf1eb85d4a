//! Clusters, jobs and what is known of versions, around the upgrade.

use anyhow::Result;
use serde_json::{Value, json};

use super::{FROM, TARGET, Walk};
use crate::{
    bodies,
    told::{id, is, list, metadata_time, text, time},
};

impl Walk<'_> {
    /// The first call looks the project up by the name of the region.
    pub(super) async fn finds_its_project_and_takes_the_cluster_in(&mut self) -> Result<()> {
        let listed = self.caller.answered("ListAutopilotClusters", json!({}));
        is(&listed.await?, "Cluster", "v3");
        let body = bodies::cluster(self.name);
        let created = self
            .caller
            .answered("CreateAutopilotCluster", json!({ "body": body }));
        let created = created.await?;
        is(&created, "Cluster", "v3");
        assert_eq!(created["status"]["phase"], "Creating");
        self.cluster = id(&created["metadata"]["uid"]);
        let job = id(&created["status"]["jobID"]);
        self.job_succeeds(&job, "CreateCluster").await?;
        self.sees_the_cluster(FROM).await
    }

    async fn job_succeeds(&mut self, job: &str, kind: &str) -> Result<()> {
        let job = self
            .ended("ShowAutopilotJob", &json!({ "job_id": job }))
            .await?;
        is(&job, "Job", "v3");
        time(&job["metadata"]["creationTimestamp"]);
        assert_eq!(job["spec"]["type"], kind);
        assert_eq!(job["spec"]["clusterUID"], self.cluster);
        assert_eq!(job["spec"]["resourceName"], self.name);
        assert_eq!(job["status"]["phase"], "Success", "{job}");
        Ok(())
    }

    /// Shown with its details, and listed by its version.
    async fn sees_the_cluster(&mut self, version: &str) -> Result<()> {
        let shown = self.ask("ShowAutopilotCluster", json!({ "detail": "true" }));
        let shown = shown.await?;
        self.is_the_cluster(&shown, version);
        let annotations = &shown["metadata"]["annotations"];
        assert_eq!(annotations["totalNodesNumber"], "1", "{annotations}");
        assert_eq!(annotations["activeNodesNumber"], "1", "{annotations}");
        let listed = self
            .caller
            .answered("ListAutopilotClusters", json!({ "version": version }));
        let listed = listed.await?;
        let own = list(&listed["items"])
            .iter()
            .find(|it| it["metadata"]["uid"] == self.cluster);
        self.is_the_cluster(own.unwrap_or(&Value::Null), version);
        Ok(())
    }

    fn is_the_cluster(&self, cluster: &Value, version: &str) {
        is(cluster, "Cluster", "v3");
        let metadata = &cluster["metadata"];
        assert_eq!(metadata["uid"], self.cluster);
        assert_eq!(
            (&metadata["name"], &metadata["alias"]),
            (&self.name.into(), &self.name.into())
        );
        time(&metadata["creationTimestamp"]);
        let minor = version.rsplit_once('.').map(|(minor, _)| minor);
        assert_eq!(cluster["spec"]["version"].as_str(), minor, "{cluster}");
        assert_eq!(cluster["status"]["phase"], "Available", "{cluster}");
    }

    pub(super) async fn learns_where_it_can_go(&mut self) -> Result<()> {
        let info = self.get("ShowAutopilotClusterUpgradeInfo").await?;
        is(&info, "UpgradeInfo", "v3");
        assert_eq!(info["metadata"]["uid"], self.cluster);
        assert_eq!(info["metadata"]["name"], self.name);
        self.has_versions(&info, FROM, TARGET);
        assert!(info["spec"]["lastUpgradeInfo"].is_null(), "{info}");
        let paths = self
            .caller
            .answered("ListAutopilotClusterUpgradePaths", json!({}))
            .await?;
        is(&paths, "ClusterUpgradePaths", "v3");
        let path = list(&paths["upgradePaths"])
            .iter()
            .find(|it| it["version"] == "v1.31");
        let targets = path.map(|path| list(&path["targetVersions"]));
        let there = targets.is_some_and(|targets| targets.contains(&TARGET.into()));
        assert!(there, "{paths}");
        let gates = self
            .caller
            .answered("ListAutopilotClusterUpgradeFeatureGates", json!({}));
        let gates = gates.await?;
        is(&gates, "ClusterUpgradeFeatureGates", "v3");
        assert_eq!(
            gates["upgradeFeatureGates"]["DisplayPreCheckDetail"], "Support",
            "{gates}"
        );
        Ok(())
    }

    fn has_versions(&self, info: &Value, running: &str, target: &str) {
        let versions = &info["spec"]["versionInfo"];
        let exact = format!(
            "{}-{}",
            text(&versions["release"]),
            text(&versions["patch"])
        );
        assert_eq!(exact, running, "{info}");
        let mut targets = list(&versions["targetVersions"]).iter().map(text);
        assert!(targets.any(|it| it.starts_with(target)), "{info}");
        let page = &info["spec"]["upgradeFeatureGates"]["supportUpgradePageV4"];
        assert!(page.is_null() || page.is_boolean(), "{info}");
        // Only there where a time is known.
        if let Some(created) = info["metadata"].get("creationTimestamp") {
            metadata_time(created, self.language());
        }
    }

    pub(super) async fn learns_what_was_done(&mut self) -> Result<()> {
        let info = self.get("ShowAutopilotClusterUpgradeInfo").await?;
        self.has_versions(&info, TARGET, "v1.33.");
        let last = &info["spec"]["lastUpgradeInfo"];
        assert_eq!(
            (text(&last["phase"]), text(&last["progress"])),
            ("Success", "100")
        );
        time(&last["completionTime"]);
        self.sees_the_cluster(TARGET).await
    }

    pub(super) async fn lets_the_cluster_go(&mut self) -> Result<()> {
        let deleted = self.get("DeleteAutopilotCluster").await?;
        is(&deleted, "Cluster", "v3");
        let job = id(&deleted["status"]["jobID"]);
        self.job_succeeds(&job, "DeleteCluster").await?;
        let order = json!({ "arguments": { "cluster_id": self.cluster } });
        let refusal = self.caller.refused("ShowAutopilotCluster", order).await?;
        assert_eq!(
            (refusal.status, refusal.code.as_str()),
            (404, "CCE.01404001")
        );
        Ok(())
    }
}
