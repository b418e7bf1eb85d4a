//! The trail: what is written, how it is paged, and how much of it is kept.

mod common;

use airworthy_model::Role;
use airworthy_store::{Entry, Kept, Store, TRAIL_KEPT};
use common::{Fixture, at, fixture};

fn entry(project: Option<&str>, second: i64) -> Entry {
    Entry {
        at: at(second),
        project_id: project.map(str::to_owned),
        actor: "key:TESTAK".to_owned(),
        role: Some(Role::Operator),
        source: "192.0.2.7".to_owned(),
        operation: "CreateAutopilotPreCheck".to_owned(),
        cluster_id: Some("8978deaa-1743-11ee-8e46-0255ac10004c".to_owned()),
        status: 409,
        error_code: Some("CCE.01409001".to_owned()),
        request_id: format!("{second:032x}"),
        detail: (second % 2 == 0).then(|| format!("skips BarePod {second}")),
    }
}

/// A fixture whose projects keep so many entries.
async fn keeping(rows: i64) -> Fixture {
    let mut fixture = fixture().await;
    fixture.store.close().await.unwrap();
    fixture.options.trail_rows = rows;
    fixture.store = Store::open(&fixture.options, at(0)).await.unwrap();
    fixture
}

async fn all(store: &Store) -> Vec<Kept> {
    store.trail_since(None, None, 0, 10_000).await.unwrap()
}

fn seconds(kept: &[Kept]) -> Vec<i64> {
    let second = |kept: &Kept| i64::from_str_radix(&kept.entry.request_id, 16).unwrap();
    kept.iter().map(second).collect()
}

#[tokio::test]
async fn entries_are_read_back_as_they_were_written_and_by_project_alone() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let mut stranger = entry(None, 2);
    (stranger.role, stranger.cluster_id, stranger.error_code) = (None, None, None);
    for entry in [entry(Some("p"), 1), stranger.clone(), entry(Some("q"), 3)] {
        store.record(entry).await.unwrap();
    }
    let ours = store.trail("p", None, 10).await.unwrap();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].entry, entry(Some("p"), 1));
    let all = all(store).await;
    assert_eq!(seconds(&all), [1, 2, 3]);
    assert_eq!(all[1].entry, stranger);
    let theirs = store.trail_since(Some("q"), None, 0, 10).await.unwrap();
    assert_eq!(seconds(&theirs), [3]);
}

#[tokio::test]
async fn pages_are_newest_first_and_lose_nothing_to_what_is_added_meanwhile() {
    let fixture = fixture().await;
    let store = &fixture.store;
    for second in 0..7 {
        store.record(entry(Some("p"), second)).await.unwrap();
        store.record(entry(Some("q"), second)).await.unwrap();
    }
    let mut before = None;
    let mut found = Vec::new();
    loop {
        let page = store.trail("p", before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        found.extend(seconds(&page));
        store.record(entry(Some("p"), 99)).await.unwrap();
    }
    assert_eq!(found, [6, 5, 4, 3, 2, 1, 0]);
    let since = store.trail_since(Some("p"), Some(at(5)), 0, 2).await;
    let since = since.unwrap();
    assert_eq!(seconds(&since), [5, 6]);
    let rest = store
        .trail_since(Some("p"), Some(at(5)), since[1].id, 2)
        .await
        .unwrap();
    assert_eq!(seconds(&rest), [99, 99]);
}

#[tokio::test]
async fn a_project_keeps_so_many_entries_and_takes_no_room_from_others() {
    let fixture = keeping(5).await;
    let store = &fixture.store;
    store.record(entry(Some("q"), 0)).await.unwrap();
    for second in 0..8 {
        store.record(entry(Some("p"), second)).await.unwrap();
        store.record(entry(None, second)).await.unwrap();
    }
    let ours = store.trail_since(Some("p"), None, 0, 100).await.unwrap();
    assert_eq!(seconds(&ours), [3, 4, 5, 6, 7]);
    let all = all(store).await;
    let nobodys: Vec<_> = all
        .iter()
        .filter(|it| it.entry.project_id.is_none())
        .cloned()
        .collect();
    assert_eq!(seconds(&nobodys), [3, 4, 5, 6, 7]);
    assert_eq!(all.len(), 11);
}

#[tokio::test]
async fn a_trail_that_is_far_too_long_gets_shorter_in_steps() {
    let fixture = keeping(1000).await;
    for second in 0..300 {
        fixture
            .store
            .record(entry(Some("p"), second))
            .await
            .unwrap();
    }
    fixture.store.close().await.unwrap();
    let mut options = fixture.options.clone();
    options.trail_rows = 10;
    let store = Store::open(&options, at(0)).await.unwrap();
    store.record(entry(Some("p"), 300)).await.unwrap();
    let left = all(&store).await.len();
    assert!((200..300).contains(&left), "{left}");
    for second in 301..310 {
        store.record(entry(Some("p"), second)).await.unwrap();
    }
    assert_eq!(seconds(&all(&store).await), (300..310).collect::<Vec<_>>());
}

#[tokio::test]
async fn old_entries_go_and_no_longer_count() {
    let fixture = keeping(3).await;
    let store = &fixture.store;
    for second in [0, 1] {
        store.record(entry(Some("p"), second)).await.unwrap();
    }
    let days = i64::try_from(TRAIL_KEPT.as_secs()).unwrap();
    store.record(entry(Some("q"), days + 1)).await.unwrap();
    assert_eq!(seconds(&all(store).await), [1, days + 1]);
    for second in 2..4 {
        store.record(entry(Some("p"), days + second)).await.unwrap();
    }
    let ours = store.trail("p", None, 9).await.unwrap();
    assert_eq!(seconds(&ours), [days + 3, days + 2]);
}

#[tokio::test]
async fn a_trail_that_nobody_writes_to_is_purged_of_what_is_old() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let changes = store.changes();
    for second in 0..70 {
        store.record(entry(Some("p"), second)).await.unwrap();
    }
    assert!(!changes.has_changed().unwrap(), "no worker has to wake up");
    let end = at(69) + TRAIL_KEPT;
    assert_eq!(store.purge_trail(end).await.unwrap(), 64);
    assert_eq!(store.purge_trail(end).await.unwrap(), 5);
    assert_eq!(store.purge_trail(end).await.unwrap(), 0);
    assert_eq!(seconds(&all(store).await), [69]);
}

#[tokio::test]
async fn what_many_write_at_once_is_all_there() {
    let fixture = fixture().await;
    let writers = (0..600).map(|second| {
        let store = fixture.store.clone();
        tokio::spawn(async move { store.record(entry(Some("p"), second)).await.unwrap() })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut found = seconds(&all(&fixture.store).await);
    found.sort_unstable();
    assert_eq!(found, (0..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_disk_without_room_is_an_error_for_all_who_wait() {
    let mut fixture = keeping(1000).await;
    fixture.store.close().await.unwrap();
    fixture.options.max_pages = Some(1);
    let store = Store::open(&fixture.options, at(0)).await.unwrap();
    let mut refused = 0;
    for second in 0..200 {
        refused += usize::from(store.record(entry(Some("p"), second)).await.is_err());
    }
    assert!(refused > 0);
    assert_eq!(all(&store).await.len(), 200 - refused);
}
