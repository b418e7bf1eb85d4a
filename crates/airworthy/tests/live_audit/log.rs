//! `--audit-log` with the log that an API server of 1.31 wrote itself.

use std::{fs, io::Write as _, path::Path, process::Stdio};

use airworthy_testbed::Cluster;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use super::callers::{
    OLD_KUBECTL, READER, READS, URL, options, read_what_ends, use_an_old_kubectl,
};
use crate::common_live::{Report, command, live, precheck};

const CHECKS: [&str; 3] = ["--check", "DeprecatedApiCheck", "ClientSkew"];

async fn audited(cluster: &Cluster, log: &Path) -> Report {
    let log = log.to_str().unwrap();
    precheck(cluster, &[&CHECKS[..], &["--audit-log", log]].concat()).await
}

/// The finding about who reads at the version that ends.
#[track_caller]
fn reader(report: &Report) -> &Value {
    let named = |finding: &&Value| {
        finding["check"] == "DeprecatedApiCheck" && finding["caller"]["userAgent"] == READS
    };
    let all: Vec<_> = report.findings().iter().filter(named).collect();
    let [finding] = all[..] else {
        panic!("{} findings in\n{}", all.len(), report.run())
    };
    finding
}

#[track_caller]
fn demand_reader(report: &Report) {
    let finding = reader(report);
    assert_eq!(finding["severity"], "blocker", "{finding:#}");
    assert_eq!(finding["caller"]["user"], READER, "{finding:#}");
    assert_eq!(finding["api"]["url"], URL, "{finding:#}");
    assert_eq!(finding["breaks"], "runningClient", "{finding:#}");
    report.exits(1);
}

#[test]
fn a_client_that_only_reads_is_named_from_the_log_in_every_form_of_it() {
    live(async {
        let cluster = Cluster::start(options()).await.unwrap();
        let before = fs::read(cluster.audit_log()).unwrap();
        read_what_ends(&cluster).await;
        use_an_old_kubectl(&cluster).await;
        let report = audited(&cluster, &cluster.audit_log()).await;
        demand_reader(&report);
        let skew = report
            .findings()
            .iter()
            .find(|finding| finding["check"] == "ClientSkew");
        let skew = skew.unwrap_or_else(|| panic!("no ClientSkew in\n{}", report.run()));
        assert_eq!(skew["caller"]["userAgent"], OLD_KUBECTL, "{skew:#}");
        assert_eq!(skew["severity"], "note", "{skew:#}");

        let folder = tempfile::tempdir().unwrap();
        let whole = fs::read(cluster.audit_log()).unwrap();
        rotate(folder.path(), &whole, before.len());
        demand_reader(&audited(&cluster, folder.path()).await);
        demand_reader(&piped(&cluster, &whole).await);

        // Without the part in which it calls, it is not named: the metric alone does not know who calls.
        let early = folder.path().join("early.log");
        fs::write(&early, &before).unwrap();
        let report = audited(&cluster, &early).await;
        assert!(
            report
                .findings()
                .iter()
                .all(|finding| finding["caller"]["userAgent"] != READS),
            "{}",
            report.run()
        );
        // Without any log, neither check lacks evidence that could be had.
        let report = precheck(&cluster, &CHECKS).await;
        assert_eq!(report.status("ClientSkew"), "notApplicable");
        assert_eq!(report.status("DeprecatedApiCheck"), "found");
        assert_eq!(
            report.member("scope"),
            audited(&cluster, &early).await.member("scope")
        );
    });
}

/// As an API server rotates: the older part compressed, the newer one still written.
fn rotate(folder: &Path, log: &[u8], at: usize) {
    let end = log[at..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(log.len(), |end| at + end + 1);
    let (older, newer) = log.split_at(end);
    let file = fs::File::create(folder.join("audit-2026-11-22T10-00-00.000.log.gz")).unwrap();
    let mut file = GzEncoder::new(file, Compression::fast());
    file.write_all(older).unwrap();
    file.finish().unwrap();
    fs::write(folder.join("audit.log"), newer).unwrap();
}

async fn piped(cluster: &Cluster, log: &[u8]) -> Report {
    let kubeconfig = cluster.kubeconfig();
    let reads = [
        "precheck",
        "-o",
        "json",
        "--audit-log",
        "-",
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
    ];
    let args = [&reads[..], &CHECKS].concat();
    let mut command = command(&args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let write = async move { stdin.write_all(log).await.unwrap() };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    let output = output.unwrap();
    Report::of(crate::common_live::Run::of(&args, output))
}
