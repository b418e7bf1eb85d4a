//! Colours: on a terminal, unless they are not wanted.

use std::{
    io::{ErrorKind, Read as _},
    process::{Command, Stdio},
    thread,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::common_cli::{Recordings, facts::*};

/// What the binary writes to a terminal of this many columns.
fn on_terminal(args: &[&str], envs: &[(&str, &str)], columns: u16) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).expect("a terminal");
    unlockpt(&master).expect("a terminal");
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let name = ptsname(&master, Vec::new()).expect("a name");
    let slave = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().expect("a path"))
        .expect("the other end");
    tcsetwinsize(&slave, size).expect("a size");
    let mut command = Command::new(env!("CARGO_BIN_EXE_airworthy"));
    command
        .args(args)
        .env_clear()
        .envs(envs.iter().copied())
        .stdin(Stdio::null())
        .stdout(slave)
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    // The command holds the other end open for as long as it is there.
    drop(command);
    let reading = thread::spawn(move || read_all(std::fs::File::from(master)));
    child.wait().expect("it ends");
    reading.join().expect("all was read")
}

/// Reads until the other end is closed, which a terminal tells by an error.
fn read_all(mut master: std::fs::File) -> String {
    let (mut all, mut some) = (Vec::new(), [0; 4096]);
    loop {
        match master.read(&mut some) {
            Ok(0) => break,
            Ok(read) => all.extend(&some[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8(all).expect("text")
}

#[test]
fn a_terminal_gets_colours_unless_they_are_not_wanted() {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", &with_blocker(with_risk(healthy())));
    let args = ["precheck", "--from", file.to_str().expect("a path of ours")];
    for (envs, coloured) in [
        (&[][..], true),
        (&[("TERM", "xterm-256color")], true),
        (&[("NO_COLOR", "")], true),
        (&[("NO_COLOR", "1")], false),
        (&[("NO_COLOR", "1"), ("TERM", "xterm")], false),
        (&[("TERM", "dumb")], false),
    ] {
        let text = on_terminal(&args, envs, 100);
        assert!(text.contains("Not ready for 1.32"), "{text}");
        assert_eq!(text.contains('\x1b'), coloured, "{envs:?}: {text}");
    }
}

#[test]
fn programs_get_no_colours_on_a_terminal_either() {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", &with_blocker(healthy()));
    for format in ["json", "yaml"] {
        let args = [
            "precheck",
            "-o",
            format,
            "--from",
            file.to_str().expect("a path of ours"),
        ];
        assert!(!on_terminal(&args, &[], 100).contains('\x1b'));
    }
}

#[test]
fn a_table_keeps_to_the_width_of_the_terminal() {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", &with_blocker(with_note(healthy())));
    let args = [
        "precheck",
        "-o",
        "wide",
        "--from",
        file.to_str().expect("a path of ours"),
    ];
    let longest = |columns| {
        let text = on_terminal(&args, &[("NO_COLOR", "1")], columns);
        // Commands are never broken: they are there to be copied.
        let lines = text.lines().filter(|line| !line.contains("kubectl"));
        lines
            .map(|line| line.trim_end().chars().count())
            .max()
            .unwrap_or_default()
    };
    let (narrow, wide) = (longest(72), longest(200));
    assert!(narrow <= 72 && wide > 72, "{narrow} and {wide}");
}
