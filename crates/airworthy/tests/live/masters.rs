//! How the control plane and kube-proxy are started: what the target refuses, and what it makes of it.

use airworthy_testbed::{Client, Cluster, ClusterOptions, Error, Patch, wait_until};
use serde_json::{Value, json};

use super::shared::{add_node, shared};
use crate::common_live::{DEADLINE, Report, apply, kubectl, live, postcheck, precheck};

const SYSTEM: &str = "/api/v1/namespaces/kube-system";
const API_SERVER: &str = "Component kube-apiserver";

#[test]
fn a_gate_that_the_target_refuses() {
    live(async {
        let mut options = ClusterOptions::new("1.31").nodes(1);
        options.feature_gates = vec![("KMSv2".to_owned(), true)];
        let mut cluster = Cluster::start(options).await.unwrap();
        let report = check(&cluster, "FeatureGateRemoved").await;
        for program in [
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
        ] {
            let subject = format!("Component {program}");
            let finding = report
                .exits(1)
                .finds("FeatureGateRemoved", &subject, "blocker");
            says(finding, "KMSv2=true");
            assert_eq!(finding["hop"], json!({ "from": "1.31", "to": "1.32" }));
        }
        let told = refused(&mut cluster, "1.32").await;
        assert!(told.contains("unrecognized feature gate: KMSv2"), "{told}");

        let back = cluster.restart(|options| {
            options.minor = "1.31".to_owned();
            options.feature_gates.clear();
        });
        back.await.unwrap();
        let report = check(&cluster, "FeatureGateRemoved").await;
        report.exits(0).spares("FeatureGateRemoved", API_SERVER);
        cluster.upgrade("1.32").await.unwrap();
    });
}

#[test]
fn a_flag_that_the_target_refuses() {
    live(async {
        let mut options = ClusterOptions::new("1.24").nodes(1);
        let flag = "--service-account-api-audiences=https://kubernetes.default.svc";
        options.api_server_args = vec![flag.to_owned()];
        let mut cluster = Cluster::start(options).await.unwrap();
        let name = "ComponentFlagRemoved";
        let report = check(&cluster, name).await;
        let finding = report.exits(1).finds(name, API_SERVER, "blocker");
        says(finding, "--service-account-api-audiences");
        let told = refused(&mut cluster, "1.25").await;
        assert!(
            told.contains("unknown flag: --service-account-api-audiences"),
            "{told}"
        );

        let back = cluster.restart(|options| {
            options.minor = "1.24".to_owned();
            options.api_server_args.clear();
        });
        back.await.unwrap();
        check(&cluster, name)
            .await
            .exits(0)
            .spares(name, API_SERVER);
        cluster.upgrade("1.25").await.unwrap();
    });
}

#[test]
fn an_admission_plugin_that_the_target_does_not_have() {
    live(async {
        let mut options = ClusterOptions::new("1.24").nodes(1);
        let flag = "--disable-admission-plugins=PodSecurityPolicy".to_owned();
        options.api_server_args = vec![flag];
        let mut cluster = Cluster::start(options).await.unwrap();
        let report = check(&cluster, "AdmissionPluginRemoved").await;
        let finding = report
            .exits(1)
            .finds("AdmissionPluginRemoved", API_SERVER, "blocker");
        says(finding, "PodSecurityPolicy in --disable-admission-plugins");
        let told = refused(&mut cluster, "1.25").await;
        assert!(told.contains("PodSecurityPolicy"), "{told}");

        let back = cluster.restart(|options| {
            options.minor = "1.24".to_owned();
            options.api_server_args.clear();
        });
        back.await.unwrap();
        let report = check(&cluster, "AdmissionPluginRemoved").await;
        report.exits(0).spares("AdmissionPluginRemoved", API_SERVER);
    });
}

/// Logs that were kept for ever so far.
#[test]
fn settings_that_rely_on_a_default_that_changes() {
    live(async {
        let options = ClusterOptions::new("1.31").nodes(1).audit();
        let mut cluster = Cluster::start(options).await.unwrap();
        let name = "CompatibilityRisk";
        let way = [
            "--check",
            name,
            "--target",
            "1.36",
            "--allow-jump",
            "1.31:1.36",
        ];
        let report = precheck(&cluster, &way).await;
        let about = report.exits(0).about(name, API_SERVER);
        assert_eq!(about.len(), 2, "{about:#?}");
        assert!(
            about.iter().all(|one| one["severity"] == "note"),
            "{about:#?}"
        );
        let near = check(&cluster, name).await;
        assert_eq!(near.exits(0).status(name), "notApplicable");

        let set = cluster.restart(|options| {
            let bounds = ["--audit-log-maxage=0", "--audit-log-maxbackup=10"];
            options.api_server_args = bounds.map(str::to_owned).to_vec();
        });
        set.await.unwrap();
        let report = precheck(&cluster, &way).await;
        assert_eq!(report.exits(0).status(name), "clear");
    });
}

/// What the API server of another minor says as it ends; it must not start.
async fn refused(cluster: &mut Cluster, minor: &str) -> String {
    match cluster.upgrade(minor).await {
        Err(Error::Ended { component, log, .. }) => {
            assert_eq!(component, "kube-apiserver");
            log
        }
        other => panic!("the API server of {minor} did not end: {other:?}"),
    }
}

#[test]
fn a_configuration_that_the_target_cannot_read() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let name = "ComponentConfigVersion";
        let way = [
            "--check",
            name,
            "--target",
            "1.37",
            "--allow-jump",
            "1.31:1.37",
        ];
        let subject = "ConfigMap kube-system/kubeadm-config";
        // What its API server reads from a file is nobody's to see, and no version of such a file may go unseen on this way.
        let at = async |version: &str| {
            write(&client, version).await;
            precheck(cluster, &way).await
        };
        let report = at("v1beta3").await;
        let finding = report.exits(1).finds(name, subject, "blocker");
        assert_eq!(finding["hop"], json!({ "from": "1.36", "to": "1.37" }));
        says(finding, "kubeadm.k8s.io/v1beta3");
        at("v1beta4").await.exits(0).spares(name, subject);
    });
}

/// Writes kubeadm's settings anew, at a version.
async fn write(client: &Client, version: &str) {
    let path = format!("{SYSTEM}/configmaps/kubeadm-config");
    let map = client.get(&path).await.unwrap();
    let text = map["data"]["ClusterConfiguration"].as_str().unwrap();
    let mut settings: Value = serde_json::from_str(text).unwrap();
    settings["apiVersion"] = format!("kubeadm.k8s.io/{version}").into();
    let change = json!({ "data": { "ClusterConfiguration": settings.to_string() } });
    client.patch(&path, Patch::Merge, &change).await.unwrap();
}

const KUBE_PROXY: &str = "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-proxy}}
  template:
    metadata: {labels: {k8s-app: kube-proxy}}
    spec:
      nodeSelector: {kubernetes.io/hostname: proxied}
      tolerations: [{operator: Exists}]
      containers:
      - name: kube-proxy
        image: registry.k8s.io/kube-proxy:VERSION
        command: [/usr/local/bin/kube-proxy, --config=/var/lib/kube-proxy/config.conf]
";

/// One test, because both look at the one kube-proxy.
#[test]
fn kube_proxies_of_other_versions_and_in_a_mode_that_goes() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        add_node(cluster, "proxied", "v1.31.14", "containerd://2.1.4").await;
        let skew = "KubeProxySkew";
        roll(cluster, &client, "v1.28.15").await;
        let report = check(cluster, skew).await;
        let finding = report.exits(1).finds(skew, "Node proxied", "blocker");
        assert_eq!(finding["hop"], json!({ "from": "1.31", "to": "1.32" }));
        roll(cluster, &client, "v1.32.0").await;
        let report = check(cluster, skew).await;
        let finding = report.exits(1).finds(skew, "Node proxied", "blocker");
        says(finding, "newer");
        roll(cluster, &client, "v1.31.14").await;
        check(cluster, skew)
            .await
            .exits(0)
            .spares(skew, "Node proxied");
        modes(cluster, &client).await;
    });
}

/// Brings kube-proxy to a version, and waits until its pod runs there.
async fn roll(cluster: &Cluster, client: &Client, version: &str) {
    apply(cluster, &KUBE_PROXY.replace("VERSION", version)).await;
    let path = format!("{SYSTEM}/pods?labelSelector=k8s-app%3Dkube-proxy");
    let image = format!("registry.k8s.io/kube-proxy:{version}");
    let rolled = wait_until(DEADLINE, "the new kube-proxy", || async {
        let pods = client.list(&path).await?;
        let new = |pod: &Value| {
            pod["spec"]["containers"][0]["image"] == *image && pod["status"]["phase"] == "Running"
        };
        Ok((pods.len() == 1 && pods.iter().all(new)).then_some(()))
    });
    rolled.await.unwrap();
}

async fn modes(cluster: &Cluster, client: &Client) {
    let name = "NodeKubeProxyMode";
    let subject = "ConfigMap kube-system/kube-proxy";
    let way = [
        "--check",
        name,
        "--target",
        "1.35",
        "--allow-jump",
        "1.31:1.35",
    ];
    let path = format!("{SYSTEM}/configmaps/kube-proxy");
    let in_mode = async |mode: &str| {
        let settings = json!({ "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": mode });
        let change = json!({ "data": { "config.conf": settings.to_string() } });
        client.patch(&path, Patch::Merge, &change).await.unwrap();
        precheck(cluster, &way).await
    };
    let report = in_mode("ipvs").await;
    let finding = report.exits(0).finds(name, subject, "risk");
    assert_eq!(finding["hop"], json!({ "from": "1.34", "to": "1.35" }));
    says(finding, "ipvs");
    in_mode("iptables").await.exits(0).spares(name, subject);
}

/// Bytes that its store may take.
const QUOTA: usize = 32 << 20;

#[test]
fn a_store_near_its_quota() {
    live(async {
        let mut options = ClusterOptions::new("1.31").nodes(1);
        options.etcd_args = vec![format!("--quota-backend-bytes={QUOTA}")];
        let cluster = Cluster::start(options).await.unwrap();
        let client = kubectl(&cluster);
        let name = "EtcdHealth";
        check(&cluster, name)
            .await
            .exits(0)
            .spares(name, "Component etcd");
        let mut written = 0;
        while size(&client).await * 100 < QUOTA * 81 {
            big(&client, written).await.unwrap();
            written += 1;
        }
        let report = check(&cluster, name).await;
        let finding = report.exits(1).finds(name, "Component etcd", "blocker");
        says(finding, "of its quota (32 MiB)");
        let later = "PostEtcd";
        let report = postcheck(&cluster, None, &["--check", later]).await;
        report.exits(1).finds(later, "Component etcd", "blocker");

        // What comes of it.
        let told = loop {
            match big(&client, written).await {
                Ok(_) => written += 1,
                Err(error) => break error.to_string(),
            }
            assert!(written < 200, "the store never fills");
        };
        assert!(told.contains("database space exceeded"), "{told}");

        for number in 0..written {
            let path = format!("/api/v1/namespaces/default/configmaps/big-{number}");
            client.delete(&path).await.unwrap();
        }
        cluster.defragment_store().await.unwrap();
        big(&client, 0).await.unwrap();
        check(&cluster, name)
            .await
            .exits(0)
            .spares(name, "Component etcd");
        let report = postcheck(&cluster, None, &["--check", later]).await;
        report.exits(0).spares(later, "Component etcd");
    });
}

/// Bytes of the store on disk, as the API server tells.
async fn size(client: &Client) -> usize {
    let metrics = client.get_text("/metrics").await.unwrap();
    let line = metrics
        .lines()
        .find(|line| line.starts_with("apiserver_storage_size_bytes{"));
    let size: f64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of bytes"
    )]
    let size = size as usize;
    size
}

async fn big(client: &Client, number: usize) -> Result<Value, Error> {
    let map = json!({ "metadata": { "name": format!("big-{number}") }, "data": { "text": "x".repeat(900_000) } });
    client
        .create("/api/v1/namespaces/default/configmaps", &map)
        .await
}

async fn check(cluster: &Cluster, name: &str) -> Report {
    precheck(cluster, &["--check", name]).await
}

#[track_caller]
fn says(finding: &Value, words: &str) {
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
}
