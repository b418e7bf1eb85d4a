//! Things that people name by their ids alone, whatever project they are in.

use airworthy_store::{Store, Workflow};
use anyhow::{Result, bail};

/// The project of a cluster.
pub(super) async fn project_of(store: &Store, cluster: &str) -> Result<String> {
    for project in store.projects().await? {
        if store.cluster(&project.id, cluster).await?.is_some() {
            return Ok(project.id);
        }
    }
    bail!("there is no cluster {cluster:?} (airworthy cluster list shows them)")
}

/// The workflow with this id.
pub(super) async fn workflow(store: &Store, id: &str) -> Result<Workflow> {
    for project in store.projects().await? {
        for cluster in store.clusters(&project.id).await? {
            if let Some(found) = store.workflow(&project.id, &cluster.id, id).await? {
                return Ok(found);
            }
        }
    }
    bail!("there is no workflow {id:?} (airworthy workflow list --cluster ID shows them)")
}
