//! Configurations that are wrong: the error names file and member, and nothing runs with a guess.

use crate::common_cli::{Recordings, airworthy};

/// Demands that a file of this text is refused with these words, by any command.
#[track_caller]
fn refused(text: &str, words: &[&str]) {
    let folder = Recordings::new();
    let file = folder.bytes("airworthy.toml", text.as_bytes());
    let file = file.to_str().expect("a path of ours");
    for command in [
        &["config", "show"][..],
        &["precheck", "--from", "absent"],
        &["serve"],
        &["key", "list"],
    ] {
        let ended = airworthy([&["--config", file], command].concat()).run();
        ended.refuses(&[&[file], words].concat());
    }
}

#[test]
fn a_member_that_is_none_is_refused_with_those_there_are() {
    for text in [
        "wrokers = 3",
        "workers = 3\nlistn = \"a\"",
        "[service]\nworkers = 3",
        "Workers = 3",
    ] {
        let name = ["wrokers", "listn", "service", "Workers"];
        let name = name
            .into_iter()
            .find(|name| text.contains(name))
            .expect("a name");
        refused(
            text,
            &[name, "unknown field", "`workers`", "`allowed-jumps`"],
        );
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_line() {
    for (member, value) in [
        ("workers", "\"3\""),
        ("workers", "-1"),
        ("workers", "1.5"),
        ("listen", "8443"),
        ("listen", "\"localhost\""),
        ("database", "7"),
        ("run-budget-seconds", "true"),
        ("rollout", "\"everything\""),
        ("control-plane", "\"mine\""),
        ("allowed-jumps", "\"1.28:1.31\""),
        ("allowed-jumps", "[1.28]"),
        ("workers", "99999999999999999999"),
        ("tls", "true"),
        ("allow-plain-http", "\"yes\""),
        ("domain", "7"),
    ] {
        refused(&format!("\n{member} = {value}\n"), &["line 2", member]);
    }
}

#[test]
fn a_value_out_of_range_is_refused_with_its_bounds() {
    for (member, least, most) in [
        ("workers", 0, 64),
        ("post-check-wait-seconds", 1, 3600),
        ("result-expiry-seconds", 60, 2_592_000),
        ("kept-per-cluster", 1, 1000),
        ("request-timeout-seconds", 1, 600),
        ("run-budget-seconds", 1, 3600),
        ("lease-seconds", 2, 600),
    ] {
        let bounds = format!("it must be between {least} and {most}");
        let outside = |value: &i64| *value >= 0 && !(least..=most).contains(value);
        for value in [0, least - 1, most + 1, i64::MAX]
            .into_iter()
            .filter(outside)
        {
            refused(
                &format!("{member} = {value}"),
                &[&format!("{member} is {value}"), &bounds],
            );
        }
        for value in [least, most] {
            let folder = Recordings::new();
            let file = folder.bytes("a.toml", format!("{member} = {value}").as_bytes());
            let args = [
                "config",
                "show",
                "--config",
                file.to_str().expect("a path of ours"),
            ];
            airworthy(args).run().exits(0).says(&format!("{value} "));
        }
    }
}

#[test]
fn a_certificate_comes_with_its_key_and_a_domain_has_a_name() {
    refused("[tls]\ncertificate = \"a\"", &["missing field `key`"]);
    refused("[tls]\nkey = \"a\"", &["missing field `certificate`"]);
    let more = "[tls]\ncertificate = \"a\"\nkey = \"a\"\nca = \"a\"";
    refused(more, &["ca", "unknown field"]);
    refused("domain = \"\"", &["domain"]);
    refused("domain = \"a\\u0007b\"", &["domain"]);
}

#[test]
fn a_jump_that_is_none_is_refused() {
    for (jump, why) in [
        ("1.28", "expected FROM:TO"),
        ("1.31:1.28", "1.31 is not below 1.28"),
        ("1.31:1.31", "1.31 is not below 1.31"),
        ("a:b", "a"),
        ("1.28:1.29:1.30", "1.29:1.30"),
    ] {
        refused(
            &format!("allowed-jumps = [\"{jump}\"]"),
            &["allowed-jumps", why],
        );
    }
}

#[test]
fn a_file_that_is_no_configuration_is_refused() {
    for text in [
        "{\"workers\": 3}",
        "workers: 3",
        "workers",
        "workers = 3\nworkers = 4",
    ] {
        refused(text, &["is not valid", "line "]);
    }
    let folder = Recordings::new();
    let file = folder.bytes("binary.toml", &[0xff, 0xfe, 0]);
    let file = file.to_str().expect("a path of ours");
    airworthy(["config", "show", "--config", file])
        .run()
        .refuses(&[file, "UTF-8"]);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let folder = Recordings::new();
    let absent = folder.path().join("absent.toml");
    let absent = absent.to_str().expect("a path of ours");
    airworthy(["config", "show", "--config", absent])
        .run()
        .refuses(&[absent, "No such file"]);
    airworthy(["config", "show"])
        .env("AIRWORTHY_CONFIG", absent)
        .run()
        .refuses(&[absent, "No such file"]);
    let directory = folder.path().to_str().expect("a path of ours");
    airworthy(["config", "show", "--config", directory])
        .run()
        .refuses(&[directory]);
}

#[test]
fn a_wrong_value_of_the_environment_is_refused() {
    airworthy(["config", "show"])
        .env("AIRWORTHY_LISTEN", "localhost:8443")
        .run()
        .refuses(&["--listen", "localhost:8443", "such as 127.0.0.1:8443"]);
    airworthy(["serve"])
        .env("AIRWORTHY_SEALING_KEY", "short")
        .run()
        .refuses(&["AIRWORTHY_SEALING_KEY", "base64"]);
}

#[test]
fn paths_that_lead_nowhere_sensible_are_refused() {
    for (text, words) in [
        ("[[path]]\nfrom = \"1.28\"", &["missing field `to`"][..]),
        (
            "[[path]]\nfrom = \"1.28\"\nto = []\nvia = 1",
            &["unknown field `via`"],
        ),
        (
            "[[path]]\nfrom = \"1.28.4\"\nto = [\"1.29\"]",
            &["path from \"1.28.4\"", "such as 1.28"],
        ),
        (
            "[[path]]\nfrom = \"x\"\nto = [\"1.29\"]",
            &["path from \"x\"", "accepted forms"],
        ),
        (
            "[[path]]\nfrom = \"1.28\"\nto = [\"x\"]",
            &["path from \"1.28\"", "accepted forms"],
        ),
        (
            "[[path]]\nfrom = \"1.28\"\nto = [\"v1.28.9\"]",
            &["v1.28.9 is not above 1.28", "[patches]"],
        ),
        (
            "[[path]]\nfrom = \"1.28\"\nto = [\"1.27\"]",
            &["v1.27 is not above 1.28"],
        ),
        (
            "[[path]]\nfrom = \"1.28\"\nto = [\"1.29\"]\n[[path]]\nfrom = \"v1.28\"\nto = [\"1.31\"]",
            &["two paths from 1.28"],
        ),
        (
            "[patches]\n\"1.28\" = \"v1.29.4\"",
            &["patches", "no patch of 1.28"],
        ),
        (
            "[patches]\n\"1.28\" = \"1.28\"",
            &["patches", "no patch of 1.28", "v1.28.4-r2"],
        ),
        (
            "[patches]\n\"1.28.4\" = \"v1.28.4\"",
            &["patches", "no minor"],
        ),
        ("[patches]\n\"1.28\" = 4", &["line 2"]),
    ] {
        refused(text, words);
    }
}
