//! Audit events: added up once, in bounded rows, for a month, behind walls.

mod common;

use airworthy_model::{
    Minor,
    audit::{Call, Client},
};
use airworthy_store::{AUDIT_ROWS, AuditBatch, AuditKept, Error, Store};
use common::{add_cluster, at, fixture};

const DAY: i64 = 24 * 3600;

fn call(verb: &str, ended: u64, seconds: i64) -> Call {
    Call {
        group: "batch".into(),
        version: "v1beta1".into(),
        resource: "cronjobs".into(),
        user: "jane".into(),
        user_agent: "reader/1.0".into(),
        verb: verb.into(),
        ended,
        failed: 1,
        first_seen: Some(at(seconds)),
        last_seen: Some(at(seconds + 1)),
        ..Call::default()
    }
}

fn client(name: &str, ended: u64, seconds: i64) -> Client {
    let (user, user_agent, last_seen) = (name.into(), "reader/1.0".into(), Some(at(seconds)));
    Client {
        user,
        user_agent,
        started: 0,
        ended,
        last_seen,
    }
}

fn batch(digest: u8, seconds: i64) -> AuditBatch {
    AuditBatch {
        digest: vec![digest; 32],
        events: 3,
        first: Some(at(seconds)),
        last: Some(at(seconds + 1)),
        calls: vec![call("list", 2, seconds)],
        clients: vec![client("jane", 3, seconds)],
        ..AuditBatch::default()
    }
}

async fn kept(store: &Store, project: &str, cluster: &str, seconds: i64) -> AuditKept {
    store
        .audit_events(project, cluster, at(seconds))
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn batches_add_up_and_one_that_comes_again_counts_once() {
    let fixture = fixture().await;
    let (store, project, cluster) = (&fixture.store, &fixture.project.id, &fixture.cluster.id);
    assert_eq!(
        store.audit_events(project, cluster, at(0)).await.unwrap(),
        None
    );
    let marked = Call {
        removed_release: Some(Minor::v1(25)),
        ..call("list", 5, 50)
    };
    let second = AuditBatch {
        calls: vec![marked, call("get", 1, 50)],
        ..batch(2, 50)
    };
    assert!(
        store
            .add_audit_batch(cluster, &batch(1, 100), at(101))
            .await
            .unwrap()
    );
    assert!(
        store
            .add_audit_batch(cluster, &second, at(102))
            .await
            .unwrap()
    );
    assert!(
        !store
            .add_audit_batch(cluster, &batch(1, 100), at(103))
            .await
            .unwrap()
    );
    let kept = kept(store, project, cluster, 200).await;
    assert_eq!((kept.events, kept.received_at), (6, Some(at(102))));
    assert_eq!((kept.first, kept.last), (Some(at(50)), Some(at(101))));
    let listed = Call {
        failed: 2,
        first_seen: Some(at(50)),
        last_seen: Some(at(101)),
        removed_release: Some(Minor::v1(25)),
        ..call("list", 7, 0)
    };
    assert_eq!(kept.calls, [call("get", 1, 50), listed]);
    assert_eq!(kept.clients, [client("jane", 6, 100)]);
    assert_eq!(
        (kept.uncounted, kept.uncounted_clients, kept.refused),
        (0, 0, 0)
    );
    // After an hour nobody sends a batch again: the same bytes are another batch.
    assert!(
        store
            .add_audit_batch(cluster, &batch(1, 100), at(3 * 3600))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn what_was_added_is_there_after_the_store_was_opened_anew() {
    let fixture = fixture().await;
    let (project, cluster) = (&fixture.project.id, &fixture.cluster.id);
    fixture
        .store
        .add_audit_batch(cluster, &batch(1, 0), at(1))
        .await
        .unwrap();
    // The first is not closed: as after a crash.
    let again = Store::open(&fixture.options, at(2)).await.unwrap();
    assert_eq!(
        kept(&again, project, cluster, 2).await.calls,
        [call("list", 2, 0)]
    );
}

#[tokio::test]
async fn rows_are_bounded_and_what_is_beyond_is_counted_until_it_is_old() {
    let fixture = fixture().await;
    let (store, project, cluster) = (&fixture.store, &fixture.project.id, &fixture.cluster.id);
    let rows = usize::try_from(AUDIT_ROWS).unwrap();
    let many = |n: usize| Call {
        user: format!("user-{n}"),
        ..call("list", 2, 0)
    };
    let full = AuditBatch {
        calls: (0..rows + 3).map(many).collect(),
        clients: (0..rows + 3)
            .map(|n| client(&format!("user-{n}"), 2, 0))
            .collect(),
        uncounted: 10,
        ..batch(1, 0)
    };
    store.add_audit_batch(cluster, &full, at(1)).await.unwrap();
    let seen = kept(store, project, cluster, 2).await;
    assert_eq!((seen.calls.len(), seen.clients.len()), (rows, rows));
    assert_eq!((seen.uncounted, seen.uncounted_clients), (16, 6));
    // Those that have a row still count.
    store
        .add_audit_batch(
            cluster,
            &AuditBatch {
                calls: vec![many(0)],
                ..batch(2, 0)
            },
            at(2),
        )
        .await
        .unwrap();
    assert_eq!(kept(store, project, cluster, 2).await.uncounted, 16);
    let later = 31 * DAY;
    store
        .add_audit_batch(cluster, &batch(3, later), at(later))
        .await
        .unwrap();
    let seen = kept(store, project, cluster, later).await;
    assert_eq!(
        (seen.calls, seen.uncounted),
        (vec![call("list", 2, later)], 0)
    );
    assert_eq!(seen.first, Some(at(DAY)));
}

#[tokio::test]
async fn a_row_of_more_than_a_month_ago_is_not_shown_even_before_it_is_swept() {
    let fixture = fixture().await;
    let (store, project, cluster) = (&fixture.store, &fixture.project.id, &fixture.cluster.id);
    store
        .add_audit_batch(cluster, &batch(1, 0), at(1))
        .await
        .unwrap();
    assert_eq!(kept(store, project, cluster, 30 * DAY).await.calls.len(), 1);
    let seen = kept(store, project, cluster, 30 * DAY + 60).await;
    assert_eq!((seen.calls.len(), seen.clients.len()), (0, 0));
}

#[tokio::test]
async fn refused_batches_are_remembered_for_a_month() {
    let fixture = fixture().await;
    let (store, project, cluster) = (&fixture.store, &fixture.project.id, &fixture.cluster.id);
    store
        .refuse_audit_batch(cluster, "too large", at(1))
        .await
        .unwrap();
    store
        .refuse_audit_batch(cluster, "not JSON", at(2))
        .await
        .unwrap();
    let seen = kept(store, project, cluster, 3).await;
    assert_eq!(
        (seen.refused, seen.refusal.as_deref(), seen.received_at),
        (2, Some("not JSON"), None)
    );
    store
        .add_audit_batch(cluster, &batch(1, 31 * DAY), at(31 * DAY))
        .await
        .unwrap();
    assert_eq!(kept(store, project, cluster, 31 * DAY).await.refused, 0);
}

#[tokio::test]
async fn a_token_opens_its_cluster_alone_until_it_is_replaced_or_revoked() {
    let fixture = fixture().await;
    let (store, project, cluster) = (&fixture.store, &fixture.project.id, &fixture.cluster.id);
    let other = add_cluster(store, project, "other").await.id;
    let first = store
        .create_audit_token(project, cluster, at(0))
        .await
        .unwrap();
    let theirs = store
        .create_audit_token(project, &other, at(0))
        .await
        .unwrap();
    let fits =
        async |cluster: &str, token: &str| store.is_audit_token(cluster, token).await.unwrap();
    assert!(fits(cluster, first.expose()).await);
    assert!(!fits(cluster, theirs.expose()).await);
    assert!(!fits("nowhere", first.expose()).await);
    assert!(!fits(cluster, "").await);
    let second = store
        .create_audit_token(project, cluster, at(1))
        .await
        .unwrap();
    assert!(!fits(cluster, first.expose()).await);
    assert!(fits(cluster, second.expose()).await);
    // A token without a batch is known: evidence was wanted.
    assert_eq!(kept(store, project, cluster, 1).await, AuditKept::default());
    assert!(store.revoke_audit_token(project, cluster).await.unwrap());
    assert!(!store.revoke_audit_token(project, cluster).await.unwrap());
    assert!(!fits(cluster, second.expose()).await);
    let database = std::fs::read(&fixture.options.path).unwrap();
    let log = std::fs::read(fixture.options.path.with_extension("db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        assert!(
            position(&bytes, theirs.expose().as_bytes()).is_none(),
            "a token lies in the database"
        );
    }
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

#[tokio::test]
async fn another_project_sees_and_changes_nothing() {
    let fixture = fixture().await;
    let (store, project, cluster) = (&fixture.store, &fixture.project.id, &fixture.cluster.id);
    let others = store.add_project("others", None, at(0)).await.unwrap().id;
    store
        .create_audit_token(project, cluster, at(0))
        .await
        .unwrap();
    store
        .add_audit_batch(cluster, &batch(1, 0), at(1))
        .await
        .unwrap();
    assert_eq!(
        store.audit_events(&others, cluster, at(2)).await.unwrap(),
        None
    );
    let made = store.create_audit_token(&others, cluster, at(2)).await;
    assert!(matches!(
        made,
        Err(Error::NotFound {
            what: "cluster",
            ..
        })
    ));
    assert!(!store.revoke_audit_token(&others, cluster).await.unwrap());
    // What is kept of a cluster goes with it, and nothing comes for one that is gone.
    store.delete_cluster(project, cluster, at(2)).await.unwrap();
    let late = store.add_audit_batch(cluster, &batch(2, 0), at(3)).await;
    assert!(matches!(
        late,
        Err(Error::NotFound {
            what: "cluster",
            ..
        })
    ));
}
