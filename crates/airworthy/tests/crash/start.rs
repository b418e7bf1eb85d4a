//! Starting, and what stands in its way.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use super::{
    api::SOON,
    client::Client,
    house::{House, precheck},
};
use crate::common_cli::{Ended, PATIENCE, airworthy, facts::healthy};

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    found.permissions().mode() & 0o777
}

fn key_file(house: &House) -> PathBuf {
    house.folder().join("airworthy.db.key")
}

async fn serve(house: &House) -> Ended {
    airworthy(house.args()).ended().await
}

async fn execute(database: &Path, statement: &'static str) {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .expect("a database");
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .expect("it is executed");
    connection.close().await.expect("it closes");
}

/// Even where the user lets others read all that he makes.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_running_service_are_for_the_owner_alone() {
    let house = House::new("").await;
    fs::remove_file(&house.database).expect("it was there");
    fs::remove_file(key_file(&house)).expect("it was there");
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "umask 0; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_airworthy"),
        ])
        .args(house.args());
    let service = house.start_as(command, "info").await;
    // The log of the database is made by the first who uses it: here, a caller whose key is unknown.
    service.client.get("/v3/projects").await.refused(401);
    for suffix in ["", "-wal", "-shm", ".key"] {
        let file = house.folder().join(format!("airworthy.db{suffix}"));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    service.kill().await;
    fs::set_permissions(&house.database, fs::Permissions::from_mode(0o666)).expect("a mode");
    let service = house.start().await;
    for suffix in ["", "-wal", "-shm"] {
        let file = house.folder().join(format!("airworthy.db{suffix}"));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    service.kill().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_a_way_out_and_nothing_is_touched() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("airworthy.db");
    let args = [
        "serve",
        "--listen",
        &address,
        "--database",
        database.to_str().expect("a path"),
    ];
    airworthy(args)
        .ended()
        .await
        .refuses(&[&address, "is taken", "--listen", "port 0"]);
    airworthy(["demo", "--listen", &address])
        .ended()
        .await
        .exits(2);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn an_address_of_another_machine_is_told() {
    let house = House::new("").await;
    let args = [
        "serve",
        "--listen",
        "192.0.2.1:0",
        "--allow-plain-http",
        "--database",
        "absent.db",
    ];
    airworthy(args)
        .within(house.folder())
        .ended()
        .await
        .refuses(&["cannot listen on 192.0.2.1:0"]);
    assert!(!house.folder().join("absent.db").exists());
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused_and_left_alone() {
    let house = House::new("").await;
    execute(
        &house.database,
        "INSERT INTO schema_version (version, applied_at) VALUES (99, 0)",
    )
    .await;
    let before = fs::read(&house.database).expect("a database");
    serve(&house)
        .await
        .refuses(&["schema 99", "use the newer release"]);
    assert!(fs::read(&house.database).expect("a database") == before);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let house = House::new("").await;
    fs::remove_file(&house.database).expect("it was there");
    execute(&house.database, "CREATE TABLE photos (id BIGINT)").await;
    let before = fs::read(&house.database).expect("a database");
    serve(&house).await.refuses(&["belongs to another program"]);
    assert!(fs::read(&house.database).expect("a database") == before);
}

#[tokio::test]
async fn a_database_that_is_damaged_is_refused() {
    let house = House::new("").await;
    let mut bytes = fs::read(&house.database).expect("a database");
    bytes[..16].copy_from_slice(b"no longer SQLite");
    fs::write(&house.database, &bytes).expect("a file");
    serve(&house)
        .await
        .refuses(&["damaged or not a database", "backup"]);
    fs::remove_file(&house.database).expect("it was there");
    fs::create_dir(&house.database).expect("a folder");
    serve(&house).await.refuses(&["airworthy.db is not a file"]);
}

#[tokio::test]
async fn a_sealing_key_that_is_not_right_is_refused_with_what_to_do() {
    let house = House::new("").await;
    let key = key_file(&house);
    let right = fs::read(&key).expect("a key");
    let name = key.to_str().expect("a path of ours");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    serve(&house)
        .await
        .refuses(&[name, "mode 644", "set it to 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    for (text, why) in [
        ("", "base64"),
        ("no key at all\n", "base64"),
        (
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
            "not the one this database was made with",
        ),
    ] {
        fs::write(&key, text).expect("a key");
        serve(&house).await.refuses(&[why]);
    }
    fs::remove_file(&key).expect("it was there");
    serve(&house).await.refuses(&[name, "no sealing key"]);
    assert!(
        !key.exists(),
        "a new key would hide that the right one is gone"
    );
    fs::create_dir(&key).expect("a folder");
    serve(&house).await.refuses(&[name]);
    fs::remove_dir(&key).expect("it was there");
    fs::write(&key, &right).expect("a key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    let service = house.start().await;
    service.client.get("/v3/projects").await.ok();
    service.kill().await;
    key_from_the_environment(&house, &right).await;
}

async fn key_from_the_environment(house: &House, right: &[u8]) {
    fs::remove_file(key_file(house)).expect("it was there");
    let text = String::from_utf8(right.to_vec()).expect("text");
    let database = house.database.to_str().expect("a path of ours");
    let list = || airworthy(["key", "list", "--database", database]);
    list()
        .env("AIRWORTHY_SEALING_KEY", text.trim())
        .ended()
        .await
        .exits(0);
    let wrong = list().env(
        "AIRWORTHY_SEALING_KEY",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    wrong
        .ended()
        .await
        .refuses(&["not the one this database was made with"]);
    assert!(!key_file(house).exists());
}

/// The demo is the first thing that strangers run.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_serves_what_it_says_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut command, _home) = airworthy(["demo"]).into_parts();
    let mut child = command
        .env("TMPDIR", folder.path())
        .spawn()
        .expect("it starts");
    let stdout = child.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(stdout).lines();
    let mut told = BTreeMap::new();
    let telling = async {
        while let Ok(Some(line)) = lines.next_line().await {
            let named = line.trim().split_once("  ");
            told.extend(named.map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
            if line.contains("Your own cluster") {
                return;
            }
        }
        panic!("it ended: {told:?}");
    };
    timeout(PATIENCE, telling).await.expect("it tells in time");
    let client = Client {
        address: told["address"]
            .strip_prefix("http://")
            .expect("http")
            .parse()
            .expect("an address"),
        access_key: told["access key"].clone(),
        secret: told["secret key"].clone(),
    };
    let projects = client.get("/v3/projects").await.ok();
    let project = projects["projects"][0]["id"].as_str().expect("an id");
    assert!(told["project"].starts_with(project), "{told:?}");
    let base = format!(
        "/autopilot/v3/projects/{project}/clusters/{}/operation/precheck",
        told["cluster"]
    );
    // The demo makes a run of its own to look at; until that has ended, another is a conflict.
    let accepting = async {
        loop {
            let answer = client.post(&base, &precheck()).await;
            if answer.status != 409 {
                return answer.ok();
            }
        }
    };
    let accepted = timeout(PATIENCE, accepting).await.expect("in time");
    assert!(accepted["metadata"]["uid"].is_string(), "{accepted}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    let id = i32::try_from(child.id().expect("it runs")).expect("a small number");
    let pid = rustix::process::Pid::from_raw(id).expect("not 0");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it can be told");
    let status = timeout(SOON, child.wait()).await.expect("it ends in time");
    assert_eq!(status.expect("it can be waited for").code(), Some(0));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// A recording that was there when the cluster was registered may be gone when it is checked.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_cannot_be_read_ends_its_task_as_error_and_says_why() {
    let house = House::new("").await;
    let cluster = house.recorded("gone", &healthy()).await;
    fs::remove_file(house.folder().join("gone.tar")).expect("it was there");
    let service = house.start().await;
    service.client.precheck(&cluster).await;
    let tasks = service.client.until_done(&cluster).await;
    assert_eq!(tasks[0]["status"]["phase"], "Error", "{:#}", tasks[0]);
    let message = tasks[0]["status"]["message"].as_str().expect("a message");
    assert!(message.contains("cannot be read"), "{message}");
    assert!(
        !message.contains("gone.tar"),
        "callers learn no paths: {message}"
    );
    let told = |line: &String| line.contains("gone.tar") && line.contains("No such file");
    assert!(service.log().iter().any(told), "{:#?}", service.log());
    service.kill().await;
}
