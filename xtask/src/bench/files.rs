//! A tree of manifests judged, beside the programs that only read it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use xtask::table;

use super::{
    Programs,
    corpus::Corpus,
    machine,
    measure::{Cost, measured_small},
    median, megabytes, progress, say,
};

/// Most times that judging may take as long as reading.
const MOST_TIMES: f64 = 2.5;
/// Most memory, in MiB.
const MOST_MEMORY: f64 = 64.0;

/// How much is measured, and beside whom.
#[derive(clap::Args)]
pub(crate) struct Files {
    /// Rounds that count, after one that does not
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// A peer and its binary: pluto=PATH or kubent=PATH (may be given several times)
    #[arg(long = "peer", value_name = "NAME=PATH", value_parser = Peer::parse)]
    peers: Vec<Peer>,
    /// Print every sample as JSON
    #[arg(long)]
    json: bool,
}

/// Another tool for the same question.
#[derive(Clone)]
struct Peer {
    name: &'static str,
    program: PathBuf,
}

impl Peer {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text
            .split_once('=')
            .ok_or("expected NAME=PATH, such as pluto=/usr/bin/pluto")?;
        let name = ["pluto", "kubent"].into_iter().find(|known| *known == name);
        let name = name.ok_or("the peers known are pluto and kubent")?;
        Ok(Self {
            name,
            program: path.into(),
        })
    }

    fn args(&self, corpus: &Corpus, folder: &Path) -> Vec<OsString> {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        if self.name == "pluto" {
            let rest = words(&["--target-versions", "k8s=v1.32.0", "--output", "json"]);
            [
                words(&["detect-files", "--directory"]),
                vec![folder.into()],
                rest,
            ]
            .concat()
        } else {
            let files = corpus
                .files
                .iter()
                .flat_map(|file| ["-f".into(), file.into()]);
            let rest = words(&[
                "--cluster=false",
                "--helm3=false",
                "--target-version",
                "1.32.0",
                "-o",
                "json",
            ]);
            files.chain(rest).collect()
        }
    }
}

/// A program that is measured.
struct Contestant {
    name: &'static str,
    program: PathBuf,
    args: Vec<OsString>,
}

impl Files {
    /// Writes the tree, measures and prints.
    pub(crate) fn run(self) -> Result<()> {
        let programs = Programs::build()?;
        let folder = tempfile::tempdir()?;
        progress("writing the manifests");
        let tree = folder.path().join("manifests");
        let corpus = Corpus::write(&tree)?;
        let contestants = self.contestants(&programs, &corpus, folder.path())?;
        let mut rounds = Vec::new();
        for round in 0..=self.runs {
            progress(&match round {
                0 => "warming up".to_owned(),
                _ => format!("round {round} of {}", self.runs),
            });
            let costs = once(&programs, &contestants, folder.path())?;
            if round > 0 {
                rounds.push(costs);
            }
        }
        compare(&corpus, &found(&output(folder.path(), 0))?)?;
        let report = Report {
            corpus,
            names: contestants.iter().map(|one| one.name).collect(),
            rounds,
        };
        say(&if self.json {
            serde_json::to_string_pretty(&report.json())?
        } else {
            report.text()
        });
        Ok(())
    }

    fn contestants(
        &self,
        programs: &Programs,
        corpus: &Corpus,
        folder: &Path,
    ) -> Result<Vec<Contestant>> {
        let tree = folder.join("manifests");
        let list = folder.join("list");
        let names = corpus.files.iter().map(|file| file.display().to_string());
        fs::write(&list, names.collect::<Vec<_>>().join("\n"))?;
        let ours = [
            "precheck",
            "--target",
            "1.32",
            "--output",
            "json",
            "--manifests",
        ];
        let ours = ours
            .into_iter()
            .map(OsString::from)
            .chain([tree.clone().into()]);
        let script = format!("xargs cat < {} | wc -c", list.display());
        let peers = self.peers.iter().map(|peer| Contestant {
            name: peer.name,
            program: peer.program.clone(),
            args: peer.args(corpus, &tree),
        });
        let own = [
            Contestant {
                name: "airworthy",
                program: programs.airworthy.clone(),
                args: ours.collect(),
            },
            Contestant {
                name: "cat | wc",
                program: "sh".into(),
                args: vec!["-c".into(), script.into()],
            },
        ];
        Ok(own.into_iter().chain(peers).collect())
    }
}

fn output(folder: &Path, contestant: usize) -> PathBuf {
    folder.join(format!("output-{contestant}"))
}

/// Each program once, in turn.
fn once(programs: &Programs, contestants: &[Contestant], folder: &Path) -> Result<Vec<Cost>> {
    let one = |(at, one): (usize, &Contestant)| {
        let cost = measured_small(
            &programs.xtask,
            &one.program,
            &one.args,
            &output(folder, at),
        )?;
        match cost.code {
            Some(0 | 1) => Ok(cost),
            // Peers have codes of their own for what they found.
            Some(_) if at > 1 => Ok(cost),
            code => bail!("{} ended with {code:?}", one.name),
        }
    };
    contestants.iter().enumerate().map(one).collect()
}

/// File and version by the name of each object that was found.
fn found(report: &Path) -> Result<BTreeMap<String, (String, String)>> {
    let report: Value =
        serde_json::from_slice(&fs::read(report)?).context("the report is not JSON")?;
    let findings = report["findings"]
        .as_array()
        .context("a report without findings")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let files = findings
        .iter()
        .filter(|finding| finding["check"] == "ManifestDeprecatedApi");
    Ok(files
        .map(|finding| {
            let place = (
                text(&finding["location"]["file"]),
                text(&finding["subject"]["apiVersion"]),
            );
            (text(&finding["subject"]["name"]), place)
        })
        .collect())
}

/// All of what was removed was found, where it stands, and nothing else.
fn compare(corpus: &Corpus, found: &BTreeMap<String, (String, String)>) -> Result<()> {
    let missed: Vec<_> = corpus
        .removed
        .iter()
        .filter(|(name, place)| found.get(*name) != Some(place))
        .collect();
    let wrong: Vec<_> = found
        .iter()
        .filter(|(name, _)| !corpus.removed.contains_key(*name))
        .collect();
    if missed.is_empty() && wrong.is_empty() {
        return Ok(());
    }
    bail!(
        "missed {}: {:?}; wrong {}: {:?}",
        missed.len(),
        missed.first(),
        wrong.len(),
        wrong.first()
    )
}

/// All that was measured.
struct Report {
    corpus: Corpus,
    names: Vec<&'static str>,
    /// Of each round the cost of each program: ours, the floor, the peers.
    rounds: Vec<Vec<Cost>>,
}

impl Report {
    fn of(&self, contestant: usize, value: impl Fn(&Cost) -> f64) -> Vec<f64> {
        self.rounds
            .iter()
            .map(|round| value(&round[contestant]))
            .collect()
    }

    /// The median over the rounds of a value by the floor's of the same round.
    fn times(&self, contestant: usize, value: impl Fn(&Cost) -> f64) -> f64 {
        let rounds = self.rounds.iter();
        median(
            rounds
                .map(|round| value(&round[contestant]) / value(&round[1]))
                .collect(),
        )
    }

    /// The most memory of any of our runs, in MiB.
    fn highest(&self) -> f64 {
        self.of(0, peak).into_iter().fold(0.0, f64::max)
    }

    fn text(&self) -> String {
        let heading = [
            "program",
            "wall s",
            "times floor",
            "CPU s",
            "times floor",
            "peak MiB",
        ];
        let rows: Vec<_> = (0..self.names.len()).map(|one| self.row(one)).collect();
        let times = self.times(0, |cost| cost.wall);
        let corpus = &self.corpus;
        format!(
            "{} files, {} documents, {:.1} MB; {} objects at a removed version, all found, nothing else\n{}; median of {} rounds; caches warm\n\n{}\n\
             wall time by the floor's: {times:.2} (at most {MOST_TIMES}: {})\nhighest peak: {:.1} MiB (at most {MOST_MEMORY}: {})",
            corpus.files.len(),
            corpus.documents,
            megabytes(corpus.bytes),
            corpus.removed.len(),
            machine(),
            self.rounds.len(),
            table::render(&heading, &rows),
            table::verdict(times <= MOST_TIMES),
            self.highest(),
            table::verdict(self.highest() <= MOST_MEMORY),
        )
    }

    fn row(&self, contestant: usize) -> Vec<String> {
        vec![
            self.names[contestant].to_owned(),
            format!("{:.3}", median(self.of(contestant, |cost| cost.wall))),
            format!("{:.2}", self.times(contestant, |cost| cost.wall)),
            format!("{:.3}", median(self.of(contestant, Cost::cpu))),
            format!("{:.2}", self.times(contestant, Cost::cpu)),
            format!("{:.1}", median(self.of(contestant, peak))),
        ]
    }

    fn json(&self) -> Value {
        let programs = self.names.iter().enumerate().map(|(at, name)| {
            let samples: Vec<_> = self.rounds.iter().map(|round| &round[at]).collect();
            json!({ "program": name, "samples": samples, "timesFloor": self.times(at, |cost| cost.wall) })
        });
        json!({
            "files": self.corpus.files.len(),
            "documents": self.corpus.documents,
            "bytes": self.corpus.bytes,
            "removed": self.corpus.removed.len(),
            "machine": machine(),
            "programs": programs.collect::<Vec<_>>(),
            "highestPeakMebibytes": self.highest(),
        })
    }
}

/// Peak memory in MiB.
fn peak(cost: &Cost) -> f64 {
    megabytes(cost.peak) / 1.048_576
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_and_a_false_alarm_are_told() {
        let row = |name: &str| (name.to_owned(), ("f".to_owned(), "v".to_owned()));
        let corpus = Corpus {
            files: Vec::new(),
            documents: 0,
            bytes: 0,
            removed: [row("a"), row("b")].into(),
        };
        assert!(compare(&corpus, &[row("a"), row("b")].into()).is_ok());
        let error = compare(&corpus, &[row("a"), row("c")].into())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("missed 1: Some((\"b\"") && error.contains("wrong 1: Some((\"c\""),
            "{error}"
        );
        let elsewhere = ("b".to_owned(), ("g".to_owned(), "v".to_owned()));
        assert!(compare(&corpus, &[row("a"), elsewhere].into()).is_err());
    }

    #[test]
    fn peers_have_names() {
        assert!(Peer::parse("pluto=/bin/true").is_ok());
        assert!(Peer::parse("pluto").is_err() && Peer::parse("x=/bin/true").is_err());
    }
}
