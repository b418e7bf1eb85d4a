//! `airworthy user`: who may log in, with which role where.

use airworthy_model::Role;
use airworthy_store::{Error, Grant, Store, User};
use anyhow::{Result, bail};
use jiff::Timestamp;

use super::{admin::known_project, password, serve::open};
use crate::{
    cli::{PasswordFrom, Store as StoreArgs, User as Command},
    config::Config,
    console,
};

pub(crate) async fn run(command: Command, mut config: Config) -> Result<u8> {
    match command {
        Command::Add {
            name,
            password,
            store,
        } => add(&name, &password, &store, &mut config).await,
        Command::List { store } => list(&open(&store, &mut config).await?).await,
        Command::Grant {
            name,
            project,
            role,
            revoke: _,
            store,
        } => {
            let store = open(&store, &mut config).await?;
            let told = grant(&store, &name, &project, role).await?;
            end(&store, &told).await
        }
        Command::Password {
            name,
            password,
            store,
        } => {
            let store = open(&store, &mut config).await?;
            let user = known(&store, &name).await?;
            let hash = password::hash_new(&password, &name)?;
            store.set_password(&user.id, &hash).await?;
            end(
                &store,
                &format!(
                    "password of user {name} changed; tokens and sessions made before have ended"
                ),
            )
            .await
        }
        Command::Disable { name, store } => disable(&name, true, &store, &mut config).await,
        Command::Enable { name, store } => disable(&name, false, &store, &mut config).await,
    }
}

async fn end(store: &Store, told: &str) -> Result<u8> {
    store.close().await?;
    console::print(told)
}

async fn known(store: &Store, name: &str) -> Result<User> {
    match store.user(name).await? {
        Some(user) => Ok(user),
        None => bail!("there is no user {name:?} (airworthy user list shows them)"),
    }
}

async fn add(
    name: &str,
    from: &PasswordFrom,
    store: &StoreArgs,
    config: &mut Config,
) -> Result<u8> {
    check_name(name)?;
    let store = open(store, config).await?;
    if store.user(name).await?.is_some() {
        bail!("user {name} already exists");
    }
    let hash = password::hash_new(from, name)?;
    store.add_user(name, &hash, Timestamp::now()).await?;
    console::say(&format!(
        "The user has no role yet: airworthy user grant {name} --project ID --role ROLE\n"
    ));
    end(&store, &format!("user {name} added")).await
}

/// A name stands in the trail and in lists.
fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_alphanumeric() || "._@+-".contains(c);
    if (1..=64).contains(&name.chars().count()) && name.chars().all(fits) {
        return Ok(());
    }
    bail!("{name:?} is no user name: 1 to 64 letters, digits, . _ @ + and - are expected")
}

/// Grants a role, or takes it away when there is none.
async fn grant(store: &Store, name: &str, project: &str, role: Option<Role>) -> Result<String> {
    let user = known(store, name).await?;
    known_project(store, project).await?;
    match role {
        Some(role) => {
            store.grant(&user.id, project, role).await?;
            Ok(format!(
                "user {name} has the role {role} in project {project}"
            ))
        }
        None if store.revoke_grant(&user.id, project).await? => Ok(format!(
            "user {name} has no role in project {project} any more"
        )),
        None => bail!("user {name} has no role in project {project}"),
    }
}

async fn disable(name: &str, disabled: bool, store: &StoreArgs, config: &mut Config) -> Result<u8> {
    let store = open(store, config).await?;
    let user = known(&store, name).await?;
    let since = disabled.then(Timestamp::now);
    store.set_disabled(&user.id, since).await?;
    let told = if disabled { "disabled" } else { "enabled" };
    end(&store, &format!("user {name} {told}")).await
}

async fn list(store: &Store) -> Result<u8> {
    let mut lines = vec![format!(
        "{:20}  {:20}  {:33}  ROLES",
        "USER", "CREATED", "STATE"
    )];
    let now = Timestamp::now();
    for user in store.users().await? {
        let roles = roles(store, &user).await?;
        let (name, created, state) = (&user.name, user.created_at, state(&user, now));
        lines.push(format!("{name:20}  {created:20.0}  {state:33}  {roles}"));
    }
    end(store, &lines.join("\n")).await
}

async fn roles(store: &Store, user: &User) -> Result<String, Error> {
    let grants = store.grants(&user.id).await?;
    let shown = |grant: &Grant| format!("{}:{}", grant.project_id, grant.role);
    let roles: Vec<_> = grants.iter().map(shown).collect();
    Ok(if roles.is_empty() {
        "(none)".to_owned()
    } else {
        roles.join(" ")
    })
}

fn state(user: &User, now: Timestamp) -> String {
    match (user.disabled_at, user.locked_until) {
        (Some(_), _) => "disabled".to_owned(),
        (None, Some(until)) if until > now => format!("locked until {until:.0}"),
        _ => "active".to_owned(),
    }
}
