//! Does what a case says, on a real API server.

use airworthy_testbed::{Apply, Client, Cluster, Error, How, Patch};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    apis::{Api, NAMESPACE},
    backing,
    case::{Act, At, Backing, Call, Case},
};

/// What kubectl keeps of what was applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes one step of the history of a case, which has to succeed.
pub(super) async fn history(cluster: &Cluster, case: &Case, step: usize) -> Result<()> {
    match case.history.get(step) {
        Some(call) => succeed(cluster, case, call).await,
        None => Ok(()),
    }
}

/// The calls of a case while the audit log is written; every call has to succeed.
pub(super) async fn window(cluster: &Cluster, case: &Case) -> Result<()> {
    for call in &case.window {
        succeed(cluster, case, call).await?;
    }
    Ok(())
}

async fn succeed(cluster: &Cluster, case: &Case, call: &Call) -> Result<()> {
    let done = perform(cluster, case, call, &case.name).await;
    done.with_context(|| format!("{:?} at {:?} of {}", call.act, call.at, case.title()))
}

/// The owner's next call after the upgrade: whether it fails because the version is gone.
pub(super) async fn next_fails(cluster: &Cluster, case: &Case) -> Result<bool> {
    let Some(next) = &case.next else {
        return Ok(false);
    };
    let name = match next.act {
        Act::Create => case.api.next_name(&case.name),
        _ => case.name.clone(),
    };
    match perform(cluster, case, next, &name).await {
        Ok(()) => Ok(false),
        Err(error) if is_gone(&error) => Ok(true),
        Err(error) => Err(error).with_context(|| format!("next call of {}", case.title())),
    }
}

/// Paths of versions that are not served are no paths, and so a 404 without a word about an object.
fn is_gone(error: &Error) -> bool {
    match error {
        Error::Status {
            code: 404, message, ..
        } => {
            message.contains("could not find the requested resource")
                || message.contains("page not found")
        }
        _ => false,
    }
}

async fn perform(cluster: &Cluster, case: &Case, call: &Call, name: &str) -> Result<(), Error> {
    let client = cluster.client_for(call.agent.user, &call.agent.program)?;
    let (api, list) = (&case.api, case.api.list(call.at));
    let target = Target {
        client,
        path: format!("{list}/{name}"),
        manager: &call.agent.manager,
    };
    match call.act {
        Act::ClientSide => {
            target
                .apply(How::ClientSide, &list, &owned(case, call.at, name))
                .await
        }
        Act::ServerSide => {
            target
                .apply(How::ServerSide, &list, &owned(case, call.at, name))
                .await
        }
        Act::ServerSidePart => {
            target
                .apply(How::ServerSide, &list, &part(api, call.at, name))
                .await
        }
        Act::Create => {
            target
                .apply(How::Create, &list, &owned(case, call.at, name))
                .await
        }
        Act::CreateStale => target.apply(How::Create, &list, &stale(api, name)).await,
        Act::Label => target.merge("", &label()).await,
        Act::Touch => {
            target
                .merge("", &api.touch.clone().unwrap_or_default())
                .await
        }
        Act::Status => {
            target
                .merge("/status", &json!({ "status": api.status }))
                .await
        }
        Act::Strip => {
            target
                .merge("", &json!({ "metadata": { "managedFields": [{}] } }))
                .await
        }
        Act::List => target.client.get(&list).await.map(drop),
        Act::Upgrade => {
            target.client.get(&target.path).await?;
            target.merge("", &label()).await
        }
    }
}

/// One object as one manager writes it.
struct Target<'a> {
    client: Client,
    path: String,
    manager: &'a str,
}

impl Target<'_> {
    async fn apply(&self, how: How, list: &str, object: &Value) -> Result<(), Error> {
        let apply = Apply::new("", how).field_manager(self.manager);
        apply.send(&self.client, list, object).await.map(drop)
    }

    async fn merge(&self, subresource: &str, change: &Value) -> Result<(), Error> {
        let path = format!("{}{subresource}?fieldManager={}", self.path, self.manager);
        self.client
            .patch(&path, Patch::Merge, change)
            .await
            .map(drop)
    }
}

/// Nothing but the head of an object, and what a touch changes.
fn part(api: &Api, at: At, name: &str) -> Value {
    let whole = api.object(at, name);
    let mut part = api.touch.clone().unwrap_or_else(|| json!({}));
    for member in ["apiVersion", "kind", "metadata"] {
        part[member] = whole[member].clone();
    }
    part
}

fn label() -> Value {
    json!({ "metadata": { "labels": { "example.com/team": "blue" } } })
}

/// With the labels and annotations that its owner gives its objects.
fn owned(case: &Case, at: At, name: &str) -> Value {
    let mut object = case.api.object(at, name);
    let (owner, metadata) = (&case.owner, &mut object["metadata"]);
    match &case.backing {
        Backing::Nothing => {}
        Backing::Helm(_) => {
            let release = json!({ "meta.helm.sh/release-name": owner, "meta.helm.sh/release-namespace": NAMESPACE });
            metadata["annotations"] = release;
            metadata["labels"] = json!({ "app.kubernetes.io/managed-by": "Helm" });
        }
        Backing::Argo(_) => {
            metadata["annotations"] =
                json!({ "argocd.argoproj.io/tracking-id": backing::tracking_id(case) });
        }
        Backing::Flux(_) => {
            let labels = json!({ "kustomize.toolkit.fluxcd.io/name": owner, "kustomize.toolkit.fluxcd.io/namespace": NAMESPACE });
            metadata["labels"] = labels;
        }
    }
    object
}

/// With an annotation that the old version was applied once.
fn stale(api: &Api, name: &str) -> Value {
    let mut object = api.object(At::New, name);
    let text = api.object(At::Old, name).to_string();
    object["metadata"]["annotations"] = json!({ LAST_APPLIED: text });
    object
}
