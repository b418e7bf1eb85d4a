//! Ready-made answers: what is shown of a finished pre-check, kept beside its result, so that showing it is one read.
//!
//! An answer is a copy of what its task says. It is given out only while the task is there and as it was when the answer was
//! made, and only in the form that the reader knows. Those who ask while others are read for are read for together: most of
//! the time of a single read goes into waking the thread that reads, and back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::{Row, sqlite::SqliteRow};
use tokio::sync::oneshot;

use crate::{
    Error, Store,
    error::During,
    payload::{pack, unpack_small},
    tasks::Task,
    time::micros,
};

const READING: &str = "read an answer";

/// Not a join: that looks at all tasks where there were few of them when they were last counted.
const READ: &str = "SELECT asked.key AS place, (SELECT answer FROM tasks WHERE id = asked.value ->> 2 \
     AND project_id = asked.value ->> 0 AND cluster_id = asked.value ->> 1 AND kind = 'precheck' \
     AND state = 'done' AND answer_form = asked.value ->> 3 AND answer_at = updated_at) AS answer \
     FROM json_each($1) AS asked";

/// Most answers that are read at once.
const MOST: usize = 64;

/// How many wait until one more reads for them, and how many read at most.
const CROWD: (usize, usize) = (8, 4);

type Told = oneshot::Sender<Result<Option<Vec<u8>>, Error>>;

/// Project, cluster, task and form of an answer that is asked for.
type Key = (String, String, String, i64);

/// Those who wait for an answer.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<(Key, Told)>,
    /// How many read for those who wait.
    readers: usize,
}

impl Asked {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether one more has to read.
    fn join(&self, key: Key, told: Told) -> bool {
        let mut queue = self.queue();
        queue.waiting.push((key, told));
        let (crowd, most) = CROWD;
        let more = queue.waiting.len() > crowd * queue.readers && queue.readers < most;
        queue.readers += usize::from(more);
        more
    }

    /// Some of those who wait. When nobody does, the reader that asked is through: the next one to join starts another.
    fn some(&self) -> Vec<(Key, Told)> {
        let mut queue = self.queue();
        let count = queue.waiting.len().min(MOST);
        queue.readers -= usize::from(count == 0);
        queue.waiting.drain(..count).collect()
    }
}

/// Reads for those who wait until nobody does. When that ends by a panic, those who wait learn of it.
struct Reader(Store);

impl Drop for Reader {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut queue = self.0.asked.queue();
            queue.readers -= 1;
            queue.waiting.clear();
        }
    }
}

async fn work(reader: Reader) {
    let Reader(store) = &reader;
    loop {
        let batch = store.asked.some();
        if batch.is_empty() {
            return;
        }
        let (keys, told): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        match read(store, &keys).await {
            Ok(mut found) => {
                for (place, told) in told.into_iter().enumerate() {
                    // Whoever asked may be gone.
                    let _ = told.send(Ok(found.get_mut(place).and_then(Option::take)));
                }
            }
            Err(error) => told.into_iter().for_each(|told| {
                let _ = told.send(Err(error.twin()));
            }),
        }
    }
}

/// The answers of these keys, each in its key's place, still compressed.
async fn read(store: &Store, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Error> {
    // Lists of texts and numbers can always be written.
    let asked = serde_json::to_string(keys).unwrap_or_default();
    let rows: Vec<(i64, Option<Vec<u8>>)> = sqlx::query(READ)
        .bind(asked)
        .try_map(|row: SqliteRow| Ok((row.try_get("place")?, row.try_get("answer")?)))
        .fetch_all(&store.readers)
        .await
        .during(READING)?;
    let mut found = vec![None; keys.len()];
    for (place, answer) in rows {
        if let Some(of) = usize::try_from(place).ok().and_then(|it| found.get_mut(it)) {
            *of = answer;
        }
    }
    Ok(found)
}

impl Store {
    /// The ready-made answer of a pre-check in this form; another project's is as absent as one that never was made.
    pub async fn answer(
        &self,
        project_id: &str,
        cluster_id: &str,
        id: &str,
        form: i64,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (told, answer) = oneshot::channel();
        let own = |text: &str| text.to_owned();
        let key = (own(project_id), own(cluster_id), own(id), form);
        if self.asked.join(key, told) {
            tokio::spawn(work(Reader(self.clone())));
        }
        let broken_off = |_| Err(sqlx::Error::WorkerCrashed).during(READING);
        match answer.await.unwrap_or_else(broken_off)? {
            Some(packed) => unpack_small(packed).await.map(Some),
            None => Ok(None),
        }
    }

    /// Keeps the ready-made answer of a finished task, unless the task has changed since it was read.
    pub async fn keep_answer(&self, task: &Task, form: i64, answer: Vec<u8>) -> Result<(), Error> {
        const DOING: &str = "keep an answer";
        let (id, updated_at) = (task.id.clone(), micros(task.updated_at));
        let packed = pack(answer).await?;
        self.grouped(DOING, move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE tasks SET answer = $3, answer_form = $4, answer_at = $2 \
                     WHERE id = $1 AND updated_at = $2 AND state = 'done'",
                )
                .bind(id)
                .bind(updated_at)
                .bind(packed)
                .bind(form)
                .execute(&mut **tx)
                .await
                .during(DOING)
                .map(drop)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::{Options, SealingKey};

    #[tokio::test]
    async fn tasks_are_found_by_their_id_however_few_there_once_were() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options::new(directory.path().join("a.db"), SealingKey::from([7; 32]));
        let store = Store::open(&options, Timestamp::UNIX_EPOCH).await.unwrap();
        let counted = "ANALYZE; INSERT INTO sqlite_stat1 VALUES \
             ('tasks', 'sqlite_autoindex_tasks_1', '1 1'), ('tasks', 'tasks_counted', '1 1 1'); ANALYZE sqlite_schema";
        sqlx::raw_sql(counted).execute(&store.writer).await.unwrap();
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {READ}")))
            .bind("[]")
            .try_map(|row: SqliteRow| row.try_get::<String, _>("detail"));
        let plan = plan.fetch_all(&store.writer).await.unwrap().join("; ");
        assert!(
            plan.contains("SEARCH tasks USING INDEX sqlite_autoindex_tasks_1"),
            "{plan}"
        );
    }
}
