//! `airworthy serve`

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use airworthy_assess::Catalogue;
use airworthy_drivers::{Means, Program};
use airworthy_server::{Tls, serve};
use airworthy_service::{ClusterSettings, Service, Settings};
use airworthy_store::{Access, Options, SealingKey, Store};
use anyhow::{Context as _, Result, anyhow, bail};
use jiff::Timestamp;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{checks, source, supervise, waivers};
use crate::{
    cli::{Encryption, OwnChecks, Serve, Store as StoreArgs},
    config::{Config, Origin, TlsFiles},
    console,
};

/// Where these settings come from when flag or environment gives them.
pub(crate) const LISTEN: Origin = Origin::FlagOrEnvironment {
    flag: "--listen",
    variable: "AIRWORTHY_LISTEN",
};
pub(crate) const DATABASE: Origin = Origin::FlagOrEnvironment {
    flag: "--database",
    variable: "AIRWORTHY_DATABASE",
};

const TLS: Origin = Origin::FlagOrEnvironment {
    flag: "--tls-cert",
    variable: "AIRWORTHY_TLS_CERT",
};
const PLAIN: Origin = Origin::FlagOrEnvironment {
    flag: "--allow-plain-http",
    variable: "AIRWORTHY_ALLOW_PLAIN_HTTP",
};

/// Takes what flags and environment say of TLS.
pub(crate) fn take_tls(args: Encryption, config: &mut Config) {
    let files = args.tls_cert.zip(args.tls_key);
    let files = files.map(|(certificate, key)| Some(TlsFiles { certificate, key }));
    config.tls.layer(files, TLS);
    let allowed = args.allow_plain_http.then_some(true);
    config.allow_plain_http.layer(allowed, PLAIN);
}

pub(crate) async fn run(args: Serve, mut config: Config) -> Result<u8> {
    config.listen.layer(args.listen, LISTEN);
    take_tls(args.encryption, &mut config);
    let stop = stopped()?;
    let tls = certificate(&config)?;
    refuse_plain(config.listen.value, &config)?;
    let catalogue = checks::load(&OwnChecks::default(), &config)?;
    waivers::check_all(&config, &catalogue)?;
    // Before the database is touched: an address that is taken mostly means that another process serves it.
    let listener = bind(config.listen.value).await?;
    let store = open(&args.store, &mut config).await?;
    let address = listener.local_addr().context("the socket has no address")?;
    console::say(&format!(
        "airworthy listens on {}://{address} (database {})\n",
        config.scheme(),
        config.database.value.display()
    ));
    warn_of_strays(&store, &config).await?;
    until_stopped(listener, store, &config, (catalogue, tls), stop).await
}

/// Says which entries of the configuration are about no project, and which name a file that is not there: what is mistyped
/// would leave its cluster without the driver that is meant for it, and show only when it is upgraded.
async fn warn_of_strays(store: &Store, config: &Config) -> Result<()> {
    let projects = store.projects().await?;
    let entries = config.clusters.value.iter();
    let known = |named: &str| projects.iter().any(|it| it.id == named || it.name == named);
    for entry in entries.filter(|entry| !known(&entry.project)) {
        console::say(&format!(
            "warning: [[cluster]] {}/{} of the configuration has no effect: there is no project {:?}\n",
            entry.project, entry.name, entry.project
        ));
    }
    for entry in &config.clusters.value {
        for file in files_of(entry).filter(|file| !file.is_file()) {
            console::say(&format!(
                "warning: [[cluster]] {}/{} of the configuration names {}, which is not a file\n",
                entry.project,
                entry.name,
                file.display()
            ));
        }
    }
    Ok(())
}

/// The files that an entry names. A program without a slash is looked for on the `PATH` when it is run.
fn files_of(entry: &ClusterSettings) -> impl Iterator<Item = &Path> {
    let offer = entry.offer.as_ref().and_then(|offer| match offer {
        Access::Kubeconfig { path, .. } => Some(Path::new(path)),
        Access::InCluster | Access::Recording { .. } => None,
    });
    let named = |program: &Program| program.file.components().count() > 1;
    let driver = match &entry.driver.means {
        Means::Observe => None,
        Means::Command(program) => Some(program).filter(|it| named(it)).map(|it| &*it.file),
        Means::ClusterApi(management) => Some(&*management.kubeconfig),
    };
    let backup = entry.backup.as_ref().filter(|it| named(it));
    [offer, driver, backup.map(|it| &*it.file)]
        .into_iter()
        .flatten()
}

/// Serves until it is told to stop.
pub(crate) async fn until_stopped(
    listener: TcpListener,
    store: Store,
    config: &Config,
    (catalogue, tls): (Catalogue, Option<Arc<Tls>>),
    stop: impl Future<Output = ()>,
) -> Result<u8> {
    let settings = Settings {
        upgrades: upgrades(&config.database.value)?,
        supervisor: supervise::command_line()?,
        catalogue,
        ..settings(config)
    };
    let service = Service::new(store, settings);
    let options = airworthy_server::Options {
        shapes: config.shapes.value,
        tls,
        ..airworthy_server::Options::default()
    };
    serve(listener, service, options, stop).await?;
    Ok(0)
}

/// The certificate, as configured. That it cannot be used is told before anybody connects.
fn certificate(config: &Config) -> Result<Option<Arc<Tls>>> {
    let Some(TlsFiles { certificate, key }) = config.tls.value.clone() else {
        return Ok(None);
    };
    Ok(Some(Arc::new(Tls::load(certificate, key)?)))
}

/// Without TLS whoever can listen on the way reads tokens and passwords.
pub(crate) fn refuse_plain(address: SocketAddr, config: &Config) -> Result<()> {
    let encrypted = config.tls.value.is_some();
    if encrypted || config.allow_plain_http.value || address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    bail!(
        "{address} can be reached from other machines, and without TLS tokens and passwords can be read on the way: give --tls-cert and --tls-key, listen on 127.0.0.1, or allow it with --allow-plain-http (behind a proxy that encrypts)"
    )
}

/// Gives the sealing key in place of its file.
const VARIABLE: &str = "AIRWORTHY_SEALING_KEY";

/// Opens the store that flags and configuration name.
pub(crate) async fn open(args: &StoreArgs, config: &mut Config) -> Result<Store> {
    config.database.layer(args.database.clone(), DATABASE);
    let path = &config.database.value;
    let key = sealing_key(path)?;
    let options = Options {
        kept: i64::try_from(config.kept_per_cluster.value).unwrap_or(i64::MAX),
        ..Options::new(path.clone(), key)
    };
    Ok(Store::open(&options, Timestamp::now()).await?)
}

/// The key that seals secrets: from the environment, or from its own file beside the database.
fn sealing_key(database: &Path) -> Result<SealingKey> {
    if let Some(text) = std::env::var_os(VARIABLE) {
        return SealingKey::from_base64(&text.to_string_lossy())
            .with_context(|| format!("the environment variable {VARIABLE}"));
    }
    let file = beside(database);
    refuse_without_key(database, &file)?;
    Ok(SealingKey::load_or_create(&file)?)
}

/// A new key is for a new database only. Beside one that is there it would be of no use, and hide that the right one is gone.
fn refuse_without_key(database: &Path, key: &Path) -> Result<()> {
    let (shown, key_file) = (database.display(), key.display());
    match fs::metadata(database) {
        Ok(found) if !found.is_file() => {
            bail!("{shown} is not a file: give the path of the database file itself")
        }
        Ok(found) if found.len() > 0 && !key.exists() => bail!(
            "{shown} has no sealing key beside it: restore {key_file} or set {VARIABLE}, unless the file is of another program"
        ),
        _ => Ok(()),
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".key");
    database.with_file_name(name)
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!("{address} is taken by another program; choose another address with --listen (port 0 takes a free one)"),
        ErrorKind::PermissionDenied => anyhow!("not allowed to listen on {address}; ports below 1024 need privileges"),
        _ => anyhow!("cannot listen on {address}: {error}"),
    })
}

/// The settings of the service, as configured.
pub(crate) fn settings(config: &Config) -> Settings {
    Settings {
        workers: usize::try_from(config.workers.value).unwrap_or(usize::MAX),
        lease: Duration::from_secs(config.lease.value),
        post_check_wait: Duration::from_secs(config.post_check_wait.value),
        result_expiry: Duration::from_secs(config.result_expiry.value),
        settle_at: config.settle_at.value.clone(),
        limits: source::limits(config),
        policy: config.policy(),
        waivers: config.waivers.value.clone(),
        paths: config.paths.value.clone(),
        switched_off: config.switches().unread(),
        domain: config.domain.value.clone(),
        check_before_upgrade: config.check_before_upgrade.value,
        clusters: config.clusters.value.clone(),
        ..Settings::default()
    }
}

/// Where the runs of operators' programs are kept: a folder beside the database. Programs are told of it, so it is absolute.
fn upgrades(database: &Path) -> Result<PathBuf> {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".upgrades");
    std::path::absolute(database.with_file_name(name))
        .context("the folder of the database is not known")
}

/// Ends with the first SIGTERM or SIGINT.
pub(crate) fn stopped() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    })
}
