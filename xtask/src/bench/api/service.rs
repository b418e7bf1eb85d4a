//! The two servers that are measured, each a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::memory;

/// A server; killed when it is dropped.
pub(super) struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// The service on a database, with so many workers.
    pub(super) fn service(program: &Path, database: &Path, workers: u32) -> Result<Self> {
        let folder = database.parent().context("the database has no folder")?;
        let config = folder.join("bench.toml");
        std::fs::write(&config, format!("workers = {workers}\n"))?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--database")
            .arg(database)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("start the service")?;
        let lines = BufReader::new(child.stderr.take().context("no output")?);
        let mut lines = lines.lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let rest = line.strip_prefix("airworthy listens on http://")?;
            rest.split(' ').next()?.parse().ok()
        });
        // The log is written as it always is, and read by nobody.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.context("the service did not start")?;
        Ok(Self { child, address })
    }

    /// The route that does nothing but answer these bytes.
    pub(super) fn bare(xtask: &Path, answer: &Path) -> Result<Self> {
        let mut command = Command::new(xtask);
        command.arg("bare").arg("--answer").arg(answer);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line
            .trim()
            .parse()
            .context("the bare route did not start")?;
        Ok(Self { child, address })
    }

    /// The most memory that it has held, in bytes.
    pub(super) fn peak(&self) -> Result<u64> {
        memory(self.child.id(), "VmHWM:")
    }

    /// Tells it to stop, and waits until it has.
    pub(super) fn stop(mut self) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.context("no process id")?, Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }

    /// Kills it as the kernel does when memory runs out.
    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
