//! What the file says of single clusters: their drivers and backups.

use crate::common_cli::{Recordings, airworthy};

/// `config show` with a file of this text.
fn shown(text: &str) -> crate::common_cli::Ended {
    let folder = Recordings::new();
    let file = folder.bytes("airworthy.toml", text.as_bytes());
    let file = file.to_str().expect("a path of ours").to_owned();
    airworthy(["--config", &file, "config", "show"]).run()
}

/// A cluster with this driver.
fn driven(driver: &str) -> String {
    format!("[[cluster]]\nproject = \"local-1\"\nname = \"prod\"\n[cluster.driver]\n{driver}\n")
}

#[test]
fn each_cluster_is_shown_with_its_driver() {
    let text = r#"
check-before-upgrade = "required"

[[cluster]]
project = "local-1"
name = "watched"

[[cluster]]
project = "local-1"
name = "prod"
driver = { kind = "command", program = ["./upgrade", "--yes"], environment = ["HTTPS_PROXY"], deadline-seconds = 60, grace-seconds = 0 }
backup = { program = ["backup"] }

[[cluster]]
project = "local-2"
name = "prod"
kubeconfig = "prod.kubeconfig"
context = "admin"
[cluster.driver]
kind = "cluster-api"
kubeconfig = "management.kubeconfig"
namespace = "clusters"
name = "prod"
"#;
    let shown = shown(text);
    shown.exits(0);
    let line = |name: &str| shown.stdout.lines().find(|line| line.starts_with(name));
    let check = line("check-before-upgrade ").expect("a line");
    assert!(check.contains(" required "), "{check}");
    shown.says("local-1/watched (observe) local-1/prod (command) local-2/prod (cluster-api)");
}

#[test]
fn what_is_wrong_is_refused_with_its_file_and_member() {
    let command = |rest: &str| driven(&format!("kind = \"command\"\nprogram = [\"a\"]\n{rest}"));
    for (text, words) in [
        (driven("kind = \"terraform\""), &["terraform", "`observe`, `command`, `cluster-api`"][..]),
        (driven("deadline-seconds = 1"), &["kind"]),
        (driven("kind = \"observe\"\nprogram = [\"a\"]"), &["program", "deadline-seconds"]),
        (driven("kind = \"command\""), &["program"]),
        (driven("kind = \"command\"\nprogram = \"sh -c x\""), &["sequence"]),
        (driven("kind = \"command\"\nprogram = []"), &["driver.program must name a program"]),
        (driven("kind = \"command\"\nprogram = [\"\"]"), &["driver.program must name a program"]),
        (command("deadline-seconds = 0"), &["driver.deadline-seconds is 0; it must be between 1 and 2592000"]),
        (command("grace-seconds = 2592001"), &["driver.grace-seconds is 2592001"]),
        (command("environment = [\"A=B\"]"), &["driver.environment", "A=B"]),
        (command("environment = [\"AIRWORTHY_TASK_ID\"]"), &["driver.environment", "set by airworthy"]),
        (command("shell = true"), &["shell"]),
        (driven("kind = \"cluster-api\"\nnamespace = \"a\"\nname = \"b\""), &["kubeconfig"]),
        ("[[cluster]]\nname = \"prod\"".to_owned(), &["project"]),
        ("[[cluster]]\nproject = \"\"\nname = \"prod\"".to_owned(), &["must not be empty"]),
        ("[[cluster]]\nproject = \"a\"\nname = \"b\"\ncontext = \"c\"".to_owned(), &["context is of no use without kubeconfig"]),
        ("[[cluster]]\nproject = \"a\"\nname = \"b\"\nbackup = { program = [] }".to_owned(), &["backup.program must name"]),
        ("[[cluster]]\nproject = \"a\"\nname = \"b\"\n[[cluster]]\nproject = \"a\"\nname = \"b\"".to_owned(), &["two entries for cluster b of project a"]),
        ("check-before-upgrade = \"never\"".to_owned(), &["check-before-upgrade", "`inside` or `required`"]),
    ] {
        shown(&text).refuses(&[&["airworthy.toml"], words].concat());
    }
}
