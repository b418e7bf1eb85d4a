//! Clusters of several sizes: what a pre-check costs on each beside the floor, and what another client feels of both.

mod fill;
mod objects;
mod other;
mod plot;

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use xtask::table;

use self::other::Other;
use super::{
    Programs, machine, median, megabytes,
    precheck::{self, Bench, Contestant, Sample},
    progress, say,
};

/// Most megabytes, of a million bytes, that the pre-check of the largest cluster may hold.
const MOST_MEGABYTES: f64 = 250.0;
/// Objects of the largest cluster there is: 5,000 nodes.
const MOST_OBJECTS: usize = 230_750;

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Scale {
    /// Objects of a cluster; repeat it for more sizes. Rounded to blocks of 20 nodes
    #[arg(long = "objects", default_values_t = [1000, 10_000, 100_000, MOST_OBJECTS], value_parser = objects)]
    sizes: Vec<usize>,
    /// Rounds that count, after one that does not
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Write a plot of the medians to this file, as SVG
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Print every sample as JSON
    #[arg(long)]
    json: bool,
}

fn objects(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| "not a number".to_owned())?;
    let allowed = 1..=MOST_OBJECTS;
    let refused = || format!("not between 1 and {MOST_OBJECTS}");
    allowed
        .contains(&number)
        .then_some(number)
        .ok_or_else(refused)
}

/// As many blocks as come next to so many objects.
fn blocks(objects: usize) -> usize {
    let one = objects::total(1);
    ((objects + one / 2) / one).max(1)
}

/// One cluster.
#[derive(Serialize)]
struct Point {
    objects: usize,
    pods: usize,
    nodes: usize,
    /// What the pre-check said, so that nobody measures one that read nothing.
    judged: String,
    ours: Side,
    floor: Side,
}

/// One program on one cluster.
#[derive(Default, Serialize)]
struct Side {
    samples: Vec<Sample>,
    /// Milliseconds that the other client waited for each answer, over all rounds.
    others: Vec<f64>,
}

impl Side {
    fn middle(&self, value: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(value).collect())
    }

    fn wall(&self) -> f64 {
        self.middle(|sample| sample.cost.wall)
    }

    /// The most memory of any run.
    fn peak(&self) -> f64 {
        let peaks = self
            .samples
            .iter()
            .map(|sample| megabytes(sample.cost.peak));
        peaks.fold(0.0, f64::max)
    }

    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.others.clone();
        sorted.sort_by(f64::total_cmp);
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied().unwrap_or(f64::NAN)
    }
}

impl Scale {
    /// Fills, measures and prints.
    pub(crate) async fn run(mut self) -> Result<()> {
        self.sizes.sort_unstable();
        let programs = Programs::build()?;
        let mut points = Vec::new();
        for &size in &self.sizes {
            points.push(self.point(&programs, blocks(size)).await?);
        }
        if let Some(file) = &self.plot {
            std::fs::write(file, plot::svg(&points))?;
        }
        say(&if self.json {
            let report = json!({ "machine": machine(), "points": points });
            serde_json::to_string_pretty(&report)?
        } else {
            self.text(&points)
        });
        Ok(())
    }

    async fn point(&self, programs: &Programs, blocks: usize) -> Result<Point> {
        let cluster = fill::filled(blocks).await?;
        let bench = Bench::new(&cluster)?;
        let contestants = precheck::contestants(programs, &cluster);
        let (mut ours, mut floor) = (Side::default(), Side::default());
        let total = objects::total(blocks);
        for round in 0..=self.runs {
            progress(&format!("{total} objects, round {round} of {}", self.runs));
            // In turn, and each as often the first of a round: what one leaves in caches, the next one has.
            let mut sides = [(0, &mut ours), (1, &mut floor)];
            if round % 2 == 1 {
                sides.reverse();
            }
            for (at, side) in sides {
                let other = Other::start(cluster.client("another-client")?);
                let sample = sample(&bench, programs, &contestants[at], at).await?;
                let others = other.stop().await?;
                // The first round warms up.
                if round > 0 {
                    side.samples.push(sample);
                    side.others.extend(others);
                }
            }
        }
        Ok(Point {
            objects: total,
            pods: objects::pods(blocks),
            nodes: blocks * objects::NODES,
            judged: bench.judged()?,
            ours,
            floor,
        })
    }

    fn text(&self, points: &[Point]) -> String {
        let heading = [
            "objects",
            "program",
            "wall s",
            "× floor",
            "CPU s",
            "peak MB",
            "server CPU s",
            "lists MB",
            "other's p50 ms",
            "other's p99 ms",
        ];
        let rows: Vec<_> = points.iter().flat_map(rows).collect();
        let judged: Vec<_> = points.iter().map(said).collect();
        let targets = points.last().map(targets).unwrap_or_default();
        format!(
            "{}; median of {} rounds, peaks the highest of all, the other client over all rounds\n\n{}\n{}\n\n{}",
            machine(),
            self.runs,
            table::render(&heading, &rows),
            judged.join("\n"),
            table::render(&["target for the largest", "met"], &targets),
        )
    }
}

async fn sample(bench: &Bench, programs: &Programs, one: &Contestant, at: usize) -> Result<Sample> {
    bench.sample(programs, one, bench.output(at)).await
}

fn rows(point: &Point) -> [Vec<String>; 2] {
    let row = |name: &str, side: &Side| {
        let ratio = side.wall() / point.floor.wall();
        vec![
            point.objects.to_string(),
            name.to_owned(),
            format!("{:.2}", side.wall()),
            format!("{ratio:.2}"),
            format!("{:.2}", side.middle(|sample| sample.cost.cpu())),
            format!("{:.1}", side.peak()),
            format!("{:.2}", side.middle(|sample| sample.server)),
            format!("{:.1}", side.middle(|sample| megabytes(sample.bytes))),
            format!("{:.1}", side.percentile(50)),
            format!("{:.1}", side.percentile(99)),
        ]
    };
    [
        row("airworthy precheck", &point.ours),
        row("floor, JSON", &point.floor),
    ]
}

fn said(point: &Point) -> String {
    format!(
        "{} objects, {} pods on {} nodes: {}",
        point.objects, point.pods, point.nodes, point.judged
    )
}

fn targets(point: &Point) -> Vec<Vec<String>> {
    let (ours, floor) = (&point.ours, &point.floor);
    let target = |text: String, met: bool| vec![text, table::verdict(met).to_owned()];
    vec![
        target(
            format!("wall: {:.2} s, at most {:.2}", ours.wall(), floor.wall()),
            ours.wall() <= floor.wall(),
        ),
        target(
            format!(
                "peak memory: {:.1} MB, at most {MOST_MEGABYTES}",
                ours.peak()
            ),
            ours.peak() <= MOST_MEGABYTES,
        ),
        target(
            format!(
                "another client's p99: {:.1} ms, at most {:.1}",
                ours.percentile(99),
                floor.percentile(99)
            ),
            ours.percentile(99) <= floor.percentile(99),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::Cost;

    fn side(wall: f64, peak: u64, others: &[f64]) -> Side {
        let cost = Cost {
            wall,
            user: 0.0,
            system: 0.0,
            peak,
            code: Some(0),
        };
        let sample = Sample {
            cost,
            server: 0.0,
            bytes: 0,
        };
        Side {
            samples: vec![sample],
            others: others.to_vec(),
        }
    }

    fn verdicts(ours: Side) -> Vec<String> {
        let point = Point {
            objects: 1,
            pods: 1,
            nodes: 1,
            judged: String::new(),
            ours,
            floor: side(2.0, 1, &[5.0, 7.0, 6.0]),
        };
        let targets = targets(&point);
        targets.into_iter().map(|mut row| row.remove(1)).collect()
    }

    #[test]
    fn targets_are_wall_time_memory_and_what_others_feel() {
        assert_eq!(verdicts(side(2.0, 250_000_000, &[7.0, 1.0])), ["met"; 3]);
        assert_eq!(verdicts(side(2.1, 250_100_000, &[7.1])), ["MISSED"; 3]);
        let percentiles = side(1.0, 1, &[3.0, 1.0, 2.0, 4.0]);
        assert!((percentiles.percentile(50) - 2.0).abs() < f64::EPSILON);
        assert!((percentiles.percentile(99) - 4.0).abs() < f64::EPSILON);
    }

    #[test]
    fn sizes_are_those_next_to_the_ones_asked_for() {
        let sizes = [1, 1000, 10_000, 100_000, MOST_OBJECTS].map(blocks);
        assert_eq!(sizes, [1, 1, 11, 108, 250]);
        assert!(objects("0").is_err() && objects("230751").is_err() && objects("many").is_err());
    }
}
