//! How a cluster is found and reached: as kubectl does it.

use std::{
    ffi::OsString,
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use http::{HeaderValue, header};
use kube::{
    Client, Config,
    config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use crate::failure::{explain_auth, short};

/// What every request says about who sends it.
pub const USER_AGENT: &str = concat!("airworthy/", env!("CARGO_PKG_VERSION"));

/// Which cluster to connect to.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// A kubeconfig file. Without one: the list in `KUBECONFIG`, then `~/.kube/config`, then the cluster we run in.
    pub kubeconfig: Option<PathBuf>,
    /// A context. Without one: the current context.
    pub context: Option<String>,
    /// Use the service account of the pod we run in and no kubeconfig.
    pub in_cluster: bool,
}

/// A cluster that requests can be sent to. Nothing has been sent yet.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    name: Option<String>,
    server: String,
}

impl Connection {
    /// The context, or nothing for the cluster we run in.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address of the API server, without credentials.
    pub fn server(&self) -> &str {
        &self.server
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("name", &self.name)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Why no connection can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no configuration anywhere.
    #[error("no cluster is configured: {looked}; name a file with --kubeconfig or set KUBECONFIG")]
    FindConfiguration {
        /// Where was looked.
        looked: String,
    },
    /// A kubeconfig file cannot be read.
    #[error("cannot read the kubeconfig {}: {detail}", path.display())]
    ReadKubeconfig {
        /// The file.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
    /// Several kubeconfig files cannot be put together.
    #[error("the kubeconfig files {files} cannot be put together: {detail}")]
    MergeKubeconfigs {
        /// The files.
        files: String,
        /// Why not.
        detail: String,
    },
    /// No context was named, and the file names none.
    #[error("{files} names no current context; choose one with --context: {available}")]
    ChooseContext {
        /// The files.
        files: String,
        /// The contexts there are.
        available: String,
    },
    /// There is no such context.
    #[error("there is no context {context:?} in {files}; there are: {available}")]
    FindContext {
        /// What was asked for.
        context: String,
        /// The files.
        files: String,
        /// The contexts there are.
        available: String,
    },
    /// The context cannot be used.
    #[error("the context {context:?} of {files} cannot be used: {detail}")]
    LoadContext {
        /// The context.
        context: String,
        /// The files.
        files: String,
        /// Why not.
        detail: String,
    },
    /// The service account of the pod cannot be used.
    #[error("the service account of this pod cannot be used: {detail}")]
    LoadServiceAccount {
        /// Why not.
        detail: String,
    },
    /// A credential plugin is not installed.
    #[error(
        "the credential plugin {command:?} of context {context:?} cannot be started: {detail}{hint}"
    )]
    StartPlugin {
        /// The program.
        command: String,
        /// The context.
        context: String,
        /// Why not.
        detail: String,
        /// What the kubeconfig says about installing it.
        hint: String,
    },
    /// The client cannot be made of what the configuration says.
    #[error("cannot prepare the connection to {server}: {detail}")]
    PrepareClient {
        /// The API server.
        server: String,
        /// Why not.
        detail: String,
    },
}

/// Where configuration is looked for besides the options.
#[derive(Clone, Debug, Default)]
struct Surroundings {
    kubeconfig: Option<OsString>,
    home: Option<PathBuf>,
    in_cluster: bool,
}

impl Surroundings {
    fn of_this_process() -> Self {
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: std::env::home_dir(),
            in_cluster: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        }
    }
}

/// Finds the configuration, runs a credential plugin if there is one, and makes the client. No request is sent.
pub async fn connect(options: ConnectOptions) -> Result<Connection, ConnectError> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (config, name) = configuration(&options, &Surroundings::of_this_process()).await?;
    let server = address(&config.cluster_url);
    let plugin = config.auth_info.exec.clone();
    let making = tokio::task::spawn_blocking(move || Client::try_from(prepared(config)));
    let made = making.await.expect("making a client does not panic");
    let client =
        made.map_err(|error| explain(&error, plugin.as_ref(), name.as_deref(), &server))?;
    Ok(Connection {
        client,
        name,
        server,
    })
}

/// Our way of asking: who we are, and that pauses and repeats are ours to decide.
fn prepared(mut config: Config) -> Config {
    config
        .headers
        .push((header::USER_AGENT, HeaderValue::from_static(USER_AGENT)));
    config.default_retry = false;
    config.disable_compression = true;
    if let Some(plugin) = &mut config.auth_info.exec
        && !std::io::stdin().is_terminal()
    {
        plugin.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    config
}

async fn configuration(
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
    let chosen = KubeConfigOptions {
        context: Some(context.clone()),
        ..KubeConfigOptions::default()
    };
    let loaded = Config::from_custom_kubeconfig(kubeconfig, &chosen).await;
    let config = loaded.map_err(|error| ConnectError::LoadContext {
        context: context.clone(),
        files: names(&files),
        detail: explain_kubeconfig(&error),
    })?;
    Ok((config, Some(context)))
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
        .map(|path: &PathBuf| Path::display(path).to_string())
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

fn explain(
    error: &kube::Error,
    plugin: Option<&kube::config::ExecConfig>,
    context: Option<&str>,
    server: &str,
) -> ConnectError {
    let detail = match error {
        kube::Error::Auth(auth) => explain_auth(auth),
        other => short(&other.to_string()),
    };
    let (kube::Error::Auth(_), Some(plugin)) = (error, plugin) else {
        return ConnectError::PrepareClient {
            server: server.to_owned(),
            detail,
        };
    };
    let hint = plugin
        .install_hint
        .as_deref()
        .map(|hint| format!("\n{}", hint.trim()));
    ConnectError::StartPlugin {
        command: plugin.command.clone().unwrap_or_default(),
        context: context.unwrap_or_default().to_owned(),
        detail,
        hint: hint.unwrap_or_default(),
    }
}

/// Scheme, host, port and path: no user information.
fn address(url: &http::Uri) -> String {
    let scheme = url.scheme_str().unwrap_or("https");
    let host = url.host().unwrap_or_default();
    let port = url
        .port_u16()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!(
        "{scheme}://{host}{port}{}",
        url.path().trim_end_matches('/')
    )
}
