//! Live clusters: objects are written in every way, the program predicts which of their owners will fail, the cluster really
//! moves to the next minor, and every owner calls again.

mod apis;
mod backing;
mod case;
mod claim;
mod score;
mod ways;
mod write;

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use airworthy_testbed::{Apply, Cluster, ClusterOptions, How, wait_until};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

pub(super) use backing::packed;
pub use score::Score;

use self::{
    apis::{Api, Hop, NAMESPACE},
    case::{Agent, At, Backing, Case},
    score::Outcome,
};
use super::{Program, program::report, progress, say};

/// The hop of the default tests.
pub const DEFAULT_HOP: &str = "1.31:1.32";

const DEADLINE: Duration = Duration::from_secs(5);

/// Checks that have to come to a conclusion, or their silence proves nothing.
const FAMILY: [&str; 4] = [
    "DeprecatedApiCheck",
    "DeprecatedApiWriter",
    "HelmReleaseDeprecatedApi",
    "RemovedApiObjects",
];

/// `cargo xtask truth live`.
#[derive(clap::Args)]
pub struct Live {
    /// The hop to judge
    #[arg(long, default_value = DEFAULT_HOP, value_name = "FROM:TO")]
    hop: String,
    /// Judge every hop that is known
    #[arg(long, conflicts_with = "hop")]
    all: bool,
    /// Print the report that is judged
    #[arg(long)]
    show_report: bool,
    #[command(flatten)]
    program: Program,
}

impl Live {
    /// Judges, prints, and fails when a prediction was wrong.
    pub(super) async fn run(self) -> Result<()> {
        let program = self.program.ready()?;
        let mut wrong = Vec::new();
        for hop in Hop::all()? {
            let name = format!("{}:{}", hop.from, hop.to);
            if !self.all && name != self.hop {
                continue;
            }
            let judged = judge_hop(&hop, &program).await?;
            if self.show_report {
                say(&format!("{:#}", judged.report));
            }
            say(&format!(
                "{} → {}\n\n{}",
                hop.from,
                hop.to,
                judged.score.render()
            ));
            if !judged.score.is_perfect() {
                wrong.push(name);
            }
        }
        if !wrong.is_empty() {
            bail!("wrong predictions: {}", wrong.join(", "));
        }
        Ok(())
    }
}

/// Judges a hop such as `1.31:1.32` with this program airworthy. Errors: an unknown hop, a cluster that does not work, a case
/// that cannot be made, a program that fails or leaves a check of API use undecided.
pub async fn judge(hop: &str, program: &Path) -> Result<Score> {
    let all = Hop::all()?;
    let known = all
        .iter()
        .find(|known| format!("{}:{}", known.from, known.to) == hop);
    let hop = known.with_context(|| format!("no hop {hop}"))?;
    Ok(judge_hop(hop, program).await?.score)
}

/// What was predicted, and what came of it.
struct Judged {
    report: Value,
    score: Score,
}

async fn judge_hop(hop: &Hop, program: &Path) -> Result<Judged> {
    let mut cases = ways::cases(hop);
    let mut cluster = write(hop, &cases).await?;
    cases.extend(defaults(&cluster, hop, &cases).await?);
    progress("predicting");
    let report = predict(&mut cluster, hop, &cases, program).await?;
    progress(&format!("upgrading to {}", hop.to));
    upgrade(&mut cluster, hop).await?;
    let outcomes = outcomes(&cluster, cases).await?;
    let score = Score::of(&outcomes, &claim::claims(&report));
    Ok(Judged { report, score })
}

/// A cluster in which everything has been written.
async fn write(hop: &Hop, cases: &[Case]) -> Result<Cluster> {
    progress(&format!("starting {}", hop.from));
    let cluster = Cluster::start(options(hop)).await?;
    let client = cluster.client("truth")?;
    for api in &hop.apis {
        if !api.is_served(&client, At::Old).await? {
            bail!("{} does not serve {} of {}", hop.from, api.plural, api.old);
        }
    }
    prepare(&cluster).await?;
    progress(&format!("writing {} cases", cases.len()));
    for step in 0..cases
        .iter()
        .map(|case| case.history.len())
        .max()
        .unwrap_or_default()
    {
        another_second().await?;
        for case in cases {
            write::history(&cluster, case, step).await?;
        }
    }
    for case in cases {
        backing::write(&cluster, case).await?;
    }
    Ok(cluster)
}

/// Waits for the next second: managed fields tell no shorter time, and nobody hands objects over within one.
async fn another_second() -> Result<()> {
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    };
    let begun = now();
    let turned = wait_until(DEADLINE, "the next second", || async {
        Ok((now() > begun).then_some(()))
    });
    Ok(turned.await?)
}

fn options(hop: &Hop) -> ClusterOptions {
    let mut options = ClusterOptions::new(&hop.from).audit().without_controllers();
    options.runtime_config.clone_from(&hop.runtime_config);
    options.feature_gates = hop.feature_gates.clone().into_iter().collect();
    for user in [ways::RUNNING, ways::READER, ways::MODERN] {
        options = options.user(user, &["system:masters"]);
    }
    options
}

async fn prepare(cluster: &Cluster) -> Result<()> {
    let apply = Apply::new("kubectl/v1.31.0", How::Create);
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
    cluster.apply(&namespace.to_string(), &apply).await?;
    cluster.apply(backing::DEFINITIONS, &apply).await?;
    Ok(())
}

/// What the API server itself has made; nobody calls for it again but the server.
async fn defaults(cluster: &Cluster, hop: &Hop, cases: &[Case]) -> Result<Vec<Case>> {
    let client = cluster.client("truth")?;
    let mut found = Vec::new();
    for api in &hop.apis {
        let all = format!("/apis/{}/{}", api.version(At::New), api.plural);
        for object in client.list(&all).await? {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let ours = cases
                .iter()
                .any(|case| case.name == name && case.api.kind == api.kind);
            if !ours {
                found.push(made_by_the_server(api, name));
            }
        }
    }
    Ok(found)
}

fn made_by_the_server(api: &Api, name: &str) -> Case {
    Case {
        way: "f  made by the server itself",
        api: api.clone(),
        name: name.to_owned(),
        owner: Agent::program("kube-apiserver").manager,
        history: Vec::new(),
        window: Vec::new(),
        next: None,
        backing: Backing::Nothing,
    }
}

/// Starts the server anew, so that its metrics are silent about the history, with all controllers; lets the clients run; and asks
/// the program, with the audit log since then.
async fn predict(
    cluster: &mut Cluster,
    hop: &Hop,
    cases: &[Case],
    program: &Path,
) -> Result<Value> {
    let begin = std::fs::metadata(cluster.audit_log())?.len();
    cluster
        .restart(|options| options.controllers = true)
        .await?;
    for case in cases {
        write::window(cluster, case).await?;
    }
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("audit.log");
    let since = tail(&cluster.audit_log(), begin)?;
    std::fs::write(&log, since)?;
    let path = |path: &Path| path.display().to_string();
    let (kubeconfig, log) = (path(&cluster.kubeconfig()), path(&log));
    let args = [
        "precheck",
        "-o",
        "json",
        "--target",
        &hop.to,
        "--kubeconfig",
        &kubeconfig,
        "--audit-log",
        &log,
    ];
    let report = report(program, &args)?;
    demand_conclusions(&report)?;
    Ok(report)
}

fn tail(file: &Path, begin: u64) -> Result<Vec<u8>> {
    let mut file = File::open(file)?;
    file.seek(SeekFrom::Start(begin))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    Ok(rest)
}

fn demand_conclusions(report: &Value) -> Result<()> {
    let checks = report["checks"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for name in FAMILY {
        let check = checks.iter().find(|check| check["check"] == name);
        let status = check.map_or("absent", |check| {
            check["status"].as_str().unwrap_or_default()
        });
        if !["clear", "found"].contains(&status) {
            bail!("{name} is {status}: {:#}", check.unwrap_or(&Value::Null));
        }
    }
    Ok(())
}

async fn upgrade(cluster: &mut Cluster, hop: &Hop) -> Result<()> {
    let change = |options: &mut ClusterOptions| {
        options.minor.clone_from(&hop.to);
        options
            .runtime_config
            .clone_from(&hop.target_runtime_config);
        options.controllers = false;
    };
    Ok(cluster.restart(change).await?)
}

async fn outcomes(cluster: &Cluster, cases: Vec<Case>) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for case in cases {
        let fails = write::next_fails(cluster, &case).await?;
        outcomes.push(Outcome { case, fails });
    }
    Ok(outcomes)
}
