//! How soon the service is ready, and what it holds when idle.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use serde_json::json;
use xtask::table;

use super::{Programs, machine, median, megabytes, memory, progress, say};

const MOST_MILLISECONDS: f64 = 300.0;
/// Of a million bytes.
const MOST_MEGABYTES: f64 = 40.0;
const PAUSE: Duration = Duration::from_millis(1);
const DEADLINE: Duration = Duration::from_secs(30);
/// Until nothing of the start is going on any more.
const SETTLE: Duration = Duration::from_secs(2);

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// Starts on a fresh database, and as many on one that is there
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Print every sample as JSON
    #[arg(long)]
    json: bool,
}

/// One start.
#[derive(Clone, Copy, Debug, Serialize)]
struct Start {
    /// From before the program starts until its first answer that it is ready.
    milliseconds: f64,
    /// What it holds some time after.
    idle: u64,
}

impl Serve {
    /// Measures and prints.
    pub(crate) async fn run(self) -> Result<()> {
        let programs = Programs::build()?;
        let runs = self.runs;
        let measuring = move || series(&programs.airworthy, runs);
        let (fresh, existing) = tokio::task::spawn_blocking(measuring).await??;
        say(&if self.json {
            let report = json!({ "machine": machine(), "fresh": fresh, "existing": existing });
            serde_json::to_string_pretty(&report)?
        } else {
            text(&fresh, &existing)
        });
        Ok(())
    }
}

/// Starts on fresh databases and, each time, once more on the one that is then there.
fn series(program: &Path, runs: u32) -> Result<(Vec<Start>, Vec<Start>)> {
    let (mut fresh, mut existing) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        progress(&format!("start {run} of {runs}"));
        let folder = tempfile::tempdir()?;
        fresh.push(start(program, folder.path())?);
        existing.push(start(program, folder.path())?);
    }
    Ok((fresh, existing))
}

fn start(program: &Path, folder: &Path) -> Result<Start> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut command = Command::new(program);
    command
        .args(["serve", "--listen", &free.to_string(), "--database"])
        .arg(folder.join("airworthy.db"))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let service = Service(command.spawn().context("start the service")?);
    while !is_ready(free) {
        if began.elapsed() > DEADLINE {
            bail!("the service is not ready after {} s", DEADLINE.as_secs());
        }
        sleep(PAUSE);
    }
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    sleep(SETTLE);
    let idle = memory(service.0.id(), "VmRSS:")?;
    service.stop()?;
    Ok(Start { milliseconds, idle })
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok::<_, std::io::Error>(status)
    };
    ask().is_ok_and(|status| status.ends_with(b" 200"))
}

/// The service; killed if it is not stopped.
struct Service(Child);

impl Service {
    fn stop(mut self) -> Result<()> {
        let id = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(id.context("no process id")?, Signal::TERM)?;
        let status = self.0.wait()?;
        if !status.success() {
            bail!("the service ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(fresh: &[Start], existing: &[Start]) -> String {
    let row = |name: &str, starts: &[Start]| {
        let ready = starts.iter().map(|start| start.milliseconds);
        let idle = starts.iter().map(|start| megabytes(start.idle));
        (
            name.to_owned(),
            median(ready.collect()),
            median(idle.collect()),
        )
    };
    let rows = [
        row("fresh database", fresh),
        row("existing database", existing),
    ];
    let cells = rows.iter().map(|(name, ready, idle)| {
        let (ready_met, idle_met) = (*ready <= MOST_MILLISECONDS, *idle <= MOST_MEGABYTES);
        vec![
            name.clone(),
            format!("{ready:.0}"),
            table::verdict(ready_met).to_owned(),
            format!("{idle:.1}"),
            table::verdict(idle_met).to_owned(),
        ]
    });
    let ready = format!("at most {MOST_MILLISECONDS}");
    let idle = format!("at most {MOST_MEGABYTES}");
    let heading = ["airworthy serve", "ready ms", &ready, "idle MB", &idle];
    let rows: Vec<_> = cells.collect();
    format!(
        "{}; median of {} starts\n\n{}",
        machine(),
        fresh.len(),
        table::render(&heading, &rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_for_both_databases() {
        let start = |milliseconds, idle| [Start { milliseconds, idle }];
        let text = text(&start(300.0, 40_000_000), &start(301.0, 40_100_000));
        assert!(
            text.contains("|      300 |         met |    40.0 |        met |"),
            "{text}"
        );
        assert!(
            text.contains("|      301 |      MISSED |    40.1 |     MISSED |"),
            "{text}"
        );
    }

    #[test]
    fn nobody_is_ready_where_nobody_listens() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap();
        assert!(!is_ready(free));
    }
}
