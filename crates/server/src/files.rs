//! How many files the process may have open: each connection takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open beside connections: the database, kubeconfigs, clusters that are read, programs that run.
const OTHERS: u64 = 256;

/// Raises the soft limit of open files as far as that many connections need and the hard limit allows. Gives how many
/// connections there is room for, and says so where these are fewer.
pub(crate) fn room_for(connections: usize) -> usize {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX);
    let files = raised_to(wanted.saturating_add(OTHERS));
    let room = room_in(files);
    if room >= wanted {
        return connections;
    }
    tracing::warn!(
        files,
        connections = room,
        wanted,
        "the limit of open files leaves room for fewer connections at once; raise it (ulimit -n, LimitNOFILE=)"
    );
    usize::try_from(room).unwrap_or(connections)
}

/// Connections among so many open files.
fn room_in(files: u64) -> u64 {
    files.saturating_sub(OTHERS).max(files / 4).max(1)
}

/// The limit after it was raised, if it was too low.
fn raised_to(files: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No number is no limit.
    let (soft, hard) = (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX));
    let raised = files.min(hard);
    if soft >= raised {
        return soft;
    }
    let limit = Rlimit {
        current: Some(raised),
        maximum,
    };
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => raised,
        Err(error) => {
            tracing::warn!(%error, soft, "the limit of open files could not be raised");
            soft
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_else_is_open() {
        assert_eq!(room_in(20_000), 19_744);
        assert_eq!(room_in(300), 75);
        assert_eq!(room_in(0), 1);
    }

    #[test]
    fn a_limit_is_never_lowered() {
        let before = getrlimit(Resource::Nofile).current;
        assert_eq!(room_for(1), 1);
        assert_eq!(getrlimit(Resource::Nofile).current, before);
    }
}
