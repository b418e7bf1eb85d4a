//! The driver that watches: somebody else upgrades the cluster.

use std::{path::PathBuf, time::Duration};

use airworthy_collect::{ConnectOptions, Limits, Plan, collect, connect, recording};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, KubeVersion, Need, Rollout,
    facts::{Node, ServerVersion},
};
use airworthy_upgrade::driver::{Driver, Order, Step, reached};
use serde_json::{Value, json};

use crate::pace::{elapsed, pace};

/// Share of the whole progress that the control plane makes up, in percent.
const CONTROL_PLANE: usize = 30;

/// Most nodes named in a message.
const NAMED: usize = 5;

/// Reads the versions of API server and kubelets until all are those of the target. Nothing is written.
#[derive(Debug, Clone)]
pub struct Observe {
    /// What is looked at.
    pub source: Source,
    /// How long an upgrade may take.
    pub deadline: Duration,
    /// What one look may cost.
    pub limits: Limits,
    /// Whether nodes are upgraded too.
    pub rollout: Rollout,
}

/// Where versions are read.
#[derive(Debug, Clone)]
pub enum Source {
    /// A cluster.
    Live(ConnectOptions),
    /// A recording that stands in for one.
    Recording(PathBuf),
}

impl Source {
    async fn look(&self, limits: Limits) -> Result<Facts, String> {
        match self {
            Self::Live(options) => {
                let plan = Plan {
                    limits,
                    ..Plan::of([Need::Version, Need::Nodes])
                };
                let connection = connect(options.clone());
                let connection = connection.await.map_err(|error| error.to_string())?;
                let facts = collect(&connection, Knowledge::embedded(), &plan, &|_| ());
                facts.await.map_err(|error| error.to_string())
            }
            Self::Recording(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || recording::read_file(&path));
                let read = read.await.map_err(|error| error.to_string())?;
                read.map_err(|error| error.to_string())
            }
        }
    }
}

/// What one look said.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// All versions are those of the target.
    Converged(String),
    /// Not yet: how far, in percent, and what lags.
    Lagging(u8, String),
    /// Not ever.
    Beyond(String),
}

impl Driver for Observe {
    async fn step(&self, order: &Order, scratch: Option<&Value>) -> Step {
        let looking = tokio::time::timeout(self.limits.run_budget, self.source.look(self.limits));
        let looked = looking
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let before = scratch.and_then(|scratch| scratch["progress"].as_u64());
        let seen = match looked {
            Ok(facts) => judge(order, &facts, self.rollout),
            Err(why) => {
                tracing::info!(task = order.task_id, why, "the cluster cannot be watched");
                let before = before.and_then(|it| u8::try_from(it).ok());
                let lagging =
                    "the cluster cannot be read, as is usual while its API server is replaced";
                Seen::Lagging(before.unwrap_or(0), lagging.to_owned())
            }
        };
        match seen {
            Seen::Converged(message) => Step::Done { message },
            Seen::Beyond(message) => Step::Failed { message },
            Seen::Lagging(_, lags) if elapsed(order) > self.deadline => Step::Failed {
                message: format!("not upgraded within {} s: {lags}", self.deadline.as_secs()),
            },
            Seen::Lagging(progress, message) => Step::Going {
                progress,
                scratch: json!({ "progress": progress }),
                message,
                again_in: pace(elapsed(order)),
            },
        }
    }
}

/// Whether an API server runs the target, and behaves like it: one that emulates an older minor has not arrived.
pub fn runs_target(server: &ServerVersion, target: &KubeVersion) -> bool {
    let behaves = server.emulation.unwrap_or(server.version.minor);
    reached(&server.version, target) && behaves >= target.minor
}

/// What an API server runs, for people.
pub fn told(server: &ServerVersion) -> String {
    let version = &server.version;
    match server.emulation.filter(|minor| *minor != version.minor) {
        Some(minor) => format!("the API server runs {version} and behaves as {minor}"),
        None => format!("the API server runs {version}"),
    }
}

fn judge(order: &Order, facts: &Facts, rollout: Rollout) -> Seen {
    let server = match &facts.version {
        Ok(version) => version,
        Err(missing) => return Seen::Lagging(0, missing.to_string()),
    };
    let runs = &server.version;
    if runs.minor > order.target.minor {
        return Seen::Beyond(format!(
            "the API server runs {runs}, beyond the target {}",
            order.target
        ));
    }
    if !runs_target(server, &order.target) {
        return Seen::Lagging(0, told(server));
    }
    if rollout != Rollout::Nodes {
        return Seen::Converged(told(server));
    }
    match &facts.nodes {
        Ok(nodes) => judge_nodes(order, runs, nodes),
        Err(missing) => Seen::Lagging(0, missing.to_string()),
    }
}

fn judge_nodes(order: &Order, runs: &KubeVersion, nodes: &[Node]) -> Seen {
    let version = |node: &Node| node.kubelet_version.parse::<KubeVersion>().ok();
    let judged: Vec<_> = nodes
        .iter()
        .filter_map(|node| Some((node, version(node)?)))
        .collect();
    let others: Vec<_> = judged
        .iter()
        .filter(|(_, version)| version.minor != order.target.minor)
        .map(|(node, version)| format!("{} runs {version}", node.name))
        .collect();
    // Some virtual nodes report what is no version, and never will.
    let without = nodes.len() - judged.len();
    if others.is_empty() {
        let unjudged = if without == 0 {
            String::new()
        } else {
            format!("; {without} nodes that report no version were not judged")
        };
        return Seen::Converged(format!(
            "the API server runs {runs}, and so does every kubelet by its minor{unjudged}"
        ));
    }
    let done = judged.len() - others.len();
    let progress = CONTROL_PLANE + (100 - CONTROL_PLANE) * done / judged.len();
    Seen::Lagging(u8::try_from(progress).unwrap_or(0), named(&others))
}

fn named(texts: &[String]) -> String {
    let more = texts.len().saturating_sub(NAMED);
    let mut named: Vec<_> = texts.iter().take(NAMED).cloned().collect();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    named.join(", ")
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
