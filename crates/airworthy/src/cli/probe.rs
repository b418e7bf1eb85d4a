//! `airworthy probe`: its words.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What there is to do with pods on the nodes.
#[derive(Debug, Subcommand)]
pub(crate) enum Probe {
    /// Put pods on all Linux nodes that find out whether names resolve there and what can be reached
    Run(ProbeRun),
    /// Take away what probes have left, also one that broke off
    Clean(ProbeClean),
}

#[derive(Debug, Args)]
pub(crate) struct Where {
    /// Path of a kubeconfig [default: KUBECONFIG, else ~/.kube/config, else the pod's service account]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current context]
    #[arg(long)]
    pub(crate) context: Option<String>,
    /// Show what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProbeRun {
    #[command(flatten)]
    pub(crate) place: Where,
    /// Image of the pods, such as a copy in a registry of your own: a shell, httpd and sleep are needed; what it has no nslookup, nc
    /// or timeout for is not tried [default: docker.io/library/busybox:1.37]
    #[arg(long)]
    pub(crate) image: Option<String>,
    /// A name outside the cluster that has to resolve; none where the cluster is cut off [default: kubernetes.io]
    #[arg(long, value_name = "NAME|none")]
    pub(crate) external_name: Option<String>,
    /// How long pods may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(10..=3600))]
    pub(crate) deadline: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ProbeClean {
    #[command(flatten)]
    pub(crate) place: Where,
}
