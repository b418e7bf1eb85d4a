//! The upgrade itself, and what became of each case.

use std::{collections::BTreeMap, path::Path, time::Duration};

use airworthy_testbed::{Apply, Cluster, How, wait_until};
use anyhow::Result;

use super::{
    House,
    case::{Case, Reality},
    drain::{self, Troubles},
    score::Outcome,
};
use crate::truth::progress;

const PATIENCE: Duration = Duration::from_secs(20);

/// Upgrades the control plane, then the nodes, and looks at every case.
pub(super) async fn upgrade(house: &mut House, to: &str, cases: Vec<Case>) -> Result<Vec<Outcome>> {
    let flags: Vec<_> = cases
        .iter()
        .flat_map(|case| case.api_server.clone())
        .collect();
    let refused = starts(&mut house.cluster, to, &cases).await?;
    house
        .cluster
        .restart(|options| {
            to.clone_into(&mut options.minor);
            options.api_server_args.retain(|flag| !flags.contains(flag));
        })
        .await?;
    let mut harms: BTreeMap<String, String> = refused;
    for case in &cases {
        if let Some(harm) = asked(&house.cluster, case).await? {
            harms.insert(case.name.clone(), harm);
        }
    }
    progress("draining");
    let version = format!("v{}", house.cluster.version());
    let troubles = drain::roll(&house.cluster, &batches(&cases), &version).await?;
    for case in &cases {
        if let Some(harm) = drained(case, &troubles) {
            harms.insert(case.name.clone(), harm);
        }
        if let Some(harm) = ended(&house.cluster, case).await? {
            harms.insert(case.name.clone(), harm);
        }
    }
    Ok(cases
        .into_iter()
        .map(|case| Outcome {
            harm: harms.get(&case.name).cloned(),
            case,
        })
        .collect())
}

/// The shared nodes one by one, then the first node of each case, then the second, and so on.
fn batches(cases: &[Case]) -> Vec<Vec<String>> {
    let shared = (1..=super::NODES).map(|at| vec![format!("node-{at}")]);
    let most = cases
        .iter()
        .map(|case| case.nodes.len())
        .max()
        .unwrap_or_default();
    let own = (0..most).map(|at| {
        let with = cases.iter().filter(|case| at < case.nodes.len());
        with.map(|case| format!("{}-{}", case.namespace(), at + 1))
            .collect()
    });
    shared.chain(own).collect()
}

/// Which cases keep the target's API server from starting, and what it says.
async fn starts(
    cluster: &mut Cluster,
    to: &str,
    cases: &[Case],
) -> Result<BTreeMap<String, String>> {
    let mut refused = BTreeMap::new();
    for case in cases
        .iter()
        .filter(|case| matches!(case.reality, Reality::Starts))
    {
        let tried = cluster
            .restart(|options| {
                to.clone_into(&mut options.minor);
                options.api_server_args.clone_from(&case.api_server);
            })
            .await;
        if let Err(error) = tried {
            let said =
                last_line(&cluster.log("kube-apiserver")).unwrap_or_else(|| error.to_string());
            refused.insert(
                case.name.clone(),
                format!("the API server does not start: {said}"),
            );
        }
    }
    Ok(refused)
}

fn last_line(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    text.lines()
        .rfind(|line| !line.trim().is_empty())
        .map(str::to_owned)
}

/// What the API server of the target answers, where the case asks it something; `Some` is a harm.
async fn asked(cluster: &Cluster, case: &Case) -> Result<Option<String>> {
    match &case.reality {
        Reality::Reads(path) => {
            let client = cluster.client("kubectl/v1.31.0")?;
            let read = client.get(&case.filled(path)).await;
            Ok(read.err().map(|error| error.to_string()))
        }
        Reality::Writes(objects) => {
            let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
            let written = cluster.apply(&case.filled(objects), &apply).await;
            Ok(written.err().map(|error| error.to_string()))
        }
        Reality::Drains | Reality::Ends | Reality::Starts => Ok(None),
    }
}

fn drained(case: &Case, troubles: &Troubles) -> Option<String> {
    let here = troubles.of(&case.namespace());
    (matches!(case.reality, Reality::Drains) && !here.is_empty()).then(|| here.join("; "))
}

/// Deletes the namespace of a case that is about that; `Some` when it stays.
async fn ended(cluster: &Cluster, case: &Case) -> Result<Option<String>> {
    if !matches!(case.reality, Reality::Ends) {
        return Ok(None);
    }
    let client = cluster.client("kubectl/v1.31.0")?;
    let path = format!("/api/v1/namespaces/{}", case.namespace());
    client.delete(&path).await?;
    let what = format!("the end of {path}");
    let gone = wait_until(PATIENCE, &what, || async {
        Ok((!client.exists(&path).await?).then_some(()))
    });
    Ok(gone.await.err().map(|error| error.to_string()))
}
