//! Which layer wins, and what `config show` says of it.

use std::{fs, path::Path};

use crate::common_cli::{Airworthy, Ended, Recordings, airworthy, facts::healthy};

/// Value and origin of a setting.
#[track_caller]
fn setting(shown: &Ended, name: &str) -> (String, String) {
    let line = shown
        .exits(0)
        .stdout
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")));
    let line = line.unwrap_or_else(|| panic!("no {name} in {shown}"));
    let mut columns = line[name.len()..].trim_start().splitn(2, "  ");
    let mut column = || columns.next().unwrap_or_default().trim().to_owned();
    (column(), column())
}

#[track_caller]
fn shows(shown: &Ended, name: &str, value: &str, origin: &str) {
    let expected = (value.to_owned(), origin.to_owned());
    assert_eq!(setting(shown, name), expected, "{name} of {shown}");
}

/// `config show` with a file of this text.
fn with_file(folder: &Path, text: &str, args: &[&str]) -> Airworthy {
    let file = folder.join("airworthy.toml");
    fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("a path of ours").to_owned();
    airworthy([&["--config", &file, "config", "show"], args].concat())
}

const EVERYTHING: &str = r#"
listen = "127.0.0.1:9001"
database = "/var/lib/airworthy/a.db"
workers = 7
post-check-wait-seconds = 11
result-expiry-seconds = 600
settle-at = "0, 30s,1m"
kept-per-cluster = 40
request-timeout-seconds = 5
run-budget-seconds = 50
lease-seconds = 12
scope = "controlPlane"
control-plane = "managed"
waivers = "w.toml"
checks = ["c.yaml"]
allowed-jumps = ["1.28:1.31", "1.29-1.32"]
evidence = ["nodes"]
without = ["helm"]
shapes = "legacy"
allow-plain-http = true
domain = "acme"
tls = { certificate = "tls.crt", key = "/etc/tls.key" }
"#;

#[test]
fn without_anything_all_are_defaults() {
    let run = airworthy(["config", "show"]);
    let database = run.home().join(".local/share/airworthy/airworthy.db");
    let shown = run.run();
    for (name, value) in [
        ("listen", "127.0.0.1:8443"),
        ("database", database.to_str().expect("a path of ours")),
        ("workers", "2"),
        ("post-check-wait-seconds", "60"),
        ("result-expiry-seconds", "3600"),
        ("settle-at", "0,2m,5m,15m"),
        ("kept-per-cluster", "100"),
        ("request-timeout-seconds", "30"),
        ("run-budget-seconds", "300"),
        ("lease-seconds", "30"),
        ("rollout", "nodes"),
        ("control-plane", "detect"),
        ("pace", "surge 0, batch 1, by name"),
        ("waivers", "(none)"),
        ("checks", "(none)"),
        ("allowed-jumps", "(none)"),
        ("evidence", "(none)"),
        ("without", "(none)"),
        ("shapes", "current"),
        ("check-before-upgrade", "inside"),
        ("clusters", "(none)"),
        ("paths", "(none)"),
        ("patches", "(none)"),
        ("tls", "(none)"),
        ("allow-plain-http", "false"),
        ("domain", "airworthy"),
    ] {
        shows(&shown, name, value, "default");
    }
    assert_eq!(shown.stdout.lines().count(), 26, "{shown}");
}

#[test]
fn a_file_sets_what_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!("file {}/airworthy.toml", folder.path().display());
    let shown = with_file(folder.path(), EVERYTHING, &[]).run();
    for (name, value) in [
        ("listen", "127.0.0.1:9001"),
        ("database", "/var/lib/airworthy/a.db"),
        ("workers", "7"),
        ("post-check-wait-seconds", "11"),
        ("result-expiry-seconds", "600"),
        ("settle-at", "0,30s,1m"),
        ("kept-per-cluster", "40"),
        ("request-timeout-seconds", "5"),
        ("run-budget-seconds", "50"),
        ("lease-seconds", "12"),
        ("rollout", "control-plane"),
        ("control-plane", "managed"),
        ("allowed-jumps", "1.28:1.31 1.29:1.32"),
        ("evidence", "nodes"),
        ("without", "helm"),
        ("shapes", "legacy"),
        ("allow-plain-http", "true"),
        ("domain", "acme"),
    ] {
        shows(&shown, name, value, &file);
    }
    let certificate = folder.path().join("tls.crt").display().to_string();
    let pair = format!("{certificate} /etc/tls.key");
    shows(&shown, "tls", &pair, &file);
    let waivers = folder.path().join("w.toml").display().to_string();
    shows(&shown, "waivers", &waivers, &file);
    let checks = folder.path().join("c.yaml").display().to_string();
    shows(&shown, "checks", &checks, &file);
    let shown = with_file(folder.path(), "workers = 3\n", &[]).run();
    shows(&shown, "workers", "3", &file);
    shows(&shown, "run-budget-seconds", "300", "default");
}

#[test]
fn the_environment_outranks_the_file_and_flags_outrank_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let from_environment = |args: &[&str]| {
        with_file(folder.path(), EVERYTHING, args)
            .env("AIRWORTHY_LISTEN", "127.0.0.1:9002")
            .env("AIRWORTHY_DATABASE", "/tmp/b.db")
            .run()
    };
    let shown = from_environment(&[]);
    shows(
        &shown,
        "listen",
        "127.0.0.1:9002",
        "environment AIRWORTHY_LISTEN",
    );
    shows(
        &shown,
        "database",
        "/tmp/b.db",
        "environment AIRWORTHY_DATABASE",
    );
    shows(&shown, "workers", "7", &setting(&shown, "rollout").1);
    let flags = [
        "--tls-cert=a.crt",
        "--tls-key",
        "a.key",
        "--allow-plain-http",
    ];
    let by_flags = from_environment(&flags);
    shows(&by_flags, "tls", "a.crt a.key", "flag --tls-cert");
    let plain = "flag --allow-plain-http";
    shows(&by_flags, "allow-plain-http", "true", plain);
    let shown = from_environment(&["--listen", "[::1]:9003"]);
    shows(&shown, "listen", "[::1]:9003", "flag --listen");
    shows(
        &shown,
        "database",
        "/tmp/b.db",
        "environment AIRWORTHY_DATABASE",
    );
    let shown = from_environment(&["--database=c.db", "--listen=127.0.0.1:0"]);
    shows(&shown, "database", "c.db", "flag --database");
    shows(&shown, "listen", "127.0.0.1:0", "flag --listen");
}

#[test]
fn the_file_may_be_named_by_flag_or_environment_or_be_in_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let named = folder.path().join("named.toml");
    let usual = folder.path().join("airworthy/config.toml");
    fs::create_dir(folder.path().join("airworthy")).expect("a folder");
    fs::write(&named, "workers = 3").expect("a file");
    fs::write(&usual, "workers = 4").expect("a file");
    let origin = |file: &Path| format!("file {}", file.display());
    let show = || airworthy(["config", "show"]).env("XDG_CONFIG_HOME", folder.path());
    shows(&show().run(), "workers", "4", &origin(&usual));
    let shown = show().env("AIRWORTHY_CONFIG", &named).run();
    shows(&shown, "workers", "3", &origin(&named));
    let args = [
        "config",
        "show",
        "--config",
        named.to_str().expect("a path of ours"),
    ];
    let shown = airworthy(args).env("AIRWORTHY_CONFIG", &usual).run();
    shows(&shown, "workers", "3", &origin(&named));
    let run = airworthy(["config", "show"]);
    let in_home = run.home().join(".config/airworthy/config.toml");
    fs::create_dir_all(in_home.parent().expect("a folder")).expect("a folder");
    fs::write(&in_home, "workers = 5").expect("a file");
    let shown = run.run();
    shows(&shown, "workers", "5", &origin(&in_home));
}

#[test]
fn a_relative_database_of_the_file_is_beside_the_file_and_one_of_a_flag_is_where_we_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let beside = folder.path().join("data/a.db");
    let shown = with_file(folder.path(), "database = \"data/a.db\"", &[]);
    let shown = shown.within(elsewhere.path()).run();
    assert_eq!(setting(&shown, "database").0, beside.display().to_string());
    let args = ["project", "add", "--id", "p", "--name", "n"];
    let file = folder.path().join("airworthy.toml");
    let args = [
        &["--config", file.to_str().expect("a path of ours")],
        &args[..],
    ]
    .concat();
    airworthy(&args).within(elsewhere.path()).run().exits(0);
    assert!(beside.is_file());
    let flag = [&args[..], &["--database", "b.db"]].concat();
    airworthy(&flag).within(elsewhere.path()).run().exits(0);
    assert!(elsewhere.path().join("b.db").is_file());
    assert!(!elsewhere.path().join("data").exists());
}

/// What is shown is also what is done.
#[test]
fn checks_follow_scope_and_jumps_of_the_file_unless_flags_say_otherwise() {
    let recordings = Recordings::new();
    let mut facts = healthy();
    facts.pdbs = crate::common_cli::facts::with_blocker(healthy()).pdbs;
    let (good, blocked) = (
        recordings.of("good.tar", &healthy()),
        recordings.of("bad.tar", &facts),
    );
    let (good, blocked) = (
        good.to_str().expect("a path"),
        blocked.to_str().expect("a path"),
    );
    let file = recordings.bytes(
        "a.toml",
        b"rollout = \"control-plane\"\nallowed-jumps = [\"1.31:1.34\"]\n",
    );
    let file = ["--config", file.to_str().expect("a path of ours")];
    let run = |args: &[&str]| airworthy([&file[..], args].concat()).run();
    airworthy(["precheck", "--from", blocked]).run().exits(1);
    run(&["precheck", "--from", blocked]).exits(0);
    run(&["precheck", "--from", blocked, "--rollout", "nodes"]).exits(1);
    airworthy(["precheck", "--from", good, "--target", "1.34"])
        .run()
        .exits(1);
    run(&["precheck", "--from", good, "--target", "1.34"]).exits(0);
    run(&["precheck", "--from", good, "--target", "1.33"]).exits(1);
    run(&[
        "precheck",
        "--from",
        good,
        "--target",
        "1.33",
        "--allow-jump",
        "1.31:1.33",
    ])
    .exits(0);
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_shown_and_used_all_the_same() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};
    let path = OsString::from_vec(b"/tmp/\xff.db".to_vec());
    let args = ["config".into(), "show".into(), "--database".into(), path];
    let shown = airworthy(args).env("AIRWORTHY_LISTEN", "127.0.0.1:1").run();
    assert_eq!(setting(&shown, "database").1, "flag --database");
    assert_eq!(setting(&shown, "listen").1, "environment AIRWORTHY_LISTEN");
    let path = OsString::from_vec(b"\xff.db".to_vec());
    let shown = airworthy(["config", "show"])
        .env("AIRWORTHY_DATABASE", path)
        .run();
    assert_eq!(
        setting(&shown, "database").1,
        "environment AIRWORTHY_DATABASE"
    );
}

/// What the table sells as one step, checks judge as one; elsewhere the rule stands.
#[test]
fn paths_and_patches_are_shown_and_their_jumps_are_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[[path]]\nfrom = \"1.31\"\nto = [\"v1.34.2-r4\", \"1.32\"]\n[patches]\n\"1.31\" = \"v1.31.5-r80\"\n";
    let shown = with_file(folder.path(), text, &[]).run();
    let file = folder.path().join("airworthy.toml");
    let origin = format!("file {}", file.display());
    shows(&shown, "paths", "1.31:v1.34.2-r4,v1.32", &origin);
    shows(&shown, "patches", "v1.31.5-r80", &origin);
    let recordings = Recordings::new();
    let good = recordings.of("good.tar", &healthy());
    let good = good.to_str().expect("a path");
    let file = file.to_str().expect("a path of ours");
    for (target, code) in [("1.34", 0), ("1.33", 1)] {
        let args = [
            "--config", file, "precheck", "--from", good, "--target", target,
        ];
        airworthy(args).run().exits(code);
    }
}
