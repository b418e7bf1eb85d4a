//! `airworthy workflow`: what belongs to one upgrade, for the operator of the service.

use airworthy_service::Service;
use airworthy_store as store;
use airworthy_upgrade::workflow::{Canceller, Point};
use anyhow::Result;

use super::{
    find,
    serve::{open, settings},
};
use crate::{cli::Workflow, config::Config, console};

pub(crate) async fn run(command: Workflow, mut config: Config) -> Result<u8> {
    match command {
        Workflow::List { cluster, store } => {
            let store = open(&store, &mut config).await?;
            list(&Service::new(store, settings(&config)), &cluster).await
        }
        Workflow::Cancel { id, store } => {
            let store = open(&store, &mut config).await?;
            cancel(&Service::new(store, settings(&config)), &id).await
        }
    }
}

async fn list(service: &Service, cluster: &str) -> Result<u8> {
    let project = find::project_of(service.store(), cluster).await?;
    let workflows = service.workflows(&project, cluster).await?;
    service.store().close().await?;
    let heading = format!(
        "{:36}  {:14}  {:14}  {:7}  {:20}  TASKS",
        "WORKFLOW", "FROM", "TARGET", "PHASE", "OPENED"
    );
    let lines = std::iter::once(heading).chain(workflows.iter().map(line));
    console::print(&lines.collect::<Vec<_>>().join("\n"))
}

fn line(workflow: &store::Workflow) -> String {
    let tasks = Point::ALL.into_iter().filter_map(|point| {
        let task = workflow.task(point)?;
        let stands = task.phase.map_or(task.state.as_str(), |it| it.as_str());
        Some(format!("{} {stands}", task.kind.as_str()))
    });
    let line = format!(
        "{:36}  {:14}  {:14}  {:7}  {:20.0}  {}",
        workflow.id,
        workflow.cluster_version,
        workflow.target_version,
        workflow.phase.as_str(),
        workflow.created_at,
        tasks.collect::<Vec<_>>().join(", ")
    );
    line.trim_end().to_owned()
}

async fn cancel(service: &Service, id: &str) -> Result<u8> {
    let found = find::workflow(service.store(), id).await?;
    let by = Canceller::Operator;
    let cancelled = service
        .cancel_workflow(&found.project_id, &found.cluster_id, id, by)
        .await;
    service.store().close().await?;
    let workflow = cancelled?;
    console::print(&format!(
        "workflow {id} of cluster {} cancelled",
        workflow.cluster_id
    ))
}
