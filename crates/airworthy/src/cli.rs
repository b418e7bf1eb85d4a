//! The command line: its words, its help, nothing of what they do.

mod access;
mod decisions;
mod evidence;
mod output;
mod plan;
mod probe;
mod recordings;
mod snapshot;

use std::path::PathBuf;

use airworthy_model::{Hop, KubeVersion, Minor};
use airworthy_report::drop_in;
use airworthy_service::SettleAt;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use access::{Encryption, Key, PasswordFrom, Trail, User};
pub(crate) use decisions::{Decisions, OwnChecks, Waivers};
pub(crate) use evidence::{Asked, Evidence, Switches};
pub(crate) use output::{Format, Output};
pub(crate) use plan::{Plan, Workflow};
pub(crate) use probe::{Probe, ProbeRun, Where};
pub(crate) use recordings::{Diff, Inspect, Written};
pub(crate) use snapshot::Snapshot;

/// Tells, with evidence, whether a Kubernetes cluster is fit to be upgraded, and afterwards whether it came out fit to serve
#[derive(Debug, Parser)]
#[command(name = "airworthy", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Configuration file [default: config.toml in the user's airworthy configuration folder, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "AIRWORTHY_CONFIG", help_heading = EVERYWHERE)]
    pub(crate) config: Option<PathBuf>,
    /// Knowledge file that takes the place of the tables that came with the program (airworthy knowledge export prints those)
    #[arg(long, global = true, value_name = "FILE", env = "AIRWORTHY_KNOWLEDGE", help_heading = EVERYWHERE)]
    pub(crate) knowledge: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Stands over the options that every command has, below its own.
const EVERYWHERE: &str = "Options of every command";

/// The exit code of a usage error, or of a run that itself failed.
pub(crate) const FAILED: u8 = 2;

const EXIT_CODES: &str = "\
Exit codes of precheck and postcheck:
  0  ready (also with risks, unless --fail-on risk)
  1  not ready
  2  usage error, or the run itself failed
  3  cannot determine: something that could be a blocker could not be looked at";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge whether a cluster is fit to be upgraded
    Precheck(Precheck),
    /// Judge whether a cluster came out of an upgrade fit to serve
    Postcheck(Postcheck),
    /// Write manifests anew at API versions that a target serves
    Fix(Fix),
    /// Read a cluster into a recording: a redacted file that every command takes in its place
    Record(Record),
    /// Show what a recording holds: cluster, time, version, and each group of facts or why it is missing
    Inspect(Inspect),
    /// Show what differs between two recordings of a cluster: losses first, told from what an upgrade brings about
    Diff(Diff),
    /// Show the checks
    #[command(subcommand)]
    Checks(Checks),
    /// Look at files of waivers: risks that somebody accepted
    #[command(subcommand)]
    Waivers(Waivers),
    /// Show what is known of each Kubernetes minor: APIs, fields, feature gates, flags and admission plugins
    #[command(subcommand)]
    Knowledge(KnowledgeCommand),
    /// Print the role that reading a cluster needs
    Rbac(Rbac),
    /// Put pods on the nodes that find out what only a node knows, or take them away
    #[command(subcommand)]
    Probe(Probe),
    /// Check a bundled recording of a real cluster and leave the service running with it
    Demo(Demo),
    /// Run the service: CCE Autopilot's Cluster Upgrade API
    Serve(Serve),
    /// Manage the service's projects
    #[command(subcommand)]
    Project(Project),
    /// Manage the clusters that the service checks
    #[command(subcommand)]
    Cluster(Cluster),
    /// Look at the upgrade workflows of clusters, and give them up
    #[command(subcommand)]
    Workflow(Workflow),
    /// Manage upgrades that begin by themselves
    #[command(subcommand)]
    Plan(Plan),
    /// Look at the snapshots that the service took of clusters
    #[command(subcommand)]
    Snapshot(Snapshot),
    /// Manage the access keys of the service's callers
    #[command(subcommand)]
    Key(Key),
    /// Manage the users who log in to the service, and their roles
    #[command(subcommand)]
    User(User),
    /// Print who changed what through the service, and who logged in
    Trail(Trail),
    /// Show the effective configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Supervise the run of an operator's program: the service starts this by itself
    #[command(hide = true)]
    Supervise {
        /// The folder of the run
        folder: PathBuf,
    },
    /// Print a completion script
    Completion {
        /// The shell that will read it
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// The exit code of this command when the run itself fails: where another tool's codes are asked for, it is theirs, for
    /// our 2 would read as one of their findings.
    pub(crate) fn failed(&self) -> u8 {
        let output = match self {
            Self::Precheck(args) => &args.output,
            Self::Postcheck(args) => &args.output,
            _ => return FAILED,
        };
        output.exit_codes.map_or(FAILED, |_| drop_in::FAILED)
    }
}

/// Which cluster, or which recording of one.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// Path of a kubeconfig [default: KUBECONFIG, else ~/.kube/config, else the pod's service account]
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current context]
    #[arg(long, conflicts_with = "from")]
    pub(crate) context: Option<String>,
    /// Judge a recording in place of a live cluster
    #[arg(long, value_name = "RECORDING")]
    pub(crate) from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

impl Source {
    /// Whether a cluster or a recording was named.
    pub(crate) fn is_named(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some() || self.from.is_some()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A blocker fails (1); what could hide one fails too (3)
    Blocker,
    /// A risk fails as well (1)
    Risk,
    /// Any evidence that lacks fails as well (3)
    Unknown,
    /// Nothing found or lacking fails
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct Precheck {
    /// Version to upgrade to: 1.32, v1.32, 1.32.4 or v1.32.4-r2 [default: the server's next minor; its newest patch with --rollout patch]
    #[arg(long, value_name = "VERSION")]
    pub(crate) target: Option<KubeVersion>,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) output: Output,
    /// The API server's audit log, which names who calls: a file, a folder of rotated files, or - (may be given several times)
    #[arg(long = "audit-log", value_name = "FILE|DIR|-")]
    pub(crate) audit_logs: Vec<PathBuf>,
    /// Manifests to judge: files, folders with all that is in them, charts, or - for standard input. Alone it needs --target and
    /// asks no cluster; with --kubeconfig, --context or --from the cluster is judged too
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) manifests: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) decisions: Decisions,
    /// Allow a jump over several minors that your platform sells as one step, such as 1.28:1.31
    #[arg(long = "allow-jump", value_name = "FROM:TO", value_parser = parse_jump)]
    pub(crate) allow_jump: Vec<Hop>,
}

/// Reads `1.28:1.31` (or `1.28-1.31`).
pub(crate) fn parse_jump(text: &str) -> Result<Hop, String> {
    let (from, to) = text
        .split_once([':', '-'])
        .ok_or("expected FROM:TO, such as 1.28:1.31")?;
    let minor = |text: &str| {
        text.trim()
            .parse::<Minor>()
            .map_err(|error| error.to_string())
    };
    let hop = Hop {
        from: minor(from)?,
        to: minor(to)?,
    };
    if hop.from < hop.to {
        Ok(hop)
    } else {
        Err(format!("{} is not below {}", hop.from, hop.to))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Postcheck {
    /// Recording of the same cluster from before the upgrade
    #[arg(long, value_name = "RECORDING")]
    pub(crate) baseline: Option<PathBuf>,
    /// Version the cluster should run now [default: the version it runs]
    #[arg(long, value_name = "VERSION")]
    pub(crate) target: Option<KubeVersion>,
    /// Look again until nothing blocks twice in a row, for 900 seconds unless another span is given (--settle=300)
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "900",
        conflicts_with = "from", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) settle: Option<u64>,
    /// Look at each of these times, counted from the start of the command, ascending [default: settle-at of the configuration, 0,2m,5m,15m]
    #[arg(long, value_name = "SPANS", conflicts_with_all = ["from", "settle"])]
    pub(crate) settle_at: Option<SettleAt>,
    /// Look again at all of these times, and tell each change as it is seen, a line each on stderr
    #[arg(long, conflicts_with = "from")]
    pub(crate) watch: bool,
    /// The API server's audit log, which names who is refused: a file, a folder of rotated files, or - (may be given several times)
    #[arg(long = "audit-log", value_name = "FILE|DIR|-")]
    pub(crate) audit_logs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) decisions: Decisions,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  nothing is left: every object is at a version that the target serves, or would be with --write
  1  something is left that a person has to decide, or could not be read
  2  usage error, or a file could not be written")]
pub(crate) struct Fix {
    /// Files and folders of manifests; - reads standard input, and --write then prints the new text
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Version that must accept them: 1.32, v1.32 or v1.32.4
    #[arg(long, value_name = "VERSION")]
    pub(crate) target: KubeVersion,
    /// Show what would change as a unified diff; this is what happens without --write too
    #[arg(long, conflicts_with = "write")]
    pub(crate) dry_run: bool,
    /// Change the files
    #[arg(long)]
    pub(crate) write: bool,
    /// Leave versions behind as well that the target serves and calls deprecated
    #[arg(long)]
    pub(crate) deprecated: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Path of a kubeconfig [default: KUBECONFIG, else ~/.kube/config, else the pod's service account]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current context]
    #[arg(long)]
    pub(crate) context: Option<String>,
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// The API server's audit log, which names who calls: a file, a folder of rotated files, or - (may be given several times)
    #[arg(long = "audit-log", value_name = "FILE|DIR|-")]
    pub(crate) audit_logs: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Checks {
    /// List all checks
    List {
        #[command(flatten)]
        own: OwnChecks,
        /// Output format
        #[arg(short, long, value_enum, default_value = "table")]
        output: ListFormat,
    },
    /// Print the page of one check
    Show {
        #[command(flatten)]
        own: OwnChecks,
        /// Name of the check
        name: String,
    },
    /// Run the examples of a file of checks of your own
    #[command(after_help = "\
Exit codes:
  0  every check judges its examples rightly
  1  some do not, or lack examples
  2  usage error, or the file cannot be used")]
    Test {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KnowledgeCommand {
    /// Show the life of a kind, feature gate, flag or admission plugin
    Show {
        /// Such as policy/v1beta1/PodDisruptionBudget, poddisruptionbudgets.v1beta1.policy, PodDisruptionBudget, NodeSwap or cgroup-root
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Output format
        #[arg(short, long, value_enum, default_value = "table")]
        output: ListFormat,
    },
    /// Show what changes from one minor to another
    Diff {
        /// The minor to come from, such as 1.31
        from: Minor,
        /// The minor to go to
        to: Minor,
        /// Output format
        #[arg(short, long, value_enum, default_value = "table")]
        output: ListFormat,
    },
    /// Print the tables as a knowledge file
    Export,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Rbac {
    /// Only what these checks need
    #[arg(long = "check", value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub(crate) checks: Vec<String>,
    #[command(flatten)]
    pub(crate) own: OwnChecks,
    /// Also allow listing the custom resources of this API group (may be given several times)
    #[arg(long = "api-group", value_name = "GROUP")]
    pub(crate) api_groups: Vec<String>,
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// Bind the role to this user
    #[arg(long, conflicts_with = "service_account")]
    pub(crate) user: Option<String>,
    /// Bind the role to this service account
    #[arg(long, value_name = "NAMESPACE:NAME")]
    pub(crate) service_account: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Check, print, and end: do not leave the service running
    #[arg(long)]
    pub(crate) once: bool,
    /// Address to listen on [default: a free port of the loopback interface]
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1:0", hide_default_value = true)]
    pub(crate) listen: std::net::SocketAddr,
}

/// Reads an address to listen on; names are left to resolvers.
fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    let told = |_| "an IP address and a port are expected, such as 127.0.0.1:8443".to_owned();
    text.parse().map_err(told)
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on, such as 127.0.0.1:8443
    #[arg(long, value_name = "ADDRESS", value_parser = address, env = "AIRWORTHY_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) encryption: Encryption,
    #[command(flatten)]
    pub(crate) store: Store,
}

/// Where the service keeps what it knows.
#[derive(Debug, Args)]
pub(crate) struct Store {
    /// Database file
    #[arg(long, value_name = "FILE", env = "AIRWORTHY_DATABASE")]
    pub(crate) database: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Project {
    /// Add a project
    Add {
        /// Id, as callers send it: 32 hex digits on the public cloud; here any letters, digits, - and _
        #[arg(long)]
        id: String,
        /// Name; a region id (such as local-1) lets the SDKs find the project by themselves
        #[arg(long)]
        name: String,
        #[command(flatten)]
        store: Store,
    },
    /// List the projects
    List {
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cluster {
    /// Register a cluster; its credentials stay in the kubeconfig
    Add {
        /// Id, a uuid, as callers send it
        #[arg(long)]
        id: String,
        /// Project it belongs to
        #[arg(long)]
        project: String,
        /// Name
        #[arg(long)]
        name: String,
        /// Path of a kubeconfig [default: the pod's service account]
        #[arg(long, value_name = "FILE")]
        kubeconfig: Option<PathBuf>,
        /// Context of the kubeconfig [default: its current context]
        #[arg(long, requires = "kubeconfig")]
        context: Option<String>,
        #[command(flatten)]
        store: Store,
    },
    /// List the clusters of all projects
    List {
        #[command(flatten)]
        store: Store,
    },
    /// Make the token by which a cluster's API server sends its audit events; one made before is no longer taken
    ///
    /// Prints a file for --audit-webhook-config-file of the API server
    AuditToken {
        /// Id of the cluster
        id: String,
        /// Address at which the API server reaches the service [default: the address that the service listens on]
        #[arg(long, value_name = "URL", conflicts_with = "revoke")]
        server: Option<String>,
        /// Take the token away: no more events are taken, those that came are kept
        #[arg(long)]
        revoke: bool,
        #[command(flatten)]
        store: Store,
    },
    /// Remove a cluster and everything kept of it
    Remove {
        /// Id of the cluster
        id: String,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting, its value and where it comes from
    Show(Serve),
}
