//! What the operator of the service tells it: projects, clusters and keys.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use tempfile::TempDir;

use crate::common_cli::{Ended, Recordings, airworthy, facts::healthy};

const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";

/// A database in a folder of its own.
pub(super) struct Operator(TempDir);

impl Operator {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// One with a project `p`.
    pub(super) fn with_project() -> Self {
        let operator = Self::new();
        operator
            .run(&["project", "add", "--id", "p", "--name", "local-1"])
            .exits(0);
        operator
    }

    pub(super) fn database(&self) -> std::path::PathBuf {
        self.0.path().join("airworthy.db")
    }

    pub(super) fn run(&self, args: &[&str]) -> Ended {
        airworthy(args)
            .env("AIRWORTHY_DATABASE", self.database())
            .run()
    }
}

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    found.permissions().mode() & 0o777
}

#[test]
fn the_first_command_on_a_fresh_machine_makes_all_it_needs_for_the_owner_alone() {
    let run = airworthy(["project", "add", "--id", "p", "--name", "local-1"]);
    let folder = run.home().join(".local/share/airworthy");
    let list = airworthy(["key", "list"]).env("HOME", run.home());
    let (command, _home) = run.into_parts();
    let mut command = command.into_std();
    assert!(command.status().expect("it runs").success());
    assert_eq!(mode(&folder), 0o700);
    for file in ["airworthy.db", "airworthy.db.key"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    list.run().exits(0);
}

#[test]
fn projects_have_ids_that_paths_can_carry() {
    let operator = Operator::new();
    for id in [
        "",
        "a/b",
        "a b",
        "a?b",
        "..",
        "ü",
        "{project_id}",
        &"x".repeat(65),
    ] {
        let args = ["project", "add", "--id", id, "--name", "n"];
        operator.run(&args).refuses(&["--id"]);
    }
    for name in ["", "a\nb", "\x1b[2J"] {
        let args = ["project", "add", "--id", "p", "--name", name];
        operator.run(&args).refuses(&["--name"]);
    }
    assert!(
        !operator.database().exists(),
        "nothing was made for a usage error"
    );
    let args = [
        "project",
        "add",
        "--id",
        "0605767a768010f92f1fc00e2b7c4f31",
        "--name",
        "eu-west-101",
    ];
    operator
        .run(&args)
        .exits(0)
        .says("0605767a768010f92f1fc00e2b7c4f31");
    operator.run(&args).refuses(&["already exists"]);
    let same_name = ["project", "add", "--id", "q", "--name", "eu-west-101"];
    operator
        .run(&same_name)
        .refuses(&["eu-west-101 already exists"]);
    let same_id = ["project", "add", "--id", args[3], "--name", "other"];
    operator
        .run(&same_id)
        .refuses(&["0605767a768010f92f1fc00e2b7c4f31 already exists"]);
    let listed = operator.run(&["project", "list"]);
    listed.exits(0);
    let lines: Vec<_> = listed.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(
        lines[1].starts_with(args[3]) && lines[1].ends_with("  eu-west-101"),
        "{listed}"
    );
}

#[test]
fn clusters_are_registered_even_when_they_cannot_be_read_from_here() {
    let operator = Operator::with_project();
    let folder = Recordings::new();
    let kubeconfig = folder.path().join("absent");
    let kubeconfig = kubeconfig.to_str().expect("a path of ours");
    let add = |id: &str, project: &str, name: &str| {
        let args = [
            "cluster",
            "add",
            "--id",
            id,
            "--project",
            project,
            "--name",
            name,
            "--kubeconfig",
            kubeconfig,
        ];
        operator.run(&args)
    };
    add("x", "p", "prod").refuses(&["--id \"x\" is not an id", "8-4-4-4-12"]);
    add(CLUSTER, "q", "prod")
        .refuses(&["there is no project \"q\"", "airworthy project add --id q"]);
    add(CLUSTER, "p", "").refuses(&["--name"]);
    add(CLUSTER, "p", "prod")
        .exits(0)
        .says("warning")
        .says(kubeconfig)
        .says("No such file");
    add(CLUSTER, "p", "prod-2").refuses(&["already exists"]);
    let other = "8978deaa-1743-11ee-8e46-0255ac10004d";
    add(other, "p", "prod").refuses(&["prod already exists"]);
    let list = operator.run(&["cluster", "list"]);
    list.exits(0).says(CLUSTER).says("prod").says("unknown");
    operator
        .run(&["snapshot", "list", "--cluster", other])
        .refuses(&["there is no cluster", "cluster list"]);
    let none = operator.run(&["snapshot", "list", "--cluster", CLUSTER]);
    assert_eq!(none.exits(0).stdout.lines().count(), 1, "{none}");
    operator
        .run(&["snapshot", "export", other, "-o", "nothing.tar"])
        .refuses(&["no snapshot", "snapshot list"]);
    operator
        .run(&["cluster", "remove", other])
        .refuses(&["there is no cluster"]);
    operator.run(&["cluster", "remove", CLUSTER]).exits(0);
    assert!(!operator.run(&["cluster", "list"]).stdout.contains(CLUSTER));
}

#[test]
fn a_relative_kubeconfig_is_found_from_wherever_the_service_runs() {
    let operator = Operator::with_project();
    let folder = Recordings::new();
    let args = [
        "cluster",
        "add",
        "--id",
        CLUSTER,
        "--project",
        "p",
        "--name",
        "prod",
        "--kubeconfig",
        "kube/config",
    ];
    let added = airworthy(args)
        .env("AIRWORTHY_DATABASE", operator.database())
        .within(folder.path());
    let path = folder.path().join("kube/config");
    added.run().exits(0);
    operator
        .run(&["cluster", "list"])
        .says(path.to_str().expect("a path of ours"));
}

#[test]
fn a_secret_is_shown_once_and_never_again() {
    let operator = Operator::with_project();
    operator
        .run(&["key", "create", "--project", "q"])
        .refuses(&["there is no project \"q\""]);
    let created = operator.run(&["key", "create", "--project", "p"]);
    assert!(
        created.exits(0).stderr.contains("shown this once"),
        "{created}"
    );
    let value = |name: &str| {
        let line = created
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{created}")).to_owned()
    };
    let (ak, sk) = (value("CLOUD_SDK_AK="), value("CLOUD_SDK_SK="));
    assert_eq!((ak.len(), sk.len()), (20, 40));
    let list = operator.run(&["key", "list"]);
    list.exits(0).says(&ak).says("active");
    for file in fs::read_dir(operator.0.path()).expect("a folder") {
        let bytes = fs::read(file.expect("a file").path()).expect("a file");
        assert!(!bytes.windows(40).any(|window| window == sk.as_bytes()));
    }
    assert!(!list.stdout.contains(&sk));
    operator.run(&["key", "revoke", &ak]).exits(0);
    operator.run(&["key", "list"]).says("revoked 2");
    operator
        .run(&["key", "revoke", &ak])
        .refuses(&["there is no active key"]);
}

#[test]
fn a_database_that_is_none_of_ours_is_left_as_it_was() {
    let folder = Recordings::new();
    let recording = folder.of("facts.tar", &healthy());
    fs::set_permissions(&recording, fs::Permissions::from_mode(0o644)).expect("a mode");
    let before = fs::read(&recording).expect("a recording");
    let database = recording.to_str().expect("a path of ours");
    for command in [
        &["key", "list"][..],
        &["serve", "--listen", "127.0.0.1:0"],
        &["project", "add", "--id", "p", "--name", "n"],
    ] {
        airworthy([command, &["--database", database]].concat())
            .run()
            .refuses(&[database, "no sealing key beside it"]);
    }
    let with_key = airworthy(["key", "list", "--database", database]);
    with_key
        .env(
            "AIRWORTHY_SEALING_KEY",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        )
        .run()
        .refuses(&["not a database"]);
    assert_eq!(mode(&recording), 0o644);
    assert_eq!(fs::read(&recording).expect("a recording"), before);
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        1,
        "nothing is left beside it"
    );
    let directory = folder.path().to_str().expect("a path of ours");
    airworthy(["key", "list", "--database", directory])
        .run()
        .refuses(&[directory, "is not a file"]);
    assert!(!Path::new(&format!("{directory}.key")).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_make_a_database_at_once_all_succeed() {
    let operator = Operator::new();
    let database = operator.0.path().join("new/airworthy.db");
    let mut commands = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (id, name) = (format!("p{number}"), format!("n{number}"));
        let args = ["project", "add", "--id", &id, "--name", &name];
        let command = airworthy(args).env("AIRWORTHY_DATABASE", &database);
        commands.spawn(command.ended());
    }
    while let Some(ended) = commands.join_next().await {
        ended.expect("no panic").exits(0);
    }
}

/// The file that an API server takes: the token within the address where nothing else would be sent.
#[test]
fn an_api_server_gets_a_file_with_a_token_of_its_own() {
    let operator = Operator::with_project();
    let add = [
        "cluster",
        "add",
        "--id",
        CLUSTER,
        "--project",
        "p",
        "--name",
        "prod",
    ];
    operator.run(&add).exits(0);
    let create = ["cluster", "audit-token", CLUSTER];
    let file = |more: &[&str]| {
        let run = operator.run(&[&create[..], more].concat());
        run.exits(0);
        let file: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        (
            file["clusters"][0]["cluster"]["server"]
                .as_str()
                .expect("a server")
                .to_owned(),
            file["users"][0]["user"].clone(),
            run.stderr,
        )
    };
    let (server, user, told) = file(&["--server", "https://airworthy.example.com/"]);
    assert_eq!(
        server,
        format!("https://airworthy.example.com/audit/v1/clusters/{CLUSTER}")
    );
    let token = user["token"].as_str().expect("a token").to_owned();
    assert!(
        token.len() == 48
            && told.contains("--audit-webhook-config-file")
            && !told.contains("not https"),
        "{told}"
    );
    let (server, user, told) = file(&["--server", "http://192.0.2.7:8080"]);
    assert_eq!(user, serde_json::json!({}));
    assert!(
        server.starts_with("http://audit:")
            && server.ends_with(&format!("@192.0.2.7:8080/audit/v1/clusters/{CLUSTER}")),
        "{server}"
    );
    assert!(
        !server.contains(&token) && told.contains("not https"),
        "{told}"
    );
    let (server, _, _) = file(&[]);
    assert!(server.contains("@127.0.0.1:"), "{server}");

    for server in [
        "",
        "airworthy",
        "ftp://a",
        "http://",
        "http://a b",
        "http://u:p@host",
    ] {
        operator
            .run(&[&create[..], &["--server", server]].concat())
            .refuses(&["--server"]);
    }
    operator
        .run(&["cluster", "audit-token", "nobody"])
        .refuses(&["nobody", "cluster list"]);
    let revoke = ["cluster", "audit-token", CLUSTER, "--revoke"];
    operator.run(&revoke).exits(0);
    operator.run(&revoke).refuses(&["no audit token"]);
}
