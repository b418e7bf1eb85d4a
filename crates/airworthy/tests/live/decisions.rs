//! What people decide: risks that they accept, checks of their own, what an upgrade touches, and how far it goes; on the command line
//! and through the service. On a cluster of its own, where nothing else is found.

use std::{fs, path::Path};

use airworthy_model::Role;
use airworthy_service::hash_password;
use airworthy_testbed::{Client as Kubectl, Cluster, ClusterOptions, Patch};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::shared::add_node;
use crate::{
    client::Client,
    common_live::{Report, Visitor, apply, kubectl, live, make_old, precheck, until_available},
    house::{House, PROJECT, Running, operation, uid},
};

const PASSWORD: &str = "correcthorsebattery";
const BUDGET: &str = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web";

const OBJECTS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: 'example.com/web:1'}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Pod
metadata: {name: once, namespace: shop}
spec: {containers: [{name: main, image: 'example.com/once:1'}]}
";

/// A pod without an owner, and what we call it.
const ONCE: &str = "Pod shop/once";

const OWN: &str = "
checks:
  - id: OnceInTheShop
    for: pods
    when: item.namespace == 'shop' && item.name == 'once'
    message: runs once
    level: risk
    fix: Let it end
    examples:
      - {item: {namespace: shop, name: once}, says: found}
      - {item: {namespace: shop, name: web}, says: clear}
";

const WAIVER: &str = r#"
[[waiver]]
check = "BarePod"
subject = "Pod shop/once"
owner = "team-shop"
reason = "runs once"
expires = 2099-12-31
"#;

struct Stage {
    cluster: Cluster,
    /// Files that people have written.
    folder: TempDir,
}

impl Stage {
    async fn shared() -> &'static Self {
        static STAGE: OnceCell<Stage> = OnceCell::const_new();
        STAGE.get_or_init(Self::set).await
    }

    async fn set() -> Self {
        let options = ClusterOptions::new("1.31").nodes(2);
        let cluster = Cluster::start(options).await.unwrap();
        apply(&cluster, OBJECTS).await;
        until_available(&kubectl(&cluster), "shop", "web").await;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.yaml"), OWN).unwrap();
        fs::write(folder.path().join("waivers.toml"), WAIVER).unwrap();
        Self { cluster, folder }
    }

    fn file(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().expect("a path of ours").to_owned()
    }

    async fn precheck(&self, args: &[&str]) -> Report {
        precheck(&self.cluster, args).await
    }
}

#[test]
fn a_risk_that_somebody_accepts() {
    live(async {
        let stage = Stage::shared().await;
        let check = ["--check", "BarePod", "--fail-on", "risk"];
        let report = stage.precheck(&check).await;
        report.exits(1).finds("BarePod", ONCE, "risk");
        let waivers = stage.file("waivers.toml");
        let accepted = [&check[..], &["--waivers", &waivers]].concat();
        let report = stage.precheck(&accepted).await;
        report.exits(0);
        assert!(report.about("BarePod", ONCE).is_empty());
        let waived = &report.member("waived")[0];
        assert_eq!(waived["waiver"]["owner"], "team-shop", "{waived:#}");
        assert_eq!(waived["finding"]["subject"]["name"], "once", "{waived:#}");
    });
}

#[test]
fn a_check_of_ones_own() {
    live(async {
        let stage = Stage::shared().await;
        let own = stage.file("own.yaml");
        let check = ["--checks", &own, "--check", "OnceInTheShop"];
        let report = stage.precheck(&check).await;
        report.exits(0).finds("OnceInTheShop", ONCE, "risk");
    });
}

/// The steps of a plan, a line each.
fn steps(report: &Report) -> Vec<String> {
    let steps = report.member("plan").as_array().unwrap().iter();
    let text = |step: &Value, member: &str| step[member].as_str().unwrap().to_owned();
    let line = |step| ["part", "from", "to"].map(|it| text(step, it)).join(" ");
    steps.map(line).collect()
}

#[test]
fn a_way_over_several_minors() {
    live(async {
        let stage = Stage::shared().await;
        add_node(&stage.cluster, "old", "v1.29.14", "containerd://2.1.4").await;
        let way = ["--target", "1.33", "--check", "NodeVersionSkew"];
        let report = stage.precheck(&way).await;
        let expected = [
            "controlPlane 1.31 1.32",
            "addons 1.31 1.32",
            "nodes 1.31 1.32",
            "controlPlane 1.32 1.33",
            "addons 1.32 1.33",
            "nodes 1.32 1.33",
        ];
        assert_eq!(steps(&report), expected);
        report.exits(0).spares("NodeVersionSkew", "Node old");
        // When nodes stay as they are, the second step is one too far for this one.
        let alone = [&way[..], &["--rollout", "control-plane"]].concat();
        let report = stage.precheck(&alone).await;
        let finding = report
            .exits(1)
            .finds("NodeVersionSkew", "Node old", "blocker");
        assert_eq!(finding["hop"], json!({ "from": "1.32", "to": "1.33" }));
        assert!(steps(&report).iter().all(|step| !step.starts_with("nodes")));
        let blockers = |step: &Value| step["blockers"].as_u64().unwrap();
        let plan = report.member("plan").as_array().unwrap();
        assert_eq!(plan.iter().map(blockers).sum::<u64>(), 1, "{plan:#?}");
        kubectl(&stage.cluster)
            .delete("/api/v1/nodes/old")
            .await
            .unwrap();
    });
}

/// A service with three clusters that are one: as it is, without its nodes, and with a risk accepted.
struct Serving {
    running: Running,
    house: House,
    all: String,
    planes: String,
    accepting: String,
}

impl Serving {
    async fn start(stage: &Stage) -> Self {
        let (own, waivers) = (stage.file("own.yaml"), stage.file("waivers.toml"));
        let house = House::new(&format!(
            "checks = [{own:?}]\n\
             [[cluster]]\nproject = \"local-1\"\nname = \"planes\"\nrollout = \"control-plane\"\n\
             [[cluster]]\nproject = \"local-1\"\nname = \"accepting\"\nwaivers = {waivers:?}\n"
        ))
        .await;
        let kubeconfig = stage.cluster.kubeconfig();
        let reached = async |name: &str| {
            let path: &Path = &kubeconfig;
            house.reached(name, path.to_str().unwrap().into()).await
        };
        let (all, planes) = (reached("all").await, reached("planes").await);
        let accepting = reached("accepting").await;
        Self {
            running: house.start().await,
            house,
            all,
            planes,
            accepting,
        }
    }

    fn client(&self) -> &Client {
        &self.running.client
    }

    /// A pre-check to its end.
    async fn precheck(&self, cluster: &str, skips: &Value) -> Value {
        let spec = json!({ "targetVersion": "v1.32", "skippedCheckItemList": skips });
        let body = json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": spec });
        let client = self.client();
        let answer = client.post(&operation(cluster, "precheck"), &body).await;
        let task = uid(&answer.ok());
        client.until_done(cluster).await;
        let path = operation(cluster, &format!("precheck/tasks/{task}"));
        client.get(&path).await.ok()
    }

    /// The page of a run, as somebody sees it who may see the project.
    async fn page(&self, cluster: &str, task: &Value) -> String {
        let store = self.house.store().await;
        let now = Timestamp::now();
        let hash = hash_password(&PASSWORD.to_owned().into()).unwrap();
        let name = format!("of-{cluster}");
        let user = store.add_user(&name, &hash, now).await.unwrap();
        let granted = store.grant(&user.id, PROJECT, Role::ReadOnly).await;
        granted.unwrap();
        store.close().await.unwrap();
        let origin = format!("http://{}", self.client().address);
        let visitor = Visitor::log_in(&origin, &name, PASSWORD).await;
        let run = uid(task);
        let path = format!("/console/projects/{PROJECT}/clusters/{cluster}/runs/{run}");
        visitor.page(&path).await
    }

    /// What the trail keeps of the pre-checks that accepted something.
    async fn accepted(&self) -> Vec<String> {
        let store = self.house.store().await;
        let since = Some(Timestamp::UNIX_EPOCH);
        let trail = store
            .trail_since(Some(PROJECT), since, 0, 100)
            .await
            .unwrap();
        store.close().await.unwrap();
        trail
            .into_iter()
            .filter_map(|kept| kept.entry.detail)
            .collect()
    }
}

/// The items of a task, those of nodes as `NodeReady on node-1`, with their phases.
fn items(task: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let status = &task["status"];
    let ours = ["clusterCheckStatus", "addonCheckStatus"].map(|group| &status[group]);
    let ours = ours
        .into_iter()
        .flat_map(|group| list(&group["itemsStatus"]));
    let mut items: Vec<_> = ours
        .map(|item| (text(&item["name"]), text(&item["phase"])))
        .collect();
    for node in list(&status["nodeCheckStatus"]["nodeStageStatus"]) {
        let on = text(&node["nodeInfo"]["name"]);
        let said = list(&node["itemsStatus"]).into_iter();
        items.extend(said.map(|item| {
            let name = format!("{} on {on}", text(&item["name"]));
            (name, text(&item["phase"]))
        }));
    }
    items
}

fn failed(task: &Value) -> Vec<String> {
    let items = items(task).into_iter();
    items
        .filter_map(|(name, phase)| (phase == "Failed").then_some(name))
        .collect()
}

fn has(task: &Value, item: &str) -> bool {
    items(task).iter().any(|(name, _)| name == item)
}

async fn set_budget(client: &Kubectl, unavailable: u32) {
    let spec = json!({ "spec": { "maxUnavailable": unavailable } });
    client.patch(BUDGET, Patch::Merge, &spec).await.unwrap();
    crate::common_live::until(client, BUDGET, "the budget", |budget| {
        budget["status"]["disruptionsAllowed"] == unavailable
            && budget["status"]["observedGeneration"] == budget["metadata"]["generation"]
    })
    .await;
}

/// What a caller accepts is left out of the items, and stays in the task, in the assessment and in the trail.
#[test]
fn what_the_service_was_told_of_single_clusters_and_by_callers() {
    live(async {
        let stage = Stage::shared().await;
        let service = Serving::start(stage).await;
        touches_the_nodes_or_not(stage, &service).await;
        accepted_by_file(&service).await;
        accepted_by_callers(&service).await;
        accepted_on_nodes(stage, &service).await;
    });
}

async fn touches_the_nodes_or_not(stage: &Stage, service: &Serving) {
    let nothing = json!([]);
    let task = service.precheck(&service.all, &nothing).await;
    let blocked = failed(&task);
    assert!(blocked.contains(&"PdbBlocksDrain".into()), "{blocked:?}");
    let task = service.precheck(&service.planes, &nothing).await;
    let open = failed(&task);
    assert!(!open.contains(&"PdbBlocksDrain".into()), "{open:?}");
    set_budget(&kubectl(&stage.cluster), 1).await;
    let task = service.precheck(&service.all, &nothing).await;
    assert_eq!(failed(&task), ["BarePod", "OnceInTheShop"], "{task:#}");
}

async fn accepted_by_file(service: &Serving) {
    let task = service.precheck(&service.accepting, &json!([])).await;
    assert_eq!(failed(&task), ["OnceInTheShop"], "{task:#}");
    let page = service.page(&service.accepting, &task).await;
    assert!(page.contains("team-shop") && page.contains("runs once"));
}

async fn accepted_by_callers(service: &Serving) {
    let skips = json!([{ "name": "BarePod" }, { "name": "OnceInTheShop" }]);
    let task = service.precheck(&service.all, &skips).await;
    assert_eq!(task["status"]["phase"], "Success", "{task:#}");
    assert_eq!(task["spec"]["skippedCheckItemList"], skips);
    for item in ["BarePod", "OnceInTheShop"] {
        assert!(!has(&task, item), "{task:#}");
    }
    let page = service.page(&service.all, &task).await;
    let owner = format!("key:{}", service.client().access_key);
    for said in [ONCE, "skipped by API", &owner] {
        assert!(page.contains(said), "{said} is not on {page}");
    }
    let until = task["status"]["expireTimeStamp"].as_str().unwrap();
    // To the minute, as pages write times.
    let day = &until[..10];
    assert!(page.contains(day), "{until} is not on {page}");
    let trail = service.accepted().await;
    assert_eq!(trail, ["skips BarePod, OnceInTheShop"]);
}

async fn accepted_on_nodes(stage: &Stage, service: &Serving) {
    let client = kubectl(&stage.cluster);
    let taint = json!({ "key": "karpenter.sh/disrupted", "effect": "PreferNoSchedule" });
    let mut uids = Vec::new();
    for node in ["node-1", "node-2"].map(|name| format!("/api/v1/nodes/{name}")) {
        let spec = json!({ "spec": { "taints": [taint] } });
        client.patch(&node, Patch::Merge, &spec).await.unwrap();
        make_old(&stage.cluster, &node, 5).await;
        let object = client.get(&node).await.unwrap();
        uids.push(object["metadata"]["uid"].clone());
    }
    let on = |uids: &[Value]| {
        let selector = json!({ "key": "node.uid", "operator": "In", "values": uids });
        json!([{ "name": "BarePod" }, { "name": "OnceInTheShop" },
            { "name": "NodeUpgradeTaint", "resourceSelector": selector }])
    };
    let skips = on(&uids[..1]);
    let task = service.precheck(&service.all, &skips).await;
    // The item is told of the cluster, and of each node.
    let left = ["NodeUpgradeTaint", "NodeUpgradeTaint on node-2"];
    assert_eq!(failed(&task), left, "{task:#}");
    assert!(!has(&task, "NodeUpgradeTaint on node-1"), "{task:#}");
    assert_eq!(task["spec"]["skippedCheckItemList"], skips);
    let task = service.precheck(&service.all, &on(&uids)).await;
    assert_eq!(task["status"]["phase"], "Success", "{task:#}");
    let last = service.accepted().await.pop().unwrap();
    let uid = uids[1].as_str().unwrap();
    assert!(last.contains("NodeUpgradeTaint on nodes") && last.contains(uid));
}
