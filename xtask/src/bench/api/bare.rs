//! What cannot cost less: a route that answers the same bytes and does nothing else.

use std::{net::Ipv4Addr, path::PathBuf};

use anyhow::Result;
use axum::{Router, routing::get};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

/// The path of what is measured.
const SHOW: &str =
    "/autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/precheck/tasks/{task_id}";

/// Answers one path with the bytes of a file; prints its address.
#[derive(clap::Args)]
pub(crate) struct Bare {
    /// The answer
    #[arg(long)]
    answer: PathBuf,
}

impl Bare {
    /// Serves until it is killed.
    pub(crate) async fn run(self) -> Result<()> {
        let answer = Bytes::from(std::fs::read(&self.answer)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        crate::bench::say(&listener.local_addr()?.to_string());
        let route = get(async move || ([(CONTENT_TYPE, "application/json")], answer.clone()));
        axum::serve(listener, Router::new().route(SHOW, route)).await?;
        Ok(())
    }
}
