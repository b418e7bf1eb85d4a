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

use airworthy_manifest::{Digest, Found};
use airworthy_model::facts::{ManifestTree, Unreadable};

use super::{
    MAX_PROBLEMS, MAX_WATCHED, Task, Unreachable,
    file::{Large, Window},
    render::{self, overlaid},
    shown,
    walk::{Item, Walk},
};

/// Files that go to a core at a time.
const BATCH: usize = 32;
/// Batches that wait.
const WAITING: usize = 64;

type Batch = Vec<(u64, Item)>;

/// Reads all that the roots hold.
pub(super) fn run(task: &Task<'_>) -> Result<ManifestTree, Unreachable> {
    let (send, receive) = sync_channel(WAITING);
    let hall = Hall {
        task,
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
        let walked = hand_out(send, task.roots);
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
    drop(send);
    walked
}

/// What the workers share.
pub(super) struct Hall<'t> {
    pub(super) task: &'t Task<'t>,
    queue: Mutex<Receiver<Batch>>,
    large: Large,
    /// Objects that matter, so far.
    pub(super) watched: AtomicUsize,
    /// Problems so far.
    pub(super) problems: AtomicUsize,
}

/// What one worker has done.
#[derive(Debug, Default)]
struct Done {
    files: u64,
    bytes: u64,
    objects: u64,
    found: Vec<(u64, Found)>,
    /// What kustomizations make of files that are read as well.
    overlaid: Vec<(u64, Found)>,
    /// What was rendered.
    rendered: Vec<(u64, String)>,
}

/// One of those that read.
pub(super) struct Worker<'h> {
    pub(super) hall: &'h Hall<'h>,
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
                self.look(number, item);
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

    fn look(&mut self, number: u64, item: Item) {
        let found = match item {
            Item::Problem(problem) => render::problem(problem),
            Item::Stdin => self.read("-".to_owned(), &mut io::stdin().lock()),
            Item::File(path) => self.file(&path),
            Item::Chart(folder) => self.rendered(number, shown(&folder), |own| own.chart(&folder)),
            Item::Kustomization(mark) => {
                let found = self.rendered(number, shown(&mark), |own| own.kustomization(&mark));
                self.done.overlaid.push((number, found));
                return;
            }
        };
        self.keep(number, found);
    }

    /// Renders, and notes it where there was something to render.
    fn rendered(
        &mut self,
        number: u64,
        name: String,
        render: impl FnOnce(&mut Self) -> render::Rendered,
    ) -> Found {
        match render(self) {
            render::Rendered::Whole(found) => {
                self.done.objects += found.objects;
                self.done.rendered.push((number, name));
                found
            }
            render::Rendered::Not(found) => found,
        }
    }

    /// What a file holds.
    pub(super) fn file(&mut self, path: &Path) -> Found {
        match File::open(path) {
            Ok(mut file) => self.read(shown(path), &mut file),
            Err(error) => unreadable(shown(path), &error),
        }
    }

    fn read(&mut self, name: String, source: &mut dyn Read) -> Found {
        let (found, bytes) = self.stream(name, source);
        self.done.files += u64::from(bytes.is_some());
        self.done.bytes += bytes.unwrap_or_default();
        found
    }

    /// What a stream of this name holds, and how long it is, when it could be read to its end.
    pub(super) fn stream(&mut self, name: String, source: &mut dyn Read) -> (Found, Option<u64>) {
        let mut digest = Digest::new(&self.hall.task.watch, name.as_str());
        let read = self.window.read(source, &mut digest, &self.hall.large);
        let mut found = digest.finish();
        if let Err(error) = &read {
            found.problems.extend(unreadable(name, error).problems);
        }
        (found, read.ok())
    }

    fn keep(&mut self, number: u64, mut found: Found) {
        self.done.objects += found.objects;
        let (watched, problems) = (&self.hall.watched, &self.hall.problems);
        limit(&mut found.watched, found.more_watched, watched, MAX_WATCHED);
        limit(
            &mut found.problems,
            found.more_problems,
            problems,
            MAX_PROBLEMS,
        );
        if !found.watched.is_empty() || !found.problems.is_empty() {
            self.done.found.push((number, found));
        }
    }
}

/// Keeps what there is room for; counts all.
pub(super) fn limit<T>(rows: &mut Vec<T>, more: usize, count: &AtomicUsize, most: usize) {
    let before = count.fetch_add(rows.len() + more, Ordering::Relaxed);
    rows.truncate(most.saturating_sub(before));
}

fn unreadable(file: String, error: &io::Error) -> Found {
    render::problem(Unreadable {
        file,
        why: format!("cannot be read: {error}"),
        ..Unreadable::default()
    })
}

fn together(done: Vec<Done>, hall: &Hall<'_>) -> ManifestTree {
    let mut tree = ManifestTree::default();
    let (mut found, mut over, mut rendered) = (Vec::new(), Vec::new(), Vec::new());
    for one in done {
        tree.files += one.files;
        tree.bytes += one.bytes;
        tree.objects += one.objects;
        found.extend(one.found);
        over.extend(one.overlaid);
        rendered.extend(one.rendered);
    }
    found.sort_by_key(|(number, _)| *number);
    over.sort_by_key(|(number, _)| *number);
    rendered.sort();
    tree.rendered = rendered.into_iter().map(|(_, name)| name).collect();
    for (_, one) in found {
        tree.watched.extend(one.watched);
        tree.problems.extend(one.problems);
    }
    for (_, one) in over {
        overlaid(&mut tree, one, hall);
    }
    tree.problems.extend(left_out(hall));
    tree
}

/// What there was no room for is something that nobody sees.
fn left_out(hall: &Hall<'_>) -> impl Iterator<Item = Unreadable> {
    let given: Vec<_> = hall.task.roots.iter().map(|root| shown(root)).collect();
    let given = given.join(", ");
    let more = |count: &AtomicUsize, most: usize, what: &str| {
        let more = count.load(Ordering::Relaxed).saturating_sub(most);
        (more > 0).then(|| Unreadable {
            file: given.clone(),
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
