//! The files and flags of each component.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use crate::error::{Error, Result};
use crate::options::{ClusterOptions, User};
use crate::pki::{Authority, signing_key};
use crate::workdir::WorkDir;

/// The user the testbed itself acts as.
pub(crate) const ADMIN: &str = "admin";
/// The documentation address the API server advertises: loopback is refused.
const ADVERTISED: &str = "192.0.2.1";
pub(crate) const SERVICE_RANGE: &str = "10.96.0.0/16";
pub(crate) const CONTROLLER_MANAGER: &str = "kube-controller-manager";
pub(crate) const SCHEDULER: &str = "kube-scheduler";

/// The folder of etcd's data, in that of the cluster.
pub(crate) const DATA: &str = "etcd";
/// etcd takes Unix sockets only when their name ends like a port, and relative to its own folder.
pub(crate) const ETCD_CLIENTS: &str = "etcd.sock:1";
const ETCD_PEERS: &str = "peer.sock:1";

const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// A user and the token it shows.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) token: String,
    groups: Vec<String>,
}

/// The testbed's own users and those of the options.
pub(crate) fn accounts(users: &[User]) -> Vec<Account> {
    let own = [
        User::new(ADMIN, &["system:masters"]),
        User::new("system:kube-controller-manager", &[]),
        User::new("system:kube-scheduler", &[]),
        User::new("kwok", &["system:masters"]),
    ];
    own.iter()
        .chain(users)
        .map(|user| Account {
            name: user.name.clone(),
            token: uuid::Uuid::new_v4().to_string(),
            groups: user.groups.clone(),
        })
        .collect()
}

/// Writes certificates, keys, tokens, kubeconfigs and configuration files.
pub(crate) fn write_files(
    dir: &WorkDir,
    authority: &Authority,
    accounts: &[Account],
    url: &str,
) -> Result<()> {
    let names = [
        "127.0.0.1",
        "localhost",
        "kubernetes.default.svc",
        "10.96.0.1",
    ];
    let serving = authority.issue(&names)?;
    let (private, public) = signing_key()?;
    dir.write("pki/ca.crt", authority.pem())?;
    dir.write("pki/ca.key", authority.key_pem())?;
    dir.write("pki/apiserver.crt", &serving.certificate)?;
    dir.write("pki/apiserver.key", &serving.key)?;
    dir.write("pki/sa.key", private)?;
    dir.write("pki/sa.pub", public)?;
    dir.write("audit-policy.yaml", AUDIT_POLICY)?;
    dir.write("egress.json", egress(&dir.join("egress.sock")).to_string())?;
    dir.write("kwok.yaml", include_str!("kwok.yaml"))?;
    dir.write("tokens.csv", tokens(accounts)?)?;
    for account in accounts {
        let file = format!("kubeconfigs/{}", file_name(&account.name));
        dir.write(&file, kubeconfig(dir, account, url).to_string())?;
    }
    Ok(())
}

/// A file name without colons and slashes.
pub(crate) fn file_name(user: &str) -> String {
    user.replace([':', '/'], "-")
}

fn tokens(accounts: &[Account]) -> Result<String> {
    let mut text = String::new();
    for account in accounts {
        let groups = account.groups.join(",");
        if format!("{}{groups}", account.name).contains(['"', '\n']) {
            return Err(Error::document(
                "user",
                "names cannot hold quotes or newlines",
            ));
        }
        let (token, name) = (&account.token, &account.name);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{token},\"{name}\",\"{name}\",\"{groups}\"");
    }
    Ok(text)
}

/// JSON is YAML, so every tool reads it.
fn kubeconfig(dir: &WorkDir, account: &Account, url: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "testbed",
            "cluster": { "server": url, "certificate-authority": dir.join("pki/ca.crt") },
        }],
        "users": [{ "name": account.name, "user": { "token": account.token } }],
        "contexts": [{
            "name": "testbed",
            "context": { "cluster": "testbed", "user": account.name },
        }],
        "current-context": "testbed",
    })
}

/// Sends what goes to nodes, services and webhooks through our proxy.
fn egress(socket: &Path) -> serde_json::Value {
    json!({
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{
            "name": "cluster",
            "connection": {
                "proxyProtocol": "HTTPConnect",
                "transport": { "uds": { "udsName": socket } },
            },
        }],
    })
}

/// The flags of etcd, which runs in the cluster's folder.
pub(crate) fn etcd(options: &ClusterOptions) -> Vec<String> {
    let clients = format!("unix://{ETCD_CLIENTS}");
    let peers = format!("unix://{ETCD_PEERS}");
    let mut args = vec![
        format!("--data-dir={DATA}"),
        "--unsafe-no-fsync".into(),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=default={peers}"),
    ];
    args.extend(options.etcd_args.iter().cloned());
    args
}

/// The subcommand and flags of the API server.
pub(crate) fn api_server(dir: &WorkDir, port: u16, options: &ClusterOptions) -> Vec<String> {
    let file = |name: &str| dir.join(name).display().to_string();
    let mut args = vec![
        "kube-apiserver".into(),
        format!("--etcd-servers=unix://{}", file(ETCD_CLIENTS)),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        "--permit-port-sharing=true".into(),
        format!("--advertise-address={ADVERTISED}"),
        format!("--cert-dir={}", file("pki")),
        format!("--tls-cert-file={}", file("pki/apiserver.crt")),
        format!("--tls-private-key-file={}", file("pki/apiserver.key")),
        format!("--client-ca-file={}", file("pki/ca.crt")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={}", file("pki/sa.pub")),
        format!("--service-account-signing-key-file={}", file("pki/sa.key")),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
        "--allow-privileged=true".into(),
        "--kubelet-preferred-address-types=InternalIP".into(),
        format!("--egress-selector-config-file={}", file("egress.json")),
    ];
    if !options.without_plugins.is_empty() {
        let plugins = options.without_plugins.join(",");
        args.push(format!("--disable-admission-plugins={plugins}"));
    }
    if options.audit {
        args.push(format!("--audit-policy-file={}", file("audit-policy.yaml")));
        args.push(format!("--audit-log-path={}", file("logs/audit.log")));
        args.push("--audit-log-mode=blocking".into());
    }
    if !options.runtime_config.is_empty() {
        args.push(format!(
            "--runtime-config={}",
            options.runtime_config.join(",")
        ));
    }
    args.extend(feature_gates(options));
    args.extend(without_streams(options));
    args.extend(options.api_server_args.iter().cloned());
    args
}

/// The minors whose API servers offer streamed lists unless told otherwise.
const STREAMS: [&str; 3] = ["1.32", "1.36", "1.37"];

/// Some minors offer streamed lists and refuse them over an etcd that does not tell its progress; kwok insists, and then sees nothing
/// for half a minute at a time. Where there is no kwok, the gate stays as it is.
fn without_streams(options: &ClusterOptions) -> Option<String> {
    let kwok = options.controllers && options.nodes > 0;
    (STREAMS.contains(&options.minor.as_str()) && kwok)
        .then(|| "--feature-gates=WatchList=false".to_owned())
}

/// The subcommand and flags of the controller manager.
pub(crate) fn controller_manager(dir: &WorkDir, options: &ClusterOptions) -> Vec<String> {
    let file = |name: &str| dir.join(name).display().to_string();
    let mut args = vec![
        CONTROLLER_MANAGER.into(),
        format!(
            "--kubeconfig={}",
            file("kubeconfigs/system-kube-controller-manager")
        ),
        "--secure-port=0".into(),
        "--leader-elect=true".into(),
        "--use-service-account-credentials=true".into(),
        // The usual 20 a second stretch the start of the controllers over five seconds.
        "--kube-api-qps=500".into(),
        "--kube-api-burst=1000".into(),
        format!("--service-account-private-key-file={}", file("pki/sa.key")),
        format!("--root-ca-file={}", file("pki/ca.crt")),
        format!("--cluster-signing-cert-file={}", file("pki/ca.crt")),
        format!("--cluster-signing-key-file={}", file("pki/ca.key")),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
    ];
    args.extend(feature_gates(options));
    args.extend(options.controller_manager_args.iter().cloned());
    args
}

/// The subcommand and flags of the scheduler.
pub(crate) fn scheduler(dir: &WorkDir, options: &ClusterOptions) -> Vec<String> {
    let kubeconfig = dir.join("kubeconfigs/system-kube-scheduler");
    let mut args = vec![
        SCHEDULER.into(),
        format!("--kubeconfig={}", kubeconfig.display()),
        "--secure-port=0".into(),
        "--leader-elect=true".into(),
    ];
    args.extend(feature_gates(options));
    args
}

/// The flags of kwok.
pub(crate) fn kwok(dir: &WorkDir) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", dir.join("kubeconfigs/kwok").display()),
        format!("--config={}", dir.join("kwok.yaml").display()),
        "--manage-all-nodes=true".into(),
        "--node-lease-duration-seconds=40".into(),
    ]
}

fn feature_gates(options: &ClusterOptions) -> Option<String> {
    if options.feature_gates.is_empty() {
        return None;
    }
    let gates: Vec<String> = options
        .feature_gates
        .iter()
        .map(|(gate, on)| format!("{gate}={on}"))
        .collect();
    Some(format!("--feature-gates={}", gates.join(",")))
}
