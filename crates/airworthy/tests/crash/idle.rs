//! Connections that do nothing, by the thousands.

use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Command,
    time::timeout,
};

use super::house::{House, PROJECT, Running};
use crate::common_cli::PATIENCE;

/// As many as the service has to bear, where the system lets us open so many.
const MANY: u64 = 10_000;
/// Files that the tests have open beside these connections.
const OTHERS: u64 = 1000;

/// Lets this process open as many files as it may.
fn allowed() -> u64 {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("the soft limit can be raised");
    maximum.unwrap_or(u64::MAX)
}

/// A connection that was answered once and stays open.
async fn idle(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.expect("it can be asked");
    let mut first = [0; 12];
    let read = timeout(PATIENCE, stream.read_exact(&mut first)).await;
    read.expect("it answers in time").expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

async fn many(running: &Running, count: u64) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(idle(running.client.address).await);
    }
    open
}

fn memory(running: &Running) -> u64 {
    let path = format!("/proc/{}/status", running.pid().as_raw_pid());
    let status = std::fs::read_to_string(path).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.and_then(|it| it.parse().ok()).expect("a number")
}

async fn signed_get(running: &Running) {
    let clusters = format!("/autopilot/v3/projects/{PROJECT}/clusters");
    let found = running.client.get(&clusters).await.ok();
    assert!(found["items"].is_array(), "{found}");
}

#[allow(
    clippy::print_stderr,
    reason = "how many there were and what they took is worth knowing"
)]
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_do_not_stop_a_signed_get() {
    let count = MANY.min(allowed().saturating_sub(OTHERS));
    let house = House::new("").await;
    // As a login shell has it: the service has to raise it.
    let mut command = Command::new("sh");
    let raise = "ulimit -S -n 1024; exec \"$0\" \"$@\"";
    command.args(["-c", raise, env!("CARGO_BIN_EXE_airworthy")]);
    command.args(house.args());
    let running = house.start_as(command, "warn").await;
    signed_get(&running).await;
    let before = memory(&running);
    let mut open = many(&running, count).await;
    signed_get(&running).await;
    let each = (memory(&running) - before) * 1024 / count;
    eprintln!("{count} idle connections of {MANY}, {each} bytes of memory for each");
    assert!(each < 32 * 1024, "{each} bytes");
    // None of them was closed for that.
    let first = open.first_mut().expect("a connection");
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("it is open");
    let mut rest = [0; 400];
    assert!(first.read(&mut rest).await.expect("it is open") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_few_files_are_allowed_idle_connections_give_way_and_the_log_says_so() {
    let house = House::new("").await;
    let mut command = Command::new("sh");
    let lower = "ulimit -n 200; exec \"$0\" \"$@\"";
    command.args(["-c", lower, env!("CARGO_BIN_EXE_airworthy")]);
    command.args(house.args());
    let running = house.start_as(command, "warn").await;
    running
        .until_told("leaves room for fewer connections")
        .await;
    let open = many(&running, 300).await;
    signed_get(&running).await;
    drop(open);
}
