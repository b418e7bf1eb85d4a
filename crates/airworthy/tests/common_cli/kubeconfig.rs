//! Kubeconfigs, written for one server and one way to say who we are.

use serde_json::{Value, json};

/// A kubeconfig with one context, `one`, of this server and this user.
pub(crate) fn kubeconfig(cluster: &Value, user: &Value) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{ "name": "c", "cluster": cluster }],
        "users": [{ "name": "u", "user": user }],
        "contexts": [{ "name": "one", "context": { "cluster": "c", "user": "u" } }],
    })
    .to_string()
}

/// A kubeconfig for this server with a token that is nobody's.
pub(crate) fn for_server(server: &str) -> String {
    kubeconfig(
        &json!({ "server": server }),
        &json!({ "token": "hush-hush" }),
    )
}
