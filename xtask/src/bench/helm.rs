//! Helm releases: what it takes to look into a thousand of them, beside fetching the same records and dropping the bytes.

use std::{
    ffi::OsString,
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use airworthy_testbed::{Client, Cluster, ClusterOptions};
use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use xtask::table;

use super::{
    Programs, machine,
    measure::{Cost, measured},
    median, megabytes, progress, say,
};

/// Most times that looking may take as long as fetching.
const MOST_TIMES: f64 = 1.5;
/// Most megabytes, of a million bytes, that it may hold.
const MOST_MEGABYTES: f64 = 64.0;
/// One release in so many holds what the next minor does not serve.
const OLD_EVERY: usize = 10;
const NAMESPACES: usize = 20;
/// Requests at a time while the records are made.
const CONCURRENCY: usize = 8;
/// The check whose evidence they are.
const CHECK: &str = "HelmReleaseDeprecatedApi";
/// Where the server counts requests for one Secret.
const GETS: &str = "apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"secrets\",scope=\"resource\",subresource=\"\",verb=\"GET\"";

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Helm {
    /// Releases
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..=5000))]
    releases: u32,
    /// Revisions of each, the newest deployed
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=20))]
    revisions: u32,
    /// Rounds that count, after one that does not
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Print every sample as JSON
    #[arg(long)]
    json: bool,
}

/// One run of one program.
#[derive(Clone, Debug, Serialize)]
struct Sample {
    #[serde(flatten)]
    cost: Cost,
    /// Secrets that it fetched, by the server's count.
    fetched: u64,
}

/// What is in the cluster.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Stored {
    releases: usize,
    revisions: u32,
    /// Bytes of JSON in the newest revision of all releases.
    json: usize,
    /// The same as stored in Secrets.
    packed: usize,
}

impl Helm {
    /// Fills, measures and prints.
    pub(crate) async fn run(self) -> Result<()> {
        let programs = Programs::build()?;
        let options = ClusterOptions::new("1.31").without_controllers();
        let cluster = Cluster::start(options).await?;
        let stored = fill(&cluster, self.releases as usize, self.revisions).await?;
        let bench = Bench::new(&cluster, programs, stored)?;
        let mut rounds = Vec::new();
        for round in 0..=self.runs {
            progress(&format!("round {round} of {}", self.runs));
            let samples = bench.round().await?;
            if round > 0 {
                rounds.push(samples);
            }
        }
        let report = Report {
            stored,
            version: cluster.version().to_owned(),
            rounds,
        };
        say(&if self.json {
            serde_json::to_string_pretty(&report.json())?
        } else {
            report.text()
        });
        Ok(())
    }
}

fn namespace(release: usize) -> String {
    format!("charts-{}", release % NAMESPACES)
}

fn record(release: usize, revision: u32) -> String {
    format!("sh.helm.release.v1.app-{release}.v{revision}")
}

fn path(release: usize) -> String {
    format!("/api/v1/namespaces/{}/secrets", namespace(release))
}

/// Makes all revisions of all releases.
async fn fill(cluster: &Cluster, releases: usize, revisions: u32) -> Result<Stored> {
    progress(&format!(
        "storing {releases} releases, {revisions} revisions of each"
    ));
    let client = Arc::new(cluster.client("Helm/3.19.0")?);
    for number in 0..NAMESPACES {
        let namespace = json!({ "metadata": { "name": namespace(number) } });
        client.create("/api/v1/namespaces", &namespace).await?;
    }
    let mut stored = Stored {
        releases,
        revisions,
        ..Stored::default()
    };
    let mut running = JoinSet::new();
    for release in 0..releases {
        if running.len() >= CONCURRENCY
            && let Some(done) = running.join_next().await
        {
            stored.add(done??);
        }
        running.spawn(store(client.clone(), release, revisions));
    }
    while let Some(done) = running.join_next().await {
        stored.add(done??);
    }
    Ok(stored)
}

impl Stored {
    fn add(&mut self, (json, packed): (usize, usize)) {
        self.json += json;
        self.packed += packed;
    }
}

/// Makes all revisions of a release; gives the bytes of its JSON, and of what is stored.
async fn store(client: Arc<Client>, release: usize, revisions: u32) -> Result<(usize, usize)> {
    let content = tokio::task::spawn_blocking(move || content(release)).await?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&content)?;
    let payload = STANDARD.encode(gzip.finish()?);
    for revision in 1..=revisions {
        let status = if revision == revisions {
            "deployed"
        } else {
            "superseded"
        };
        let labels = json!({ "owner": "helm", "name": format!("app-{release}"), "status": status, "version": revision.to_string() });
        let secret = json!({
            "type": "helm.sh/release.v1",
            "metadata": { "name": record(release, revision), "labels": labels },
            "stringData": { "release": &payload },
        });
        client.create(&path(release), &secret).await?;
    }
    Ok((content.len(), payload.len()))
}

/// How many bytes the JSON of a release has, about: from 20 to 900 kB, half of them below 135.
fn size(release: usize) -> usize {
    // Steps that meet every hundredth once in a hundred releases.
    let share = f64::from(u32::try_from(release * 37 % 100).unwrap_or_default()) / 99.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Below a million.
    let size = (20_000.0 * 45_f64.powf(share)) as usize;
    size
}

/// The JSON of a release, as Helm writes it: templates and values of its chart, and the manifest.
fn content(release: usize) -> Vec<u8> {
    let size = size(release);
    let mut words = Words(release as u64 + 1);
    let manifest = manifest(release, size / 4, &mut words);
    let mut templates = Vec::new();
    let mut taken = manifest.len();
    while taken + 10_000 < size {
        let template = STANDARD.encode(template(6_000, &mut words));
        taken += template.len() + 60;
        let name = format!("templates/part-{}.yaml", templates.len());
        templates.push(json!({ "name": name, "data": template }));
    }
    let chart = json!({ "metadata": { "name": "app", "version": "1.2.3", "kubeVersion": ">=1.25.0-0" },
        "templates": templates, "values": { "text": template(2_000, &mut words) }, "files": [] });
    let content = json!({ "name": format!("app-{release}"), "namespace": namespace(release), "version": 10,
        "info": { "status": "deployed", "last_deployed": "2026-01-02T03:04:05Z" },
        "chart": chart, "config": {}, "manifest": manifest, "hooks": [] });
    content.to_string().into_bytes()
}

/// Words that are the same in every run, and that do not pack to nothing.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

// Writing to a String cannot fail.
fn template(bytes: usize, words: &mut Words) -> String {
    const PARTS: [&str; 8] = [
        "        {{- with .Values.resources }}\n",
        "          env:\n",
        "  labels:\n    {{- include \"app.labels\" . | nindent 4 }}\n",
        "{{- end }}\n",
        "            - name: CONFIG\n",
        "    metadata:\n",
        "          ports:\n            - name: http\n",
        "      serviceAccountName: {{ include \"app.name\" . }}\n",
    ];
    let mut text = String::new();
    while text.len() < bytes {
        let word = words.next();
        text += PARTS[usize::try_from(word % 8).unwrap_or_default()];
        let _ = writeln!(text, "            value: {word:x}");
    }
    text
}

fn manifest(release: usize, bytes: usize, words: &mut Words) -> String {
    let mut text = String::new();
    if release.is_multiple_of(OLD_EVERY) {
        text += "---\napiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata:\n  name: old\n";
    }
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        let _ = writeln!(
            text,
            "---\n# Source: app/templates/part.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: part-{number}\n  labels:\n    app: part-{number}\nspec:\n  selector:\n    matchLabels:\n      app: part-{number}\n  template:\n    metadata:\n      labels:\n        app: part-{number}\n    spec:\n      containers:\n        - name: main\n          image: \"registry.example/app:{:x}\"\n          env:",
            words.next()
        );
        for variable in 0..12 {
            let _ = writeln!(
                text,
                "            - name: VARIABLE_{variable}\n              value: \"{:x}\"",
                words.next()
            );
        }
    }
    text
}

struct Bench {
    programs: Programs,
    client: Client,
    kubeconfig: PathBuf,
    stored: Stored,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(cluster: &Cluster, programs: Programs, stored: Stored) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let records = (0..stored.releases)
            .map(|release| format!("{}/{}\n", path(release), record(release, stored.revisions)));
        std::fs::write(folder.path().join("records"), records.collect::<String>())?;
        Ok(Self {
            programs,
            client: cluster.client("airworthy-bench")?,
            kubeconfig: cluster.kubeconfig(),
            stored,
            folder,
        })
    }

    /// Both programs once, ours first.
    async fn round(&self) -> Result<[Sample; 2]> {
        let words = |words: &[&str]| -> Vec<OsString> { words.iter().map(Into::into).collect() };
        let ours = words(&[
            "precheck",
            "--check",
            CHECK,
            "--output",
            "json",
            "--kubeconfig",
        ]);
        let ours = self.sample(&self.programs.airworthy, ours, &[0, 1]).await?;
        self.judged()?;
        let mut floor = words(&["floor", "--format", "protobuf", "--paths"]);
        floor.extend([
            self.folder.path().join("records").into(),
            "--kubeconfig".into(),
        ]);
        let floor = self.sample(&self.programs.xtask, floor, &[0]).await?;
        Ok([ours, floor])
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("output")
    }

    async fn sample(
        &self,
        program: &Path,
        mut args: Vec<OsString>,
        codes: &[i32],
    ) -> Result<Sample> {
        args.push(self.kubeconfig.clone().into());
        let (xtask, program, output) = (
            self.programs.xtask.clone(),
            program.to_owned(),
            self.output(),
        );
        let before = self.fetched().await?;
        let run = move || measured(&xtask, &program, &args, &output);
        let cost = tokio::task::spawn_blocking(run).await??;
        if !cost.code.is_some_and(|code| codes.contains(&code)) {
            bail!("a program ended with {:?}", cost.code);
        }
        let fetched = self.fetched().await? - before;
        Ok(Sample { cost, fetched })
    }

    /// Secrets that were fetched one by one, by the server's own count.
    async fn fetched(&self) -> Result<u64> {
        let metrics = self.client.get_text("/metrics").await?;
        let counts = metrics.lines().filter(|line| line.starts_with(GETS));
        let counts = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A whole number.
        Ok(counts.sum::<f64>() as u64)
    }

    /// Demands that every release was looked into, so that nobody measures a run that read nothing.
    fn judged(&self) -> Result<()> {
        let report: Value = serde_json::from_slice(&std::fs::read(self.output())?)?;
        let checks = report["checks"].as_array().context("no checks")?;
        let check = checks.iter().find(|one| one["check"] == CHECK);
        let check = check.context("the check did not run")?;
        let unread = check["missing"].as_array().map_or(0, Vec::len);
        ensure!(unread == 0, "{check:#}");
        let found = report["findings"].as_array().context("no findings")?;
        let found = found.iter().filter(|one| one["check"] == CHECK).count();
        let wanted = self.stored.releases.div_ceil(OLD_EVERY);
        ensure!(found == wanted, "{found} of {wanted} releases were found");
        Ok(())
    }
}

/// All that was measured.
struct Report {
    stored: Stored,
    version: String,
    rounds: Vec<[Sample; 2]>,
}

const NAMES: [&str; 2] = ["airworthy precheck", "floor, protobuf"];

impl Report {
    fn of(&self, program: usize, value: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.rounds
            .iter()
            .map(|round| value(&round[program]))
            .collect()
    }

    /// Our wall time by that of the floor, in each round.
    fn ratios(&self) -> Vec<f64> {
        let rounds = self.rounds.iter();
        rounds
            .map(|[ours, floor]| ours.cost.wall / floor.cost.wall)
            .collect()
    }

    fn highest(&self) -> f64 {
        let peaks = self.of(0, |sample| megabytes(sample.cost.peak));
        peaks.into_iter().fold(0.0, f64::max)
    }

    fn text(&self) -> String {
        let Stored {
            releases,
            revisions,
            json,
            packed,
        } = self.stored;
        let rows: Vec<_> = (0..NAMES.len()).map(|program| self.row(program)).collect();
        let (ratio, highest) = (median(self.ratios()), self.highest());
        format!(
            "Kubernetes {} with {releases} Helm releases, {revisions} revisions of each; the newest are {:.1} MB of JSON, {:.1} MB stored\n\
             {}; median of {} rounds\n\n{}\n\
             wall time by that of the floor: {ratio:.2} (at most {MOST_TIMES}: {})\n\
             highest peak: {highest:.1} MB (at most {MOST_MEGABYTES}: {})",
            self.version,
            megabytes(json as u64),
            megabytes(packed as u64),
            machine(),
            self.rounds.len(),
            table::render(
                &["program", "wall s", "CPU s", "peak MB", "Secrets fetched"],
                &rows
            ),
            table::verdict(ratio <= MOST_TIMES),
            table::verdict(highest <= MOST_MEGABYTES),
        )
    }

    #[allow(clippy::cast_precision_loss)] // Thousands.
    fn row(&self, program: usize) -> Vec<String> {
        let middle = |value: fn(&Sample) -> f64| median(self.of(program, value));
        vec![
            NAMES[program].to_owned(),
            format!("{:.2}", middle(|sample| sample.cost.wall)),
            format!("{:.2}", middle(|sample| sample.cost.cpu())),
            format!("{:.1}", middle(|sample| megabytes(sample.cost.peak))),
            format!("{:.0}", middle(|sample| sample.fetched as f64)),
        ]
    }

    fn json(&self) -> Value {
        let programs = NAMES.iter().enumerate().map(|(at, name)| {
            let samples: Vec<_> = self.rounds.iter().map(|round| &round[at]).collect();
            json!({ "program": name, "samples": samples })
        });
        json!({
            "kubernetes": self.version,
            "stored": self.stored,
            "machine": machine(),
            "programs": programs.collect::<Vec<_>>(),
            "timesFloor": median(self.ratios()),
            "highestPeakMegabytes": self.highest(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_as_large_as_they_say() {
        let sizes: Vec<_> = (0..100).map(size).collect();
        assert_eq!(
            (sizes.iter().min(), sizes.iter().max()),
            (Some(&20_000), Some(&900_000))
        );
        for release in [0, 7, 8] {
            let content = content(release).len();
            let wanted = size(release);
            assert!(
                content.abs_diff(wanted) < wanted / 4 + 8_000,
                "{content} for {wanted}"
            );
        }
    }

    #[test]
    fn targets_are_told() {
        let sample = |wall: f64, peak: u64| Sample {
            cost: Cost {
                wall,
                user: 0.0,
                system: 0.0,
                peak,
                code: Some(0),
            },
            fetched: 1000,
        };
        let report = |wall: f64, peak: u64| Report {
            stored: Stored::default(),
            version: "1.31.14".into(),
            rounds: vec![[sample(wall, peak), sample(2.0, 1)]],
        };
        let text = report(3.0, 64_000_000).text();
        assert!(
            text.contains("1.50 (at most 1.5: met)") && text.contains("64.0 MB (at most 64: met)"),
            "{text}"
        );
        let text = report(3.1, 64_100_000).text();
        assert!(
            text.contains("1.55 (at most 1.5: MISSED)")
                && text.contains("64.1 MB (at most 64: MISSED)"),
            "{text}"
        );
    }
}
