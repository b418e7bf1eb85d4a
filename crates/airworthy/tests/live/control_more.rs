//! More of how a control plane is started, and of what it shows without a login on its machines.

use std::{fs, path::Path};

use airworthy_testbed::{Authority, Client, Cluster, ClusterOptions, Error, Patch};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::common_live::{
    Release, Report, airworthy, apply, kubectl, live, precheck, precheck_as, set_image,
};

const SYSTEM: &str = "/api/v1/namespaces/kube-system";
const API_SERVER: &str = "Component kube-apiserver";
const CONTROLLER_MANAGER: &str = "Component kube-controller-manager";

/// One cluster, whose settings are changed one after the other.
#[test]
fn settings_that_no_later_control_plane_takes() {
    live(async {
        let options = ClusterOptions::new("1.25").nodes(1);
        let cluster = Cluster::start(options).await.unwrap();
        let client = kubectl(&cluster);
        a_lock_that_is_gone(&cluster, &client).await;
        a_version_that_was_switched_on(&cluster, &client).await;
        encryption_that_nobody_can_look_at(&cluster, &client).await;
        a_cloud_that_nobody_looks_after(&cluster, &client).await;
        an_etcd_and_a_scheduler_of_other_days(&cluster, &client).await;
    });
}

/// Sets the arguments of a program in kubeadm's settings.
async fn set(client: &Client, program: &str, args: &Value) {
    let path = format!("{SYSTEM}/configmaps/kubeadm-config");
    let map = client.get(&path).await.unwrap();
    let text = map["data"]["ClusterConfiguration"].as_str().unwrap();
    let mut settings: Value = serde_json::from_str(text).unwrap();
    settings[program] = json!({ "extraArgs": args });
    let change = json!({ "data": { "ClusterConfiguration": settings.to_string() } });
    client.patch(&path, Patch::Merge, &change).await.unwrap();
}

async fn check(cluster: &Cluster, name: &str, target: &str) -> Report {
    precheck(cluster, &["--check", name, "--target", target]).await
}

async fn a_lock_that_is_gone(cluster: &Cluster, client: &Client) {
    const NAME: &str = "LeaderElectionLock";
    let lock = json!({ "leader-elect-resource-lock": "endpointsleases" });
    set(client, "controllerManager", &lock).await;
    let report = check(cluster, NAME, "1.28").await;
    let finding = report.exits(1).finds(NAME, CONTROLLER_MANAGER, "blocker");
    assert_eq!(finding["hop"], json!({ "from": "1.27", "to": "1.28" }));
    set(client, "controllerManager", &json!({})).await;
    let report = check(cluster, NAME, "1.28").await;
    assert_eq!(report.exits(0).status(NAME), "clear");
}

async fn a_version_that_was_switched_on(cluster: &Cluster, client: &Client) {
    const NAME: &str = "RuntimeConfigApi";
    let on = json!({ "runtime-config": "autoscaling/v2beta2=true" });
    set(client, "apiServer", &on).await;
    let report = check(cluster, NAME, "1.26").await;
    report.exits(0).finds(NAME, API_SERVER, "risk");
    set(client, "apiServer", &json!({})).await;
    let report = check(cluster, NAME, "1.26").await;
    assert_eq!(report.exits(0).status(NAME), "clear");
}

async fn encryption_that_nobody_can_look_at(cluster: &Cluster, client: &Client) {
    const NAME: &str = "EncryptionProvider";
    let mut args = json!({ "encryption-provider-config": "/etc/kubernetes/enc.yaml" });
    set(client, "apiServer", &args).await;
    let report = check(cluster, NAME, "1.29").await;
    assert_eq!(report.exits(3).status(NAME), "unknown");
    args["feature-gates"] = "KMSv1=true".into();
    set(client, "apiServer", &args).await;
    let report = check(cluster, NAME, "1.29").await;
    report.exits(0).finds(NAME, API_SERVER, "note");
    set(client, "apiServer", &json!({})).await;
    let report = check(cluster, NAME, "1.29").await;
    assert_eq!(report.exits(0).status(NAME), "clear");
}

async fn a_cloud_that_nobody_looks_after(cluster: &Cluster, client: &Client) {
    const NAME: &str = "InTreeCloudProvider";
    set(
        client,
        "controllerManager",
        &json!({ "cloud-provider": "openstack" }),
    )
    .await;
    let report = check(cluster, NAME, "1.26").await;
    report.exits(0).finds(NAME, CONTROLLER_MANAGER, "risk");
    let machine = json!({ "spec": { "providerID": "openstack:///3b2c" } });
    client
        .patch("/api/v1/nodes/node-1", Patch::Merge, &machine)
        .await
        .unwrap();
    let report = check(cluster, NAME, "1.26").await;
    let finding = report.exits(1).finds(NAME, CONTROLLER_MANAGER, "blocker");
    assert_eq!(finding["hop"], json!({ "from": "1.25", "to": "1.26" }));
    assert!(!report.run().stdout.contains("3b2c"));

    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z");
    let lease = json!({ "metadata": { "name": "cloud-controller-manager" },
        "spec": { "holderIdentity": "ccm", "leaseDurationSeconds": 3600, "renewTime": now.to_string() } });
    let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
    client.create(leases, &lease).await.unwrap();
    let report = check(cluster, NAME, "1.26").await;
    assert_eq!(report.exits(0).status(NAME), "clear");
    set(client, "controllerManager", &json!({})).await;
}

async fn an_etcd_and_a_scheduler_of_other_days(cluster: &Cluster, client: &Client) {
    let report = check(cluster, "EtcdVersion", "1.34").await;
    report
        .exits(0)
        .finds("EtcdVersion", "Component etcd", "risk");
    set_image(client, "etcd", "3.5.24-0").await;
    let report = check(cluster, "EtcdVersion", "1.34").await;
    assert_eq!(report.exits(0).status("EtcdVersion"), "clear");

    let (skew, scheduler) = ("ControlPlaneSkew", "Component kube-scheduler");
    set_image(client, "kube-scheduler", "v1.23.17").await;
    let report = check(cluster, skew, "1.26").await;
    report.exits(1).finds(skew, scheduler, "blocker");
    set_image(client, "kube-scheduler", &format!("v{}", cluster.version())).await;
    let report = check(cluster, skew, "1.26").await;
    assert_eq!(report.exits(0).status(skew), "clear");
}

/// What the programs themselves say to a lock, and to a provider of keys, that they do not take any more.
#[test]
fn a_lock_and_a_key_provider_that_the_target_refuses() {
    live(async {
        let mut options = ClusterOptions::new("1.31");
        let lock = "--leader-elect-resource-lock=endpointsleases";
        options.controller_manager_args = vec![lock.to_owned()];
        let told = refused(options, "kube-controller-manager").await;
        assert!(told.contains("resourceLock value must be"), "{told}");

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("encryption.yaml");
        fs::write(&file, KMS_V1).unwrap();
        let mut options = ClusterOptions::new("1.31").without_controllers();
        let flag = format!("--encryption-provider-config={}", file.display());
        options.api_server_args = vec![flag];
        let told = refused(options, "kube-apiserver").await;
        assert!(told.contains("KMSv1"), "{told}");
    });
}

const KMS_V1: &str = "
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - kms: {apiVersion: v1, name: old, endpoint: 'unix:///nobody.sock', cachesize: 10}
  - identity: {}
";

/// What a component says as it ends; the cluster must not come up.
async fn refused(options: ClusterOptions, program: &str) -> String {
    match Cluster::start(options).await {
        Err(Error::Ended { component, log, .. }) => {
            assert_eq!(component, program);
            log
        }
        other => panic!("{program} did not end: {other:?}"),
    }
}

/// What is seen of a control plane that tells nothing, and of nodes that nothing acts on.
#[test]
fn certificates_static_pods_images_and_values() {
    live(async {
        let folder = tempfile::tempdir().unwrap();
        let mut options = ClusterOptions::new("1.31").without_controllers();
        options.api_server_args = ["near", "over"]
            .map(|name| shown(folder.path(), name))
            .into();
        let cluster = Cluster::start(options).await.unwrap();
        let client = kubectl(&cluster);
        an_authority_that_ends(&cluster, folder.path()).await;
        static_pods_that_name_objects(&cluster, &client).await;
        an_image_that_does_not_come(&cluster, &client).await;
        values_that_a_schema_does_not_allow(&cluster, &client).await;
    });
}

/// Makes an authority that ends in 20 days, or did yesterday, with a certificate; the flag by which the API server shows that.
fn shown(folder: &Path, name: &str) -> String {
    let day = |days: i64| {
        let then = Timestamp::now() + SignedDuration::from_hours(24 * days);
        let day = then.to_zoned(TimeZone::UTC).date();
        let part = |number: i8| u8::try_from(number).unwrap();
        (i32::from(day.year()), part(day.month()), part(day.day()))
    };
    let until = if name == "near" { day(20) } else { day(-1) };
    let authority = Authority::valid(name, day(-300), until).unwrap();
    let host = format!("{name}.example.com");
    let leaf = authority.issue(&[&host]).unwrap();
    let file = |end: &str, text: &str| {
        let path = folder.join(format!("{name}.{end}"));
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    file("ca", authority.pem());
    let (certificate, key) = (file("crt", &leaf.certificate), file("key", &leaf.key));
    format!("--tls-sni-cert-key={certificate},{key}:{host}")
}

async fn an_authority_that_ends(cluster: &Cluster, folder: &Path) {
    const NAME: &str = "ControlPlaneCertificate";
    let args = ["--check", NAME];
    let report = precheck(cluster, &args).await;
    assert_eq!(report.exits(0).status(NAME), "clear");

    let report = precheck_as(&trusting(cluster, folder, "near"), &args).await;
    let finding = report.exits(0).finds(NAME, API_SERVER, "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("authority"), "{message}");

    // Our own library does not look at the end of an authority, so that this can be told; others refuse to connect.
    let report = precheck_as(&trusting(cluster, folder, "over"), &args).await;
    let finding = report.exits(1).finds(NAME, API_SERVER, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("has ended"), "{message}");
}

/// A kubeconfig for the same server under another name, which trusts another authority.
fn trusting(cluster: &Cluster, folder: &Path, name: &str) -> std::path::PathBuf {
    let text = fs::read_to_string(cluster.kubeconfig()).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    let server = &mut config["clusters"][0]["cluster"];
    server["certificate-authority"] = json!(folder.join(format!("{name}.ca")));
    server["tls-server-name"] = json!(format!("{name}.example.com"));
    let path = folder.join(format!("{name}.kubeconfig"));
    fs::write(&path, config.to_string()).unwrap();
    path
}

const STATIC: &str = "
apiVersion: v1
kind: Node
metadata: {name: lone}
---
apiVersion: v1
kind: Pod
metadata:
  name: vip-lone
  namespace: kube-system
  annotations: {kubernetes.io/config.mirror: abc, kubernetes.io/config.source: file}
spec:
  nodeName: lone
  containers: [{name: vip, image: example.com/vip, env: [{name: A, valueFrom: {configMapKeyRef: {name: vip, key: hush}}}]}]
---
apiVersion: v1
kind: Pod
metadata:
  name: plain-lone
  namespace: kube-system
  annotations: {kubernetes.io/config.mirror: def, kubernetes.io/config.source: file}
spec:
  nodeName: lone
  volumes: [{name: own, hostPath: {path: /etc/own}}]
  containers: [{name: plain, image: example.com/plain, volumeMounts: [{name: own, mountPath: /own}]}]
";

async fn static_pods_that_name_objects(cluster: &Cluster, client: &Client) {
    const NAME: &str = "StaticPodApiReference";
    let vip = "Pod kube-system/vip-lone";
    apply(cluster, STATIC).await;
    let version = json!({ "nodeInfo": { "kubeletVersion": "v1.31.14" } });
    client
        .patch_status("/api/v1/nodes/lone", &version)
        .await
        .unwrap();
    let report = check(cluster, NAME, "1.34").await;
    let finding = report.exits(1).finds(NAME, vip, "blocker");
    assert_eq!(finding["hop"], json!({ "from": "1.33", "to": "1.34" }));
    // The API server adds nothing to a mirror that counts.
    report.spares(NAME, "Pod kube-system/plain-lone");
    let report = check(cluster, NAME, "1.33").await;
    assert_eq!(report.exits(0).status(NAME), "notApplicable");

    let path = format!("{SYSTEM}/pods/vip-lone?gracePeriodSeconds=0");
    client.delete(&path).await.unwrap();
    let report = check(cluster, NAME, "1.34").await;
    assert_eq!(report.exits(0).status(NAME), "clear");
}

const PROBE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: airworthy-probe}
---
apiVersion: v1
kind: Pod
metadata:
  name: look-1
  namespace: airworthy-probe
  labels: {app.kubernetes.io/managed-by: airworthy, app.kubernetes.io/component: look}
spec:
  nodeName: lone
  initContainers: [{name: look, image: registry.example.com/kube-proxy}]
  containers: [{name: rest, image: registry.example.com/kube-proxy}]
";

async fn an_image_that_does_not_come(cluster: &Cluster, client: &Client) {
    const NAME: &str = "NodeImageReach";
    let args = ["--check", NAME, "--evidence", "probes"];
    apply(cluster, PROBE).await;
    let path = "/api/v1/namespaces/airworthy-probe/pods/look-1";
    // A kubelet's words.
    let says = async |state: Value| {
        let look = json!({ "name": "look", "image": "registry.example.com/kube-proxy", "imageID": "", "ready": false,
            "restartCount": 0, "state": state });
        let status = json!({ "initContainerStatuses": [look] });
        client.patch_status(path, &status).await.unwrap();
        precheck(cluster, &args).await
    };
    let report = says(json!({ "waiting": { "reason": "ImagePullBackOff" } })).await;
    report.exits(0).finds(NAME, "Node lone", "risk");
    let report =
        says(json!({ "running": { "startedAt": "2026-11-22T12:00:00Z" }, "waiting": null })).await;
    assert_eq!(report.exits(0).status(NAME), "clear");
}

async fn values_that_a_schema_does_not_allow(cluster: &Cluster, client: &Client) {
    const NAME: &str = "AddonValidate";
    let args = ["--check", NAME];
    let web = "HelmRelease default/web";
    let schema =
        json!({ "required": ["host"], "properties": { "replicas": { "type": "integer" } } });
    let release = |revision: u32, set: Value| {
        use base64::Engine as _;
        let mut release = Release::deployed("default", "web", revision, "");
        let chart = &mut release.content["chart"];
        chart["values"] = json!({ "host": "example.com" });
        chart["schema"] = json!(base64::prelude::BASE64_STANDARD.encode(schema.to_string()));
        release.content["config"] = set;
        release.secret()
    };
    let secrets = "/api/v1/namespaces/default/secrets";
    let wrong = release(1, json!({ "replicas": "hush" }));
    client.create(secrets, &wrong).await.unwrap();
    let report = precheck(cluster, &args).await;
    let finding = report.exits(0).finds(NAME, web, "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("/replicas (type)"), "{message}");
    assert!(!report.run().stdout.contains("hush"));

    let right = release(2, json!({ "replicas": 2 }));
    client.create(secrets, &right).await.unwrap();
    let report = precheck(cluster, &args).await;
    assert_eq!(report.exits(0).status(NAME), "clear");
}

/// Minors whose API servers tell their flags, where they are asked for: they take long to build.
#[test]
fn flags_that_an_api_server_tells() {
    live(async {
        let minors = std::env::var("AIRWORTHY_TEST_MINORS").unwrap_or_default();
        for minor in ["1.36", "1.37"] {
            if minors.split(',').any(|asked| asked == minor) {
                told_by(minor).await;
            }
        }
    });
}

/// Nothing but `/flagz` tells of its API server.
async fn told_by(minor: &str) {
    const NAME: &str = "RuntimeConfigApi";
    let mut options = ClusterOptions::new(minor).without_controllers();
    options.runtime_config = vec!["resource.k8s.io/v1alpha3=true".to_owned()];
    let cluster = Cluster::start(options).await.unwrap();
    let client = kubectl(&cluster);
    let told = client.get_text("/flagz").await.unwrap();
    assert!(told.contains("runtime-config"), "{told}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("facts.tar");
    let (path, kubeconfig) = (file.to_str().unwrap(), cluster.kubeconfig());
    let kubeconfig = kubeconfig.to_str().unwrap();
    let record = ["record", "-o", path, "--kubeconfig", kubeconfig];
    airworthy(&record).await.exits(0);
    let rows = airworthy(&["inspect", path, "--group", "components", "-o", "json"]).await;
    let rows: Value = serde_json::from_str(&rows.exits(0).stdout).unwrap();
    assert!(
        rows.to_string().contains("resource.k8s.io/v1alpha3=true"),
        "{rows:#}\n{told}"
    );
    assert!(rows.to_string().contains("/flagz"), "{rows:#}");
    let report = precheck(&cluster, &["--check", NAME]).await;
    assert_ne!(report.status(NAME), "unknown", "{}", report.run());
}
