//! What our own identity may read: one review for each rule that the plan's needs ask for.

use airworthy_model::{Access, Need, facts::Permission};
use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::json;

use super::writers;
use crate::{
    failure::{Cause, Failure},
    resource::Versions,
    session::{Ask, Session},
};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

#[derive(Deserialize)]
struct Review {
    status: ReviewStatus,
}

#[derive(Deserialize)]
struct ReviewStatus {
    allowed: bool,
}

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<Permission>, Failure> {
    let mut accesses: Vec<Access> = Vec::new();
    let needs = session.plan.needs.iter().copied();
    for need in needs.filter(|need| session.plan.wants(*need)) {
        let asked = need
            .access()
            .iter()
            .filter(|access| is_asked(versions, need, access));
        for access in asked {
            if !accesses.contains(access) {
                accesses.push(*access);
            }
        }
    }
    try_join_all(accesses.into_iter().map(|access| review(session, access))).await
}

/// Whether a need asks for it on this server: what is not served is not listed, and needs no permission.
fn is_asked(versions: Versions<'_>, need: Need, access: &Access) -> bool {
    let (Some(served), Access::List { group, resource }) = (versions.served, access) else {
        return true;
    };
    match need {
        Need::ApiWriters => {
            let kinds = writers::listed(versions, served);
            kinds
                .iter()
                .any(|kind| kind.group == *group && kind.resource == *resource)
        }
        // Kinds of add-ons: most clusters have only some of them.
        Need::GitOps | Need::Operations | Need::NodeUsage | Need::Backups | Need::Gateways => {
            let mut resources = served.resources.iter();
            resources.any(|one| one.group == *group && one.resource == *resource)
        }
        _ => true,
    }
}

async fn review(session: &Session<'_>, access: Access) -> Result<Permission, Failure> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": attributes(access),
    });
    let ask = Ask::post_json(REVIEWS, body.to_string().into_bytes());
    let answer = session.ask(&ask).await?;
    let review: Review = serde_json::from_slice(&answer.body)
        .map_err(|error| ask.failed(Cause::Malformed(error.to_string())))?;
    Ok(permission(access, review.status.allowed))
}

fn attributes(access: Access) -> serde_json::Value {
    match access {
        Access::Path(path) => json!({"nonResourceAttributes": {"verb": "get", "path": path}}),
        // Leases are read in one namespace, so a role in that namespace is enough.
        Access::List {
            group,
            resource: "leases",
        } => json!({"resourceAttributes":
            {"verb": "list", "group": group, "resource": "leases", "namespace": "kube-system"}}),
        Access::List { group, resource } => json!({"resourceAttributes":
            {"verb": "list", "group": group, "resource": resource}}),
        // A few by name, so a rule with their names is enough.
        Access::Get {
            group: "",
            resource: "configmaps",
        } => json!({"resourceAttributes":
            {"verb": "get", "group": "", "resource": "configmaps", "namespace": "kube-system", "name": "kubeadm-config"}}),
        Access::Get { group, resource } => {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            json!({"resourceAttributes":
                {"verb": "get", "group": group, "resource": resource, "subresource": subresource}})
        }
    }
}

fn permission(access: Access, allowed: bool) -> Permission {
    let (verb, group, resource) = match access {
        Access::List { group, resource } => ("list", group, resource),
        Access::Get { group, resource } => ("get", group, resource),
        Access::Path(path) => ("get", "", path),
    };
    Permission {
        verb: verb.into(),
        group: group.into(),
        resource: resource.into(),
        allowed,
    }
}
