//! The order of calls of the vendor's Terraform provider, with its oddities: empty texts and objects, another name for the
//! upgrade's settings, members that nobody knows.

use airworthy_testbed::wait_until;
use anyhow::{Context as _, Result, bail, ensure};
use http::Method;
use serde_json::{Value, json};

use crate::{
    bed::Bed,
    bodies,
    common_sdk::{Key, say},
    http_client::Peer,
    walk::{DEADLINE, FROM, TARGET},
};

/// The provider, about one cluster.
pub(crate) struct Provider<'a> {
    pub(crate) peer: Peer,
    pub(crate) key: &'a Key,
    pub(crate) project: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) bed: &'a mut Bed,
}

impl Provider<'_> {
    pub(crate) async fn apply(&mut self) -> Result<()> {
        let (from, target) = self.workflow().await?;
        assert_eq!((from.as_str(), target.as_str()), (FROM, TARGET));
        self.check(&from, &target).await?;
        self.snapshot().await?;
        self.upgrade(&target).await?;
        self.confirm(&from, &target).await?;
        say("the order of Terraform's calls ran through");
        Ok(())
    }

    /// Sends no version and a target without a patch; takes both from the answer, where neither may be empty.
    async fn workflow(&self) -> Result<(String, String)> {
        let spec =
            json!({ "clusterID": self.cluster, "clusterVersion": "", "targetVersion": "v1.32" });
        let body = bodies::workflow(&spec);
        let told = self.post("v3", "upgradeworkflows", &body).await?;
        let version = |name: &str| {
            let version = told["spec"][name].as_str().filter(|it| !it.is_empty());
            version
                .map(str::to_owned)
                .with_context(|| format!("no {name}: {told}"))
        };
        Ok((version("clusterVersion")?, version("targetVersion")?))
    }

    async fn check(&self, from: &str, target: &str) -> Result<()> {
        let spec = json!({
            "clusterID": self.cluster,
            "clusterVersion": from,
            "targetVersion": target,
            "skippedCheckItemList": [],
        });
        let body = bodies::precheck(&spec);
        let created = self.post("v3", "precheck", &body).await?;
        let task = uid(&created["metadata"])?;
        self.until("v3", &format!("precheck/tasks/{task}"), |told| told)
            .await
    }

    async fn snapshot(&self) -> Result<()> {
        let created = self.call(Method::POST, "v3.1", "snapshot", None).await?;
        let task = uid(&created)?;
        self.until("v3.1", "snapshot/tasks", |told| {
            let items = told["items"].as_array();
            let own = items.and_then(|all| all.iter().find(|it| it["metadata"]["uid"] == task));
            own.unwrap_or(&Value::Null)
        })
        .await
    }

    async fn upgrade(&mut self, target: &str) -> Result<()> {
        let step = json!({ "userDefinedStep": 20, "scope": "" });
        let action = json!({
            "addons": [{
                "addonTemplateName": "coredns",
                "operation": "patch",
                "version": "1.30.6",
                "values": { "basic": {}, "custom": {}, "flavor": {} },
            }],
            "nodeOrder": {},
            "nodePoolOrder": {},
            "strategy": { "type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": step },
            "targetVersion": target,
            "isSnapshot": true,
            "isPostcheck": true,
        });
        let body = bodies::upgrade(&json!({ "autopilotClusterUpgradeAction": action }));
        let created = self.post("v3", "upgrade", &body).await?;
        let told = &created["spec"]["clusterUpgradeAction"]["targetVersion"];
        assert_eq!(told, target, "{created}");
        let task = uid(&created["metadata"])?;
        self.bed.asked().await?;
        self.bed.upgrade().await?;
        self.until("v3", &format!("upgrade/tasks/{task}"), |told| told)
            .await
    }

    /// Anything but success is a failure.
    async fn confirm(&self, from: &str, target: &str) -> Result<()> {
        let spec =
            json!({ "clusterID": self.cluster, "clusterVersion": from, "targetVersion": target });
        let body = bodies::postcheck(&spec);
        let told = self.post("v3", "postcheck", &body).await?;
        ensure!(told["status"]["phase"] == "Success", "{told}");
        Ok(())
    }

    /// Polls until the part of the answer says Success.
    async fn until(&self, api: &str, path: &str, part: impl Fn(&Value) -> &Value) -> Result<()> {
        let ended = wait_until(DEADLINE, path, || async {
            let told = match self.call(Method::GET, api, path, None).await {
                Ok(told) => told,
                failed => return Ok(Some(failed)),
            };
            let phase = part(&told)["status"]["phase"].as_str().unwrap_or_default();
            Ok(match phase {
                "Success" => Some(Ok(told)),
                "Failed" | "Error" => Some(Err(anyhow::anyhow!("{path}: {told}"))),
                _ => None,
            })
        });
        ended.await??;
        Ok(())
    }

    async fn post(&self, api: &str, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, api, path, Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        api: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let (project, cluster) = (self.project, self.cluster);
        let target =
            format!("/autopilot/{api}/projects/{project}/clusters/{cluster}/operation/{path}");
        let answer = self
            .peer
            .send(Some(self.key), method, &target, body)
            .await?;
        if !(200..300).contains(&answer.status) {
            bail!("{path}: {answer:?}");
        }
        Ok(answer.json)
    }
}

fn uid(holder: &Value) -> Result<String> {
    let uid = holder["uid"].as_str();
    uid.map(str::to_owned)
        .with_context(|| format!("no uid: {holder}"))
}
