//! The roles that `airworthy rbac` prints, on a real API server: enough for the run that they were printed for, and for no other.

use airworthy_testbed::{Cluster, ClusterOptions, wait_until};
use serde_json::json;
use tempfile::TempDir;

use super::{kubelets, probe};
use crate::common_live::{
    DEADLINE, Report, airworthy, apply, command, finish, kubectl, live, postcheck_as, precheck_as,
};

const NARROW: &str = "narrow";
const PROBER: &str = "prober";

/// A check of one's own, of a kind that no other run here reads.
const OWN: &str = "
checks:
  - id: NoClass
    for: ingressClasses
    when: has(item.name) && item.name == 'old'
    message: is old
    level: risk
    fix: Remove it
    examples:
      - {item: {name: old}, says: found}
      - {item: {name: new}, says: clear}
";

struct Stage {
    cluster: Cluster,
    folder: TempDir,
    _kubelets: Vec<airworthy_testbed::StandIn>,
}

impl Stage {
    async fn set() -> Self {
        let options = ClusterOptions::new("1.31").nodes(0);
        let options = options.user(NARROW, &[]).user(PROBER, &[]);
        let cluster = Cluster::start(options).await.unwrap();
        let stand_ins = kubelets::all_well(&cluster).await;
        let class = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: old}\nspec: {controller: example.com/old}\n";
        apply(&cluster, class).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.yaml"), OWN).unwrap();
        Self {
            cluster,
            folder,
            _kubelets: stand_ins,
        }
    }

    fn own(&self) -> String {
        let path = self.folder.path().join("own.yaml");
        path.to_str().expect("a path of ours").to_owned()
    }

    /// Gives the narrow user the role that is printed for a run, in place of the one before, and waits until it may use it, and no
    /// longer what that allowed.
    async fn grant(&self, args: &[&str], may: &str, may_not: &str) {
        let args = [&["rbac", "--user", NARROW], args].concat();
        let role = airworthy(&args).await;
        apply(&self.cluster, &role.exits(0).stdout).await;
        let reader = self.cluster.client_for(NARROW, "test").unwrap();
        let granted = wait_until(DEADLINE, "the role", || async {
            let refused = match reader.get(may_not).await {
                Ok(_) => false,
                Err(error) => error.code() == Some(403),
            };
            Ok((refused && reader.get(may).await.is_ok()).then_some(()))
        });
        granted.await.unwrap();
    }

    async fn precheck(&self, args: &[&str]) -> Report {
        precheck_as(&self.cluster.kubeconfig_for(NARROW).unwrap(), args).await
    }
}

const CLASSES: &str = "/apis/networking.k8s.io/v1/ingressclasses?limit=1";
const NODES: &str = "/api/v1/nodes?limit=1";
const PODS: &str = "/api/v1/pods?limit=1";

#[test]
fn each_role_is_enough_for_its_run() {
    live(async {
        let stage = Stage::set().await;
        for_a_check_of_ones_own(&stage).await;
        for_kubelets(&stage).await;
        for_a_probe(&stage).await;
    });
}

async fn for_a_check_of_ones_own(stage: &Stage) {
    let own = stage.own();
    let check = ["--checks", &own, "--check", "NoClass"];
    stage.grant(&check, CLASSES, NODES).await;
    let report = stage.precheck(&check).await;
    report.exits(0).finds("NoClass", "IngressClass old", "risk");
    // Another check's role is not enough for it.
    stage
        .grant(&["--check", "NodePressure"], NODES, CLASSES)
        .await;
    let report = stage.precheck(&check).await;
    assert_eq!(report.status("NoClass"), "unknown");
    let report = stage.precheck(&["--check", "NodePressure"]).await;
    report.exits(0).spares("NodePressure", "Node k1");
    // The role of all has what one's own checks need, and a name that nobody has is refused.
    stage
        .grant(&["--checks", &own], CLASSES, "/api/v1/podtemplates?limit=1")
        .await;
    stage
        .precheck(&check)
        .await
        .exits(0)
        .finds("NoClass", "IngressClass old", "risk");
    airworthy(&["rbac", "--check", "NoClass"]).await.exits(2);
}

async fn for_kubelets(stage: &Stage) {
    let check = [
        "--check",
        "NodeConfigConsistency,NodeDiskSpace",
        "--evidence",
        "nodes",
    ];
    stage.grant(&check, NODES, PODS).await;
    let report = stage.precheck(&check).await;
    for check in ["NodeConfigConsistency", "NodeDiskSpace"] {
        assert_eq!(report.exits(0).status(check), "clear", "{}", report.run());
    }
}

async fn for_a_probe(stage: &Stage) {
    let check = ["--check", "PostNetworkProbe", "--evidence", "probes"];
    stage
        .grant(
            &check,
            "/api/v1/namespaces/airworthy-probe/pods?limit=1",
            NODES,
        )
        .await;
    let bound = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": PROBER },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "airworthy-prober" },
        "subjects": [{ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": PROBER }] });
    let admin = kubectl(&stage.cluster);
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    admin.create(path, &bound).await.unwrap();
    let prober = stage.cluster.kubeconfig_for(PROBER).unwrap();
    let prober = prober.to_str().unwrap();
    let run = [
        "probe",
        "run",
        "--yes",
        "--external-name",
        "none",
        "--kubeconfig",
        prober,
    ];
    airworthy(&run).await.exits(0);
    for node in kubelets::NODES {
        probe::answer(
            &admin,
            node,
            "dns=ok external=none api=ok service=ok pods=3/3",
        )
        .await;
    }
    let kubeconfig = stage.cluster.kubeconfig_for(NARROW).unwrap();
    let report = postcheck_as(&kubeconfig, None, &check).await;
    assert_eq!(report.exits(0).status("PostNetworkProbe"), "clear");
    killed_and_cleaned(stage, prober).await;
}

/// A probe that is killed leaves a namespace, which whoever may probe takes away.
async fn killed_and_cleaned(stage: &Stage, prober: &str) {
    let args = [
        "probe",
        "run",
        "--yes",
        "--image",
        "registry.example.com/tools/busybox:1",
        "--kubeconfig",
        prober,
    ];
    let mut command_line = command(&args);
    command_line.stderr(std::process::Stdio::null());
    let mut running = command_line.spawn().unwrap();
    let admin = kubectl(&stage.cluster);
    let set = "/apis/apps/v1/namespaces/airworthy-probe/daemonsets/target";
    let begun = wait_until(DEADLINE, "the set of its first pods", || async {
        let set = admin.get(set).await.unwrap_or_default();
        let image = &set["spec"]["template"]["spec"]["containers"][0]["image"];
        Ok((image == "registry.example.com/tools/busybox:1").then_some(()))
    });
    begun.await.unwrap();
    running.kill().await.unwrap();
    let clean = ["probe", "clean", "--yes", "--kubeconfig", prober];
    finish(&clean, command(&clean)).await.exits(0);
    let gone = admin.exists("/api/v1/namespaces/airworthy-probe").await;
    assert!(!gone.unwrap());
}
