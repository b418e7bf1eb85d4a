//! `airworthy cluster audit-token`: how an API server shows that the audit events are its own.

use airworthy_store::{Error, Secret, Store};
use anyhow::{Result, bail};
use jiff::Timestamp;
use serde_json::json;

use crate::{config::Config, console};

/// What the operator does with the file.
const NEXT: &str = "\
The token is shown this once; it cannot be read again.
Keep the output in a file that only the API server can read, and start the API server with
  --audit-webhook-config-file=FILE --audit-policy-file=POLICY
The policy needs level Metadata; more than that is not looked at, and makes the batches large.
";

/// Makes the token of a cluster and prints the API server's file.
pub(crate) async fn create(
    store: &Store,
    id: &str,
    server: Option<String>,
    config: &Config,
) -> Result<u8> {
    let server = server.unwrap_or_else(|| format!("http://{}", config.listen.value));
    check_server(&server)?;
    let Some(token) = token(store, id).await? else {
        return unknown(id);
    };
    store.close().await?;
    console::say(NEXT);
    console::print(&file(&server, id, &token))
}

/// Takes the token of a cluster away.
pub(crate) async fn revoke(store: &Store, id: &str) -> Result<u8> {
    let mut revoked = false;
    for project in store.projects().await? {
        revoked |= store.revoke_audit_token(&project.id, id).await?;
    }
    store.close().await?;
    if !revoked {
        bail!(
            "cluster {id:?} has no audit token, or does not exist (airworthy cluster list shows them)"
        );
    }
    console::print(&format!("audit token of cluster {id} revoked"))
}

async fn token(store: &Store, id: &str) -> Result<Option<Secret>> {
    for project in store.projects().await? {
        match store
            .create_audit_token(&project.id, id, Timestamp::now())
            .await
        {
            Err(Error::NotFound { .. }) => {}
            made => return Ok(Some(made?)),
        }
    }
    Ok(None)
}

fn unknown<T>(id: &str) -> Result<T> {
    bail!("there is no cluster {id:?} (airworthy cluster list shows them)")
}

fn check_server(server: &str) -> Result<()> {
    let host = server
        .strip_prefix("http://")
        .or_else(|| server.strip_prefix("https://"));
    let fits = |host: &str| {
        !host.is_empty() && !host.contains(|char: char| char.is_whitespace() || char.is_control())
    };
    if host.is_some_and(fits) {
        return Ok(());
    }
    bail!(
        "--server {server:?} is no address of a service: expected something like http://192.0.2.7:8080"
    )
}

/// A kubeconfig; JSON is YAML, so every quote is in its place.
fn file(server: &str, id: &str, token: &Secret) -> String {
    let url = format!("{}/audit/v1/clusters/{id}", server.trim_end_matches('/'));
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "airworthy", "cluster": { "server": url } }],
        "users": [{ "name": "api-server", "user": { "token": token.expose() } }],
        "contexts": [{ "name": "airworthy", "context": { "cluster": "airworthy", "user": "api-server" } }],
        "current-context": "airworthy",
    });
    format!("{config:#}")
}
