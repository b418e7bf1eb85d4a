//! Connecting as people do it, with and without mistakes. No request is sent.

use std::path::{Path, PathBuf};

use airworthy_testbed::Authority;
use tempfile::TempDir;

use super::*;

/// A kubeconfig with contexts `a` and `b`, of which `a` is current.
fn kubeconfig(user: &str) -> String {
    kubeconfig_of("a", "b", "https://user:pass@10.0.0.1:6443/k8s/c1/", user)
}

fn kubeconfig_of(first: &str, second: &str, server: &str, user: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: {first}
contexts:
- {{name: {first}, context: {{cluster: c-{first}, user: u-{first}}}}}
- {{name: {second}, context: {{cluster: nowhere, user: u-{first}}}}}
clusters:
- {{name: c-{first}, cluster: {{server: '{server}'}}}}
users:
- name: u-{first}
  user: {{{user}}}
"
    )
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn of_file(path: &Path, context: Option<&str>) -> ConnectOptions {
    ConnectOptions {
        kubeconfig: Some(path.to_owned()),
        context: context.map(str::to_owned),
        in_cluster: false,
    }
}

async fn error_of(text: &str, context: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "config", text);
    connect(of_file(&path, context))
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn the_current_context_is_taken_and_credentials_stay_out_of_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "config", &kubeconfig("token: hush"));
    let connection = connect(of_file(&path, None)).await.unwrap();
    assert_eq!(connection.name(), Some("a"));
    assert_eq!(connection.server(), "https://10.0.0.1:6443/k8s/c1");
    let shown = format!("{connection:?}");
    assert!(
        !shown.contains("hush") && !shown.contains("pass"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_context_that_is_not_there_is_answered_with_those_that_are() {
    let text = error_of(&kubeconfig(""), Some("c")).await;
    assert!(
        text.contains("\"c\"") && text.contains("a, b") && text.contains("/config"),
        "{text}"
    );
}

#[tokio::test]
async fn no_current_context_is_answered_with_the_choice() {
    let none = kubeconfig("").replace("current-context: a", "");
    let text = error_of(&none, None).await;
    assert!(
        text.contains("--context") && text.contains("a, b"),
        "{text}"
    );
}

#[tokio::test]
async fn a_context_without_its_cluster_is_named() {
    let text = error_of(&kubeconfig(""), Some("b")).await;
    assert!(text.contains("\"b\"") && text.contains("nowhere"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_kubeconfig_is_named_but_not_quoted() {
    let text = error_of("token: [hush", None).await;
    assert!(
        text.contains("/config") && text.contains("line") && !text.contains("hush"),
        "{text}"
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let text = connect(of_file(Path::new("/no/such/file"), None))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("/no/such/file") && text.contains("No such file"),
        "{text}"
    );
}

#[tokio::test]
async fn a_missing_plugin_is_answered_with_how_to_install_it() {
    let user = "exec: {apiVersion: client.authentication.k8s.io/v1, command: /no/such/plugin, installHint: 'brew install it'}";
    let text = error_of(&kubeconfig(user), None).await;
    assert!(
        text.contains("/no/such/plugin") && text.contains("brew install it"),
        "{text}"
    );
}

#[tokio::test]
async fn a_plugin_that_fails_is_quoted_without_what_it_printed_for_us() {
    let script = "echo hush; echo log in first >&2; exit 1";
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [-c, '{script}']}}"
    );
    let text = error_of(&kubeconfig(&user), None).await;
    assert!(
        text.contains("log in first") && !text.contains("hush"),
        "{text}"
    );
}

#[tokio::test]
async fn a_plugin_that_works_is_run() {
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}"#;
    let folder = tempfile::tempdir().unwrap();
    let output = write(&folder, "credential", credential);
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: cat, args: ['{}']}}",
        output.display()
    );
    let path = write(&folder, "config", &kubeconfig(&user));
    connect(of_file(&path, None)).await.unwrap();
}

#[tokio::test]
async fn the_files_of_a_list_are_merged_and_absent_ones_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&folder, "one", &kubeconfig("token: t"));
    let second = write(
        &folder,
        "two",
        &kubeconfig_of("x", "y", "https://10.0.0.2", "token: t"),
    );
    let list = [first, folder.path().join("absent"), second];
    let surroundings = Surroundings {
        kubeconfig: Some(std::env::join_paths(list).unwrap()),
        ..Surroundings::default()
    };
    let mut options = ConnectOptions::default();
    let (config, name) = configuration(&options, &surroundings).await.unwrap();
    assert_eq!(
        (name.as_deref(), config.cluster_url.port_u16()),
        (Some("a"), Some(6443))
    );
    options.context = Some("x".into());
    let (config, name) = configuration(&options, &surroundings).await.unwrap();
    assert_eq!(
        (name.as_deref(), config.cluster_url.host()),
        (Some("x"), Some("10.0.0.2"))
    );
}

#[tokio::test]
async fn the_file_at_home_is_found() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    write(&home, ".kube/config", &kubeconfig("token: t"));
    let surroundings = Surroundings {
        home: Some(home.path().to_owned()),
        ..Surroundings::default()
    };
    let found = configuration(&ConnectOptions::default(), &surroundings)
        .await
        .unwrap();
    assert_eq!(found.1.as_deref(), Some("a"));
}

#[tokio::test]
async fn nothing_configured_is_answered_with_where_was_looked() {
    let home = tempfile::tempdir().unwrap();
    let mut surroundings = Surroundings {
        home: Some(home.path().to_owned()),
        ..Surroundings::default()
    };
    let nothing = configuration(&ConnectOptions::default(), &surroundings)
        .await
        .unwrap_err();
    assert!(nothing.to_string().contains(".kube/config"), "{nothing}");
    surroundings.in_cluster = true;
    let account = configuration(&ConnectOptions::default(), &surroundings)
        .await
        .unwrap_err();
    assert!(
        matches!(account, ConnectError::LoadServiceAccount { .. }),
        "{account}"
    );
}

#[tokio::test]
async fn the_end_of_a_client_certificate_is_known() {
    use base64::Engine as _;
    let authority = Authority::valid("test", (1999, 12, 31), (2024, 6, 7)).unwrap();
    let leaf = authority.issue(&["someone"]).unwrap();
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let user = format!(
        "client-certificate-data: {}, client-key-data: {}",
        encode(authority.pem()),
        encode(&leaf.key)
    );
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "config", &kubeconfig(&user));
    let (config, _) = configuration(&of_file(&path, None), &Surroundings::default())
        .await
        .unwrap();
    assert_eq!(
        certificate::ends(&config.auth_info),
        Some("2024-06-07T00:00:00Z".parse().unwrap())
    );
}

#[tokio::test]
async fn a_token_file_that_ends_with_a_line_end_is_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    let token = write(&folder, "token", "t0ken\n");
    let user = format!("tokenFile: '{}'", token.display());
    let path = write(&folder, "config", &kubeconfig(&user));
    let (config, _) = configuration(&of_file(&path, None), &Surroundings::default())
        .await
        .unwrap();
    let identity = serde_json::to_value(&prepared(config).auth_info).unwrap();
    assert_eq!(identity["token"], "t0ken");
}

#[tokio::test]
async fn a_proxy_of_the_kubeconfig_is_used_even_for_near_servers() {
    let folder = tempfile::tempdir().unwrap();
    let near = "https://127.0.0.1:6443', proxy-url: 'http://10.0.0.9:3128";
    let path = write(&folder, "config", &kubeconfig_of("a", "b", near, ""));
    let options = of_file(&path, None);
    let (config, _) = configuration(&options, &Surroundings::default())
        .await
        .unwrap();
    assert_eq!(config.proxy_url.unwrap().host(), Some("10.0.0.9"));
}
