//! Where stdout leads: to a reader that goes away, or to a full disk.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::common_cli::{Recordings, airworthy, facts::*};

/// A report of more bytes than any pipe holds, so that writing must fail when the reader is gone.
fn long_report(recordings: &Recordings) -> String {
    let mut facts = with_risk(healthy());
    let pods = facts.pods.as_mut().expect("pods");
    let many = (0..3000).map(|number| {
        let mut pod = pods[0].clone();
        pod.name = format!("import-{number}");
        pod
    });
    let many: Vec<_> = many.collect();
    pods.extend(many);
    let file = recordings.of("facts.tar", &facts);
    file.to_str().expect("a path of ours").to_owned()
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let recordings = Recordings::new();
    let file = long_report(&recordings);
    for (format, fail_on, code) in [("wide", "blocker", 0), ("json", "risk", 1)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_airworthy"))
            .args([
                "precheck",
                "--from",
                &file,
                "-o",
                format,
                "--fail-on",
                fail_on,
            ])
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut first = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::with_capacity(64, stdout)
            .read_line(&mut first)
            .expect("a line");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "after {first}");
        assert_eq!(
            output.status.code(),
            Some(code),
            "the verdict is that of the report"
        );
    }
}

#[test]
fn nobody_reading_at_all_is_no_error_either() {
    for args in [
        &["checks", "list"][..],
        &["completion", "bash"],
        &["rbac"],
        &["--help"],
        &["config", "show"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = airworthy(args).stdout(writer).run();
        ended.exits(0);
        assert_eq!(ended.stderr, "", "{ended}");
    }
}

/// A report that did not get out must not end like one that did.
#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", &healthy());
    let file = file.to_str().expect("a path of ours");
    for args in [&["precheck", "--from", file][..], &["checks", "list"]] {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("a full device");
        let ended = airworthy(args).stdout(full).run();
        ended.refuses(&["cannot write to stdout", "No space left"]);
    }
}
