//! `airworthy plan`: upgrades that begin by themselves.

use airworthy_service::Service;
use airworthy_store::{self as store, Store};
use airworthy_upgrade::plan::{BadWindow, Window};
use anyhow::{Context as _, Result, anyhow, bail};
use jiff::{SignedDuration, Timestamp};

use super::{
    find,
    serve::{open, settings},
};
use crate::{cli::Plan, config::Config, console};

/// How far a start may be put off when nobody says.
const PUT_OFF: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(crate) async fn run(command: Plan, mut config: Config) -> Result<u8> {
    match command {
        Plan::Add {
            cluster,
            target,
            not_before,
            not_after,
            deadline,
            store,
        } => {
            let window = window(not_before, not_after, deadline)?;
            let store = open(&store, &mut config).await?;
            let service = Service::new(store, settings(&config));
            add(&service, &cluster, &target.to_string(), window).await
        }
        Plan::List { store } => list(&open(&store, &mut config).await?).await,
        Plan::Remove { id, store } => {
            let store = open(&store, &mut config).await?;
            remove(&Service::new(store, settings(&config)), &id).await
        }
    }
}

fn window(
    not_before: Timestamp,
    not_after: Timestamp,
    deadline: Option<Timestamp>,
) -> Result<Window> {
    let deadline = match deadline {
        Some(deadline) => deadline,
        None => not_before
            .checked_add(PUT_OFF)
            .context("--not-before is too far away")?,
    };
    Window::new(not_before, not_after, deadline).map_err(|refused| match refused {
        BadWindow::BeyondDeadline => anyhow!("--not-before must be before --deadline"),
        _ => anyhow!("--not-before must be before --not-after"),
    })
}

async fn add(service: &Service, cluster: &str, target: &str, window: Window) -> Result<u8> {
    let project = find::project_of(service.store(), cluster).await?;
    let added = service.add_plan(&project, cluster, target, window).await;
    service.store().close().await?;
    let plan = added.map_err(|refused| match refused {
        airworthy_service::Error::Window(BadWindow::Past) => anyhow!("the window is over already"),
        other => other.into(),
    })?;
    console::print(&format!(
        "plan {} added: cluster {cluster} goes from {} to {}, begun from {:.0} on and before {:.0}",
        plan.id, plan.cluster_version, plan.target_version, window.not_before, window.not_after
    ))
}

async fn list(store: &Store) -> Result<u8> {
    let mut lines = vec![format!(
        "{:36}  {:36}  {:14}  {:9}  {:20}  {:20}  MESSAGE",
        "PLAN", "CLUSTER", "TARGET", "PHASE", "NOT BEFORE", "NOT AFTER"
    )];
    for project in store.projects().await? {
        let plans = store.plans(&project.id).await?;
        lines.extend(plans.iter().map(line));
    }
    store.close().await?;
    console::print(&lines.join("\n"))
}

fn line(plan: &store::Plan) -> String {
    let message = plan.message.as_deref().unwrap_or_default();
    let line = format!(
        "{:36}  {:36}  {:14}  {:9}  {:20.0}  {:20.0}  {message}",
        plan.id,
        plan.cluster_id,
        plan.target_version,
        plan.phase.as_str(),
        plan.window.not_before,
        plan.window.not_after
    );
    line.trim_end().to_owned()
}

async fn remove(service: &Service, id: &str) -> Result<u8> {
    let mut removed = false;
    for project in service.store().projects().await? {
        match service.remove_plan(&project.id, id).await {
            Ok(()) => removed = true,
            Err(airworthy_service::Error::UnknownPlan(_)) => (),
            Err(error) => return Err(error.into()),
        }
    }
    service.store().close().await?;
    if removed {
        console::print(&format!("plan {id} removed"))
    } else {
        bail!("there is no plan {id:?} (airworthy plan list shows them)")
    }
}
