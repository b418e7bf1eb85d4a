//! What only clusters of old minors have: policies of pods, the old name of control-plane nodes, plugins of volumes, time zones in schedules.

use airworthy_testbed::{Client, Cluster, ClusterOptions, NodeOptions, Patch, wait_until};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{DEADLINE, apply, kubectl, live, pods, precheck, until, until_available};

/// One cluster for all: it is the only one of its minor here.
#[test]
fn policies_roles_volumes_and_schedules_of_1_24() {
    live(async {
        let mut cluster = Cluster::start(options()).await.unwrap();
        let client = kubectl(&cluster);
        schedules(&cluster, &client).await;
        volumes(&cluster, &client).await;
        roles(&cluster, &client).await;
        policies(&mut cluster, &client).await;
    });
}

/// Nothing runs before somebody allows it by a policy, not even mirror pods.
fn options() -> ClusterOptions {
    let mut options = ClusterOptions::new("1.24").nodes(1);
    options.hidden_control_plane = true;
    options
}

/// Due once a year: its job is none of this test.
const ZONED: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: zoned}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: zoned}
spec:
  schedule: 'TZ=Europe/Berlin 0 3 1 1 *'
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: main, image: example.com/report}]}
";

async fn schedules(cluster: &Cluster, client: &Client) {
    apply(cluster, ZONED).await;
    let (check, subject) = ("CronJobRisk", "CronJob zoned/report");
    let way = [
        "--check",
        check,
        "--target",
        "1.29",
        "--allow-jump",
        "1.24:1.29",
    ];
    let report = precheck(cluster, &way).await;
    let finding = report.exits(0).finds(check, subject, "risk");
    assert_eq!(finding["hop"], json!({ "from": "1.28", "to": "1.29" }));
    let near = precheck(cluster, &["--check", check]).await;
    assert_eq!(near.exits(0).status(check), "notApplicable");
    let path = "/apis/batch/v1/namespaces/zoned/cronjobs/report";
    refused_anew(client, path).await;

    let plain = json!({ "spec": { "schedule": "0 3 1 1 *" } });
    client.patch(path, Patch::Merge, &plain).await.unwrap();
    precheck(cluster, &way)
        .await
        .exits(0)
        .spares(check, subject);
}

/// An API server of a later minor does not take the schedule from whoever sends it for the first time.
async fn refused_anew(client: &Client, path: &str) {
    let old = client.get(path).await.unwrap();
    let anew = json!({ "metadata": { "name": "zoned" }, "spec": old["spec"] });
    let later = kubectl(shared().await);
    let sent = later
        .create("/apis/batch/v1/namespaces/default/cronjobs", &anew)
        .await;
    let error = sent.unwrap_err();
    assert_eq!(error.code(), Some(422));
    assert!(error.to_string().contains("timeZone"), "{error}");
}

/// Volumes of plugins that 1.31 does not have, one of them in use.
const CEPH: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: ceph}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: ceph-block}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ''
  claimRef: {namespace: ceph, name: block}
  rbd: {image: one, pool: rbd, monitors: ['192.0.2.9:6789']}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: block, namespace: ceph}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: '', volumeName: ceph-block}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: ceph-files}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ''
  claimRef: {namespace: ceph, name: files}
  cephfs: {monitors: ['192.0.2.9:6789']}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files, namespace: ceph}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}, storageClassName: '', volumeName: ceph-files}
";

async fn volumes(cluster: &Cluster, client: &Client) {
    apply(cluster, CEPH).await;
    let volume = |name: &str| format!("/api/v1/persistentvolumes/ceph-{name}");
    let claim = |name: &str| format!("/api/v1/namespaces/ceph/persistentvolumeclaims/{name}");
    let bound = |claim: &Value| claim["status"]["phase"] == "Bound";
    let check = "RemovedVolumePlugin";
    let to = |minor: &'static str, jump: &'static str| {
        ["--check", check, "--target", minor, "--allow-jump", jump]
    };
    for name in ["block", "files"] {
        until(client, &claim(name), "a bound claim", bound).await;
    }
    let near = precheck(cluster, &to("1.30", "1.24:1.30")).await;
    let far = precheck(cluster, &to("1.31", "1.24:1.31")).await;
    for name in ["block", "files"] {
        let subject = format!("PersistentVolume ceph-{name}");
        assert!(near.about(check, &subject).is_empty());
        let finding = far.exits(1).finds(check, &subject, "blocker");
        assert_eq!(finding["hop"], json!({ "from": "1.30", "to": "1.31" }));
        client.delete(&claim(name)).await.unwrap();
    }
    let released = |volume: &Value| volume["status"]["phase"] == "Released";
    for name in ["block", "files"] {
        until(client, &volume(name), "a released volume", released).await;
    }
    let report = precheck(cluster, &to("1.31", "1.24:1.31")).await;
    assert_eq!(report.exits(0).status(check), "clear");
}

const MASTER: &str = "node-role.kubernetes.io/master";
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// What watches the control plane, as it was written for older minors.
const WATCHES: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: watches}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: watch, namespace: watches}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: watch}}
  template:
    metadata: {labels: {app: watch}}
    spec:
      nodeSelector: {node-role.kubernetes.io/control-plane: ''}
      tolerations: [{key: node-role.kubernetes.io/master, effect: NoSchedule}]
      containers: [{name: main, image: example.com/watch}]
";

async fn roles(cluster: &Cluster, client: &Client) {
    let taint = |key: &str| json!({ "key": key, "effect": "NoSchedule" });
    let options = NodeOptions {
        labels: vec![(CONTROL_PLANE.to_owned(), String::new())],
        taints: vec![taint(MASTER)],
        ..NodeOptions::default()
    };
    cluster
        .add_node("cp-1", "v1.24.17", &options)
        .await
        .unwrap();
    apply(cluster, WATCHES).await;
    until_available(client, "watches", "watch").await;
    let (check, subject) = ("RoleLabelTaint", "Deployment watches/watch");
    let report = precheck(cluster, &["--check", check]).await;
    let finding = report.exits(0).finds(check, subject, "risk");
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .contains("control-plane alone from 1.25"),
        "{finding:#}"
    );

    // What kubeadm makes of the node at 1.25.
    let renamed = json!({ "spec": { "taints": [taint(CONTROL_PLANE)] } });
    client
        .patch("/api/v1/nodes/cp-1", Patch::Merge, &renamed)
        .await
        .unwrap();
    until_unschedulable(client).await;

    let both = json!([{ "key": MASTER, "effect": "NoSchedule" }, { "key": CONTROL_PLANE, "effect": "NoSchedule" }]);
    let change = json!({ "spec": { "template": { "spec": { "tolerations": both } } } });
    client
        .patch(
            "/apis/apps/v1/namespaces/watches/deployments/watch",
            Patch::Merge,
            &change,
        )
        .await
        .unwrap();
    until_available(client, "watches", "watch").await;
    precheck(cluster, &["--check", check])
        .await
        .exits(0)
        .spares(check, subject);
}

/// Takes pods away until one finds no node: the scheduler hears of a taint some time after the API server.
async fn until_unschedulable(client: &Client) {
    let waits = wait_until(DEADLINE, "a pod that no node takes", || async {
        let pods = pods(client, "watches", "watch").await;
        let placed = |pod: &&Value| pod["spec"]["nodeName"].is_string();
        for pod in pods.iter().filter(placed) {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let path = format!("/api/v1/namespaces/watches/pods/{name}");
            client.delete(&path).await?;
        }
        let told = json!(pods).to_string();
        Ok(told.contains("Unschedulable").then_some(()))
    });
    waits.await.unwrap();
}

/// The one policy: whatever is not privileged.
const POLICY: &str = "
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: unprivileged}
spec:
  privileged: false
  volumes: ['*']
  seLinux: {rule: RunAsAny}
  runAsUser: {rule: RunAsAny}
  supplementalGroups: {rule: RunAsAny}
  fsGroup: {rule: RunAsAny}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: unprivileged}
rules: [{apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [unprivileged], verbs: [use]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: unprivileged}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: unprivileged}
subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:authenticated'}]
---
apiVersion: v1
kind: Namespace
metadata: {name: guarded}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: guarded}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
";

async fn policies(cluster: &mut Cluster, client: &Client) {
    let plugin = "--enable-admission-plugins=PodSecurityPolicy".to_owned();
    let on = cluster.restart(|options| options.api_server_args = vec![plugin]);
    on.await.unwrap();
    apply(cluster, POLICY).await;
    until_available(client, "guarded", "web").await;
    let check = ["--check", "PodSecurityPolicyUse"];
    let subject = "PodSecurityPolicy all";
    let report = precheck(cluster, &check).await;
    let finding = report.exits(1).finds(check[1], subject, "blocker");
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .contains("the pods of guarded"),
        "{finding:#}"
    );
    assert_eq!(privileged(client).await, 403);

    let level =
        json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "baseline" } } });
    client.patch(GUARDED, Patch::Merge, &level).await.unwrap();
    precheck(cluster, &check)
        .await
        .exits(0)
        .spares(check[1], subject);
    guards_afterwards(cluster, client).await;
}

const GUARDED: &str = "/api/v1/namespaces/guarded";

/// What 1.25 lets in with the label, and without it.
async fn guards_afterwards(cluster: &mut Cluster, client: &Client) {
    let next = cluster.restart(|options| {
        "1.25".clone_into(&mut options.minor);
        options.api_server_args.clear();
    });
    next.await.unwrap();
    assert_eq!(privileged(client).await, 403);
    let none = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": null } } });
    client.patch(GUARDED, Patch::Merge, &none).await.unwrap();
    let let_in = wait_until(DEADLINE, "a privileged pod that is let in", || async {
        // Admission hears of a label some time after the API server has stored it.
        Ok((privileged(client).await == 201).then_some(()))
    });
    let_in.await.unwrap();
}

/// What the API server answers to a privileged pod, without making it.
async fn privileged(client: &Client) -> u16 {
    let container = json!({ "name": "main", "image": "example.com/tool", "securityContext": { "privileged": true } });
    let pod = json!({ "metadata": { "name": "tool" }, "spec": { "containers": [container] } });
    match client
        .create(&format!("{GUARDED}/pods?dryRun=All"), &pod)
        .await
    {
        Ok(_) => 201,
        Err(error) => error.code().expect("an answer"),
    }
}
