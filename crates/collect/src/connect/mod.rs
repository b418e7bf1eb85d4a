//! How a cluster is found and reached: as kubectl does it.

mod certificate;
mod error;
mod kubeconfig;
mod shown;

use std::{io::IsTerminal as _, path::PathBuf, sync::Arc};

use airworthy_model::facts::ServerCertificates;

use http::{HeaderValue, header};
use jiff::Timestamp;
use kube::{
    Client, Config,
    config::{ExecConfig, ExecInteractiveMode},
};

pub use error::ConnectError;

use crate::failure::{explain_auth, explain_plugin, short};
use kubeconfig::{Surroundings, configuration};
use shown::Door;

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
    certificate_ends: Option<Timestamp>,
    door: Option<Arc<Door>>,
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

    /// The client. Collecting sends nothing but reads through it; others bring a connection of their own.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// When our client certificate ends or ended, if that is how we say who we are.
    pub(crate) fn certificate_ends(&self) -> Option<Timestamp> {
        self.certificate_ends
    }

    /// The certificates by which the API server is known; nothing where its address is not reached by TLS, or not directly.
    pub(crate) async fn certificates(&self) -> Option<ServerCertificates> {
        let door = self.door.as_ref()?;
        Some(ServerCertificates {
            serving: door.shown().await?,
            authority: door.authority(),
            ours_ends: self.certificate_ends,
        })
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

/// Finds the configuration, runs a credential plugin if there is one, and makes the client. No request is sent.
pub async fn connect(options: ConnectOptions) -> Result<Connection, ConnectError> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (config, name) = configuration(&options, &Surroundings::of_this_process()).await?;
    connect_to(config, name).await
}

async fn connect_to(config: Config, name: Option<String>) -> Result<Connection, ConnectError> {
    let server = address(&config.cluster_url);
    let certificate_ends = certificate::ends(&config.auth_info);
    let door = Door::of(&config).map(Arc::new);
    let plugin = config.auth_info.exec.clone();
    let config = prepared(config);
    if !has_fit_token(&config) {
        return Err(unfit(None, name.as_deref(), &server));
    }
    let making = tokio::task::spawn_blocking(move || Client::try_from(config));
    // It panics when the token of a plugin makes no header.
    let made = making.await;
    let made = made.map_err(|_| unfit(plugin.as_ref(), name.as_deref(), &server))?;
    let client =
        made.map_err(|error| explain(&error, plugin.as_ref(), name.as_deref(), &server))?;
    Ok(Connection {
        client,
        name,
        server,
        certificate_ends,
        door,
    })
}

/// Our way of asking: who we are, and that pauses and repeats are ours to decide.
fn prepared(mut config: Config) -> Config {
    config
        .headers
        .push((header::USER_AGENT, HeaderValue::from_static(USER_AGENT)));
    config.default_retry = false;
    config.disable_compression = true;
    trim_token(&mut config);
    if let Some(plugin) = &mut config.auth_info.exec
        && !std::io::stdin().is_terminal()
    {
        plugin.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    config
}

/// Takes a token from a file that ends with a line end: kubectl trims it, and as a header it would be refused.
fn trim_token(config: &mut Config) {
    let Some(file) = config
        .auth_info
        .token_file
        .as_ref()
        .filter(|_| config.auth_info.token.is_none())
    else {
        return;
    };
    if let Ok(text) = std::fs::read_to_string(file)
        && text.trim_end().len() < text.len()
    {
        config.auth_info.token = Some(text.trim().to_owned().into());
    }
}

/// Whether the token of the configuration, if it has one, makes a header.
fn has_fit_token(config: &Config) -> bool {
    // Written out is the one form in which the library shows it.
    let identity = serde_json::to_value(&config.auth_info).unwrap_or_default();
    let token = identity["token"].as_str();
    token.is_none_or(|token| HeaderValue::from_str(token).is_ok())
}

fn unfit(plugin: Option<&ExecConfig>, context: Option<&str>, server: &str) -> ConnectError {
    const UNFIT: &str = "token has characters that no token has";
    match plugin {
        Some(plugin) => of_plugin(plugin, context, format!("failed: its {UNFIT}")),
        None => ConnectError::PrepareClient {
            server: server.to_owned(),
            detail: format!("the {UNFIT}"),
        },
    }
}

fn of_plugin(plugin: &ExecConfig, context: Option<&str>, detail: String) -> ConnectError {
    let hint = plugin.install_hint.as_deref();
    let hint = hint.map(|hint| format!("\n{}", hint.trim()));
    ConnectError::RunPlugin {
        command: plugin.command.clone().unwrap_or_default(),
        context: context.unwrap_or_default().to_owned(),
        detail,
        hint: hint.unwrap_or_default(),
    }
}

fn explain(
    error: &kube::Error,
    plugin: Option<&ExecConfig>,
    context: Option<&str>,
    server: &str,
) -> ConnectError {
    let (detail, by_plugin) = match error {
        kube::Error::Auth(auth) => (explain_auth(auth), explain_plugin(auth)),
        other => (short(&other.to_string()), None),
    };
    match (by_plugin, plugin) {
        (Some(detail), Some(plugin)) => of_plugin(plugin, context, detail),
        _ => ConnectError::PrepareClient {
            server: server.to_owned(),
            detail,
        },
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

#[cfg(test)]
mod tests;
