//! `airworthy rbac`

use std::collections::BTreeSet;

use airworthy_model::{CheckInfo, Need};
use anyhow::{Context as _, Result, bail};

use crate::{
    cli::Rbac,
    console,
    rbac::{Binding, manifest},
};

pub(crate) fn run(args: Rbac) -> Result<u8> {
    let all = airworthy_assess::catalogue(None);
    if let Some(name) = args
        .checks
        .iter()
        .find(|name| airworthy_assess::check(name).is_none())
    {
        bail!("there is no check named {name:?} (airworthy checks list shows them)");
    }
    let chosen = |info: &&&CheckInfo| {
        args.checks.is_empty() || args.checks.iter().any(|name| name == info.name)
    };
    // Every run asks for the version and for discovery, whatever it checks.
    let needs: BTreeSet<Need> = all
        .iter()
        .filter(chosen)
        .flat_map(|info| info.needs.iter().copied())
        .chain([Need::Version, Need::Discovery])
        .collect();
    console::print(&manifest(
        &needs,
        &args.api_groups,
        &binding(args.user, args.service_account.as_deref())?,
    ))
}

fn binding(user: Option<String>, service_account: Option<&str>) -> Result<Binding> {
    match (user, service_account) {
        (Some(user), _) => Ok(Binding::User(user)),
        (None, Some(text)) => {
            let (namespace, name) = text
                .split_once(':')
                .context("--service-account takes NAMESPACE:NAME")?;
            Ok(Binding::ServiceAccount {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            })
        }
        (None, None) => Ok(Binding::None),
    }
}
