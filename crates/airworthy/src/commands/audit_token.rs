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

/// What a plain address means.
const OPEN: &str = "\
The address is not https: whoever can listen on the way can read the token and what is sent.
";

/// Makes the token of a cluster and prints the API server's file.
pub(crate) async fn create(
    store: &Store,
    id: &str,
    server: Option<String>,
    config: &Config,
) -> Result<u8> {
    let server = server.unwrap_or_else(|| format!("{}://{}", config.scheme(), config.listen.value));
    let address = address(&server)?;
    let Some(token) = token(store, id).await? else {
        return unknown(id);
    };
    store.close().await?;
    console::say(NEXT);
    if address.0 == "http" {
        console::say(OPEN);
    }
    console::print(&file(address, id, &token))
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

/// Where the service is: scheme, and host with port.
fn address(server: &str) -> Result<(&str, &str)> {
    let parts = server.trim_end_matches('/').split_once("://");
    let plain = |host: &str| {
        !host.is_empty()
            && !host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@')
    };
    match parts {
        Some((scheme @ ("http" | "https"), host)) if plain(host) => Ok((scheme, host)),
        _ => bail!(
            "--server {server:?} is no address of a service: expected something like https://airworthy.example.com"
        ),
    }
}

/// A kubeconfig; JSON is YAML, so every quote is in its place.
///
/// An API server does not use the credentials of such a file for an address that is not https, but it sends those that are
/// part of the address.
fn file((scheme, host): (&str, &str), id: &str, token: &Secret) -> String {
    let token = token.expose();
    let inline = if scheme == "http" {
        format!("audit:{token}@")
    } else {
        String::new()
    };
    let url = format!("{scheme}://{inline}{host}/audit/v1/clusters/{id}");
    let user = if inline.is_empty() {
        json!({ "token": token })
    } else {
        json!({})
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "airworthy", "cluster": { "server": url } }],
        "users": [{ "name": "api-server", "user": user }],
        "contexts": [{ "name": "airworthy", "context": { "cluster": "airworthy", "user": "api-server" } }],
        "current-context": "airworthy",
    });
    format!("{config:#}")
}
