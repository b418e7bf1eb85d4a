//! Programs that render manifests: `helm`, `kubectl`, `kustomize`. They get a deadline and no cluster.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{self, Read},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

/// Time for one chart or kustomization.
const DEADLINE: Duration = Duration::from_mins(1);
/// Bytes of its error output that are kept.
const COMPLAINT: u64 = 4096;

/// Where a program of this name lies on the PATH.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut candidates = env::split_paths(&folders).map(|folder| folder.join(name));
    candidates.find(|path| path.is_file())
}

/// A program at work. It, and all that it started, ends with the deadline.
pub(super) struct Tool {
    child: Child,
    complaint: JoinHandle<String>,
    watch: JoinHandle<bool>,
    done: Sender<()>,
}

impl Tool {
    /// Starts it. It gets no input, no kubeconfig, and a process group of its own.
    pub(super) fn start(program: &OsStr, args: &[OsString]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(args).env("KUBECONFIG", "/dev/null");
        // Nothing of a cluster that it might run in, and nobody who could be asked for a password.
        command
            .env_remove("KUBERNETES_SERVICE_HOST")
            .env("GIT_TERMINAL_PROMPT", "0");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn()?;
        let errors = child.stderr.take();
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let (done, ended) = channel::<()>();
        let watch = thread::spawn(move || {
            let late = ended.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout);
            // It was not waited for yet, so its number is nobody else's. Those that it started hold its output open.
            if late && let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            late
        });
        Ok(Self {
            child,
            complaint: thread::spawn(move || complaint(errors)),
            watch,
            done,
        })
    }

    /// What it prints, to be read before [`Tool::finish`].
    pub(super) fn output(&mut self) -> Box<dyn Read> {
        match self.child.stdout.take() {
            Some(output) => Box::new(output),
            None => Box::new(io::empty()),
        }
    }

    /// Waits for its end. An error is what it complained about.
    pub(super) fn finish(mut self) -> Result<(), String> {
        // Ends when the last of those that hold its output open has ended, or the deadline is over.
        let complaint = self.complaint.join().unwrap_or_default();
        let status = self.child.wait();
        drop(self.done);
        let late = self.watch.join().unwrap_or(true);
        match status {
            _ if late => Err(format!("took longer than {} seconds", DEADLINE.as_secs())),
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(said(status, &complaint)),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn complaint(errors: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut errors) = errors {
        let _ = errors.by_ref().take(COMPLAINT).read_to_end(&mut bytes);
        let _ = io::copy(&mut errors, &mut io::sink());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Its last line that says something.
fn said(status: ExitStatus, complaint: &str) -> String {
    let line = complaint
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty());
    let line = line.map(|line| {
        line.chars()
            .filter(|letter| !letter.is_control())
            .take(300)
            .collect()
    });
    line.unwrap_or_else(|| status.to_string())
}
