//! What opening the database makes, survives and refuses.

mod common;

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use airworthy_model::Role;
use airworthy_store::{Error, Options, Phase, SCHEMA_VERSION, SealingKey, Store, TaskKind};
use common::{at, enqueue, fixture, new_task, options, success};
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A connection as another program would open it.
async fn stranger(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn refused(options: &Options) -> Error {
    Store::open(options, at(0)).await.unwrap_err()
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(&directory);
    let folder = directory.path().join("made/for/us");
    options.path = folder.join("airworthy.db");
    let store = Store::open(&options, at(0)).await.unwrap();
    store.add_project("p", None, at(0)).await.unwrap();
    assert_eq!(mode(&folder), 0o700);
    for file in ["airworthy.db", "airworthy.db-wal", "airworthy.db-shm"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn files_that_were_open_to_others_are_closed_to_them() {
    let fixture = fixture().await;
    fixture.store.close().await.unwrap();
    fs::set_permissions(&fixture.options.path, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = Store::open(&fixture.options, at(1)).await.unwrap();
    assert_eq!(mode(&fixture.options.path), 0o600);
}

#[tokio::test]
async fn an_orderly_close_leaves_one_file_and_everything_in_it() {
    let fixture = fixture().await;
    let task = enqueue(&fixture.store, &fixture.cluster, at(1)).await;
    fixture.store.close().await.unwrap();
    assert_eq!(fs::read_dir(fixture.directory.path()).unwrap().count(), 1);
    let store = Store::open(&fixture.options, at(2)).await.unwrap();
    let lease = store.claim("a", at(2), Duration::from_secs(30)).await;
    assert_eq!(lease.unwrap().unwrap().task.id, task.id);
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_crash() {
    let fixture = fixture().await;
    let task = enqueue(&fixture.store, &fixture.cluster, at(1)).await;
    let lease = fixture
        .store
        .claim("a", at(1), Duration::from_secs(30))
        .await
        .unwrap()
        .unwrap();
    let crashed = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture.directory.path()).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), crashed.path().join(entry.file_name())).unwrap();
        }
    }
    let store = Store::open(&options(&crashed), at(2)).await.unwrap();
    let early = store.claim("b", at(30), Duration::from_secs(30)).await;
    assert_eq!(early.unwrap(), None, "the dead owner's lease still runs");
    let taken = store
        .claim("b", at(31), Duration::from_secs(30))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&taken.task.id, taken.fence), (&task.id, lease.fence + 1));
    let late = store.finish(&lease, success("{}"), None, at(32)).await;
    assert!(matches!(late, Err(Error::LeaseLost { .. })));
    store
        .finish(&taken, success("{}"), None, at(32))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_abrupt_drop_loses_nothing() {
    let fixture = fixture().await;
    enqueue(&fixture.store, &fixture.cluster, at(1)).await;
    drop(fixture.store);
    let store = Store::open(&fixture.options, at(2)).await.unwrap();
    assert_eq!(store.clusters(&fixture.project.id).await.unwrap().len(), 1);
    assert!(
        store
            .claim("b", at(2), Duration::from_secs(1))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn another_sealing_key_is_refused() {
    let mut fixture = fixture().await;
    fixture.store.close().await.unwrap();
    fixture.options.sealing_key = SealingKey::from([8; 32]);
    assert!(matches!(
        refused(&fixture.options).await,
        Error::WrongSealingKey
    ));
}

/// What the first release made is brought forward, and what is in it is kept.
#[tokio::test]
async fn the_first_schema_is_brought_forward() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(&directory);
    std::fs::write(&options.path, "").unwrap();
    let mut stranger = stranger(&options.path).await;
    for statement in [
        include_str!("../migrations/0001_first.sql"),
        "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
        "INSERT INTO schema_version (version, applied_at) VALUES (1, 0)",
        "INSERT INTO projects (id, name, created_at) VALUES ('p', 'old', 0)",
    ] {
        sqlx::raw_sql(statement)
            .execute(&mut stranger)
            .await
            .unwrap();
    }
    stranger.close().await.unwrap();
    let store = Store::open(&options, at(1)).await.unwrap();
    assert_eq!(store.project("p").await.unwrap().unwrap().name, "old");
    let cluster = common::add_cluster(&store, "p", "prod").await;
    let token = store
        .create_audit_token("p", &cluster.id, at(2))
        .await
        .unwrap();
    assert!(
        store
            .is_audit_token(&cluster.id, token.expose())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let fixture = fixture().await;
    fixture.store.close().await.unwrap();
    let mut stranger = stranger(&fixture.options.path).await;
    sqlx::query("INSERT INTO schema_version (version, applied_at) VALUES ($1, 0)")
        .bind(SCHEMA_VERSION + 1)
        .execute(&mut stranger)
        .await
        .unwrap();
    stranger.close().await.unwrap();
    let error = refused(&fixture.options).await;
    assert!(
        matches!(error, Error::NewerSchema { found, known } if found == known + 1),
        "{error}"
    );
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(&directory);
    let mut stranger = stranger(&options.path).await;
    sqlx::query("CREATE TABLE photos (id BIGINT)")
        .execute(&mut stranger)
        .await
        .unwrap();
    fs::set_permissions(&options.path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(refused(&options).await, Error::ForeignDatabase));
    assert_eq!(mode(&options.path), 0o644);
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master")
        .fetch_one(&mut stranger)
        .await
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(&directory);
    fs::write(
        &options.path,
        "This is a letter, not a database. ".repeat(200),
    )
    .unwrap();
    fs::set_permissions(&options.path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = refused(&options).await;
    assert!(matches!(error, Error::Corrupted { .. }), "{error}");
    assert_eq!(mode(&options.path), 0o644);
}

#[tokio::test]
async fn a_directory_in_the_place_of_the_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(&directory);
    options.path = directory.path().to_owned();
    assert!(matches!(refused(&options).await, Error::NotAFile(_)));
    options.path = Path::new("/dev/null").to_owned();
    assert!(matches!(refused(&options).await, Error::NotAFile(_)));
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(&directory);
    fs::write(directory.path().join("file"), "").unwrap();
    options.path = directory.path().join("file/airworthy.db");
    let error = refused(&options).await;
    assert!(matches!(error, Error::PrepareDirectory { .. }), "{error}");
    options.path = Path::new("/proc/airworthy.db").to_owned();
    let error = refused(&options).await;
    assert!(matches!(error, Error::PrepareFile { .. }), "{error}");
}

#[tokio::test]
async fn a_database_that_another_process_holds_is_named_as_locked() {
    let fixture = fixture().await;
    let mut stranger = stranger(&fixture.options.path).await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut stranger)
        .await
        .unwrap();
    let precheck = new_task(&fixture.cluster, TaskKind::Precheck);
    let error = fixture.store.enqueue(&precheck, at(1)).await.unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    let error = refused(&fixture.options).await;
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    sqlx::query("ROLLBACK")
        .execute(&mut stranger)
        .await
        .unwrap();
    fixture.store.enqueue(&precheck, at(1)).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_named_and_what_was_there_stays() {
    let mut fixture = fixture().await;
    fixture.store.close().await.unwrap();
    let pages = fs::metadata(&fixture.options.path).unwrap().len() / 4096;
    fixture.options.max_pages = Some(u32::try_from(pages).unwrap() + 2);
    let store = Store::open(&fixture.options, at(1)).await.unwrap();
    let mut task = new_task(&fixture.cluster, TaskKind::Precheck);
    task.spec = "x".repeat(100_000);
    let error = store.enqueue(&task, at(1)).await.unwrap_err();
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    assert_eq!(store.clusters(&fixture.project.id).await.unwrap().len(), 1);
    task.spec = "{}".into();
    store.enqueue(&task, at(2)).await.unwrap();
}

#[tokio::test]
async fn an_open_store_answers() {
    let fixture = fixture().await;
    fixture.store.ping().await.unwrap();
    fixture.store.close().await.unwrap();
    assert!(fixture.store.ping().await.is_err());
}

/// The table of tasks is made anew by the third schema: tasks, done or not, are in it as they were, and keys can do what they
/// could.
#[tokio::test]
async fn tasks_of_the_second_schema_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(&directory);
    std::fs::write(&options.path, "").unwrap();
    let mut stranger = stranger(&options.path).await;
    for statement in [
        include_str!("../migrations/0001_first.sql"),
        include_str!("../migrations/0002_audit.sql"),
        "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
        "INSERT INTO schema_version (version, applied_at) VALUES (1, 0), (2, 0)",
        "INSERT INTO projects (id, name, created_at) VALUES ('p', 'old', 0)",
        "INSERT INTO clusters (id, project_id, name, access, version, created_at, updated_at) \
         VALUES ('c', 'p', 'prod', 'in-cluster', 'v1.31.14', 0, 0)",
        "INSERT INTO tasks (id, project_id, cluster_id, kind, spec, state, phase, created_at, updated_at, run_at, \
         attempt, max_attempts, lease_fence) VALUES \
         ('done', 'p', 'c', 'precheck', '{}', 'done', 'Failed', 1000000, 2000000, 1000000, 1, 5, 1), \
         ('due', 'p', 'c', 'precheck', '{}', 'init', NULL, 3000000, 3000000, 3000000, 0, 5, 0)",
        "INSERT INTO access_keys (ak, project_id, sealed_sk, description, created_at) VALUES ('AK', 'p', x'00', '', 0)",
    ] {
        sqlx::raw_sql(statement)
            .execute(&mut stranger)
            .await
            .unwrap();
    }
    stranger.close().await.unwrap();
    let store = Store::open(&options, at(4)).await.unwrap();
    let second = |second| Timestamp::from_second(second).unwrap();
    let ids = store.task_ids("p", "c", TaskKind::Precheck).await.unwrap();
    assert_eq!(ids, ["due", "done"]);
    let done = store.task("p", "c", TaskKind::Precheck, "done").await;
    let done = done.unwrap().unwrap();
    assert_eq!(
        (done.phase, done.ended_at),
        (Some(Phase::Failed), Some(second(2)))
    );
    assert_eq!(done.created_at, second(1));
    let lease = store.claim("a", at(5), Duration::from_secs(9)).await;
    assert_eq!(lease.unwrap().unwrap().task.id, "due");
    let keys = store.list_keys("p").await.unwrap();
    assert_eq!(keys[0].role, Role::Operator);
}
