//! Nothing a cluster started outlives it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use airworthy_testbed::{Cluster, ClusterOptions, wait_until};

const VICTIM: &str = "AIRWORTHY_TESTBED_VICTIM";
const NAME: &str = "a_killed_test_takes_its_cluster_along";

/// Whether a process runs; zombies have ended.
fn runs(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status
        .lines()
        .any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[tokio::test]
async fn a_dropped_cluster_leaves_no_process_and_no_file() {
    let cluster = Cluster::start(ClusterOptions::new("1.31")).await.unwrap();
    let processes = cluster.process_ids();
    let folder = cluster.kubeconfig().parent().unwrap().to_owned();
    assert_eq!(processes.len(), 5);
    assert!(processes.iter().all(|id| runs(*id)) && folder.exists());
    drop(cluster);
    assert!(!processes.iter().any(|id| runs(*id)));
    assert!(!folder.exists());
}

/// Runs itself once more as the victim, which prints its processes and waits to be killed.
#[tokio::test]
async fn a_killed_test_takes_its_cluster_along() {
    if std::env::var_os(VICTIM).is_some() {
        return victim().await;
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let line = lines
        .map_while(Result::ok)
        .find(|line| line.contains("processes:"));
    let line = line.expect("the victim started its cluster");
    let (_, ids) = line.split_once("processes:").unwrap();
    let processes: Vec<u32> = ids
        .split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect();
    assert_eq!(processes.len(), 5);
    assert!(processes.iter().all(|id| runs(*id)));

    victim.kill().unwrap();
    victim.wait().unwrap();
    wait_until(
        Duration::from_secs(10),
        "the end of all processes",
        || async { Ok((!processes.iter().any(|id| runs(*id))).then_some(())) },
    )
    .await
    .unwrap();
}

#[allow(clippy::print_stdout)] // The pipe to the test that kills this process.
async fn victim() {
    let cluster = Cluster::start(ClusterOptions::new("1.31")).await.unwrap();
    assert!(Path::new(&cluster.kubeconfig()).exists());
    let ids: Vec<String> = cluster
        .process_ids()
        .iter()
        .map(ToString::to_string)
        .collect();
    println!("processes: {}", ids.join(" "));
    std::future::pending::<()>().await;
}
