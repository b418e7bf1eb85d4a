//! Writes that share a transaction: all that came in while the last one was committed wait for one sync of the disk.
//!
//! Each has a savepoint of its own, so that one that fails undoes nothing of the others, and each is answered after the
//! commit. What was handed in is carried out, whether or not whoever asked for it still waits.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sqlx::{Sqlite, Transaction};
use tokio::sync::oneshot;

use crate::{Error, Store, error::During};

/// Most writes of one transaction: the first of them waits for the last.
const MOST: usize = 64;

type Tx = Transaction<'static, Sqlite>;

/// The work of one write; what it gives is handed out after the commit.
pub(crate) type Working<'t, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 't>>;

/// A write that waits for its turn.
trait Waiting: Send {
    /// Carries it out.
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> Pin<Box<dyn Future<Output = Done> + Send + 't>>;

    /// Tells that it was not carried out.
    fn refuse(self: Box<Self>, error: Error);
}

struct Write<T, W> {
    work: W,
    announced: bool,
    told: oneshot::Sender<Result<T, Error>>,
}

impl<T, W> Waiting for Write<T, W>
where
    T: Send + 'static,
    W: for<'t> FnOnce(&'t mut Tx) -> Working<'t, T> + Send + 'static,
{
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> Pin<Box<dyn Future<Output = Done> + Send + 't>> {
        let Self {
            work,
            announced,
            told,
        } = *self;
        Box::pin(async move {
            let result = work(tx).await;
            Done {
                announced,
                failed: result.as_ref().err().map(Error::twin),
                // Whoever asked may be gone by then.
                tell: Box::new(move |committed| {
                    let _ = told.send(result.and_then(|value| committed.map(|()| value)));
                }),
            }
        })
    }

    fn refuse(self: Box<Self>, error: Error) {
        let _ = self.told.send(Err(error));
    }
}

/// A write that was carried out and is not committed yet.
struct Done {
    /// Whether those who wait for changes of tasks are told.
    announced: bool,
    /// Why it is to be undone.
    failed: Option<Error>,
    /// Hands out what came of it, or why it was not committed.
    tell: Box<dyn FnOnce(Result<(), Error>) + Send>,
}

/// The writes that wait for their turn.
#[derive(Default)]
pub(crate) struct Group(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Box<dyn Waiting>>,
    /// Somebody works the queue off.
    led: bool,
}

impl Group {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether whoever joins has to have the queue worked off.
    fn join(&self, write: Box<dyn Waiting>) -> bool {
        let mut queue = self.queue();
        queue.waiting.push_back(write);
        !std::mem::replace(&mut queue.led, true)
    }

    fn next(&self) -> Option<Box<dyn Waiting>> {
        self.queue().waiting.pop_front()
    }

    /// Whether nothing is left to do; then the next one to join has the queue worked off.
    fn is_through(&self) -> bool {
        let mut queue = self.queue();
        queue.led = !queue.waiting.is_empty();
        !queue.led
    }

    fn refuse_all(&self, error: &Error) {
        let waiting = std::mem::take(&mut self.queue().waiting);
        for write in waiting {
            write.refuse(error.twin());
        }
    }
}

impl Store {
    /// Carries a write of tasks out, together with others that wait; the answer comes after the commit.
    pub(crate) async fn grouped<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl for<'t> FnOnce(&'t mut Tx) -> Working<'t, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.join(operation, true, work).await
    }

    /// Does the same with a write of something else, for which no worker has to wake up.
    pub(crate) async fn grouped_quietly<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl for<'t> FnOnce(&'t mut Tx) -> Working<'t, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.join(operation, false, work).await
    }

    async fn join<T: Send + 'static>(
        &self,
        operation: &'static str,
        announced: bool,
        work: impl for<'t> FnOnce(&'t mut Tx) -> Working<'t, T> + Send + 'static,
    ) -> Result<T, Error> {
        let (told, answer) = oneshot::channel();
        let write = Write {
            work,
            announced,
            told,
        };
        if self.group.join(Box::new(write)) {
            tokio::spawn(lead(Leader(self.clone())));
        }
        let broken_off = |_| Err(sqlx::Error::WorkerCrashed).during(operation);
        answer.await.unwrap_or_else(broken_off)
    }
}

/// Whoever works the queue off. When that ends by a panic, those that wait learn of it, and the next one takes over.
struct Leader(Store);

impl Drop for Leader {
    fn drop(&mut self) {
        let mut queue = self.0.group.queue();
        if std::mem::take(&mut queue.led) {
            queue.waiting.clear();
        }
    }
}

async fn lead(leader: Leader) {
    let store = &leader.0;
    while !store.group.is_through() {
        match store.write("begin a transaction").await {
            Ok(tx) => together(store, tx).await,
            Err(error) => store.group.refuse_all(&error),
        }
    }
}

async fn together(store: &Store, mut tx: Tx) {
    let mut done = Vec::new();
    let ended = match carry_out(store, &mut tx, &mut done).await {
        Ok(()) => tx.commit().await.during("commit a transaction"),
        Err(error) => Err(error),
    };
    if ended.is_ok() && done.iter().any(|done| done.announced) {
        store.announce();
    }
    for Done { tell, .. } in done {
        tell(ended.as_ref().copied().map_err(Error::twin));
    }
}

/// Carries out what waits. An error is the end of the whole transaction.
async fn carry_out(store: &Store, tx: &mut Tx, done: &mut Vec<Done>) -> Result<(), Error> {
    while done.len() < MOST
        && let Some(write) = store.group.next()
    {
        if let Err(error) = say(tx, "SAVEPOINT one").await {
            write.refuse(error.twin());
            return Err(error);
        }
        let one = write.run(tx).await;
        let failed = one.failed.as_ref().map(Error::twin);
        done.push(one);
        if let Some(failed) = failed {
            // A full disk makes SQLite undo the whole transaction by itself: then there is no savepoint to go back to.
            say(tx, "ROLLBACK TO one").await.map_err(|_| failed)?;
        }
        say(tx, "RELEASE one").await?;
    }
    Ok(())
}

async fn say(tx: &mut Tx, statement: &'static str) -> Result<(), Error> {
    let said = sqlx::query(statement).execute(&mut **tx).await;
    said.during("mark a place in a transaction").map(drop)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sqlx::SqlitePool;

    use super::*;
    use crate::{Options, SealingKey};

    async fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let key = SealingKey::from([7; 32]);
        let options = Options::new(directory.path().join("a.db"), key);
        let store = Store::open(&options, Timestamp::UNIX_EPOCH).await.unwrap();
        (directory, store)
    }

    async fn add(store: Store, name: String) -> Result<usize, Error> {
        let length = name.len();
        let write = store.grouped("add", move |tx| {
            Box::pin(async move {
                sqlx::query("INSERT INTO projects (id, name, created_at) VALUES ($1, $2, 0)")
                    .bind(&name)
                    .bind(name.split('/').next())
                    .execute(&mut **tx)
                    .await
                    .during("add")?;
                Ok(name.len())
            })
        });
        let told = write.await?;
        assert_eq!(told, length);
        Ok(told)
    }

    async fn count(pool: &SqlitePool) -> i64 {
        let counted = sqlx::query_scalar("SELECT COUNT(*) FROM projects").fetch_one(pool);
        counted.await.unwrap()
    }

    #[tokio::test]
    async fn a_write_that_fails_undoes_nothing_of_the_others() {
        let (_directory, store) = store().await;
        // None begins before all have come.
        let held = store.write("hold").await.unwrap();
        let names = (0..200).map(|number| format!("{}/{number}", number / 2));
        let writes: Vec<_> = names
            .map(|name| tokio::spawn(add(store.clone(), name)))
            .collect();
        while store.group.queue().waiting.len() < 200 {
            tokio::task::yield_now().await;
        }
        held.rollback().await.unwrap();
        let mut told = Vec::new();
        for write in writes {
            told.push(write.await.unwrap().is_ok());
        }
        let even: Vec<bool> = (0..200).map(|number| number % 2 == 0).collect();
        assert_eq!(told, even);
        assert_eq!(count(&store.readers).await, 100);
    }

    #[tokio::test]
    async fn what_was_handed_in_is_written_though_nobody_waits() {
        let (_directory, store) = store().await;
        let held = store.write("hold").await.unwrap();
        let asked = tokio::spawn(add(store.clone(), "gone".to_owned()));
        while store.group.queue().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
        held.rollback().await.unwrap();
        add(store.clone(), "here".to_owned()).await.unwrap();
        assert_eq!(count(&store.readers).await, 2);
    }

    #[tokio::test]
    async fn on_a_full_disk_everybody_is_told_and_later_writes_go_on() {
        let (directory, _roomy) = store().await;
        let options = Options {
            max_pages: Some(1),
            ..Options::new(directory.path().join("a.db"), SealingKey::from([7; 32]))
        };
        let store = Store::open(&options, Timestamp::UNIX_EPOCH).await.unwrap();
        let long = |letter: &str| letter.repeat(20_000);
        let (first, second) =
            tokio::join!(add(store.clone(), long("a")), add(store.clone(), long("b")));
        for told in [first, second] {
            assert!(matches!(told, Err(Error::DiskFull { .. })), "{told:?}");
        }
        add(store.clone(), "small".to_owned()).await.unwrap();
        assert_eq!(count(&store.readers).await, 1);
    }

    #[tokio::test]
    async fn a_panic_ends_those_it_meets_and_nobody_after_them() {
        let (_directory, store) = store().await;
        let broken = store.grouped("break", |_| Box::pin(async { panic!("a write may break") }));
        let told: Result<(), Error> = broken.await;
        assert!(matches!(told, Err(Error::Statement { .. })), "{told:?}");
        add(store.clone(), "next".to_owned()).await.unwrap();
        assert_eq!(count(&store.readers).await, 1);
    }
}
