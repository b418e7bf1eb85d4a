//! Planting a case.

use std::time::Duration;

use airworthy_testbed::{
    AggregatedApi, Apply, Cluster, How, NodeOptions, Patch, Verdict, wait_until,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    House,
    case::{Answers, Case, Step},
    short,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Makes everything of a case, in its order: nodes, namespace, back ends, objects, steps.
pub(super) async fn plant(house: &mut House, case: &Case) -> Result<()> {
    let namespace = case.namespace();
    let space = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "labels": { "case": case.name } } });
    let client = house.cluster.client("kubectl/v1.31.0")?;
    client.create("/api/v1/namespaces", &space).await?;
    nodes(&house.cluster, case).await?;
    let authority = back_ends(house, case).await?;
    for object in short::objects(case)? {
        let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
        house.cluster.apply(&object.to_string(), &apply).await?;
    }
    let objects = case.filled(&case.objects).replace("$CA", &authority);
    if !objects.is_empty() {
        let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
        house.cluster.apply(&objects, &apply).await?;
    }
    for step in &case.steps {
        self::step(house, case, step)
            .await
            .with_context(|| format!("{step:?}"))?;
    }
    Ok(())
}

async fn nodes(cluster: &Cluster, case: &Case) -> Result<()> {
    for (at, node) in case.nodes.iter().enumerate() {
        let mut labels = vec![("case".to_owned(), case.name.clone())];
        labels.extend(node.labels.clone());
        let options = NodeOptions {
            labels,
            taints: vec![json!({ "key": "case", "value": case.name, "effect": "NoSchedule" })],
            cpu: node.cpu.clone(),
            pods: node.pods,
            ..NodeOptions::default()
        };
        let name = format!("{}-{}", case.namespace(), at + 1);
        let version = format!("v{}", cluster.version());
        cluster.add_node(&name, &version, &options).await?;
    }
    Ok(())
}

/// Starts the back ends; gives the authority of the first.
async fn back_ends(house: &mut House, case: &Case) -> Result<String> {
    let (namespace, mut authority) = (case.namespace(), String::new());
    for back_end in &case.back_ends {
        let service = &back_end.service;
        let stand_in = match &back_end.answers {
            Answers::Admission => {
                house
                    .cluster
                    .serve_webhook(&namespace, service, Verdict::Allow)
                    .await?
            }
            Answers::Api(group) => {
                let api = AggregatedApi {
                    group: group.clone(),
                    version: "v1".into(),
                    kind: "Widget".into(),
                };
                house.cluster.serve_api(&namespace, service, api).await?
            }
        };
        if authority.is_empty() {
            stand_in.ca_bundle().clone_into(&mut authority);
        }
        house
            .back_ends
            .insert((namespace.clone(), service.clone()), stand_in);
    }
    Ok(authority)
}

async fn step(house: &mut House, case: &Case, step: &Step) -> Result<()> {
    let client = house.cluster.client("kubectl/v1.31.0")?;
    match step {
        Step::Stop(service) => {
            house.back_ends.remove(&(case.namespace(), service.clone()));
        }
        Step::Delete(path) => {
            client.delete(&case.filled(path)).await?;
        }
        Step::Patch { path, with } => {
            client.patch(&case.filled(path), Patch::Merge, with).await?;
        }
        Step::Status { path, with } => {
            client.patch_status(&case.filled(path), with).await?;
        }
        Step::Apply { by, objects } => {
            let apply = Apply::new(by, How::ServerSide);
            house.cluster.apply(&case.filled(objects), &apply).await?;
        }
        Step::Until {
            path,
            condition,
            status,
        } => until(&house.cluster, &case.filled(path), condition, status).await?,
        Step::Ready(count) => ready(&house.cluster, &case.namespace(), *count).await?,
    }
    Ok(())
}

async fn until(cluster: &Cluster, path: &str, condition: &str, status: &str) -> Result<()> {
    let client = cluster.client("kubectl/v1.31.0")?;
    let what = format!("{condition} {status} of {path}");
    let has = wait_until(PATIENCE, &what, || async {
        let object = client.get(path).await?;
        let mut conditions = object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten();
        let has = conditions.any(|one| one["type"] == condition && one["status"] == status);
        Ok(has.then_some(()))
    });
    Ok(has.await?)
}

async fn ready(cluster: &Cluster, namespace: &str, count: usize) -> Result<()> {
    let client = cluster.client("kubectl/v1.31.0")?;
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let what = format!("{count} ready pods in {namespace}");
    let all = wait_until(PATIENCE, &what, || async {
        let pods = client.list(&path).await?;
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        Ok((ready >= count).then_some(()))
    });
    Ok(all.await?)
}

/// Whether a pod is Ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|one| one["type"] == "Ready" && one["status"] == "True")
    })
}

/// Waits until controllers have done what they do about the objects of all cases: every workload has been looked at, and so has
/// every budget.
pub(super) async fn settled(cluster: &Cluster, cases: &[Case]) -> Result<()> {
    let client = cluster.client("kubectl/v1.31.0")?;
    let ours = |object: &Value| {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        cases.iter().any(|case| case.namespace() == namespace)
    };
    // A budget over pods that nothing can count is never observed; a condition says so.
    let observed = |object: &Value| {
        object["status"]["observedGeneration"] == object["metadata"]["generation"]
            || object["status"]["conditions"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
    };
    for path in [
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/statefulsets",
        "/apis/apps/v1/daemonsets",
        "/apis/policy/v1/poddisruptionbudgets",
    ] {
        let what = format!("controllers of {path}");
        let looked = wait_until(PATIENCE, &what, || async {
            let objects = client.list(path).await?;
            Ok(objects
                .iter()
                .filter(|object| ours(object))
                .all(observed)
                .then_some(()))
        });
        looked.await?;
    }
    Ok(())
}
