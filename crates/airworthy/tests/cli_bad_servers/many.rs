//! A list of hundreds of thousands, page by page: it is counted, and the program grows no larger for it.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use crate::{
    common_cli::{Recordings, airworthy, kubeconfig::for_server},
    fake::{Fake, json, list},
};

const EVENTS: &str = "/api/v1/events";
const A_PAGE: usize = 500;
/// By how many kilobytes the program may grow for so many pages: what the allocator holds of pages that are gone, up to 50 MB whatever
/// their number, and little for each. Kept as it is sent a page would take 200, and a row an event 125.
const fn most_growth(pages: usize) -> u64 {
    45_000 + 10 * pages as u64
}

/// How many pages: a million events where that is asked for.
fn pages() -> usize {
    let all = std::env::var_os("AIRWORTHY_TEST_MILLION").is_some();
    if all { 2_000 } else { 300 }
}

/// The most memory that a process held so far, in kilobytes; nothing when it is gone.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Events that differ, of a few sorts, with texts that nobody needs.
fn page(number: usize) -> Vec<String> {
    let now = jiff::Timestamp::now();
    let one = |at: usize| {
        let name = number * A_PAGE + at;
        format!(
            r#"{{"metadata":{{"name":"e{name}","namespace":"shop"}},"involvedObject":{{"kind":"Pod","namespace":"shop","name":"web-{name}"}},
                "reason":"Reason{}","message":"{}","type":"Warning","count":1,"firstTimestamp":"{now}","lastTimestamp":"{now}"}}"#,
            name % 7,
            "x".repeat(100)
        )
    };
    (0..A_PAGE).map(one).collect()
}

/// Reads a cluster with so many pages of events; the program's peak in kilobytes, and how many events it counted.
async fn read(pages: usize) -> (u64, u64) {
    let (process, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
    let (reader, seen_most) = (Arc::clone(&process), Arc::clone(&most));
    let fake = Fake::start(move |seen, earlier| {
        // Whoever asks is still there. After the last list it asks once more for the version.
        if let Some(peak) = peak(reader.load(Ordering::SeqCst)) {
            seen_most.fetch_max(peak, Ordering::SeqCst);
        }
        let next = if earlier + 1 < pages {
            format!("t{earlier}")
        } else {
            String::new()
        };
        (seen.path == EVENTS).then(|| json(&list("EventList", &next, &page(earlier))))
    })
    .await;
    let folder = Recordings::new();
    let config = for_server(&format!("http://{}", fake.address));
    let config = folder.bytes("kubeconfig", config.as_bytes());
    let recording = folder.path().join("recording.tar");
    let [config, recording] = [&config, &recording].map(|path| path.to_str().expect("a path"));
    let (mut command, _home) =
        airworthy(["record", "--kubeconfig", config, "-o", recording]).into_parts();
    let mut child = command.spawn().expect("it starts");
    process.store(child.id().expect("it runs"), Ordering::SeqCst);
    assert!(child.wait().await.expect("it ends").success());
    assert_eq!(fake.queries(EVENTS).len(), pages);
    let args = ["inspect", recording, "--group", "events", "-o", "json"];
    let rows = airworthy(args).ended().await.json();
    let rows = rows.as_array().expect("rows").iter();
    let counted = rows.filter_map(|row| row["inHour"].as_u64()).sum();
    (most.load(Ordering::SeqCst), counted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_bounds_in_sight_costs_no_more_memory() {
    let (small, few) = read(2).await;
    let (large, many) = read(pages()).await;
    assert_eq!(
        [few, many],
        [2, pages()].map(|pages| (pages * A_PAGE) as u64)
    );
    assert!(small > 1_000, "nothing was measured: {small} kB");
    assert!(
        large < small + most_growth(pages()),
        "{small} kB, then {large} kB"
    );
}
