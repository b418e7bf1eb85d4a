//! The supervisor of one run: a process of its own.

use std::{
    fs::File,
    io::{self, PipeReader},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group, setsid, test_kill_process_group};

use super::{
    EXIT, Ending, GROUP, JOB, Job, LOCK, NOTICE, OUTPUT, STARTED,
    files::{self, Lock},
    output::{self, Output},
};

/// Variables that every program inherits.
const ALWAYS: [&str; 2] = ["PATH", "HOME"];

/// How long output is waited for that somebody may still print whom the program left behind.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// Starts the program of the run in `folder`, unless another supervisor has the run or had it, and writes down how it ended.
///
/// Blocks until then. An error means that the run could not be read or the end not be written; to those who look, the run is
/// lost.
pub fn supervise(folder: &Path) -> io::Result<()> {
    let Some(_lock) = Lock::take(folder, LOCK)? else {
        return Ok(());
    };
    // What ends the session of the service must not end the upgrade. It fails for who leads a group already, and then is not needed.
    let _ = setsid();
    let Some(job) = files::read_json::<Job>(folder, JOB)? else {
        return Err(io::Error::other("there is no job in the folder"));
    };
    if !files::claim(folder, STARTED)? {
        return Ok(());
    }
    let ending = match start(folder, &job) {
        Ok((program, printed)) => follow(folder, &job, program, printed)?,
        Err(error) => Ending::NotStarted {
            why: error.to_string(),
        },
    };
    files::write(folder, EXIT, &ending)
}

/// Starts the program in a process group of its own, with an environment of what is listed only.
fn start(folder: &Path, job: &Job) -> io::Result<(Child, PipeReader)> {
    let (printed, pipe) = io::pipe()?;
    let mut command = Command::new(&job.file);
    command
        .args(&job.arguments)
        .env_clear()
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(pipe.try_clone()?)
        .stderr(pipe);
    let inherits = job.inherits.iter().map(String::as_str);
    for name in ALWAYS.into_iter().chain(inherits) {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.envs(&job.variables);
    // Our ends of the pipe close with the command.
    command.spawn().map(|program| (program, printed))
}

/// Waits for the program's end, or makes it end.
fn follow(folder: &Path, job: &Job, program: Child, printed: PipeReader) -> io::Result<Ending> {
    let group = Group::of(&program);
    // To tell people when we are lost; without it they look for themselves.
    let _ = files::write(folder, GROUP, &program.id());
    let file = files::writing()
        .create(true)
        .truncate(true)
        .open(folder.join(OUTPUT))?;
    let kept = Kept::of(printed, file);
    let ended = watch(program);
    let deadline = Duration::from_secs(job.deadline_seconds);
    let ending = match ended.recv_timeout(deadline) {
        Ok(status) => ending(status?),
        Err(RecvTimeoutError::Timeout) => {
            group.end();
            Ending::Overdue
        }
        Err(RecvTimeoutError::Disconnected) => {
            return Err(io::Error::other("the program cannot be waited for"));
        }
    };
    kept.close();
    Ok(ending)
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited { code },
        (None, signal) => Ending::Killed {
            signal: signal.unwrap_or_default(),
        },
    }
}

/// Waits for the program on a thread of its own.
fn watch(mut program: Child) -> Receiver<io::Result<ExitStatus>> {
    let (tell, ended) = mpsc::channel();
    thread::spawn(move || tell.send(program.wait()));
    ended
}

/// What is kept of the output, by a thread of its own.
struct Kept {
    output: Arc<Mutex<Output>>,
    all: Receiver<()>,
}

impl Kept {
    fn of(printed: PipeReader, file: File) -> Self {
        let output = Arc::new(Mutex::new(Output::new(file)));
        let (tell, all) = mpsc::channel();
        let shared = Arc::clone(&output);
        thread::spawn(move || {
            // A full disk must not stop the program: what cannot be kept is dropped.
            output::drain(printed, |bytes| drop(locked(&shared).take(bytes)));
            tell.send(())
        });
        Self { output, all }
    }

    /// Waits for the last words, and writes them.
    fn close(self) {
        let _ = self.all.recv_timeout(STRAGGLERS);
        let _ = locked(&self.output).close();
    }
}

fn locked(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The process group of the program.
struct Group(Option<Pid>);

impl Group {
    fn of(program: &Child) -> Self {
        Self(i32::try_from(program.id()).ok().and_then(Pid::from_raw))
    }

    /// Tells all of the group to end, and kills who has not ended after [`NOTICE`].
    fn end(&self) {
        for signal in [Signal::TERM, Signal::KILL] {
            self.send(signal);
            if self.is_gone_within(NOTICE) {
                return;
            }
        }
    }

    fn is_gone_within(&self, span: Duration) -> bool {
        let last = Instant::now() + span;
        while self.is_there() {
            if Instant::now() >= last {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        true
    }

    fn send(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // That nobody is left to get it is what we want.
            let _ = kill_process_group(group, signal);
        }
    }

    fn is_there(&self) -> bool {
        self.0
            .is_some_and(|group| test_kill_process_group(group).is_ok())
    }
}
