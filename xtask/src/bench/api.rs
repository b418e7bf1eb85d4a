//! The API under load: showing one of a million pre-checks beside a route that only answers the same bytes, and accepting
//! pre-checks, all of which must be there after the service was killed.

mod bare;
mod data;
mod ids;
mod load;
mod service;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use http::Method;
use serde::Serialize;
use serde_json::json;
use xtask::table;

use self::{
    data::{Data, KEY, Size},
    load::{Connection, Loaded, Plan, Work},
    service::Server,
};
use super::{Programs, machine, median, megabytes, progress, say};

pub(crate) use bare::Bare;
pub(crate) use load::Load;

/// Of the bare route's requests a second.
const LEAST_SHARE: f64 = 0.5;
/// Times the bare route's.
const MOST_TAIL: f64 = 3.0;
/// Of a million bytes.
const MOST_MEGABYTES: f64 = 100.0;
const LEAST_ACCEPTED: f64 = 500.0;
/// Tasks whose answers are looked at before anything is measured.
const LOOKED_AT: u32 = 200;

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Api {
    /// Clusters in the database
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clusters: u32,
    /// Finished pre-checks of each cluster
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    tasks: u32,
    /// Connections that ask at a time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    connections: u32,
    /// How long each measurement takes
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Measurements of each, one after the other
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Measure this program in place of the one of this checkout
    #[arg(long)]
    program: Option<PathBuf>,
    /// Print every sample as JSON
    #[arg(long)]
    json: bool,
}

/// One measurement.
#[derive(Clone, Copy, Debug, Serialize)]
struct Sample {
    /// Requests a second.
    rate: f64,
    /// Milliseconds within which half of them were answered.
    p50: f64,
    /// And all but one in a hundred.
    p99: f64,
}

impl From<&Loaded> for Sample {
    fn from(loaded: &Loaded) -> Self {
        Self {
            rate: loaded.rate(),
            p50: loaded.percentile(50),
            p99: loaded.percentile(99),
        }
    }
}

/// What was measured.
#[derive(Debug, Default, Serialize)]
struct Measured {
    bare: Vec<Sample>,
    service: Vec<Sample>,
    /// Bytes of memory that the service held at most while it was asked.
    peak: u64,
    create: Option<Sample>,
    /// Accepted tasks, and those that were there after the kill.
    accepted: (usize, usize),
}

impl Api {
    /// Measures and prints.
    pub(crate) async fn run(self) -> Result<()> {
        let programs = match &self.program {
            Some(program) => Programs {
                airworthy: program.clone(),
                xtask: std::env::current_exe()?,
            },
            None => Programs::build()?,
        };
        let size = Size {
            clusters: self.clusters,
            per_cluster: self.tasks,
        };
        let data = data::data(&programs.airworthy, size).await?;
        let bytes = data::warm(&data.path)?;
        let mut measured = self.show(&programs, &data).await?;
        self.create(&programs, &data, &mut measured).await?;
        data::restore(&data.path).await?;
        say(&if self.json {
            let report = json!({ "machine": machine(), "database": bytes, "answer": data.answer.len(), "measured": measured });
            serde_json::to_string_pretty(&report)?
        } else {
            self.text(&measured, bytes, data.answer.len())
        });
        Ok(())
    }

    async fn show(&self, programs: &Programs, data: &Data) -> Result<Measured> {
        let folder = tempfile::tempdir()?;
        let answer = folder.path().join("answer.json");
        std::fs::write(&answer, &data.answer)?;
        let bare = Server::bare(&programs.xtask, &answer)?;
        let service = Server::service(&programs.airworthy, &data.path, 0)?;
        let work = |seconds| Work::Show {
            tasks: self.clusters * self.tasks,
            per_cluster: self.tasks,
            seconds,
        };
        self.look(&self.plan(&service, work(0.0)), data.answer.len())
            .await?;
        let mut measured = Measured::default();
        for run in 0..=self.runs {
            progress(&format!("show, run {run} of {}", self.runs));
            let of = |server| self.asked(programs, folder.path(), server, work(self.seconds));
            let samples = (of(&bare)?, of(&service)?);
            // The first one is for both to get warm.
            if run > 0 {
                measured.bare.push(Sample::from(&samples.0));
                measured.service.push(Sample::from(&samples.1));
            }
        }
        measured.peak = service.peak()?;
        Ok(measured)
    }

    /// Every task gives its own answer, of the length that the bare route answers.
    async fn look(&self, plan: &Plan, length: usize) -> Result<()> {
        let mut connection = Connection::open(plan.address).await?;
        for number in 0..LOOKED_AT {
            let number = number.wrapping_mul(2_654_435_761) % (self.clusters * self.tasks);
            let target = ids::show(number, self.tasks);
            let request = load::signed(plan, Method::GET, &target, String::new())?;
            let answer = connection.send(request).await?;
            ensure!(
                load::uid(&answer)? == ids::task(number),
                "another task was shown"
            );
            ensure!(
                answer.len() == length,
                "an answer has {} bytes",
                answer.len()
            );
        }
        Ok(())
    }

    async fn create(
        &self,
        programs: &Programs,
        data: &Data,
        measured: &mut Measured,
    ) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let service = Server::service(&programs.airworthy, &data.path, 0)?;
        data::seen_now(&data.path).await?;
        progress("create");
        let work = Work::Create {
            clusters: self.clusters,
        };
        let loaded = self.asked(programs, folder.path(), &service, work)?;
        service.kill()?;
        let there: BTreeSet<_> = data::waiting(&data.path).await?.into_iter().collect();
        let found = loaded.accepted.iter().filter(|id| there.contains(*id));
        measured.accepted = (loaded.accepted.len(), found.count());
        measured.create = Some(Sample::from(&loaded));
        Ok(())
    }

    fn plan(&self, server: &Server, work: Work) -> Plan {
        Plan {
            address: server.address,
            access_key: KEY.0.to_owned(),
            secret: KEY.1.to_owned(),
            connections: self.connections,
            work,
        }
    }

    /// Has a process of its own ask.
    fn asked(
        &self,
        programs: &Programs,
        folder: &Path,
        server: &Server,
        work: Work,
    ) -> Result<Loaded> {
        let plan = folder.join("plan.json");
        std::fs::write(&plan, serde_json::to_vec(&self.plan(server, work))?)?;
        let mut client = Command::new(&programs.xtask);
        client.arg("load").arg("--plan").arg(&plan);
        let output = client.stderr(std::process::Stdio::inherit()).output()?;
        ensure!(output.status.success(), "the client failed");
        serde_json::from_slice(&output.stdout).context("the client's answer")
    }

    fn text(&self, measured: &Measured, database: u64, answer: usize) -> String {
        let middle =
            |samples: &[Sample], of: fn(&Sample) -> f64| median(samples.iter().map(of).collect());
        let row = |samples: &[Sample]| {
            let numbers: [fn(&Sample) -> f64; 3] = [|it| it.rate, |it| it.p50, |it| it.p99];
            numbers.map(|of| middle(samples, of))
        };
        let (bare, service) = (row(&measured.bare), row(&measured.service));
        let cells = |name: &str, [rate, p50, p99]: [f64; 3]| {
            let numbers = [
                format!("{rate:.0}"),
                format!("{p50:.2}"),
                format!("{p99:.2}"),
            ];
            std::iter::once(name.to_owned())
                .chain(numbers)
                .collect::<Vec<_>>()
        };
        let create = measured
            .create
            .map_or([f64::NAN; 3], |it| [it.rate, it.p50, it.p99]);
        let heading = ["request", "a second", "p50 ms", "p99 ms"];
        let rows = [
            cells("bare route", bare),
            cells("show a pre-check", service),
            cells("create a pre-check", create),
        ];
        let (share, tail) = (service[0] / bare[0], service[2] / bare[2]);
        let peak = megabytes(measured.peak);
        let (accepted, there) = measured.accepted;
        let target = |text: String, met: bool| vec![text, table::verdict(met).to_owned()];
        let targets = [
            target(
                format!(
                    "requests: {:.0} % of the bare route's, at least 50 %",
                    share * 100.0
                ),
                share >= LEAST_SHARE,
            ),
            target(
                format!("p99: {tail:.1} times the bare route's, at most 3"),
                tail <= MOST_TAIL,
            ),
            target(
                format!("peak memory: {peak:.1} MB, at most 100"),
                peak <= MOST_MEGABYTES,
            ),
            target(
                format!("accepted: {:.0} a second, at least 500", create[0]),
                create[0] >= LEAST_ACCEPTED,
            ),
            target(
                format!("after kill -9: {there} of {accepted} accepted tasks are there"),
                there == accepted,
            ),
        ];
        format!(
            "{}; median of {} runs of {} s; {} connections; {} tasks of {} clusters, {:.0} MB; an answer has {answer} bytes\n\n{}\n{}",
            machine(),
            self.runs,
            self.seconds,
            self.connections,
            self.clusters * self.tasks,
            self.clusters,
            megabytes(database),
            table::render(&heading, &rows),
            table::render(&["target", "met"], &targets),
        )
    }
}
