//! Planting a case.

use std::time::Duration;

use airworthy_testbed::{
    AggregatedApi, Apply, Authority, Cluster, How, NodeOptions, Patch, Verdict, wait_until,
};
use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    House,
    case::{Answers, Case, Node, Step},
    pods::{has, is_ready},
    short,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// Plants all cases: first what they consist of, then what happens to each, then waits until controllers have looked at it.
pub(super) async fn all(house: &mut House, cases: &[Case]) -> Result<()> {
    for case in cases {
        let planted = plant(house, case).await;
        planted.with_context(|| format!("case {}", case.name))?;
    }
    for case in cases {
        steps(house, case, &case.steps).await?;
    }
    settled(&house.cluster, cases).await
}

/// Makes everything of a case, in its order: namespace, nodes, back ends, objects.
async fn plant(house: &mut House, case: &Case) -> Result<()> {
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
    let objects = trusting(&case.filled(&case.objects), &authority)?;
    if !objects.is_empty() {
        let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
        house.cluster.apply(&objects, &apply).await?;
    }
    Ok(())
}

/// The authority of the first back end of a case.
fn trusted(house: &House, case: &Case) -> String {
    let first = case.back_ends.first();
    let key = first.map(|back_end| (case.namespace(), back_end.service.clone()));
    let stand_in = key.and_then(|key| house.back_ends.get(&key));
    stand_in.map_or_else(String::new, |stand_in| stand_in.ca_bundle().to_owned())
}

/// Carries out steps, one after the other.
pub(super) async fn steps(house: &mut House, case: &Case, steps: &[Step]) -> Result<()> {
    for step in steps {
        self::step(house, case, step)
            .await
            .with_context(|| format!("{}: {step:?}", case.name))?;
    }
    Ok(())
}

/// A text with certificates of authorities in place of their names.
fn trusting(text: &str, authority: &str) -> Result<String> {
    if !text.contains("$EXPIRED") && !text.contains("$BOTH") {
        return Ok(text.replace("$CA", authority));
    }
    let expired = Authority::valid("former", (2020, 1, 1), (2021, 1, 1))?;
    let mut both = STANDARD.decode(authority)?;
    both.extend(expired.pem().as_bytes());
    Ok(text
        .replace("$EXPIRED", &expired.ca_bundle())
        .replace("$BOTH", &STANDARD.encode(both))
        .replace("$CA", authority))
}

async fn nodes(cluster: &Cluster, case: &Case) -> Result<()> {
    for (at, node) in case.nodes.iter().enumerate() {
        self::node(cluster, case, node, at + 1).await?;
    }
    Ok(())
}

async fn node(cluster: &Cluster, case: &Case, node: &Node, number: usize) -> Result<()> {
    let mut labels = vec![("case".to_owned(), case.name.clone())];
    labels.extend(node.labels.clone());
    let version = format!("v{}", cluster.version());
    let options = NodeOptions {
        labels,
        taints: vec![json!({ "key": "case", "value": case.name, "effect": "NoSchedule" })],
        cpu: node.cpu.clone(),
        pods: node.pods,
        ..NodeOptions::of(&version)
    };
    let name = format!("{}-{number}", case.namespace());
    Ok(cluster.add_node(&name, &version, &options).await?)
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
            let with = case.filled_in(with);
            let with = serde_json::from_str(&trusting(&with.to_string(), &trusted(house, case))?)?;
            client
                .patch(&case.filled(path), Patch::Merge, &with)
                .await?;
        }
        Step::Status { path, with } => {
            let with = case.filled_in(with);
            client.patch_status(&case.filled(path), &with).await?;
        }
        Step::Apply { by, objects } => {
            let apply = Apply::new(by, How::ServerSide);
            let objects = trusting(&case.filled(objects), &trusted(house, case))?;
            house.cluster.apply(&objects, &apply).await?;
        }
        Step::Until {
            path,
            condition,
            status,
        } => until(&house.cluster, &case.filled(path), condition, status).await?,
        Step::Sees { path, at, is } => sees(&house.cluster, &case.filled(path), at, is).await?,
        Step::Gone(path) => gone(&house.cluster, &case.filled(path)).await?,
        Step::Node(node) => {
            self::node(&house.cluster, case, node, case.nodes.len() + 1).await?;
        }
        Step::Ready(count) => ready(&house.cluster, &case.namespace(), *count).await?,
    }
    Ok(())
}

async fn until(cluster: &Cluster, path: &str, condition: &str, status: &str) -> Result<()> {
    let client = cluster.client("kubectl/v1.31.0")?;
    let what = format!("{condition} {status} of {path}");
    let reached = wait_until(PATIENCE, &what, || async {
        let object = client.get(path).await?;
        Ok(has(&object, condition, status).then_some(()))
    });
    Ok(reached.await?)
}

async fn sees(cluster: &Cluster, path: &str, at: &str, is: &Value) -> Result<()> {
    let client = cluster.client("kubectl/v1.31.0")?;
    let what = format!("{at} {is} of {path}");
    let reached = wait_until(PATIENCE, &what, || async {
        let object = client.get(path).await?;
        let found = object.pointer(at).unwrap_or(&Value::Null);
        Ok((found == is).then_some(()))
    });
    Ok(reached.await?)
}

async fn gone(cluster: &Cluster, path: &str) -> Result<()> {
    let client = cluster.client("kubectl/v1.31.0")?;
    let what = format!("the end of {path}");
    let reached = wait_until(PATIENCE, &what, || async {
        Ok((!client.exists(path).await?).then_some(()))
    });
    Ok(reached.await?)
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

/// Waits until controllers have done what they do about the objects of all cases: every workload has been looked at, and so has
/// every budget.
async fn settled(cluster: &Cluster, cases: &[Case]) -> Result<()> {
    cluster.wait_for_nodes().await?;
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
