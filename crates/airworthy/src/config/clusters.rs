//! What the operator decides about single clusters: how they are upgraded and backed up, and where callers find them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use airworthy_drivers::{Management, Means, Program};
use airworthy_model::{ControlPlane, Need, Pace, Rollout};
use airworthy_service::{CheckBeforeUpgrade, ClusterSettings, DriverSettings};
use airworthy_store::Access;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::cli::Evidence;

/// Longest that an upgrade or a backup may be given: 30 days.
const LONGEST: u64 = 30 * 86_400;

/// `[[cluster]]`, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ClusterEntry {
    /// Name or id of its project.
    project: String,
    /// Its name in the project.
    name: String,
    /// Offers the cluster to callers of the project: the file that opens it.
    kubeconfig: Option<PathBuf>,
    /// Context in that file.
    context: Option<String>,
    rollout: Option<Rollout>,
    control_plane: Option<ControlPlane>,
    /// How its nodes are rolled, where it is not as the others' are.
    pace: Option<Pace>,
    /// A file of what is accepted of it.
    waivers: Option<PathBuf>,
    /// Evidence that is read of it besides what is read of all clusters.
    evidence: Option<Vec<Evidence>>,
    /// Evidence that is not read of it.
    without: Option<Vec<Evidence>>,
    driver: Option<DriverEntry>,
    backup: Option<ProgramEntry>,
}

/// `check-before-upgrade`, as written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CheckEntry {
    Inside,
    Required,
}

impl From<CheckEntry> for CheckBeforeUpgrade {
    fn from(entry: CheckEntry) -> Self {
        match entry {
            CheckEntry::Inside => Self::Inside,
            CheckEntry::Required => Self::Required,
        }
    }
}

/// What all entries mean. Two entries for one cluster are refused: nobody could tell which one counts.
pub(super) fn settings(
    entries: Option<Vec<ClusterEntry>>,
    origin: &Path,
) -> Result<Option<Vec<ClusterSettings>>> {
    let Some(entries) = entries else {
        return Ok(None);
    };
    let mut seen = BTreeSet::new();
    for entry in &entries {
        if !seen.insert((&entry.project, &entry.name)) {
            let (file, name, project) = (origin.display(), &entry.name, &entry.project);
            bail!("{file}: there are two entries for cluster {name} of project {project}");
        }
    }
    let settings = entries.into_iter().map(|entry| entry.settings(origin));
    settings.collect::<Result<_>>().map(Some)
}

/// `driver`, as written.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "kind",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum DriverEntry {
    Observe {
        deadline_seconds: Option<u64>,
        grace_seconds: Option<u64>,
    },
    Command {
        program: Vec<String>,
        #[serde(default)]
        environment: Vec<String>,
        deadline_seconds: Option<u64>,
        grace_seconds: Option<u64>,
    },
    ClusterApi {
        kubeconfig: PathBuf,
        context: Option<String>,
        namespace: String,
        name: String,
        deadline_seconds: Option<u64>,
        grace_seconds: Option<u64>,
    },
}

/// A program, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ProgramEntry {
    program: Vec<String>,
    #[serde(default)]
    environment: Vec<String>,
    deadline_seconds: Option<u64>,
}

impl ClusterEntry {
    /// What it means; relative paths are beside the file `origin`.
    pub(super) fn settings(self, origin: &Path) -> Result<ClusterSettings> {
        let folder = origin.parent().unwrap_or(Path::new(""));
        let place = format!(
            "{}: cluster {} of project {}",
            origin.display(),
            self.name,
            self.project
        );
        self.read(folder).context(place)
    }

    fn read(self, folder: &Path) -> Result<ClusterSettings> {
        if self.project.is_empty() || self.name.is_empty() {
            bail!("project and name must not be empty");
        }
        if self.context.is_some() && self.kubeconfig.is_none() {
            bail!("context is of no use without kubeconfig");
        }
        let context = self.context;
        let offer = self.kubeconfig.map(|path| Access::Kubeconfig {
            path: folder.join(path).display().to_string(),
            context,
        });
        let driver = self.driver.map(|driver| driver.settings(folder));
        let backup = self.backup.map(|backup| backup.settings(folder, "backup"));
        Ok(ClusterSettings {
            offer,
            rollout: self.rollout,
            control_plane: self.control_plane,
            pace: self.pace.unwrap_or_default().moving()?,
            waivers: self.waivers.map(|file| folder.join(file)),
            switched_on: needs(self.evidence),
            switched_off: needs(self.without),
            driver: driver.transpose()?.unwrap_or_default(),
            backup: backup.transpose()?,
            ..ClusterSettings::of(self.project, self.name)
        })
    }
}

fn needs(evidence: Option<Vec<Evidence>>) -> BTreeSet<Need> {
    let evidence = evidence.unwrap_or_default().into_iter();
    evidence.map(Evidence::need).collect()
}

impl DriverEntry {
    fn settings(self, folder: &Path) -> Result<DriverSettings> {
        let usual = DriverSettings::default();
        let (means, deadline, grace) = match self {
            Self::Observe {
                deadline_seconds,
                grace_seconds,
            } => (Means::Observe, deadline_seconds, grace_seconds),
            Self::Command {
                program,
                environment,
                deadline_seconds,
                grace_seconds,
            } => {
                let entry = ProgramEntry {
                    program,
                    environment,
                    deadline_seconds,
                };
                let program = entry.settings(folder, "driver")?;
                (Means::Command(program), deadline_seconds, grace_seconds)
            }
            Self::ClusterApi {
                kubeconfig,
                context,
                namespace,
                name,
                deadline_seconds,
                grace_seconds,
            } => {
                let management = Management {
                    kubeconfig: folder.join(kubeconfig),
                    context,
                    namespace,
                    name,
                };
                let means = Means::ClusterApi(management);
                (means, deadline_seconds, grace_seconds)
            }
        };
        Ok(DriverSettings {
            means,
            deadline: span("driver.deadline-seconds", deadline, usual.deadline, 1)?,
            grace: span("driver.grace-seconds", grace, usual.grace, 0)?,
        })
    }
}

impl ProgramEntry {
    fn settings(self, folder: &Path, member: &str) -> Result<Program> {
        let mut words = self.program.into_iter();
        let Some(file) = words.next().filter(|file| !file.is_empty()) else {
            bail!("{member}.program must name a program: [\"/path/of/it\", \"argument\"]");
        };
        if let Some(name) = self.environment.iter().find(|name| !is_variable(name)) {
            bail!(
                "{member}.environment: {name:?} is no name of a variable of your own (AIRWORTHY_* is set by airworthy)"
            );
        }
        let deadline = format!("{member}.deadline-seconds");
        Ok(Program {
            file: found(folder, file)?,
            arguments: words.collect(),
            environment: self.environment,
            deadline: span(&deadline, self.deadline_seconds, Program::DEADLINE, 1)?,
        })
    }
}

/// A bare name is looked for on the PATH; a relative path is beside the configuration file.
fn found(folder: &Path, file: String) -> Result<PathBuf> {
    if file.contains('/') {
        // The program is run in a folder of its own.
        return Ok(std::path::absolute(folder.join(file))?);
    }
    Ok(file.into())
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !name.starts_with("AIRWORTHY_")
}

fn span(name: &str, given: Option<u64>, usual: Duration, least: u64) -> Result<Duration> {
    match given {
        None => Ok(usual),
        Some(seconds) if (least..=LONGEST).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(seconds) => bail!("{name} is {seconds}; it must be between {least} and {LONGEST}"),
    }
}
