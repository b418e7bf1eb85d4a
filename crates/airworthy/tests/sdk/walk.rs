//! The life of a cluster from a good day over a bad one to its upgrade, as each SDK sees it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use airworthy_testbed::{Apply, Client, Cluster, How, Patch, StandIn, Verdict, wait_until};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    common_sdk::{House, Key, Run, Sdk, Service, say},
    pages::{Blanks, Call, Samples, replaced},
    printed::{Printed, Refusal},
};

/// How long a controller may take, on a machine with much else to do.
const DEADLINE: Duration = Duration::from_mins(2);
const PROJECT: &str = "0605767a768010f92f1fc00e2b7c4f31";
const REGION: &str = "local-1";
/// The cluster that the post-check sample names in its body.
const NAMED: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";
/// The same cluster under an id that the sample does not name.
const OTHER: &str = "0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d";
/// The versions that the post-check sample names, and those of the upgrade that really happens.
const PRINTED: [&str; 2] = ["v1.15.11-r1", "v1.19.16-r80"];
const REAL: [&str; 2] = ["v1.31.14-r0", "v1.32.13-r0"];
const INVALID: &str = "CCE.01400001";

const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: 'example.com/web:1'}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
";

/// Refuses every new pod of the shop when its back end does not answer, and none answers.
const GATE: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: gate}
webhooks:
- name: pods.gate.example.com
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
  clientConfig: {service: {namespace: policy, name: gate}}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
  rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
";

const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";
const BUDGET: &str = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web";
const GATES: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gate";

/// A cluster, the service that knows it, and the SDKs that ask.
pub(crate) struct Walk {
    // Ends before the cluster it reads.
    service: Service,
    key: Key,
    cluster: Cluster,
    admin: Client,
    sdks: Vec<Sdk>,
    samples: Option<Samples>,
    folder: TempDir,
    /// The webhook's back end, once it is there.
    gate: Option<StandIn>,
    began: Instant,
}

impl Walk {
    pub(crate) async fn start(
        cluster: Cluster,
        sdks: Vec<Sdk>,
        samples: Option<Samples>,
    ) -> Result<Self> {
        let began = Instant::now();
        let admin = cluster.client("kubectl/v1.31.0")?;
        let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
        cluster.apply(SHOP, &apply).await?;
        let house = House::new("")?;
        house.add_project(PROJECT, REGION).await?;
        for own in [(NAMED, "named"), (OTHER, "other")] {
            house
                .add_cluster(PROJECT, own, &cluster.kubeconfig())
                .await?;
        }
        let key = house.create_key(PROJECT, &[]).await?;
        let service = house.serve().await?;
        let walk = Self {
            service,
            key,
            cluster,
            admin,
            sdks,
            samples,
            folder: tempfile::tempdir()?,
            gate: None,
            began,
        };
        walk.web_has(Some(2)).await?;
        walk.budget_allows(1).await?;
        Ok(walk)
    }

    /// Without a project id the SDKs look for the project that is named like the region.
    pub(crate) async fn find_the_project(&self) -> Result<()> {
        self.phase("the SDKs find project and clusters");
        for sdk in &self.sdks {
            let run = sdk.client(&["clusters"])?;
            let told = told(self.with_key(run, &self.key)).await?;
            let calls: Vec<&str> = told
                .iter()
                .filter_map(|line| line["call"].as_str())
                .collect();
            let show = "ShowAutopilotCluster";
            assert_eq!(calls, ["ListAutopilotClusters", show, show], "{told:?}");
            let named = |cluster: &Value| cluster["metadata"]["uid"] == NAMED;
            let listed = told[0]["answer"]["items"].as_array();
            let listed = listed.and_then(|items| items.iter().find(|one| named(one)));
            let shown = told[1..]
                .iter()
                .map(|line| &line["answer"])
                .find(|one| named(one));
            for cluster in [listed, shown] {
                let cluster = cluster.context("the cluster is not there")?;
                assert_eq!(cluster["metadata"]["name"], "named");
                assert_eq!(cluster["status"]["phase"], "Available");
            }
        }
        Ok(())
    }

    pub(crate) async fn errors_are_the_services(&self) -> Result<()> {
        self.phase("errors reach the SDKs' users");
        let stranger = Key {
            sk: "not-the-secret-of-this-key".to_owned(),
            ..self.key.clone()
        };
        for sdk in &self.sdks {
            let run = self.with_key(sdk.client(&["clusters"])?, &stranger);
            let refusal = refused(run.env("AIRWORTHY_PROJECT", PROJECT)).await?;
            assert_eq!((refusal.status, refusal.code.as_str()), (401, "APIGW.0301"));
            let nowhere = "00000000-0000-0000-0000-000000000000";
            let words = ["precheck", nowhere, REAL[1]];
            let refusal = refused(self.client(sdk, &words)?).await?;
            assert_eq!(
                (refusal.status, refusal.code.as_str()),
                (404, "CCE.01404001")
            );
        }
        Ok(())
    }

    pub(crate) async fn a_good_cluster_is_ready(&self) -> Result<()> {
        self.phase("a good cluster");
        self.prechecks("Success", &[]).await
    }

    pub(crate) async fn a_blocking_budget_and_a_dead_webhook_are_shown(&self) -> Result<()> {
        self.phase("a blocking budget and a dead webhook");
        self.set_budget(0).await?;
        let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
        self.cluster.apply(GATE, &apply).await?;
        self.prechecks("Failed", &["PdbBlocksDrain", "WebhookBackendDown"])
            .await
    }

    pub(crate) async fn repaired_it_is_ready_again(&mut self) -> Result<()> {
        self.phase("repaired");
        self.set_budget(1).await?;
        let gate = self
            .cluster
            .serve_webhook("policy", "gate", Verdict::Allow)
            .await?;
        let trust = json!([{
            "op": "add",
            "path": "/webhooks/0/clientConfig/caBundle",
            "value": gate.ca_bundle(),
        }]);
        self.admin.patch(GATES, Patch::Json, &trust).await?;
        self.gate = Some(gate);
        self.prechecks("Success", &[]).await
    }

    /// The page's sample names a cluster, and an upgrade that never happened.
    pub(crate) async fn post_checks_as_printed_fail_or_are_refused(&self) -> Result<()> {
        self.phase("post-checks as printed");
        for sdk in &self.sdks {
            if let Some(printed) = self.postcheck_sample(sdk, NAMED, PRINTED).await? {
                is_answer(printed, PRINTED, "Failed");
            }
            match self.postcheck_sample(sdk, OTHER, PRINTED).await? {
                Some(Printed::Refused(refusal)) => {
                    assert_eq!((refusal.status, refusal.code.as_str()), (400, INVALID));
                    assert!(refusal.message.contains(NAMED), "{}", refusal.message);
                }
                Some(other) => panic!("not refused: {other:?}"),
                None => {}
            }
            self.postcheck(sdk, PRINTED, "Failed").await?;
        }
        Ok(())
    }

    pub(crate) async fn after_the_upgrade_it_serves(&mut self) -> Result<()> {
        self.phase("the upgrade");
        self.cluster.upgrade("1.32").await?;
        self.cluster.move_nodes("v1.32.13").await?;
        self.cluster.wait_for_nodes().await?;
        self.web_has(Some(2)).await?;
        self.phase("after the upgrade");
        self.postchecks("Success").await
    }

    pub(crate) async fn a_workload_that_did_not_come_back_fails(&self) -> Result<()> {
        self.phase("a workload that did not come back");
        let held = json!({ "testbed.airworthy.dev/hold": "true" });
        let change = json!({ "spec": { "template": { "metadata": { "annotations": held } } } });
        self.admin.patch(WEB, Patch::Merge, &change).await?;
        self.web_has(None).await?;
        let gate = self.gate.as_ref().context("no webhook")?;
        ensure!(!gate.seen().is_empty(), "the webhook let no pod pass");
        self.postchecks("Failed").await
    }

    pub(crate) async fn end(self) -> Result<()> {
        self.phase("the service ends");
        self.service.end().await?;
        say(&format!(
            "done in {:.0} s",
            self.began.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    /// A pre-check by each SDK: created, waited for and listed by the own client, shown again by the vendor's sample.
    async fn prechecks(&self, phase: &str, failed: &[&str]) -> Result<()> {
        for sdk in &self.sdks {
            let told = told(self.client(sdk, &["precheck", NAMED, REAL[1]])?).await?;
            let [created, shown, listed] = &told[..] else {
                panic!("{told:?}");
            };
            let [created, shown, listed] = [created, shown, listed].map(|line| &line["answer"]);
            let task = created["metadata"]["uid"].as_str().context("no uid")?;
            assert_eq!(shown["metadata"]["uid"], task);
            assert_eq!(listed["items"][0]["metadata"]["uid"], task, "newest first");
            is_precheck(shown, phase, failed);
            let Some(samples) = &self.samples else {
                continue;
            };
            let blanks = Blanks {
                task,
                ..blanks(NAMED)
            };
            let code = samples.filled(sdk.language, Call::ShowPreCheck, blanks);
            match self.sample(sdk, Call::ShowPreCheck, &code).await? {
                Printed::Answer(answer) => {
                    is_precheck(&answer, phase, failed);
                    assert_eq!(&answer, shown, "the sample shows what the client was shown");
                }
                Printed::Refused(refusal) => panic!("refused: {refusal:?}"),
            }
        }
        Ok(())
    }

    /// The post-check of the real upgrade by each SDK.
    async fn postchecks(&self, phase: &str) -> Result<()> {
        for sdk in &self.sdks {
            if let Some(printed) = self.postcheck_sample(sdk, NAMED, REAL).await? {
                is_answer(printed, REAL, phase);
            }
            self.postcheck(sdk, REAL, phase).await?;
        }
        Ok(())
    }

    /// The own client's post-check.
    async fn postcheck(&self, sdk: &Sdk, [from, to]: [&str; 2], phase: &str) -> Result<()> {
        let told = told(self.client(sdk, &["postcheck", NAMED, from, to])?).await?;
        assert_eq!(told[0]["status"], 200);
        is_answer(
            Printed::Answer(told[0]["answer"].clone()),
            [from, to],
            phase,
        );
        Ok(())
    }

    /// The page's post-check with these versions in place of those it prints.
    async fn postcheck_sample(
        &self,
        sdk: &Sdk,
        cluster: &str,
        versions: [&str; 2],
    ) -> Result<Option<Printed>> {
        let Some(samples) = &self.samples else {
            return Ok(None);
        };
        let mut code = samples.filled(sdk.language, Call::CreatePostCheck, blanks(cluster));
        for (printed, wanted) in PRINTED.into_iter().zip(versions) {
            code = replaced(&code, printed, wanted);
        }
        self.sample(sdk, Call::CreatePostCheck, &code)
            .await
            .map(Some)
    }

    async fn sample(&self, sdk: &Sdk, call: Call, code: &str) -> Result<Printed> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let run = sdk.sample(code, folder.path()).await?;
        let run = self
            .with_key(run, &self.key)
            .named(format!("{:?} sample {call:?}", sdk.language));
        Printed::read(sdk.language, &run.end().await?)
    }

    fn client(&self, sdk: &Sdk, words: &[&str]) -> Result<Run> {
        let run = self.with_key(sdk.client(words)?, &self.key);
        Ok(run.env("AIRWORTHY_PROJECT", PROJECT))
    }

    /// Where the service is and who asks: for the own clients, and as the SDKs themselves want it for the samples.
    fn with_key(&self, run: Run, key: &Key) -> Run {
        run.env("CLOUD_SDK_AK", &key.ak)
            .env("CLOUD_SDK_SK", &key.sk)
            .env("HUAWEICLOUD_SDK_REGION_CCE_LOCAL_1", &self.service.endpoint)
            .env("AIRWORTHY_ENDPOINT", &self.service.endpoint)
            .env("AIRWORTHY_REGION", REGION)
            // A proxy of this machine's user has no way to its loopback.
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
    }

    async fn set_budget(&self, most: u64) -> Result<()> {
        let change = json!({ "spec": { "maxUnavailable": most } });
        self.admin.patch(BUDGET, Patch::Merge, &change).await?;
        self.budget_allows(most).await
    }

    /// Waits until the controller has counted pods and disruptions of the budget as it is now.
    async fn budget_allows(&self, disruptions: u64) -> Result<()> {
        let counted = wait_until(DEADLINE, "the disruption budget", || async {
            let budget = self.admin.get(BUDGET).await?;
            let status = &budget["status"];
            let seen = status["observedGeneration"] == budget["metadata"]["generation"]
                && status["expectedPods"] == 2
                && status["disruptionsAllowed"] == disruptions;
            Ok(seen.then_some(()))
        });
        Ok(counted.await?)
    }

    /// Waits until the controller has seen the workload as it is now, with so many available pods.
    async fn web_has(&self, available: Option<u64>) -> Result<()> {
        let counted = wait_until(DEADLINE, "the workload", || async {
            let web = self.admin.get(WEB).await?;
            let status = &web["status"];
            let seen = status["observedGeneration"] == web["metadata"]["generation"]
                && status["availableReplicas"].as_u64() == available
                && status["readyReplicas"].as_u64() == available
                && status["updatedReplicas"] == 2;
            Ok(seen.then_some(()))
        });
        Ok(counted.await?)
    }

    fn phase(&self, name: &str) {
        say(&format!(
            "== {name} ({:.0} s)",
            self.began.elapsed().as_secs_f64()
        ));
    }
}

fn blanks(cluster: &str) -> Blanks<'_> {
    Blanks {
        project: PROJECT,
        cluster,
        task: "",
        region: REGION,
    }
}

/// What an own client told, a line each.
async fn told(run: Run) -> Result<Vec<Value>> {
    let ended = run.end().await?;
    ensure!(ended.success, "{}{}", ended.stdout, ended.stderr);
    let lines = ended.stdout.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .with_context(|| ended.stdout.clone())
}

/// The error that an own client told.
async fn refused(run: Run) -> Result<Refusal> {
    let ended = run.end().await?;
    ensure!(!ended.success, "not refused: {}", ended.stdout);
    let line: Value =
        serde_json::from_str(ended.stdout.trim()).with_context(|| ended.stdout.clone())?;
    let text = |name: &str| {
        line["error"][name]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("no {name} in {line}"))
    };
    ensure!(text("requestId")?.len() == 32, "the request id of {line}");
    Ok(Refusal {
        status: line["error"]["status"]
            .as_u64()
            .with_context(|| format!("no status in {line}"))?,
        code: text("code")?,
        message: text("message")?,
    })
}

#[track_caller]
fn is_answer(printed: Printed, [from, to]: [&str; 2], phase: &str) {
    let Printed::Answer(answer) = printed else {
        panic!("no answer: {printed:?}");
    };
    assert_eq!(answer["apiVersion"], "v3");
    assert_eq!(answer["kind"], "PostCheckTask");
    assert_eq!(answer["metadata"]["uid"].as_str().map(str::len), Some(36));
    let spec = json!({ "clusterID": NAMED, "clusterVersion": from, "targetVersion": to });
    assert_eq!(answer["spec"], spec);
    assert_eq!(answer["status"]["phase"], phase, "{answer}");
}

#[track_caller]
fn is_precheck(answer: &Value, phase: &str, failed: &[&str]) {
    assert_eq!(answer["apiVersion"], "v3");
    assert_eq!(answer["kind"], "PreCheckTask");
    assert_eq!(answer["spec"]["clusterVersion"], REAL[0]);
    assert_eq!(answer["spec"]["targetVersion"], REAL[1]);
    let status = &answer["status"];
    let items = |group: &str| {
        status[group]["itemsStatus"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    let all = [items("clusterCheckStatus"), items("addonCheckStatus")].concat();
    let of_phase = |phase: &str| -> BTreeSet<&str> {
        let found = all.iter().filter(|item| item["phase"] == phase);
        found.filter_map(|item| item["name"].as_str()).collect()
    };
    let expected: BTreeSet<&str> = failed.iter().copied().collect();
    assert_eq!(of_phase("Failed"), expected, "{answer}");
    assert!(of_phase("Success").len() >= 10, "{answer}");
    assert_eq!(status["phase"], phase, "{answer}");
    assert_eq!(status["nodeCheckStatus"]["phase"], "Success");
    assert!(status["expireTimeStamp"].is_string(), "{answer}");
}
