//! What a program whose supervisor is gone has left at work.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Ticks a second in which `/proc` counts, on all machines this program is built for (`USER_HZ`, see proc(5)).
const TICKS: u64 = 100;

/// What `/proc/<pid>/stat` tells of a process.
struct Process {
    pid: u32,
    state: char,
    group: u32,
    /// Seconds from the start of the machine.
    started: u64,
}

/// Whether a process of the group that was written into `file` is still at work.
///
/// The number may belong to somebody else by now: then its leader is younger than the file. Where nothing can be read of the
/// processes at all, none is known to be at work.
pub(super) fn is_at_work(group: u32, file: &Path) -> bool {
    let processes = processes();
    let members = || processes.iter().filter(|it| it.group == group);
    let written = fs::metadata(file).and_then(|it| it.modified()).ok();
    let younger = |leader: &Process| {
        let began = boot().map(|boot| boot + Duration::from_secs(leader.started));
        // Both are whole seconds at best: a little younger is not younger.
        began
            .zip(written)
            .is_some_and(|(began, written)| began > written + Duration::from_secs(2))
    };
    let taken = members().any(|it| it.pid == group && younger(it));
    !taken && members().any(|it| !matches!(it.state, 'Z' | 'X'))
}

fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(process).collect()
}

fn process(pid: u32) -> Option<Process> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    // The name in parentheses may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<_> = rest.split_ascii_whitespace().collect();
    let ticks: u64 = fields.get(19)?.parse().ok()?;
    Some(Process {
        pid,
        state: fields.first()?.chars().next()?,
        group: fields.get(2)?.parse().ok()?,
        started: ticks / TICKS,
    })
}

/// When the machine was started.
fn boot() -> Option<SystemTime> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let seconds = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::Read as _,
        os::unix::process::CommandExt as _,
        process::{Child, Command, Stdio},
    };

    use super::*;

    /// A program that waits for its standard input to end, in a group of its own.
    fn program() -> Child {
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo here; read line"])
            .process_group(0);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = piped.spawn().unwrap();
        let mut said = [0; 5];
        program
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        program
    }

    #[test]
    fn a_group_is_at_work_until_its_last_process_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("group");
        let mut program = program();
        fs::write(&file, program.id().to_string()).unwrap();
        assert!(is_at_work(program.id(), &file));
        drop(program.stdin.take());
        program.wait().unwrap();
        assert!(!is_at_work(program.id(), &file));
    }

    #[test]
    fn a_number_that_somebody_else_has_by_now_is_not_at_work() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("group");
        let long_ago = UNIX_EPOCH + Duration::from_secs(1);
        File::create(&file).unwrap().set_modified(long_ago).unwrap();
        let mut program = program();
        assert!(!is_at_work(program.id(), &file));
        drop(program.stdin.take());
        program.wait().unwrap();
    }
}
