//! Talking to people: data to stdout, everything else to stderr.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use airworthy_collect::ProgressEvent;
use airworthy_report::{View, harmless};
use indicatif::{ProgressBar, ProgressStyle};

/// Prints data. A reader that has gone away (`| head`) is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<u8> {
    let mut out = io::stdout().lock();
    match out
        .write_all(text.as_bytes())
        .and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        })
        .and_then(|()| out.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write to stdout"))
        }
        _ => Ok(0),
    }
}

/// Tells of an error and its causes, on one line each.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut lines = vec![format!("error: {error}")];
    let mut shown = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // A message that quotes its cause needs no second line.
        if !shown.contains(&cause) {
            lines.push(format!("  because: {cause}"));
            shown = cause;
        }
    }
    say(&(lines.join("\n") + "\n"));
}

/// Says something that is not data. It may quote servers, files and what others wrote, of which nothing steers a terminal.
pub(crate) fn say(text: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = io::stderr().lock().write_all(harmless(text).as_bytes());
}

fn colours_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether stderr takes colours.
pub(crate) fn colours_stderr() -> bool {
    io::stderr().is_terminal() && colours_wanted()
}

/// How reports are shown on this stdout.
pub(crate) fn view(wide: bool) -> View {
    let terminal = io::stdout().is_terminal();
    let width = terminal
        .then(|| terminal_size::terminal_size().map_or(100, |(columns, _)| usize::from(columns.0)));
    View {
        width,
        colour: terminal && colours_wanted(),
        wide,
    }
}

/// A line on stderr that tells what is being read; nothing when stderr is no terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn start() -> Self {
        let bar = if io::stderr().is_terminal() {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        // The template is a constant of ours; were it wrong, the default would do.
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    pub(crate) fn tell(&self, event: &ProgressEvent) {
        match event {
            ProgressEvent::Started(need) => self.0.set_message(format!("reading {need}")),
            ProgressEvent::Page { path, objects } => self
                .0
                .set_message(format!("reading {path} ({objects} so far)")),
            ProgressEvent::Waiting { path, pause } => {
                self.0.set_message(format!(
                    "{path}: the server asks to wait {} s",
                    pause.as_secs()
                ));
            }
            ProgressEvent::Finished(need, _) => self.0.set_message(format!("read {need}")),
        }
    }

    pub(crate) fn message(&self, text: String) {
        self.0.set_message(text);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
