//! `airworthy project`, `cluster` and `key`: what the operator tells the service, through its database.

use airworthy_model::Role;
use airworthy_service::observe;
use airworthy_store::{Access, Deleted, NewCluster, Store};
use anyhow::{Result, bail};
use jiff::Timestamp;

use super::{audit_token, serve::open, source};
use crate::{
    cli::{Cluster, Key, Project},
    config::Config,
    console,
};

pub(crate) async fn project(command: Project, mut config: Config) -> Result<u8> {
    match command {
        Project::Add { id, name, store } => {
            check_project_id(&id)?;
            check_name(&name)?;
            add_project(&open(&store, &mut config).await?, &id, &name).await
        }
        Project::List { store } => list_projects(&open(&store, &mut config).await?).await,
    }
}

async fn list_projects(store: &Store) -> Result<u8> {
    let mut lines = vec![format!("{:36}  {:20}  NAME", "ID", "CREATED")];
    for project in store.projects().await? {
        lines.push(format!(
            "{:36}  {:20.0}  {}",
            project.id, project.created_at, project.name
        ));
    }
    store.close().await?;
    console::print(&lines.join("\n"))
}

async fn add_project(store: &Store, id: &str, name: &str) -> Result<u8> {
    if store.project(id).await?.is_some() {
        bail!("project {id} already exists");
    }
    let project = store.add_project(name, Some(id), Timestamp::now()).await?;
    store.close().await?;
    console::print(&format!("project {} ({}) added", project.id, project.name))
}

/// Callers send the id as a part of the path.
fn check_project_id(id: &str) -> Result<()> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=64).contains(&id.len()) && id.bytes().all(fits) {
        return Ok(());
    }
    bail!("--id {id:?} is no project id: 1 to 64 letters, digits, - and _ are expected")
}

/// A name stands in lists and on one line.
fn check_name(name: &str) -> Result<()> {
    if (1..=128).contains(&name.chars().count()) && !name.contains(char::is_control) {
        return Ok(());
    }
    bail!("--name {name:?} is no name: 1 to 128 characters without control characters are expected")
}

pub(crate) async fn cluster(command: Cluster, mut config: Config) -> Result<u8> {
    match command {
        Cluster::Add {
            id,
            project,
            name,
            kubeconfig,
            context,
            store,
        } => {
            let access = match kubeconfig {
                // The service runs from another folder than this command.
                Some(path) => Access::Kubeconfig {
                    path: absolute(path)?,
                    context,
                },
                None => Access::InCluster,
            };
            check_cluster_id(&id)?;
            check_name(&name)?;
            let store = open(&store, &mut config).await?;
            add_cluster(
                &store,
                &project,
                NewCluster {
                    id: Some(id),
                    name,
                    alias: None,
                    access,
                },
                &config,
            )
            .await
        }
        Cluster::List { store } => list_clusters(&open(&store, &mut config).await?).await,
        Cluster::AuditToken {
            id,
            server,
            revoke,
            store,
        } => {
            let store = open(&store, &mut config).await?;
            if revoke {
                audit_token::revoke(&store, &id).await
            } else {
                audit_token::create(&store, &id, server, &config).await
            }
        }
        Cluster::Remove { id, store } => {
            remove_cluster(&open(&store, &mut config).await?, &id).await
        }
    }
}

fn check_cluster_id(id: &str) -> Result<()> {
    let checked = airworthy_cce::request::check_id("--id", id);
    checked.map_err(|error| {
        let told = error.message.trim_start_matches("Invalid request. ");
        anyhow::Error::msg(told.to_owned())
    })
}

fn absolute(path: std::path::PathBuf) -> Result<String> {
    let path = std::path::absolute(path)?.into_os_string().into_string();
    path.map_err(|path| anyhow::anyhow!("the path {} is not UTF-8", path.display()))
}

/// Refuses a project that is not there.
pub(super) async fn known_project(store: &Store, project: &str) -> Result<()> {
    if store.project(project).await?.is_none() {
        bail!(
            "there is no project {project:?}; add it with airworthy project add --id {project} --name NAME"
        );
    }
    Ok(())
}

/// Registers a cluster even when it cannot be reached now: it may be reachable from where the service runs.
async fn add_cluster(store: &Store, project: &str, new: NewCluster, config: &Config) -> Result<u8> {
    known_project(store, project).await?;
    let seen = observe(&new.access, source::limits(config)).await;
    let cluster = store.add_cluster(project, new, Timestamp::now()).await?;
    let told = match seen {
        Ok(seen) => {
            store
                .update_observed(project, &cluster.id, &seen, Timestamp::now())
                .await?;
            format!(
                "it runs {}",
                seen.version.as_deref().unwrap_or("an unknown version")
            )
        }
        Err(error) => format!("warning: it cannot be read from here: {error}"),
    };
    store.close().await?;
    console::print(&format!(
        "cluster {} ({}) added to project {project}; {told}",
        cluster.id, cluster.name
    ))
}

async fn list_clusters(store: &Store) -> Result<u8> {
    let mut lines = vec![format!(
        "{:36}  {:32}  {:20}  {:12}  ACCESS",
        "ID", "PROJECT", "NAME", "VERSION"
    )];
    for project in store.projects().await? {
        for cluster in store.clusters(&project.id).await? {
            let access = match &cluster.access {
                Access::Kubeconfig { path, context } => {
                    format!(
                        "{path}{}",
                        context
                            .as_ref()
                            .map(|context| format!(" ({context})"))
                            .unwrap_or_default()
                    )
                }
                Access::InCluster => "in-cluster service account".to_owned(),
                Access::Recording { path } => format!("recording {path}"),
            };
            let version = cluster.observed.version.as_deref().unwrap_or("unknown");
            lines.push(format!(
                "{:36}  {:32}  {:20}  {version:12}  {access}",
                cluster.id, project.id, cluster.name
            ));
        }
    }
    store.close().await?;
    console::print(&lines.join("\n"))
}

async fn remove_cluster(store: &Store, id: &str) -> Result<u8> {
    let mut found = Deleted::Unknown;
    for project in store.projects().await? {
        let deleted = store.delete_cluster(&project.id, id, Timestamp::now());
        match deleted.await? {
            Deleted::Unknown => (),
            deleted => found = deleted,
        }
    }
    store.close().await?;
    match found {
        Deleted::Gone(..) => console::print(&format!("cluster {id} removed")),
        Deleted::Upgrading => bail!("cluster {id} is being upgraded; wait until that is over"),
        Deleted::Unknown => {
            bail!("there is no cluster {id:?} (airworthy cluster list shows them)")
        }
    }
}

pub(crate) async fn key(command: Key, mut config: Config) -> Result<u8> {
    match command {
        Key::Create {
            project,
            role,
            store,
        } => create_key(&open(&store, &mut config).await?, &project, role).await,
        Key::List { store } => list_keys(&open(&store, &mut config).await?).await,
        Key::Revoke { key, store } => revoke_key(&open(&store, &mut config).await?, &key).await,
    }
}

async fn create_key(store: &Store, project: &str, role: Role) -> Result<u8> {
    known_project(store, project).await?;
    let key = store
        .create_key(
            project,
            role,
            "created on the command line",
            Timestamp::now(),
        )
        .await?;
    store.close().await?;
    console::say("The secret is shown this once; it cannot be read again.\n");
    console::print(&format!(
        "CLOUD_SDK_AK={}\nCLOUD_SDK_SK={}",
        key.ak,
        key.sk.expose()
    ))
}

async fn list_keys(store: &Store) -> Result<u8> {
    let mut lines = vec![format!(
        "{:20}  {:32}  {:9}  {:20}  STATE",
        "KEY", "PROJECT", "ROLE", "CREATED"
    )];
    for project in store.projects().await? {
        for key in store.list_keys(&project.id).await? {
            let state = key
                .revoked_at
                .map_or_else(|| "active".to_owned(), |at| format!("revoked {at:.0}"));
            lines.push(format!(
                "{:20}  {:32}  {:9}  {:20.0}  {state}",
                key.ak,
                project.id,
                key.role.word(),
                key.created_at
            ));
        }
    }
    store.close().await?;
    console::print(&lines.join("\n"))
}

async fn revoke_key(store: &Store, ak: &str) -> Result<u8> {
    let mut revoked = false;
    for project in store.projects().await? {
        revoked |= store.revoke_key(&project.id, ak, Timestamp::now()).await?;
    }
    store.close().await?;
    if revoked {
        console::print(&format!("key {ak} revoked"))
    } else {
        bail!("there is no active key {ak:?} (airworthy key list shows them)")
    }
}
