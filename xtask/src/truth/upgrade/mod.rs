//! Whole upgrades: hazards and look-alikes are planted, the program predicts, the cluster is really upgraded, nodes drained and
//! all, and what became of everything is read from API servers, workloads and evictions.

mod after;
mod case;
mod drain;
mod plant;
mod pods;
mod reality;
mod score;
mod short;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

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
    /// More cases: a YAML file like those of xtask/src/truth/upgrade/cases
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// Print the reports that are judged
    #[arg(long)]
    show_reports: bool,
    #[command(flatten)]
    program: Program,
}

impl Upgrade {
    /// Judges, prints, and fails when a prediction was wrong.
    pub(super) async fn run(self) -> Result<()> {
        let hops = if self.all {
            HOPS.to_vec()
        } else {
            vec![self.hop.as_str()]
        };
        let chosen = hops.iter().map(|hop| Ok((*hop, self.chosen(hop)?)));
        let chosen = chosen.collect::<Result<Vec<_>>>()?;
        let program = self.program.clone().ready()?;
        let mut wrong = Vec::new();
        for (hop, cases) in chosen {
            let judged = judge_hop(hop, cases, &program).await?;
            if self.show_reports {
                for report in &judged.reports {
                    say(&format!("{report:#}"));
                }
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

    /// The cases that are for a hop and wanted.
    fn chosen(&self, hop: &str) -> Result<Vec<Case>> {
        let more = self.cases.as_deref().map(std::fs::read_to_string);
        let more = more.transpose().context("cannot read the cases")?;
        let mut cases = Case::all(hop, more.as_deref())?;
        let wanted = self.only.as_deref().unwrap_or_default();
        cases.retain(|case| case.name.contains(wanted));
        Ok(cases)
    }
}

/// Judges a hop such as `1.31:1.32` with this program airworthy. Errors: a cluster that does not work, a case that cannot be
/// planted, a program that fails.
pub async fn judge(hop: &str, program: &Path) -> Result<Score> {
    Ok(judge_hop(hop, Case::all(hop, None)?, program).await?.score)
}

/// What was said before and after, and what came of it.
struct Judged {
    reports: Vec<Value>,
    score: Score,
}

async fn judge_hop(hop: &str, cases: Vec<Case>, program: &Path) -> Result<Judged> {
    let (from, to) = hop.split_once(':').context("a hop is FROM:TO")?;
    let mut house = House::start(from, &cases).await?;
    progress(&format!("planting {} cases", cases.len()));
    plant::all(&mut house, &cases).await?;
    progress("predicting");
    let baseline = after::record(&house, program)?;
    let before = predict(&house.cluster, to, program)?;
    progress(&format!("upgrading to {to}"));
    let outcomes = reality::upgrade(&mut house, to, cases).await?;
    progress("looking back");
    let upgraded = after::report(&house, program, &baseline)?;
    after::change(&mut house, &outcomes).await?;
    let changed = after::report(&house, program, &baseline)?;
    let score = Score::of(&outcomes, &before, &upgraded, &changed);
    Ok(Judged {
        reports: vec![before, upgraded, changed],
        score,
    })
}

/// The cluster, what answers in it, and a place for files.
pub(super) struct House {
    pub(super) cluster: Cluster,
    pub(super) back_ends: BTreeMap<(String, String), StandIn>,
    pub(super) files: tempfile::TempDir,
}

impl House {
    async fn start(minor: &str, cases: &[Case]) -> Result<Self> {
        progress(&format!("starting {minor}"));
        let mut options = ClusterOptions::new(minor).nodes(NODES);
        let cases: Vec<_> = cases.iter().collect();
        reality::with_flags(&mut options, minor, &cases);
        Ok(Self {
            cluster: Cluster::start(options).await?,
            back_ends: BTreeMap::new(),
            files: tempfile::tempdir()?,
        })
    }
}

fn predict(cluster: &Cluster, to: &str, program: &Path) -> Result<Value> {
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let args = ["precheck", "-o", "json", "--target", to];
    let cluster = ["--kubeconfig", &kubeconfig];
    report(program, &[&args[..], &cluster].concat())
}
