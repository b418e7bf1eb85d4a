//! Which configuration, and which context of it: the rules of kubectl.

use std::{ffi::OsString, net::IpAddr, path::PathBuf};

use hyper_util::client::proxy::matcher::Matcher;
use kube::{
    Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::{ConnectError, ConnectOptions};
use crate::failure::short;

/// Where configuration is looked for besides the options.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    pub(super) kubeconfig: Option<OsString>,
    pub(super) home: Option<PathBuf>,
    pub(super) in_cluster: bool,
    /// Hosts that are reached without the proxy of the surroundings.
    pub(super) no_proxy: String,
}

impl Surroundings {
    pub(super) fn of_this_process() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: std::env::home_dir(),
            in_cluster: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
            no_proxy: text("NO_PROXY")
                .or_else(|| text("no_proxy"))
                .unwrap_or_default(),
        }
    }
}

/// The configuration, and the name of its context unless we run in the cluster.
pub(super) async fn configuration(
    options: &ConnectOptions,
    surroundings: &Surroundings,
) -> Result<(Config, Option<String>), ConnectError> {
    if options.in_cluster {
        return service_account();
    }
    let files = files(options, surroundings);
    if files.is_empty() {
        if surroundings.in_cluster && options.context.is_none() {
            return service_account();
        }
        return Err(ConnectError::FindConfiguration {
            looked: looked(surroundings),
        });
    }
    let kubeconfig = read_files(&files)?;
    let context = choose_context(&kubeconfig, options.context.as_deref(), &files)?;
    let user = refuse_without_user(&kubeconfig, &context, &files);
    let own_proxy = names_proxy(&kubeconfig, &context);
    let chosen = KubeConfigOptions {
        context: Some(context.clone()),
        ..KubeConfigOptions::default()
    };
    let loaded = Config::from_custom_kubeconfig(kubeconfig, &chosen).await;
    let mut config = loaded.map_err(|error| ConnectError::LoadContext {
        context: context.clone(),
        files: names(&files),
        detail: explain_kubeconfig(&error),
    })?;
    user?;
    if !own_proxy && is_near(&config.cluster_url, &surroundings.no_proxy) {
        config.proxy_url = None;
    }
    Ok((config, Some(context)))
}

/// A context whose user is not there would be used without credentials.
fn refuse_without_user(
    kubeconfig: &Kubeconfig,
    context: &str,
    files: &[PathBuf],
) -> Result<(), ConnectError> {
    let chosen = kubeconfig.contexts.iter().find(|one| one.name == context);
    let user = chosen.and_then(|one| one.context.as_ref()?.user.as_deref());
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        return Ok(());
    };
    if kubeconfig.auth_infos.iter().any(|one| one.name == user) {
        return Ok(());
    }
    Err(ConnectError::LoadContext {
        context: context.to_owned(),
        files: names(files),
        detail: format!("its user {user:?} is not in the file"),
    })
}

/// Whether the kubeconfig itself names a proxy for a context.
fn names_proxy(kubeconfig: &Kubeconfig, context: &str) -> bool {
    let context = kubeconfig.contexts.iter().find(|one| one.name == context);
    let cluster = context.and_then(|one| Some(one.context.as_ref()?.cluster.as_str()));
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|one| Some(one.name.as_str()) == cluster);
    let proxy = cluster.and_then(|one| one.cluster.as_ref()?.proxy_url.as_deref());
    proxy.is_some_and(|proxy| !proxy.is_empty())
}

/// Whether a server is reached without the proxy of the surroundings: plain HTTP, loopback, or named in `NO_PROXY`.
fn is_near(server: &http::Uri, no_proxy: &str) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host
        .parse::<IpAddr>()
        .map_or(host == "localhost", |ip| ip.is_loopback());
    let proxies = Matcher::builder()
        .all("http://proxy.invalid")
        .no(no_proxy.to_owned())
        .build();
    loopback || server.scheme_str() == Some("http") || proxies.intercept(server).is_none()
}

fn service_account() -> Result<(Config, Option<String>), ConnectError> {
    let config = Config::incluster().map_err(|error| ConnectError::LoadServiceAccount {
        detail: short(&error.to_string()),
    })?;
    Ok((config, None))
}

/// The files to read: the one named, which must exist; else those of the surroundings that exist.
fn files(options: &ConnectOptions, surroundings: &Surroundings) -> Vec<PathBuf> {
    if let Some(file) = &options.kubeconfig {
        return vec![file.clone()];
    }
    let candidates: Vec<PathBuf> = match &surroundings.kubeconfig {
        Some(list) => std::env::split_paths(list)
            .filter(|path| !path.as_os_str().is_empty())
            .collect(),
        None => surroundings
            .home
            .iter()
            .map(|home| home.join(".kube/config"))
            .collect(),
    };
    candidates
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

fn looked(surroundings: &Surroundings) -> String {
    match (&surroundings.kubeconfig, &surroundings.home) {
        (Some(list), _) => format!("no file of KUBECONFIG ({}) exists", list.display()),
        (None, Some(home)) => format!(
            "KUBECONFIG is not set, {} does not exist, and this is no pod",
            home.join(".kube/config").display()
        ),
        (None, None) => {
            "KUBECONFIG is not set, there is no home directory, and this is no pod".into()
        }
    }
}

fn read_files(files: &[PathBuf]) -> Result<Kubeconfig, ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in files {
        let next = Kubeconfig::read_from(path).map_err(|error| ConnectError::ReadKubeconfig {
            path: path.clone(),
            detail: explain_kubeconfig(&error),
        })?;
        merged = Some(match merged {
            None => next,
            Some(first) => first
                .merge(next)
                .map_err(|error| ConnectError::MergeKubeconfigs {
                    files: names(files),
                    detail: explain_kubeconfig(&error),
                })?,
        });
    }
    Ok(merged.unwrap_or_default())
}

fn choose_context(
    kubeconfig: &Kubeconfig,
    wanted: Option<&str>,
    files: &[PathBuf],
) -> Result<String, ConnectError> {
    let current = kubeconfig
        .current_context
        .as_deref()
        .filter(|name| !name.is_empty());
    let known: Vec<&str> = kubeconfig
        .contexts
        .iter()
        .map(|context| context.name.as_str())
        .collect();
    let available = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    let Some(context) = wanted.or(current) else {
        return Err(ConnectError::ChooseContext {
            files: names(files),
            available,
        });
    };
    if known.contains(&context) {
        return Ok(context.to_owned());
    }
    Err(ConnectError::FindContext {
        context: context.to_owned(),
        files: names(files),
        available,
    })
}

fn names(files: &[PathBuf]) -> String {
    let names: Vec<String> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.join(", ")
}

/// Says what is wrong without quoting the file, which holds credentials.
fn explain_kubeconfig(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(source, _) => source.to_string(),
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!(
                "it is not a kubeconfig: line {}, column {}",
                at.line(),
                at.column()
            ),
            None => "it is not a kubeconfig".into(),
        },
        KubeconfigError::LoadClusterOfContext(cluster) => {
            format!("its cluster {cluster:?} is not in the file")
        }
        other => short(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_of_the_surroundings_is_for_far_servers() {
        let near = |server: &str, no_proxy: &str| is_near(&server.parse().unwrap(), no_proxy);
        assert!(!near("https://api.example.com:6443", ""));
        assert!(near(
            "https://api.example.com:6443",
            "localhost,.example.com"
        ));
        assert!(near("https://10.1.2.3:6443", "10.0.0.0/8"));
        assert!(!near("https://11.1.2.3:6443", "10.0.0.0/8"));
        assert!(near("https://127.0.0.1:6443", "") && near("https://[::1]:6443", ""));
        assert!(near("https://localhost", "") && near("http://api.example.com", ""));
    }

    #[test]
    fn a_proxy_of_the_kubeconfig_is_seen() {
        let text = |cluster: &str| {
            format!(
                "contexts: [{{name: a, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: 'https://a.b'{cluster}}}}}]"
            )
        };
        let of = |cluster| Kubeconfig::from_yaml(&text(cluster)).unwrap();
        assert!(names_proxy(&of(", proxy-url: 'http://p:1'"), "a"));
        assert!(!names_proxy(&of(""), "a"));
    }
}
