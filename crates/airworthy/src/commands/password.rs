//! Passwords from a person or from another program; never from the command line, which everybody on the machine can see.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use airworthy_service::hash_password;
use airworthy_store::Secret;
use anyhow::{Context as _, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::{cli::PasswordFrom, console};

/// The longest line that is read.
const LINE_LIMIT: u64 = 4096;

/// The hash of a new password for a user.
pub(super) fn hash_new(from: &PasswordFrom, user: &str) -> Result<String> {
    let password = if from.password_stdin {
        line()?
    } else {
        asked(user)?
    };
    Ok(hash_password(&password)?)
}

/// Asks twice, without showing what is typed.
fn asked(user: &str) -> Result<Secret> {
    if !io::stdin().is_terminal() {
        bail!(
            "standard input is no terminal that could be asked for the password: give it with --password-stdin"
        );
    }
    let _hidden = Hidden::begin()?;
    let first = ask(&format!("New password of {user}: "))?;
    let second = ask("The same again: ")?;
    if first != second {
        bail!("the passwords are not the same");
    }
    Ok(first)
}

fn ask(prompt: &str) -> Result<Secret> {
    console::say(prompt);
    let line = line();
    // The line feed that ended it was not shown either.
    console::say("\n");
    line
}

/// The first line of standard input, without its end.
fn line() -> Result<Secret> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(LINE_LIMIT)
        .read_line(&mut line)
        .context("standard input cannot be read as text")?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    Ok(Secret::from(line.to_owned()))
}

/// The terminal does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Result<Self> {
        const DOING: &str = "the terminal cannot be told to hide what is typed";
        let before = tcgetattr(io::stdin()).context(DOING)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).context(DOING)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
