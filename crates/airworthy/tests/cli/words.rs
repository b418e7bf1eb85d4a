//! Help and completion: the command line tells of itself.

use crate::common_cli::airworthy;

/// Every command, and what its help must mention.
const COMMANDS: &[(&[&str], &[&str])] = &[
    (
        &[],
        &[
            "precheck",
            "postcheck",
            "fix",
            "record",
            "inspect",
            "diff",
            "checks",
            "waivers",
            "knowledge",
            "rbac",
            "probe",
            "demo",
            "serve",
            "project",
            "cluster",
            "workflow",
            "plan",
            "snapshot",
            "key",
            "user",
            "trail",
            "config",
            "completion",
            "--config",
            "--knowledge",
            "Exit codes",
        ],
    ),
    (
        &["precheck"],
        &[
            "--target",
            "--kubeconfig",
            "--context",
            "--from",
            "--output",
            "FORMAT=FILE",
            "sarif",
            "--format-as",
            "--exit-codes",
            "--fail-on",
            "--check",
            "--skip",
            "--rollout",
            "--control-plane",
            "--waivers",
            "--checks",
            "--allow-jump",
        ],
    ),
    (
        &["postcheck"],
        &[
            "--baseline",
            "--settle",
            "--target",
            "--kubeconfig",
            "--context",
            "--from",
            "--output",
            "FORMAT=FILE",
            "sarif",
            "--format-as",
            "--exit-codes",
            "--fail-on",
            "--check",
            "--skip",
        ],
    ),
    (
        &["fix"],
        &["<PATH>", "--target", "--dry-run", "--write", "--deprecated"],
    ),
    (&["record"], &["--output", "--kubeconfig", "--context"]),
    (&["inspect"], &["<RECORDING>", "--group", "--output"]),
    (&["diff"], &["<BEFORE>", "<AFTER>", "--output", "--wide"]),
    (&["knowledge"], &["show", "diff", "export"]),
    (&["knowledge", "show"], &["--output", "NAME"]),
    (&["knowledge", "diff"], &["--output", "FROM", "TO"]),
    (&["knowledge", "export"], &["--knowledge"]),
    (&["checks"], &["list", "show", "test"]),
    (
        &["checks", "list"],
        &["--output", "table", "json", "--checks"],
    ),
    (&["checks", "show"], &["<NAME>", "--checks"]),
    (&["checks", "test"], &["<FILE>", "Exit codes"]),
    (&["waivers"], &["check"]),
    (&["waivers", "check"], &["<FILE>", "Exit codes"]),
    (
        &["rbac"],
        &["--check", "--api-group", "--user", "--service-account"],
    ),
    (&["probe"], &["run", "clean"]),
    (&["probe", "run"], &["--yes"]),
    (&["probe", "clean"], &["--yes"]),
    (&["demo"], &["--once", "--listen"]),
    (
        &["serve"],
        &[
            "--listen",
            "--database",
            "--tls-cert",
            "--tls-key",
            "--allow-plain-http",
            "AIRWORTHY_LISTEN",
            "AIRWORTHY_DATABASE",
            "AIRWORTHY_TLS_CERT",
            "AIRWORTHY_TLS_KEY",
            "AIRWORTHY_ALLOW_PLAIN_HTTP",
        ],
    ),
    (&["project"], &["add", "list"]),
    (&["project", "add"], &["--id", "--name", "--database"]),
    (&["project", "list"], &["--database"]),
    (&["cluster"], &["add", "audit-token", "list", "remove"]),
    (
        &["cluster", "add"],
        &[
            "--id",
            "--project",
            "--name",
            "--kubeconfig",
            "--context",
            "--database",
        ],
    ),
    (
        &["cluster", "audit-token"],
        &["<ID>", "--server", "--revoke", "--database"],
    ),
    (&["cluster", "list"], &["--database"]),
    (&["cluster", "remove"], &["<ID>", "--database"]),
    (&["workflow"], &["list", "cancel"]),
    (&["workflow", "list"], &["--database"]),
    (&["workflow", "cancel"], &["--database"]),
    (&["plan"], &["add", "list", "remove"]),
    (&["plan", "add"], &["--database"]),
    (&["plan", "list"], &["--database"]),
    (&["plan", "remove"], &["--database"]),
    (&["snapshot"], &["list", "export"]),
    (&["snapshot", "list"], &["--cluster", "--database"]),
    (&["snapshot", "export"], &["--output", "--database"]),
    (&["key"], &["create", "list", "revoke"]),
    (
        &["key", "create"],
        &["--project", "--role", "read-only", "--database"],
    ),
    (&["key", "list"], &["--database"]),
    (&["key", "revoke"], &["<KEY>", "--database"]),
    (
        &["user"],
        &["add", "list", "grant", "password", "disable", "enable"],
    ),
    (
        &["user", "add"],
        &["<NAME>", "--password-stdin", "--database"],
    ),
    (&["user", "list"], &["--database"]),
    (
        &["user", "grant"],
        &[
            "<NAME>",
            "--project",
            "--role",
            "--revoke",
            "read-only",
            "operator",
            "admin",
            "--database",
        ],
    ),
    (
        &["user", "password"],
        &["<NAME>", "--password-stdin", "--database"],
    ),
    (&["user", "disable"], &["<NAME>", "--database"]),
    (&["user", "enable"], &["<NAME>", "--database"]),
    (&["trail"], &["--project", "--since", "--database"]),
    (&["config"], &["show"]),
    (&["config", "show"], &["--listen", "--database", "--config"]),
    (&["completion"], &["<SHELL>", "bash", "zsh", "fish"]),
];

#[test]
fn the_help_of_every_command_mentions_its_arguments() {
    for (command, words) in COMMANDS {
        for flag in ["--help", "-h"] {
            let help = airworthy(command.iter().chain([&flag])).run();
            help.exits(0).says("Usage: airworthy");
            assert_eq!(help.stderr, "");
            for word in *words {
                help.says(word);
            }
            assert!(!help.stdout.contains('\x1b'), "{help}");
        }
    }
}

/// A command that came later must be in the table above.
#[test]
fn no_command_is_left_out_of_these_tests() {
    for (command, known) in COMMANDS {
        let help = airworthy(command.iter().chain([&"--help"])).run();
        let Some((_, listed)) = help.stdout.split_once("Commands:\n") else {
            continue;
        };
        let names = listed
            .lines()
            .take_while(|line| line.starts_with("  "))
            .filter(|line| !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next());
        for name in names {
            assert!(known.contains(&name), "{command:?} {name}");
            let whole = [*command, &[name]].concat();
            assert!(
                COMMANDS.iter().any(|(other, _)| *other == whole),
                "{whole:?}"
            );
        }
    }
}

#[test]
fn completion_is_there_for_the_usual_shells() {
    for (shell, sign) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef airworthy"),
        ("fish", "complete -c airworthy"),
    ] {
        let script = airworthy(["completion", shell]).run();
        script.exits(0).says(sign).says("precheck").says("fail-on");
        script.says("format-as").says("junit");
        assert_eq!(script.stderr, "");
    }
    airworthy(["completion", "tcsh"])
        .run()
        .refuses(&["bash", "zsh", "fish"]);
    airworthy(["completion"]).run().refuses(&["<SHELL>"]);
}

#[test]
fn a_command_line_that_says_nothing_or_nonsense_gets_help_and_code_2() {
    let nothing = airworthy([""; 0]).run();
    nothing.exits(2);
    assert!(nothing.stderr.contains("Usage: airworthy"), "{nothing}");
    airworthy(["prechek"])
        .run()
        .refuses(&["prechek", "precheck"]);
    airworthy(["precheck", "--kubeconfg", "x"])
        .run()
        .refuses(&["--kubeconfig"]);
}

#[test]
fn the_version_is_told() {
    let version = airworthy(["--version"]).run();
    assert_eq!(
        version.exits(0).stdout,
        concat!("airworthy ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn demo_once_shows_the_bundled_recording() {
    let demo = airworthy(["demo", "--once"]).run();
    demo.exits(0).says("Not ready for 1.32");
    assert_eq!(demo.stderr, "");
}
