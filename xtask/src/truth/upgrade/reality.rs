//! The upgrade itself, and what became of each case.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use airworthy_testbed::{Apply, Cluster, ClusterOptions, How, wait_until};
use anyhow::Result;

use super::{
    House,
    case::{Case, Intent, Reality},
    drain::{self, Rolled},
    plant,
    score::Outcome,
};
use crate::truth::progress;

const PATIENCE: Duration = Duration::from_secs(20);

/// On a busy machine kwok renews the leases of many nodes late; that is no hazard of the upgrade.
const GRACE: &str = "--node-monitor-grace-period=10m";

/// Upgrades the control plane, then the nodes, and looks at every case.
pub(super) async fn upgrade(house: &mut House, to: &str, cases: Vec<Case>) -> Result<Vec<Outcome>> {
    let mut harms = starts(&mut house.cluster, to, &cases).await?;
    let kept: Vec<_> = cases
        .iter()
        .filter(|case| !harms.contains_key(&case.name))
        .collect();
    house
        .cluster
        .restart(|options| {
            with_flags(options, to, &kept);
        })
        .await?;
    for case in &cases {
        if let Some(harm) = asked(&house.cluster, case).await? {
            harms.insert(case.name.clone(), harm);
        }
        plant::steps(house, case, &case.mended).await?;
    }
    progress("draining");
    let version = format!("v{}", house.cluster.version());
    let rolled = drain::roll(&house.cluster, &batches(&cases), &version).await?;
    for case in &cases {
        if let Some(harm) = drained(case, &rolled) {
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

/// The first shared node and the first of each case, then the second ones, and so on: cases keep to nodes of their own.
fn batches(cases: &[Case]) -> Vec<Vec<String>> {
    let own = cases.iter().map(|case| case.nodes.len()).max();
    let count = own.unwrap_or_default().max(super::NODES);
    let batch = |at: usize| {
        let shared = (at <= super::NODES).then(|| format!("node-{at}"));
        let with = cases.iter().filter(|case| at <= case.nodes.len());
        let own = with.map(|case| format!("{}-{at}", case.namespace()));
        shared.into_iter().chain(own).collect()
    };
    (1..=count).map(batch).collect()
}

/// The flags of these cases and no others.
pub(super) fn with_flags(options: &mut ClusterOptions, minor: &str, cases: &[&Case]) {
    let all = |flags: fn(&Case) -> &Vec<String>| {
        let all = cases.iter().flat_map(|case| flags(case));
        all.cloned().collect::<BTreeSet<_>>()
    };
    minor.clone_into(&mut options.minor);
    options.api_server_args = all(|case| &case.api_server).into_iter().collect();
    options.controller_manager_args = vec![GRACE.to_owned()];
    let more = all(|case| &case.controller_manager);
    options.controller_manager_args.extend(more);
}

/// Which cases keep the control plane of the target from starting, and what it says. What only looks as if stays for the upgrade.
async fn starts(
    cluster: &mut Cluster,
    to: &str,
    cases: &[Case],
) -> Result<BTreeMap<String, String>> {
    let mut refused = BTreeMap::new();
    let suspects = cases
        .iter()
        .filter(|case| matches!(case.reality, Reality::Starts) && case.intent == Intent::Hazard);
    for case in suspects {
        let tried = cluster
            .restart(|options| with_flags(options, to, &[case]))
            .await;
        if let Err(error) = tried {
            let said = error.to_string();
            let said = said.lines().rfind(|line| !line.trim().is_empty());
            let said = said.unwrap_or_default().trim();
            refused.insert(case.name.clone(), format!("does not start: {said}"));
        }
    }
    Ok(refused)
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
        _ => Ok(None),
    }
}

fn drained(case: &Case, rolled: &Rolled) -> Option<String> {
    let mut all = rolled.troubles.of(&case.namespace());
    match case.reality {
        Reality::Drains => {}
        Reality::Serves => all.extend(rolled.gaps.of(&case.namespace())),
        Reality::Keeps => all.extend(rolled.replaced.of(&case.namespace())),
        _ => return None,
    }
    (!all.is_empty()).then(|| all.join("; "))
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
