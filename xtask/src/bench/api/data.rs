//! The database: one pre-check that the product itself carried out, multiplied. Made once and kept outside the work tree,
//! under a name that changes with the schema, the recipe and what the product stores.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use airworthy_collect::recording;
use airworthy_model::{Role, facts::Pod};
use airworthy_store::{Access, NewCluster, Options, SealingKey, Store};
use airworthy_testbed::cache_folder;
use anyhow::{Context as _, Result, bail};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    ids,
    load::{Connection, Plan, Work, signed, uid},
    service::Server,
};
use crate::bench::progress;

/// The key that signs the bench's requests.
pub(super) const KEY: (&str, &str) = (
    "BENCH000000000000000",
    "bench-secret-0123456789abcdefghijklmnopq",
);
/// Changes when the recipe does.
const GENERATION: u32 = 3;
/// Pods without a controller that the recording gets beside what it has: the answer then has some 20 kB.
const BARE_PODS: usize = 60;
const DEADLINE: Duration = Duration::from_mins(1);
/// Rows of one transaction.
const BATCH: u32 = 10_000;

/// How much there is.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Size {
    pub clusters: u32,
    pub per_cluster: u32,
}

impl Size {
    pub(super) const fn tasks(self) -> u32 {
        self.clusters * self.per_cluster
    }
}

/// A database that was made for the bench.
pub(super) struct Data {
    pub path: PathBuf,
    /// Bytes of the answer that all tasks give.
    pub answer: Vec<u8>,
    /// Nobody else uses it at the same time.
    _lock: File,
}

/// The database of this size, which is made if there is none.
pub(super) async fn data(program: &Path, size: Size) -> Result<Data> {
    let folder = tempfile::tempdir()?;
    let first = folder.path().join("airworthy.db");
    progress("a pre-check, carried out by the service");
    let answer = carried_out(program, &first).await?;
    let name = format!(
        "bench-api-{}-{:016x}",
        size.tasks(),
        key(&first, size).await?
    );
    let cache = cache_folder()?;
    std::fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join("bench-api.lock"))?;
    lock.lock()?;
    let kept = cache.join(&name);
    if !kept.is_dir() {
        remove_others(&cache, size)?;
        let began = Instant::now();
        progress(&format!(
            "{} tasks of {} clusters (once)",
            size.tasks(),
            size.clusters
        ));
        let unfinished = cache.join(format!("{name}.part"));
        let _ = std::fs::remove_dir_all(&unfinished);
        std::fs::create_dir(&unfinished)?;
        for end in ["", ".key"] {
            let file = format!("airworthy.db{end}");
            std::fs::copy(folder.path().join(&file), unfinished.join(&file))?;
        }
        multiply(&unfinished.join("airworthy.db"), size).await?;
        std::fs::rename(&unfinished, &kept)?;
        progress(&format!("made in {} s", began.elapsed().as_secs()));
    }
    let path = kept.join("airworthy.db");
    restore(&path).await?;
    Ok(Data {
        path,
        answer,
        _lock: lock,
    })
}

/// Databases of other recipes and schemas of the same size are of no use any more.
fn remove_others(cache: &Path, size: Size) -> Result<()> {
    let family = format!("bench-api-{}-", size.tasks());
    for entry in std::fs::read_dir(cache)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&family) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Has the service carry a pre-check out on a database of its own, and gives what it answers.
async fn carried_out(program: &Path, database: &Path) -> Result<Vec<u8>> {
    let store = open(database).await?;
    let now = Timestamp::now();
    store.add_project("bench", Some(ids::PROJECT), now).await?;
    store
        .import_key(ids::PROJECT, Role::Operator, KEY, "bench", now)
        .await?;
    let recording = database.with_file_name("recording.tar");
    write_recording(&recording)?;
    let cluster = NewCluster {
        id: Some(ids::cluster(0)),
        name: "bench-0".to_owned(),
        alias: None,
        access: Access::Recording {
            path: recording.to_string_lossy().into_owned(),
        },
    };
    store.add_cluster(ids::PROJECT, cluster, now).await?;
    store.close().await?;
    let service = Server::service(program, database, 1)?;
    let plan = Plan {
        address: service.address,
        access_key: KEY.0.to_owned(),
        secret: KEY.1.to_owned(),
        connections: 1,
        work: Work::Create { clusters: 1 },
    };
    let answer = finished(&plan).await?;
    // An orderly end moves the log into the database.
    service.stop()?;
    Ok(answer)
}

async fn finished(plan: &Plan) -> Result<Vec<u8>> {
    let mut connection = Connection::open(plan.address).await?;
    let body =
        json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": { "targetVersion": "v1.32" } });
    let request = signed(plan, Method::POST, &ids::prechecks(0), body.to_string())?;
    let task = uid(&connection.send(request).await?)?;
    let target = format!("{}/tasks/{task}", ids::prechecks(0));
    let began = Instant::now();
    loop {
        let answer = connection
            .send(signed(plan, Method::GET, &target, String::new())?)
            .await?;
        let phase = serde_json::from_slice::<Value>(&answer)?["status"]["phase"].take();
        match phase.as_str() {
            Some("Success" | "Failed") => return Ok(answer.to_vec()),
            Some("Init" | "Running") if began.elapsed() < DEADLINE => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            _ => bail!(
                "the pre-check ended as {phase}: {}",
                String::from_utf8_lossy(&answer)
            ),
        }
    }
}

/// The bundled recording with more amiss.
fn write_recording(path: &Path) -> Result<()> {
    let demo = crate::test::root().join("crates/airworthy/demo/recording.tar");
    let mut facts = recording::read_file(&demo)?;
    let bare = |number: usize| Pod {
        namespace: format!("team-{:02}", number % 20).into(),
        name: format!("import-{number:04}"),
        node: format!("node-{}", number % 3 + 1).into(),
        phase: "Running".into(),
        ready: true,
        ..Pod::default()
    };
    if let Ok(pods) = &mut facts.pods {
        pods.extend((0..BARE_PODS).map(bare));
    }
    Ok(recording::write_file(path, &facts)?)
}

async fn open(database: &Path) -> Result<Store> {
    let mut key = database.as_os_str().to_owned();
    key.push(".key");
    let key = SealingKey::load_or_create(Path::new(&key))?;
    Ok(Store::open(&Options::new(database, key), Timestamp::now()).await?)
}

async fn connect(database: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .busy_timeout(Duration::from_secs(30))
        .pragma("cache_size", "-400000");
    Ok(SqliteConnection::connect_with(&options).await?)
}

/// What the database depends on: schema, recipe, and the columns of a task that do not change with time.
async fn key(database: &Path, size: Size) -> Result<u64> {
    let mut connection = connect(database).await?;
    let schema: String = sqlx::query_scalar("SELECT group_concat(sql) FROM sqlite_master")
        .fetch_one(&mut connection)
        .await?;
    let has_form = columns(&mut connection)
        .await?
        .iter()
        .any(|name| name == FORM);
    let form: Option<i64> = if has_form {
        sqlx::query_scalar("SELECT answer_form FROM tasks")
            .fetch_one(&mut connection)
            .await?
    } else {
        None
    };
    let mut hasher = DefaultHasher::new();
    (schema, form, GENERATION, BARE_PODS, size).hash(&mut hasher);
    Ok(hasher.finish())
}

const FORM: &str = "answer_form";

async fn columns(connection: &mut SqliteConnection) -> Result<Vec<String>> {
    let names = sqlx::query_scalar("SELECT name FROM pragma_table_info('tasks') ORDER BY cid");
    Ok(names.fetch_all(connection).await?)
}

/// Makes the one cluster and its one task many.
async fn multiply(database: &Path, size: Size) -> Result<()> {
    let mut connection = connect(database).await?;
    add_clusters(&mut connection, size).await?;
    add_tasks(&mut connection, size).await?;
    // As the service does when it ends: what was counted of one task misleads.
    for statement in ["ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

async fn add_clusters(connection: &mut SqliteConnection, size: Size) -> Result<()> {
    let mut tx = connection.begin().await?;
    for number in 1..size.clusters {
        sqlx::query(
            "INSERT INTO clusters (id, project_id, name, access, access_path, version, phase, created_at, updated_at) \
             SELECT $1, project_id, $2, access, access_path, version, phase, created_at, updated_at \
             FROM clusters WHERE id = $3",
        )
        .bind(ids::cluster(number))
        .bind(format!("bench-{number}"))
        .bind(ids::cluster(0))
        .execute(&mut *tx)
        .await?;
    }
    Ok(tx.commit().await?)
}

async fn add_tasks(connection: &mut SqliteConnection, size: Size) -> Result<()> {
    sqlx::query("CREATE TEMP TABLE template AS SELECT * FROM tasks")
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM tasks")
        .execute(&mut *connection)
        .await?;
    let names = columns(connection).await?;
    let value = |name| match name {
        "id" => "$1",
        "cluster_id" => "$2",
        "answer" => "$3",
        "created_at" => "created_at - $4",
        other => other,
    };
    let values: Vec<_> = names.iter().map(|name| value(name)).collect();
    // Made of the names of columns alone.
    let insert = format!(
        "INSERT INTO tasks ({}) SELECT {} FROM temp.template",
        names.join(", "),
        values.join(", ")
    );
    let answer = Answer::of(connection, &names).await?;
    for first in (0..size.tasks()).step_by(BATCH as usize) {
        let mut tx = connection.begin().await?;
        for number in first..size.tasks().min(first + BATCH) {
            let (task, cluster) = (ids::task(number), ids::cluster(number / size.per_cluster));
            sqlx::query(AssertSqlSafe(insert.clone()))
                .bind(&task)
                .bind(&cluster)
                .bind(answer.of_task(&task, &cluster)?)
                // Whole seconds: as many digits as before.
                .bind(i64::from(number % size.per_cluster) * 1_000_000)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// The ready-made answer of the task that is multiplied, which names the task and its cluster.
struct Answer {
    text: Option<String>,
    task: String,
}

impl Answer {
    async fn of(connection: &mut SqliteConnection, columns: &[String]) -> Result<Self> {
        let row = sqlx::query("SELECT * FROM temp.template")
            .fetch_one(connection)
            .await?;
        let packed: Option<Vec<u8>> = if columns.iter().any(|name| name == "answer") {
            row.try_get("answer")?
        } else {
            None
        };
        let text = packed
            .map(|packed| zstd::decode_all(&*packed))
            .transpose()?;
        let text = text.map(String::from_utf8).transpose()?;
        Ok(Self {
            text,
            task: row.try_get("id")?,
        })
    }

    fn of_task(&self, task: &str, cluster: &str) -> Result<Option<Vec<u8>>> {
        let Some(text) = &self.text else {
            return Ok(None);
        };
        let text = text
            .replace(&self.task, task)
            .replace(&ids::cluster(0), cluster);
        Ok(Some(zstd::bulk::compress(text.as_bytes(), 3)?))
    }
}

/// Takes back what an earlier run has left: tasks that were accepted and never begun, and their trail.
pub(super) async fn restore(database: &Path) -> Result<()> {
    let mut connection = connect(database).await?;
    for statement in [
        "DELETE FROM tasks WHERE state <> 'done'",
        "DELETE FROM trail",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

/// Says that all clusters were just seen, as they are when they are asked often.
pub(super) async fn seen_now(database: &Path) -> Result<()> {
    let mut connection = connect(database).await?;
    sqlx::query("UPDATE clusters SET observed_at = $1, version = 'v1.31.14', phase = 'Available'")
        .bind(Timestamp::now().as_microsecond())
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

/// The ids of all tasks that were accepted and not begun.
pub(super) async fn waiting(database: &Path) -> Result<Vec<String>> {
    let mut connection = connect(database).await?;
    let ids = sqlx::query_scalar("SELECT id FROM tasks WHERE state = 'init'")
        .fetch_all(&mut connection)
        .await?;
    connection.close().await?;
    Ok(ids)
}

/// Reads the file once, so that neither server waits for the disk.
pub(super) fn warm(database: &Path) -> Result<u64> {
    std::io::copy(&mut File::open(database)?, &mut std::io::sink()).context("read the database")
}
