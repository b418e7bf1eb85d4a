//! Child processes that never outlive their owner.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};

use crate::binaries::on_path;
use crate::error::{Context as _, Error, Result};

/// A running component; killed and reaped when dropped.
///
/// The kernel kills it too when this whole process dies, however that happens: it is started
/// through `setpriv --pdeathsig KILL`.
#[derive(Debug)]
pub(crate) struct Process {
    component: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` in `folder`; output is appended to `log`.
    pub(crate) fn start(
        component: &str,
        program: &Path,
        args: &[String],
        folder: &Path,
        log: PathBuf,
    ) -> Result<Self> {
        let setpriv = on_path("setpriv").ok_or_else(|| Error::MissingProgram {
            program: "setpriv",
            hint: "it is part of util-linux".into(),
        })?;
        let output = File::options()
            .append(true)
            .create(true)
            .open(&log)
            .context(format!("open {}", log.display()))?;
        let errors = output.try_clone().context("duplicate a log handle")?;
        let mut command = Command::new(setpriv);
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let child = spawn(command).context(format!("start {component}"))?;
        Ok(Self {
            component: component.to_owned(),
            child,
            log,
        })
    }

    pub(crate) fn component(&self) -> &str {
        &self.component
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails if the component has ended, with the end of its log.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(Error::Ended {
                component: self.component.clone(),
                status: status.to_string(),
                log: self.log_end(),
            }),
            Err(source) => Err(Error::Io {
                what: format!("wait for {}", self.component),
                source,
            }),
        }
    }

    /// The last lines of the log.
    pub(crate) fn log_end(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        last_lines(&String::from_utf8_lossy(&bytes), 25)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last `count` lines of a text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

type Request = (Command, mpsc::Sender<std::io::Result<Child>>);

/// Starts a child from a thread that lives as long as this process.
///
/// The parent-death signal follows the *thread* that started the child, and test threads end
/// while a cluster shared between tests goes on.
fn spawn(command: Command) -> std::io::Result<Child> {
    static STARTER: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, answer) in requests {
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let gone = || std::io::Error::other("the thread that starts processes is gone");
    let (sender, answer) = mpsc::channel();
    starter.send((command, sender)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}
