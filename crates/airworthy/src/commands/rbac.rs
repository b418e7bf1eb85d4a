//! `airworthy rbac`

use std::collections::BTreeSet;

use airworthy_model::{CheckInfo, Need};
use anyhow::{Context as _, Result, bail};

use super::checks;
use crate::{
    cli::Rbac,
    config::Config,
    console,
    rbac::{Binding, manifest},
};

pub(crate) fn run(args: Rbac, config: &Config) -> Result<u8> {
    let catalogue = checks::load(&args.own, config)?;
    for name in &args.checks {
        catalogue.known(name)?;
    }
    if let Some(group) = args.api_groups.iter().find(|group| !is_custom(group)) {
        bail!(
            "--api-group {group:?} is no group of custom resources: those are domain names, such as example.com"
        );
    }
    let chosen = |info: &&CheckInfo| {
        args.checks.is_empty() || args.checks.iter().any(|name| name == info.name)
    };
    let switches = config.switches();
    let unread = switches
        .with(&args.asked.evidence, &args.asked.without)
        .unread();
    // Every run asks for the version and for discovery, whatever it checks.
    let needs: BTreeSet<Need> = catalogue
        .infos(None)
        .into_iter()
        .filter(chosen)
        .flat_map(|info| info.needs.iter().copied())
        .chain([Need::Version, Need::Discovery])
        .filter(|need| !unread.contains(need))
        .collect();
    console::print(&manifest(
        &needs,
        &args.api_groups,
        &binding(args.user, args.service_account.as_deref())?,
    ))
}

/// Whether a group can be one of custom resources: the API server wants those to be domain names with a dot. Every resource of
/// such a group may then be listed, so the core group, which has the Secrets, and wildcards must not pass.
fn is_custom(group: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    group.contains('.') && group.split('.').all(label)
}

fn binding(user: Option<String>, service_account: Option<&str>) -> Result<Binding> {
    match (user, service_account) {
        (Some(user), _) if user.is_empty() => bail!("--user takes a name"),
        (Some(user), _) => Ok(Binding::User(user)),
        (None, Some(text)) => {
            let (namespace, name) = text
                .split_once(':')
                .filter(|(namespace, name)| {
                    !namespace.is_empty() && !name.is_empty() && !name.contains(':')
                })
                .with_context(|| format!("--service-account takes NAMESPACE:NAME, not {text:?}"))?;
            Ok(Binding::ServiceAccount {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            })
        }
        (None, None) => Ok(Binding::None),
    }
}
