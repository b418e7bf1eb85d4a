//! Whole upgrades: hazards and look-alikes are planted, the program predicts, the cluster is really upgraded, nodes drained and
//! all, and what became of everything is read from API servers, workloads and evictions.

mod case;
mod drain;
mod plant;
mod reality;
mod score;
mod short;

use std::{collections::BTreeSet, path::Path};

use airworthy_model::Minor;
use airworthy_testbed::{Cluster, ClusterOptions, StandIn};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;

pub use score::Score;

use self::case::Case;
use super::{Program, program::report, progress, say};

/// The hop of the default tests.
pub const DEFAULT_HOP: &str = "1.31:1.32";

/// All hops.
const HOPS: [&str; 3] = ["1.24:1.25", "1.31:1.32", "1.36:1.37"];

/// How many nodes the cluster has beside those of cases.
const NODES: usize = 3;

/// `cargo xtask truth upgrade`.
#[derive(clap::Args)]
pub struct Upgrade {
    /// The hop to judge
    #[arg(long, default_value = DEFAULT_HOP, value_name = "FROM:TO")]
    hop: String,
    /// Judge every hop that is known
    #[arg(long, conflicts_with = "hop")]
    all: bool,
    /// Only cases whose name holds this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print the report that is judged
    #[arg(long)]
    show_report: bool,
    #[command(flatten)]
    program: Program,
}

impl Upgrade {
    /// Judges, prints, and fails when a prediction was wrong.
    pub(super) async fn run(self) -> Result<()> {
        let program = self.program.ready()?;
        let hops: Vec<_> = if self.all {
            HOPS.to_vec()
        } else {
            vec![self.hop.as_str()]
        };
        let mut wrong = Vec::new();
        for hop in hops {
            let judged = judge_hop(hop, self.only.as_deref(), &program).await?;
            if self.show_report {
                say(&format!("{:#}", judged.report));
            }
            say(&format!("{hop}\n\n{}", judged.score.render()));
            if !judged.score.is_perfect() {
                wrong.push(hop);
            }
        }
        if !wrong.is_empty() {
            bail!("wrong predictions: {}", wrong.join(", "));
        }
        Ok(())
    }
}

/// Judges a hop such as `1.31:1.32` with this program airworthy. Errors: a cluster that does not work, a case that cannot be
/// planted, a program that fails.
pub async fn judge(hop: &str, program: &Path) -> Result<Score> {
    Ok(judge_hop(hop, None, program).await?.score)
}

/// What was predicted, and what came of it.
struct Judged {
    report: Value,
    score: Score,
}

async fn judge_hop(hop: &str, only: Option<&str>, program: &Path) -> Result<Judged> {
    let (from, to) = hop.split_once(':').context("a hop is FROM:TO")?;
    let minor: Minor = from.parse().context("a hop begins with a minor")?;
    let mut cases = Case::all(minor)?;
    cases.retain(|case| only.is_none_or(|only| case.name.contains(only)));
    let mut house = House::start(from, &cases).await?;
    progress(&format!("planting {} cases", cases.len()));
    for case in &cases {
        plant::plant(&mut house, case)
            .await
            .with_context(|| format!("case {}", case.name))?;
    }
    plant::settled(&house.cluster, &cases).await?;
    progress("predicting");
    let report = predict(&house.cluster, to, program)?;
    progress(&format!("upgrading to {to}"));
    let outcomes = reality::upgrade(&mut house, to, cases).await?;
    let score = Score::of(&outcomes, &report);
    Ok(Judged { report, score })
}

/// The cluster and what answers in it.
pub(super) struct House {
    pub(super) cluster: Cluster,
    pub(super) back_ends: std::collections::BTreeMap<(String, String), StandIn>,
}

impl House {
    async fn start(minor: &str, cases: &[Case]) -> Result<Self> {
        progress(&format!("starting {minor}"));
        let mut options = ClusterOptions::new(minor).nodes(NODES);
        let flags: BTreeSet<_> = cases.iter().flat_map(|case| &case.api_server).collect();
        options.api_server_args = flags.into_iter().cloned().collect();
        // On a busy machine kwok renews the leases of many nodes late; that is no hazard of the upgrade.
        options.controller_manager_args = vec!["--node-monitor-grace-period=10m".into()];
        Ok(Self {
            cluster: Cluster::start(options).await?,
            back_ends: std::collections::BTreeMap::new(),
        })
    }
}

fn predict(cluster: &Cluster, to: &str, program: &Path) -> Result<Value> {
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let args = [
        "precheck",
        "-o",
        "json",
        "--target",
        to,
        "--kubeconfig",
        &kubeconfig,
    ];
    report(program, &args)
}
