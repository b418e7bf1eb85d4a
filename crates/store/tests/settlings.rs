//! How clusters settle: samples are bounded, each counts once, and all of it outlives the process.

mod common;

use airworthy_store::{Sample, Settling, Store};
use common::{Fixture, at, fixture};

fn begun(fixture: &Fixture, second: i64) -> Settling {
    Settling {
        cluster_id: fixture.cluster.id.clone(),
        version: "v1.32.4".to_owned(),
        behind: Some(2),
        converged_at: at(second),
        taken: 0,
        next_at: Some(at(second)),
        last_at: None,
    }
}

fn sample(second: i64) -> Sample {
    Sample {
        taken_at: at(second),
        recording: format!("seen at {second}").into_bytes(),
    }
}

/// Takes a sample as one who has just looked how far the settling is.
async fn take(fixture: &Fixture, second: i64) -> bool {
    let (store, next) = (&fixture.store, Some(at(second + 120)));
    let seen = store.settling(&fixture.cluster.id).await.unwrap();
    let seen = seen.expect("a settling");
    let kept = store.keep_sample(&seen, sample(second), Some(0), next);
    kept.await.unwrap()
}

async fn kept(store: &Store, cluster: &str) -> Vec<Sample> {
    store.samples(cluster).await.unwrap()
}

#[tokio::test]
async fn the_last_two_samples_are_kept_and_outlive_the_process() {
    let fixture = fixture().await;
    let cluster = &fixture.cluster.id;
    assert_eq!(fixture.store.settling(cluster).await.unwrap(), None);
    fixture
        .store
        .begin_settling(&begun(&fixture, 0))
        .await
        .unwrap();
    for second in [0, 120, 300] {
        assert!(take(&fixture, second).await);
    }
    fixture.store.close().await.unwrap();
    let store = Store::open(&fixture.options, at(400)).await.unwrap();
    assert_eq!(kept(&store, cluster).await, [sample(120), sample(300)]);
    let settling = store.settling(cluster).await.unwrap().unwrap();
    assert_eq!((settling.taken, settling.behind), (3, Some(0)));
    assert_eq!(settling.next_at, Some(at(420)));
    assert_eq!(settling.last_at, Some(at(300)));
    assert_eq!(settling.converged_at, at(0));
}

#[tokio::test]
async fn of_two_who_looked_at_once_one_is_counted() {
    let fixture = fixture().await;
    let store = &fixture.store;
    store.begin_settling(&begun(&fixture, 0)).await.unwrap();
    let seen = store.settling(&fixture.cluster.id).await.unwrap().unwrap();
    let keep = async |second| store.keep_sample(&seen, sample(second), None, None).await;
    assert!(keep(1).await.unwrap());
    assert!(!keep(2).await.unwrap());
    assert_eq!(kept(store, &fixture.cluster.id).await, [sample(1)]);
}

#[tokio::test]
async fn who_settles_anew_has_no_samples_and_takes_none_of_before() {
    let fixture = fixture().await;
    let store = &fixture.store;
    store.begin_settling(&begun(&fixture, 0)).await.unwrap();
    assert!(take(&fixture, 0).await);
    let old = store.settling(&fixture.cluster.id).await.unwrap().unwrap();
    store.begin_settling(&begun(&fixture, 60)).await.unwrap();
    assert_eq!(kept(store, &fixture.cluster.id).await, []);
    assert!(
        !store
            .keep_sample(&old, sample(61), None, None)
            .await
            .unwrap()
    );
    store.put_off_sample(&old, at(900)).await.unwrap();
    let now = store.settling(&fixture.cluster.id).await.unwrap().unwrap();
    assert_eq!((now.taken, now.next_at), (0, Some(at(60))));
}

#[tokio::test]
async fn samples_fall_due() {
    let fixture = fixture().await;
    let store = &fixture.store;
    store.begin_settling(&begun(&fixture, 10)).await.unwrap();
    let key = (fixture.project.id.clone(), fixture.cluster.id.clone());
    assert_eq!(store.due_samples(at(9)).await.unwrap(), []);
    let due = store.due_samples(at(10)).await.unwrap();
    assert_eq!(due, std::slice::from_ref(&key));
    let seen = store.settling(&fixture.cluster.id).await.unwrap().unwrap();
    store.put_off_sample(&seen, at(40)).await.unwrap();
    assert_eq!(store.due_samples(at(39)).await.unwrap(), []);
    assert_eq!(store.due_samples(at(40)).await.unwrap(), [key]);
    store
        .keep_sample(&seen, sample(40), None, None)
        .await
        .unwrap();
    assert_eq!(store.due_samples(at(4000)).await.unwrap(), []);
}

#[tokio::test]
async fn a_cluster_that_goes_takes_its_samples_along() {
    let fixture = fixture().await;
    let store = &fixture.store;
    store.begin_settling(&begun(&fixture, 0)).await.unwrap();
    assert!(take(&fixture, 0).await);
    let (project, cluster) = (&fixture.project.id, &fixture.cluster.id);
    store.delete_cluster(project, cluster, at(1)).await.unwrap();
    assert_eq!(store.settling(cluster).await.unwrap(), None);
    assert_eq!(kept(store, cluster).await, []);
    // Whoever was about to begin finds nothing to begin with.
    store.begin_settling(&begun(&fixture, 2)).await.unwrap();
    assert_eq!(store.settling(cluster).await.unwrap(), None);
}
