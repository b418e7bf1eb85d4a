//! The configuration: defaults, then the file, then the environment, then flags. Each value knows where it comes from.

mod clusters;
mod file;
mod paths;
mod rows;
mod setting;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use airworthy_cce::wire::Shapes;
use airworthy_model::{ControlPlane, Hop, Pace, Policy, Rollout};
use airworthy_service::{CheckBeforeUpgrade, ClusterSettings, SettleAt};
use airworthy_store::TASKS_KEPT;
use airworthy_upgrade::paths::Table;
use anyhow::{Context as _, Result, bail};

use crate::cli::{Evidence, Switches, parse_jump};
use file::File;
pub(crate) use setting::{Origin, Setting};

/// The effective configuration.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: Setting<SocketAddr>,
    pub(crate) database: Setting<PathBuf>,
    pub(crate) workers: Setting<u64>,
    pub(crate) post_check_wait: Setting<u64>,
    pub(crate) result_expiry: Setting<u64>,
    /// When a cluster is looked at that settles after an upgrade.
    pub(crate) settle_at: Setting<SettleAt>,
    /// How many finished tasks of one kind, workflows and plans of a cluster are kept.
    pub(crate) kept_per_cluster: Setting<u64>,
    pub(crate) request_timeout: Setting<u64>,
    pub(crate) run_budget: Setting<u64>,
    /// How long a task waits for a worker that gives no sign of life, before another takes it up.
    pub(crate) lease: Setting<u64>,
    /// What upgrades touch.
    pub(crate) rollout: Setting<Rollout>,
    /// Who runs the control planes.
    pub(crate) control_plane: Setting<ControlPlane>,
    /// How nodes are rolled.
    pub(crate) pace: Setting<Pace>,
    /// A file of what is accepted of all clusters.
    pub(crate) waivers: Setting<Option<PathBuf>>,
    /// Files of checks that users wrote.
    pub(crate) checks: Setting<Vec<PathBuf>>,
    pub(crate) allowed_jumps: Setting<Vec<Hop>>,
    /// Evidence that is read besides the usual.
    pub(crate) evidence: Setting<Vec<Evidence>>,
    pub(crate) without: Setting<Vec<Evidence>>,
    /// Which generation of clients the answers are for.
    pub(crate) shapes: Setting<Shapes>,
    /// Whether an upgrade makes its own check, or wants one that was made.
    pub(crate) check_before_upgrade: Setting<CheckBeforeUpgrade>,
    /// What is decided about single clusters.
    pub(crate) clusters: Setting<Vec<ClusterSettings>>,
    /// Where clusters may go to other than upstream.
    pub(crate) paths: Setting<Table>,
    /// The files of the certificate; without them connections are plain.
    pub(crate) tls: Setting<Option<TlsFiles>>,
    /// Whether plain connections are taken from other machines.
    pub(crate) allow_plain_http: Setting<bool>,
    /// Name of the domain that users and projects are in.
    pub(crate) domain: Setting<String>,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate, with those that it was issued by.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

impl Config {
    /// Reads all layers but the flags. `file` is the file that the caller named, if any: then it must be there.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let mut config = Self::defaults();
        match file {
            Some(path) => config.read(path)?,
            None => {
                if let Some(path) = user_folder("XDG_CONFIG_HOME", ".config")
                    .map(|folder| folder.join("config.toml"))
                    .filter(|p| p.exists())
                {
                    config.read(&path)?;
                }
            }
        }
        Ok(config)
    }

    fn defaults() -> Self {
        let data = user_folder("XDG_DATA_HOME", ".local/share").unwrap_or_default();
        Self {
            listen: Setting::default(SocketAddr::from(([127, 0, 0, 1], 8443))),
            database: Setting::default(data.join("airworthy.db")),
            workers: Setting::default(2),
            post_check_wait: Setting::default(60),
            result_expiry: Setting::default(3600),
            settle_at: Setting::default(SettleAt::default()),
            kept_per_cluster: Setting::default(TASKS_KEPT.unsigned_abs()),
            request_timeout: Setting::default(30),
            run_budget: Setting::default(300),
            lease: Setting::default(30),
            rollout: Setting::default(Rollout::default()),
            control_plane: Setting::default(ControlPlane::default()),
            pace: Setting::default(Pace::default()),
            waivers: Setting::default(None),
            checks: Setting::default(Vec::new()),
            allowed_jumps: Setting::default(Vec::new()),
            evidence: Setting::default(Vec::new()),
            without: Setting::default(Vec::new()),
            shapes: Setting::default(Shapes::default()),
            check_before_upgrade: Setting::default(CheckBeforeUpgrade::default()),
            clusters: Setting::default(Vec::new()),
            paths: Setting::default(Table::default()),
            tls: Setting::default(None),
            allow_plain_http: Setting::default(false),
            domain: Setting::default("airworthy".to_owned()),
        }
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        let file: File = toml::from_str(&text)
            .with_context(|| format!("the configuration file {} is not valid", path.display()))?;
        let origin = || Origin::File(path.to_owned());
        let jumps = file.allowed_jumps.map(|jumps| {
            jumps
                .iter()
                .map(|jump| parse_jump(jump))
                .collect::<Result<Vec<_>, _>>()
        });
        let jumps = jumps
            .transpose()
            .map_err(|e| anyhow::anyhow!("{}: allowed-jumps: {e}", path.display()))?;
        self.listen.layer(file.listen, origin());
        // A relative path means: beside the file that names it.
        let beside = |file: PathBuf| {
            path.parent()
                .map(|folder| folder.join(&file))
                .unwrap_or(file)
        };
        self.database.layer(file.database.map(beside), origin());
        self.workers.layer(file.workers, origin());
        self.post_check_wait
            .layer(file.post_check_wait_seconds, origin());
        self.result_expiry
            .layer(file.result_expiry_seconds, origin());
        let settle_at = file.settle_at.map(|text| text.parse::<SettleAt>());
        let settle_at = settle_at
            .transpose()
            .map_err(|e| anyhow::anyhow!("{}: settle-at: {e}", path.display()))?;
        self.settle_at.layer(settle_at, origin());
        self.kept_per_cluster.layer(file.kept_per_cluster, origin());
        self.request_timeout
            .layer(file.request_timeout_seconds, origin());
        self.run_budget.layer(file.run_budget_seconds, origin());
        self.lease.layer(file.lease_seconds, origin());
        self.rollout.layer(file.rollout, origin());
        self.control_plane.layer(file.control_plane, origin());
        let pace = file.pace.map(Pace::moving).transpose();
        let pace = pace.map_err(|error| anyhow::anyhow!("{}: pace: {error}", path.display()))?;
        self.pace.layer(pace, origin());
        let waivers = file.waivers.map(|file| Some(beside(file)));
        self.waivers.layer(waivers, origin());
        let checks = file
            .checks
            .map(|files| files.into_iter().map(beside).collect());
        self.checks.layer(checks, origin());
        self.allowed_jumps.layer(jumps, origin());
        self.evidence.layer(file.evidence, origin());
        self.without.layer(file.without, origin());
        self.shapes.layer(file.shapes, origin());
        let check = file.check_before_upgrade.map(CheckBeforeUpgrade::from);
        self.check_before_upgrade.layer(check, origin());
        let clusters = clusters::settings(file.cluster, path)?;
        self.clusters.layer(clusters, origin());
        let table = paths::table(file.path, file.patches, path)?;
        self.paths.layer(table, origin());
        let tls = file.tls.map(|tls| {
            Some(TlsFiles {
                certificate: beside(tls.certificate),
                key: beside(tls.key),
            })
        });
        self.tls.layer(tls, origin());
        self.allow_plain_http.layer(file.allow_plain_http, origin());
        self.domain.layer(file.domain, origin());
        self.validate(path)
    }

    fn validate(&self, path: &Path) -> Result<()> {
        for (name, setting, least, most) in [
            ("workers", &self.workers, 0, 64),
            ("post-check-wait-seconds", &self.post_check_wait, 1, 3600),
            (
                "result-expiry-seconds",
                &self.result_expiry,
                60,
                30 * 86_400,
            ),
            ("kept-per-cluster", &self.kept_per_cluster, 1, 1000),
            ("request-timeout-seconds", &self.request_timeout, 1, 600),
            ("run-budget-seconds", &self.run_budget, 1, 3600),
            ("lease-seconds", &self.lease, 2, 600),
        ] {
            if !(least..=most).contains(&setting.value) {
                bail!(
                    "{}: {name} is {}; it must be between {least} and {most}",
                    path.display(),
                    setting.value
                );
            }
        }
        let domain = &self.domain.value;
        if !(1..=64).contains(&domain.chars().count()) || domain.contains(char::is_control) {
            bail!(
                "{}: domain {domain:?} is no name: 1 to 64 characters without control characters are expected",
                path.display()
            );
        }
        Ok(())
    }

    /// How the service is reached.
    pub(crate) fn scheme(&self) -> &'static str {
        match self.tls.value {
            Some(_) => "https",
            None => "http",
        }
    }

    /// The decisions that checks depend on.
    pub(crate) fn policy(&self) -> Policy {
        let configured = paths::jumps(&self.paths.value);
        Policy {
            rollout: self.rollout.value,
            control_plane: self.control_plane.value,
            pace: self.pace.value.clone(),
            allowed_jumps: self
                .allowed_jumps
                .value
                .iter()
                .copied()
                .chain(configured)
                .collect(),
        }
    }

    /// Which evidence is read, as far as the configuration says.
    pub(crate) fn switches(&self) -> Switches {
        Switches::default().with(&self.evidence.value, &self.without.value)
    }

    /// How long one request to a cluster may take.
    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout.value)
    }

    /// How long reading one cluster may take.
    pub(crate) fn run_budget(&self) -> Duration {
        Duration::from_secs(self.run_budget.value)
    }
}

/// The user's airworthy folder below the base folder that a variable names, or below its default in the home folder.
fn user_folder(variable: &str, in_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable)
        .filter(|v| !v.is_empty())
        .map(PathBuf::from);
    let base =
        named.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(in_home)))?;
    Some(base.join("airworthy"))
}
