//! A whole pre-check beside the floors, in turn.

use std::{ffi::OsString, path::PathBuf};

use airworthy_testbed::{Client, Cluster};
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};
use xtask::table;

use super::{
    Programs, fill,
    floor::Fetched,
    machine,
    measure::{Cost, measured},
    median, megabytes,
    objects::Counts,
    progress, say,
};

/// Most times that a pre-check may take as long as the JSON floor.
const MOST_TIMES: f64 = 1.3;
/// Most megabytes, of a million bytes, that a pre-check may hold.
const MOST_MEGABYTES: f64 = 60.0;
/// Where the server counts what it sends.
const SENT: &str = "apiserver_response_sizes_sum{";

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Precheck {
    /// Objects of the cluster
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=200_000))]
    objects: u32,
    /// Rounds that count, after one that does not
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Print every sample as JSON
    #[arg(long)]
    json: bool,
}

/// A program that is measured.
pub(super) struct Contestant {
    pub name: &'static str,
    program: PathBuf,
    args: Vec<OsString>,
    /// Exit codes of a run that did its work.
    codes: &'static [i32],
}

/// One run of one program.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    #[serde(flatten)]
    pub cost: Cost,
    /// CPU seconds of the API server meanwhile.
    pub server: f64,
    /// Bytes that the API server sent as lists.
    pub bytes: u64,
}

impl Precheck {
    /// Fills, measures and prints.
    pub(crate) async fn run(self) -> Result<()> {
        let programs = Programs::build()?;
        let counts = Counts::of(self.objects as usize);
        let cluster = fill::filled(counts).await?;
        let bench = Bench::new(&cluster)?;
        let contestants = contestants(&programs, &cluster);
        let mut rounds = Vec::new();
        for round in 0..=self.runs {
            let name = match round {
                0 => "warming up".to_owned(),
                _ => format!("round {round} of {}", self.runs),
            };
            progress(&name);
            let samples = bench.round(&programs, &contestants).await?;
            if round > 0 {
                rounds.push(samples);
            }
        }
        let report = Report {
            counts,
            version: cluster.version(),
            names: contestants.iter().map(|one| one.name).collect(),
            rounds,
            judged: bench.judged()?,
            floor: bench.fetched()?,
        };
        say(&if self.json {
            serde_json::to_string_pretty(&report.json())?
        } else {
            report.text()
        });
        Ok(())
    }
}

/// The pre-check, and the floors in both encodings.
pub(super) fn contestants(programs: &Programs, cluster: &Cluster) -> Vec<Contestant> {
    let args = |words: &[&str]| {
        let words = words.iter().map(OsString::from);
        let kubeconfig = ["--kubeconfig".into(), cluster.kubeconfig().into_os_string()];
        words.chain(kubeconfig).collect()
    };
    let floor = |name, format| Contestant {
        name,
        program: programs.xtask.clone(),
        args: args(&["floor", "--format", format]),
        codes: &[0],
    };
    vec![
        Contestant {
            name: "airworthy precheck",
            program: programs.airworthy.clone(),
            args: args(&["precheck", "--output", "json"]),
            codes: &[0, 1, 3],
        },
        floor("floor, JSON", "json"),
        floor("floor, protobuf", "protobuf"),
    ]
}

/// The API server that is read, and a folder for outputs.
pub(super) struct Bench {
    client: Client,
    server: u32,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new(cluster: &Cluster) -> Result<Self> {
        Ok(Self {
            client: cluster.client("airworthy-bench")?,
            server: cluster
                .process_id("kube-apiserver")
                .context("no API server")?,
            folder: tempfile::tempdir()?,
        })
    }

    /// Where a contestant's output goes.
    pub(super) fn output(&self, contestant: usize) -> PathBuf {
        self.folder.path().join(contestant.to_string())
    }

    /// Each program once.
    async fn round(&self, programs: &Programs, contestants: &[Contestant]) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        for (at, contestant) in contestants.iter().enumerate() {
            let output = self.output(at);
            samples.push(self.sample(programs, contestant, output).await?);
        }
        Ok(samples)
    }

    /// One run of one program.
    pub(super) async fn sample(
        &self,
        programs: &Programs,
        one: &Contestant,
        output: PathBuf,
    ) -> Result<Sample> {
        let sent = self.sent().await?;
        let before = cpu(self.server)?;
        let (xtask, program, args) = (
            programs.xtask.clone(),
            one.program.clone(),
            one.args.clone(),
        );
        let run = move || measured(&xtask, &program, &args, &output);
        let cost = tokio::task::spawn_blocking(run).await??;
        let server = cpu(self.server)? - before;
        if !cost.code.is_some_and(|code| one.codes.contains(&code)) {
            bail!("{} ended with {:?}", one.name, cost.code);
        }
        let bytes = self.sent().await? - sent;
        Ok(Sample {
            cost,
            server,
            bytes,
        })
    }

    /// Bytes that the server has sent as lists, by its own count.
    async fn sent(&self) -> Result<u64> {
        let metrics = self.client.get_text("/metrics").await?;
        let lists = metrics
            .lines()
            .filter(|line| line.starts_with(SENT) && line.contains("verb=\"LIST\""));
        let values = lists.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A whole number.
        Ok(values.sum::<f64>() as u64)
    }

    /// What the JSON floor fetched, by its own count.
    pub(super) fn fetched(&self) -> Result<Fetched> {
        let output = std::fs::read(self.output(1))?;
        serde_json::from_slice(&output).context("the floor's output is not JSON")
    }

    /// What the pre-check said, so that nobody measures one that read nothing.
    pub(super) fn judged(&self) -> Result<String> {
        let report = std::fs::read(self.output(0))?;
        let report: Value = serde_json::from_slice(&report).context("the report is not JSON")?;
        let checks = report["checks"]
            .as_array()
            .context("a report without checks")?;
        let unknown: Vec<_> = checks
            .iter()
            .filter(|check| check["status"] == "unknown")
            .filter_map(|check| check["check"].as_str())
            .collect();
        let findings = report["findings"].as_array().map_or(0, Vec::len);
        let verdict = report["verdict"].as_str().unwrap_or_default();
        Ok(format!(
            "{verdict}, {findings} findings, {} of {} checks decided{}{}",
            checks.len() - unknown.len(),
            checks.len(),
            if unknown.is_empty() {
                ""
            } else {
                "; unknown: "
            },
            unknown.join(", ")
        ))
    }
}

/// CPU seconds of a process so far.
#[allow(clippy::cast_precision_loss)] // Clock ticks of one process.
fn cpu(id: u32) -> Result<f64> {
    let path = format!("/proc/{id}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    // The name, in brackets, may hold anything; user and system time are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')').with_context(|| path.clone())?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// All that was measured.
struct Report<'a> {
    counts: Counts,
    version: &'a str,
    names: Vec<&'static str>,
    rounds: Vec<Vec<Sample>>,
    judged: String,
    floor: Fetched,
}

impl Report<'_> {
    fn of(&self, contestant: usize, value: impl Fn(&Sample) -> f64) -> Vec<f64> {
        let samples = self.rounds.iter().map(|round| &round[contestant]);
        samples.map(value).collect()
    }

    /// Our wall time by that of a floor, in each round.
    fn ratios(&self, floor: usize) -> Vec<f64> {
        let rounds = self.rounds.iter();
        rounds
            .map(|round| round[0].cost.wall / round[floor].cost.wall)
            .collect()
    }

    /// The most memory of any run.
    fn highest(&self) -> f64 {
        let peaks = self.of(0, |sample| megabytes(sample.cost.peak));
        peaks.into_iter().fold(0.0, f64::max)
    }

    fn text(&self) -> String {
        let counts = self.counts;
        let heading = [
            "program",
            "wall s",
            "CPU s",
            "peak MiB",
            "peak MB",
            "server CPU s",
            "lists MB",
        ];
        let rows: Vec<_> = (0..self.names.len()).map(|one| self.row(one)).collect();
        let ratio = median(self.ratios(1));
        format!(
            "Kubernetes {} with {} objects: {} pods, {} ConfigMaps, {} Secrets ({} Helm releases), {} others; and {} nodes\n\
             {}; median of {} rounds\n\n{}\n\
             pre-check: {}\n\
             JSON floor: {} kinds on {} pages, {:.1} MB\n\
             wall time by that of the JSON floor, per round: {} (median {ratio:.2}; at most {MOST_TIMES}: {})\n\
             wall time by that of the protobuf floor, per round: {} (median {:.2})\n\
             highest peak of the pre-check: {:.1} MB (at most {MOST_MEGABYTES}: {})",
            self.version,
            counts.total(),
            counts.pods(),
            counts.config_maps,
            counts.secrets,
            counts.releases,
            counts.others(),
            super::objects::NODES,
            machine(),
            self.rounds.len(),
            table::render(&heading, &rows),
            self.judged,
            self.floor.lists,
            self.floor.pages,
            megabytes(self.floor.bytes),
            list(&self.ratios(1)),
            table::verdict(ratio <= MOST_TIMES),
            list(&self.ratios(2)),
            median(self.ratios(2)),
            self.highest(),
            table::verdict(self.highest() <= MOST_MEGABYTES),
        )
    }

    fn row(&self, contestant: usize) -> Vec<String> {
        let middle = |value: fn(&Sample) -> f64| median(self.of(contestant, value));
        let peak = middle(|sample| megabytes(sample.cost.peak));
        vec![
            self.names[contestant].to_owned(),
            format!("{:.2}", middle(|sample| sample.cost.wall)),
            format!("{:.2}", middle(|sample| sample.cost.cpu())),
            format!("{:.1}", peak / 1.048_576),
            format!("{peak:.1}"),
            format!("{:.2}", middle(|sample| sample.server)),
            format!("{:.1}", middle(|sample| megabytes(sample.bytes))),
        ]
    }

    fn json(&self) -> Value {
        let programs = self.names.iter().enumerate().map(|(at, name)| {
            let samples: Vec<_> = self.rounds.iter().map(|round| &round[at]).collect();
            json!({ "program": name, "samples": samples })
        });
        json!({
            "kubernetes": self.version,
            "objects": self.counts.total(),
            "machine": machine(),
            "precheck": self.judged,
            "floor": self.floor,
            "programs": programs.collect::<Vec<_>>(),
            "timesJsonFloor": median(self.ratios(1)),
            "timesProtobufFloor": median(self.ratios(2)),
            "highestPeakMegabytes": self.highest(),
        })
    }
}

fn list(values: &[f64]) -> String {
    let values = values.iter().map(|value| format!("{value:.2}"));
    values.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(wall: f64, peak: u64) -> Sample {
        let cost = Cost {
            wall,
            user: 0.0,
            system: 0.0,
            peak,
            code: Some(0),
        };
        Sample {
            cost,
            server: 0.0,
            bytes: 0,
        }
    }

    fn report(ours: [(f64, u64); 3]) -> String {
        let rounds =
            ours.map(|(wall, peak)| vec![sample(wall, peak), sample(2.0, 1), sample(1.0, 1)]);
        let report = Report {
            counts: Counts::of(100),
            version: "1.31.14",
            names: vec!["airworthy", "json", "protobuf"],
            rounds: rounds.into(),
            judged: "ready".into(),
            floor: Fetched::default(),
        };
        report.text()
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_and_the_peak_is_the_highest() {
        let text = report([(1.0, 10_000_000), (9.0, 60_100_000), (2.6, 30_000_000)]);
        assert!(
            text.contains("0.50, 4.50, 1.30 (median 1.30; at most 1.3: met)"),
            "{text}"
        );
        assert!(
            text.contains("pre-check: 60.1 MB (at most 60: MISSED)"),
            "{text}"
        );
        let text = report([(1.0, 60_000_000), (2.7, 1), (2.7, 1)]);
        assert!(
            text.contains("(median 1.35; at most 1.3: MISSED)"),
            "{text}"
        );
        assert!(text.contains("60.0 MB (at most 60: met)"), "{text}");
    }

    #[test]
    fn a_process_has_used_time() {
        let own = std::process::id();
        let before = cpu(own).unwrap();
        while cpu(own).unwrap() <= before {}
    }
}
