//! An audit log read, beside the program that only looks for a text in it.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use xtask::table;

use super::{
    Programs, machine,
    measure::{Cost, measured_small},
    median, megabytes, progress, say,
};

/// Least part of the speed of searching.
const LEAST_SPEED: f64 = 0.5;
/// Most memory, in MiB.
const MOST_MEMORY: f64 = 64.0;

/// Events that differ; the log repeats them, as its readers keep nothing of what they have seen but counts.
const EVENTS: u64 = 60_000;

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Audit {
    /// Size of each log, in millions of bytes
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    megabytes: u64,
    /// Rounds that count, after one that does not
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
}

/// A log: what part of its calls a server marks deprecated.
struct Log {
    name: &'static str,
    /// One call of so many.
    one_of: u64,
}

const LOGS: [Log; 2] = [
    Log {
        name: "one call of 1,000 is deprecated",
        one_of: 1000,
    },
    Log {
        name: "every call is deprecated",
        one_of: 1,
    },
];

impl Audit {
    /// Writes the logs one after the other, measures and prints.
    pub(crate) fn run(self) -> Result<()> {
        let programs = Programs::build()?;
        let mut rows = Vec::new();
        for log in &LOGS {
            let folder = tempfile::tempdir()?;
            let file = folder.path().join("audit.log");
            progress(&format!(
                "writing a log of {} MB: {}",
                self.megabytes, log.name
            ));
            let marked = write(&file, self.megabytes * 1_000_000, log.one_of)?;
            rows.push(self.compare(&programs, log, &file, marked)?.cells());
        }
        let heading = [
            "audit log",
            "MB",
            "grep -c s",
            "airworthy s",
            "of its speed",
            "at least 0.5",
            "peak MiB",
            "at most 64",
        ];
        let medians = format!("{}; medians of {} rounds", machine(), self.runs);
        say(&format!("{medians}\n\n{}", table::render(&heading, &rows)));
        Ok(())
    }

    fn compare(
        &self,
        programs: &Programs,
        log: &Log,
        file: &Path,
        marked: u64,
    ) -> Result<Compared> {
        let mut rounds = Vec::new();
        for round in 0..=self.runs {
            progress(&format!("round {round} of {}: {}", self.runs, log.name));
            let costs = (
                search(programs, file, marked)?,
                read(programs, file, marked)?,
            );
            if round > 0 {
                rounds.push(costs);
            }
        }
        let wall = |of: fn(&(Cost, Cost)) -> f64| median(rounds.iter().map(of).collect());
        Ok(Compared {
            name: log.name,
            bytes: file.metadata()?.len(),
            searching: wall(|(searching, _)| searching.wall),
            reading: wall(|(_, reading)| reading.wall),
            peak: rounds
                .iter()
                .map(|(_, reading)| reading.peak)
                .max()
                .unwrap_or_default(),
        })
    }
}

/// What came out of one log.
struct Compared {
    name: &'static str,
    bytes: u64,
    searching: f64,
    reading: f64,
    peak: u64,
}

impl Compared {
    fn cells(&self) -> Vec<String> {
        let speed = self.searching / self.reading;
        #[allow(clippy::cast_precision_loss)] // For people.
        let peak = self.peak as f64 / f64::from(1 << 20);
        vec![
            self.name.to_owned(),
            format!("{:.0}", megabytes(self.bytes)),
            format!("{:.2}", self.searching),
            format!("{:.2}", self.reading),
            format!("{speed:.2}"),
            table::verdict(speed >= LEAST_SPEED).to_owned(),
            format!("{peak:.1}"),
            table::verdict(peak <= MOST_MEMORY).to_owned(),
        ]
    }
}

/// The floor. Its output goes to a file: into nothing, it would stop at the first line.
fn search(programs: &Programs, file: &Path, marked: u64) -> Result<Cost> {
    let words = ["LC_ALL=C", "grep", "-c", "k8s.io/deprecated"].map(OsString::from);
    let args: Vec<_> = words.into_iter().chain([file.into()]).collect();
    let output = file.with_extension("grep");
    let cost = measured_small(&programs.xtask, Path::new("env"), &args, &output)?;
    let counted = std::fs::read_to_string(output)?;
    ensure!(
        counted.trim() == marked.to_string(),
        "grep counted {counted} of {marked}"
    );
    Ok(cost)
}

/// A whole run on the recording of the demo, so that nothing but the log takes time.
fn read(programs: &Programs, file: &Path, marked: u64) -> Result<Cost> {
    let recording: PathBuf = crate::test::root().join("crates/airworthy/demo/recording.tar");
    let words = [
        "precheck",
        "--check",
        "DeprecatedApiCheck",
        "-o",
        "json",
        "--from",
    ]
    .map(OsString::from);
    let rest = [recording.into(), "--audit-log".into(), file.into()];
    let args: Vec<_> = words.into_iter().chain(rest).collect();
    let output = file.with_extension("json");
    let cost = measured_small(&programs.xtask, &programs.airworthy, &args, &output)?;
    let Some(0 | 1) = cost.code else {
        bail!("airworthy ended with {:?}", cost.code)
    };
    let report: Value = serde_json::from_slice(&std::fs::read(output)?).context("no report")?;
    demand_found(&report, marked)?;
    Ok(cost)
}

/// A run that found nobody, or did not read it all, measures nothing.
fn demand_found(report: &Value, marked: u64) -> Result<()> {
    let check = report["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|check| check["check"] == "DeprecatedApiCheck");
    let status = check.map(|check| &check["status"]);
    ensure!(
        status == Some(&Value::from("found")),
        "DeprecatedApiCheck is {status:?} with {marked} deprecated calls in the log"
    );
    ensure!(
        check.is_some_and(|check| check["missing"].as_array().is_none_or(Vec::is_empty)),
        "not all of the log was read"
    );
    Ok(())
}

/// Writes a log of at least so many bytes; gives how many of its calls are deprecated.
fn write(path: &Path, bytes: u64, one_of: u64) -> Result<u64> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let (mut written, mut marked, mut number) = (0, 0, 0);
    while written < bytes {
        let deprecated = number % one_of == 0;
        let line = event(number % EVENTS, deprecated);
        file.write_all(line.as_bytes())?;
        written += line.len() as u64;
        marked += u64::from(deprecated);
        number += 1;
    }
    file.flush()?;
    Ok(marked)
}

const AGENTS: [&str; 7] = [
    "kube-controller-manager/v1.31.14 (linux/amd64) kubernetes/8a5b4b9/shared-informers",
    "kubelet/v1.31.14 (linux/amd64) kubernetes/8a5b4b9",
    "kube-scheduler/v1.31.14 (linux/amd64) kubernetes/8a5b4b9/leader-election",
    "kubectl/v1.30.2 (linux/amd64) kubernetes/3968350",
    "argocd-application-controller/v0.0.0 (linux/amd64) kubernetes/$Format",
    "Prometheus/2.53.0",
    "Go-http-client/2.0",
];

const RESOURCES: [(&str, &str, &str); 5] = [
    ("apps", "v1", "deployments"),
    ("", "v1", "pods"),
    ("coordination.k8s.io", "v1", "leases"),
    ("", "v1", "nodes"),
    ("discovery.k8s.io", "v1", "endpointslices"),
];

const DEPRECATED: (&str, &str, &str) = ("flowcontrol.apiserver.k8s.io", "v1beta3", "flowschemas");

/// An event at level Metadata as an API server of 1.31 writes it, of about 1.1 kB.
fn event(number: u64, deprecated: bool) -> String {
    let pick = |of: usize, salt: u64| {
        usize::try_from(number.wrapping_mul(salt) >> 7).unwrap_or_default() % of
    };
    let (group, version, resource) = if deprecated {
        DEPRECATED
    } else {
        RESOURCES[pick(RESOURCES.len(), 2_654_435_761)]
    };
    let path = if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    };
    let group = if group.is_empty() {
        String::new()
    } else {
        format!("\"apiGroup\":\"{group}\",")
    };
    let agent = AGENTS[pick(AGENTS.len(), 40_503)];
    let user = if agent.starts_with("kubelet") {
        format!("system:node:node-{}", pick(500, 97))
    } else {
        format!("system:serviceaccount:team-{}:runner", pick(50, 193))
    };
    let marks = if deprecated {
        ",\"k8s.io/deprecated\":\"true\",\"k8s.io/removed-release\":\"1.32\""
    } else {
        ""
    };
    let id = format!(
        "{:08x}-8ed5-4e32-bcd5-{:012x}",
        number.wrapping_mul(2_654_435_761) % 0xffff_ffff,
        number
    );
    let (second, team) = (number / 200, number % 50);
    let time = format!(
        "2026-11-22T{:02}:{:02}:{:02}.{:06}Z",
        second / 3600 % 24,
        second / 60 % 60,
        second % 60,
        number % 200 * 5000
    );
    format!(
        concat!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete","#,
            r#""requestURI":"{path}/namespaces/team-{team}/{resource}?allowWatchBookmarks=true\u0026resourceVersion={number}\u0026timeout=7m5s","#,
            r#""verb":"list","user":{{"username":"{user}","uid":"e2a1c6fb-1f6a-4d2b-9a5e-0d3c7c5b8f00","#,
            r#""groups":["system:serviceaccounts","system:authenticated"],"#,
            r#""extra":{{"authentication.kubernetes.io/credential-id":["JTI={id}"],"authentication.kubernetes.io/pod-name":["runner-{team}"]}}}},"#,
            r#""sourceIPs":["10.0.{team}.7"],"userAgent":"{agent}","#,
            r#""objectRef":{{"resource":"{resource}","namespace":"team-{team}",{group}"apiVersion":"{version}"}},"#,
            r#""responseStatus":{{"metadata":{{}},"code":200}},"requestReceivedTimestamp":"{time}","stageTimestamp":"{time}","#,
            r#""annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by ClusterRoleBinding \"runner\" of ClusterRole \"runner\" to ServiceAccount \"runner/team-{team}\""{marks}}}}}"#,
            "\n"
        ),
        id = id,
        path = path,
        team = team,
        resource = resource,
        number = number,
        user = user,
        agent = agent,
        group = group,
        version = version,
        time = time,
        marks = marks,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_json_lines_of_the_size_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let marked = write(&path, 1_000_000, 10).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            (1_000_000..1_002_000).contains(&text.len()),
            "{}",
            text.len()
        );
        let events: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let deprecated = events
            .iter()
            .filter(|event| event["annotations"]["k8s.io/deprecated"] == "true")
            .count();
        assert_eq!(deprecated as u64, marked);
        assert_eq!(deprecated, events.len().div_ceil(10));
    }

    #[test]
    fn targets_are_for_speed_and_memory() {
        let compared = |reading, peak| Compared {
            name: "x",
            bytes: 2_000_000_000,
            searching: 1.0,
            reading,
            peak,
        };
        let met = compared(2.0, 64 << 20).cells();
        assert_eq!((&*met[4], &*met[5], &*met[7]), ("0.50", "met", "met"));
        let missed = compared(2.1, 65 << 20).cells();
        assert_eq!((&*missed[5], &*missed[7]), ("MISSED", "MISSED"));
    }
}
