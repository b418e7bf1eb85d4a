//! All cores at work on the files; what they find comes together in the order of the files.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use airworthy_manifest::{Digest, Found, Watch};
use airworthy_model::facts::{ManifestTree, Unreadable};

use super::{
    MAX_PROBLEMS, MAX_WATCHED, Unreachable,
    file::{Large, Window},
    shown,
    walk::{Item, Walk},
};

/// Files that go to a core at a time.
const BATCH: usize = 32;
/// Batches that wait.
const WAITING: usize = 64;

type Batch = Vec<(u64, Item)>;

/// Reads all that the roots hold.
pub(super) fn run(watch: &Watch, roots: &[PathBuf]) -> Result<ManifestTree, Unreachable> {
    let (send, receive) = sync_channel(WAITING);
    let hall = Hall {
        watch,
        queue: Mutex::new(receive),
        large: Large::default(),
        watched: AtomicUsize::new(0),
        problems: AtomicUsize::new(0),
    };
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| Worker::of(&hall).run()))
            .collect();
        let walked = hand_out(send, roots);
        let done = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let done: Vec<_> = done.collect();
        walked?;
        Ok(together(done, &hall))
    })
}

/// Walks over the roots, and ends the queue.
fn hand_out(send: SyncSender<Batch>, roots: &[PathBuf]) -> Result<(), Unreachable> {
    let (mut number, mut batch) = (0, Batch::new());
    let mut hand_on = |item| {
        number += 1;
        batch.push((number, item));
        if batch.len() == BATCH {
            // Nobody takes it only when all workers are gone, and then their panic is told.
            let _ = send.send(std::mem::take(&mut batch));
        }
    };
    let walked = Walk::new(&mut hand_on).roots(roots);
    let _ = send.send(batch);
    walked
}

/// What the workers share.
struct Hall<'w> {
    watch: &'w Watch,
    queue: Mutex<Receiver<Batch>>,
    large: Large,
    /// Objects that matter, so far.
    watched: AtomicUsize,
    /// Problems so far.
    problems: AtomicUsize,
}

/// What one worker has done.
#[derive(Debug, Default)]
struct Done {
    files: u64,
    bytes: u64,
    objects: u64,
    found: Vec<(u64, Found)>,
}

struct Worker<'h> {
    hall: &'h Hall<'h>,
    window: Window,
    done: Done,
}

impl<'h> Worker<'h> {
    fn of(hall: &'h Hall<'h>) -> Self {
        Self {
            hall,
            window: Window::new(),
            done: Done::default(),
        }
    }

    fn run(mut self) -> Done {
        while let Some(batch) = self.next() {
            for (number, item) in batch {
                let found = self.look(item);
                self.keep(number, found);
            }
        }
        self.done
    }

    fn next(&self) -> Option<Batch> {
        let queue = self
            .hall
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        queue.recv().ok()
    }

    fn look(&mut self, item: Item) -> Found {
        match item {
            Item::Problem(problem) => Found {
                problems: vec![problem],
                ..Found::default()
            },
            Item::Stdin => self.read("-".to_owned(), &mut io::stdin().lock()),
            Item::File(path) => self.file(&path),
        }
    }

    fn file(&mut self, path: &Path) -> Found {
        match File::open(path) {
            Ok(mut file) => self.read(shown(path), &mut file),
            Err(error) => unreadable(shown(path), &error),
        }
    }

    fn read(&mut self, name: String, source: &mut dyn Read) -> Found {
        let mut digest = Digest::new(self.hall.watch, name.as_str());
        match self.window.read(source, &mut digest, &self.hall.large) {
            Ok(bytes) => {
                self.done.files += 1;
                self.done.bytes += bytes;
                digest.finish()
            }
            Err(error) => {
                let mut found = digest.finish();
                found.problems.extend(unreadable(name, &error).problems);
                found
            }
        }
    }

    fn keep(&mut self, number: u64, mut found: Found) {
        self.done.objects += found.objects;
        limit(&mut found.watched, &self.hall.watched, MAX_WATCHED);
        limit(&mut found.problems, &self.hall.problems, MAX_PROBLEMS);
        if !found.watched.is_empty() || !found.problems.is_empty() {
            self.done.found.push((number, found));
        }
    }
}

/// Keeps what there is room for; counts all.
fn limit<T>(rows: &mut Vec<T>, count: &AtomicUsize, most: usize) {
    let before = count.fetch_add(rows.len(), Ordering::Relaxed);
    rows.truncate(most.saturating_sub(before));
}

fn unreadable(file: String, error: &io::Error) -> Found {
    let problem = Unreadable {
        file,
        why: format!("cannot be read: {error}"),
        ..Unreadable::default()
    };
    Found {
        problems: vec![problem],
        ..Found::default()
    }
}

fn together(done: Vec<Done>, hall: &Hall<'_>) -> ManifestTree {
    let mut tree = ManifestTree::default();
    let mut found = Vec::new();
    for one in done {
        tree.files += one.files;
        tree.bytes += one.bytes;
        tree.objects += one.objects;
        found.extend(one.found);
    }
    found.sort_by_key(|(number, _)| *number);
    for (_, one) in found {
        tree.watched.extend(one.watched);
        tree.problems.extend(one.problems);
    }
    tree.problems.extend(left_out(hall));
    tree
}

/// What there was no room for is something that nobody sees.
fn left_out(hall: &Hall<'_>) -> impl Iterator<Item = Unreadable> {
    let more = |count: &AtomicUsize, most: usize, what: &str| {
        let more = count.load(Ordering::Relaxed).saturating_sub(most);
        (more > 0).then(|| Unreadable {
            why: format!("{more} more {what} are not listed"),
            cure: Some("Give fewer files at a time".to_owned()),
            ..Unreadable::default()
        })
    };
    let objects = more(
        &hall.watched,
        MAX_WATCHED,
        "objects at API versions whose end is known",
    );
    let problems = more(
        &hall.problems,
        MAX_PROBLEMS,
        "things that could not be read",
    );
    objects.into_iter().chain(problems)
}
