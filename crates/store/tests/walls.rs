//! Projects, clusters and access keys: what is kept, and that projects are walls.

mod common;

use airworthy_model::Role;
use airworthy_store::{Access, Deleted, Error, NewCluster, Observed, TaskKind};
use common::{add_cluster, at, enqueue, fixture};

#[tokio::test]
async fn projects_have_one_name_each() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let given = store.add_project("b", Some("0605"), at(1)).await.unwrap();
    assert_eq!((given.id.as_str(), given.created_at), ("0605", at(1)));
    assert_eq!(fixture.project.id.len(), 32);
    let twice = store.add_project("b", None, at(2)).await.unwrap_err();
    assert!(matches!(
        twice,
        Error::AlreadyExists {
            what: "project",
            ..
        }
    ));
    assert_eq!(store.project("0605").await.unwrap().unwrap(), given);
    assert_eq!(store.project_by_name("b").await.unwrap().unwrap(), given);
    assert_eq!(store.project("b").await.unwrap(), None);
    let names: Vec<_> = store.projects().await.unwrap();
    assert_eq!(
        names.iter().map(|it| &it.name).collect::<Vec<_>>(),
        ["b", "local-1"]
    );
}

#[tokio::test]
async fn clusters_are_kept_as_registered() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let project = &fixture.project.id;
    let read = store.cluster(project, &fixture.cluster.id).await.unwrap();
    assert_eq!(read.unwrap(), fixture.cluster);
    let new = NewCluster {
        id: None,
        name: "inside".into(),
        alias: Some("Inside".into()),
        access: Access::InCluster,
    };
    let inside = store
        .add_cluster(project, new.clone(), at(1))
        .await
        .unwrap();
    let by_name = store.cluster_by_name(project, "inside").await.unwrap();
    assert_eq!(by_name.unwrap(), inside);
    let twice = store.add_cluster(project, new.clone(), at(1)).await;
    assert!(matches!(
        twice,
        Err(Error::AlreadyExists {
            what: "cluster",
            ..
        })
    ));
    let nowhere = store.add_cluster("nowhere", new, at(1)).await;
    assert!(matches!(
        nowhere,
        Err(Error::NotFound {
            what: "project",
            ..
        })
    ));
}

#[tokio::test]
async fn a_cluster_may_have_a_given_id_and_be_a_recording() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, &fixture.project.id);
    let id = "8978deaa-1743-11ee-8e46-0255ac10004c";
    let mut new = NewCluster {
        id: Some(id.into()),
        name: "recorded".into(),
        alias: None,
        access: Access::Recording {
            path: "/var/lib/airworthy/prod.recording".into(),
        },
    };
    let made = store
        .add_cluster(project, new.clone(), at(1))
        .await
        .unwrap();
    assert_eq!(made.id, id);
    assert_eq!(store.cluster(project, id).await.unwrap(), Some(made));
    new.name = "again".into();
    let taken = store.add_cluster(project, new, at(1)).await;
    assert!(matches!(taken, Err(Error::AlreadyExists { .. })));
}

#[tokio::test]
async fn what_was_seen_of_a_cluster_is_kept_until_more_is_seen() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let seen = |version: Option<&str>, phase: Option<&str>| Observed {
        version: version.map(str::to_owned),
        phase: phase.map(str::to_owned),
        endpoint_url: None,
        totals: None,
    };
    let project = &fixture.project.id;
    for (seen, now) in [
        seen(Some("v1.31.4"), Some("Available")),
        seen(None, Some("Unavailable")),
    ]
    .into_iter()
    .zip([8, 9])
    {
        assert!(
            store
                .update_observed(project, &cluster.id, &seen, at(now))
                .await
                .unwrap()
        );
    }
    let read = store.cluster(project, &cluster.id).await.unwrap().unwrap();
    assert_eq!(read.observed, seen(Some("v1.31.4"), Some("Unavailable")));
    assert_eq!((read.created_at, read.updated_at), (at(0), at(9)));
    // The version is older than the rest.
    assert_eq!(read.observed_at, Some(at(8)));
    let unseen = store
        .update_observed(project, "x", &seen(None, None), at(9))
        .await;
    assert!(!unseen.unwrap());
}

#[tokio::test]
async fn another_projects_things_are_not_there() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let other = store.add_project("other", None, at(0)).await.unwrap().id;
    let task = enqueue(store, cluster, at(1)).await;
    let id = &cluster.id;
    assert_eq!(store.cluster(&other, id).await.unwrap(), None);
    assert_eq!(store.cluster_by_name(&other, "prod").await.unwrap(), None);
    assert_eq!(store.clusters(&other).await.unwrap(), []);
    let foreign = store.delete_cluster(&other, id, at(1)).await;
    assert_eq!(foreign.unwrap(), Deleted::Unknown);
    assert!(
        !store
            .update_observed(&other, id, &Observed::default(), at(1))
            .await
            .unwrap()
    );
    let kind = TaskKind::Precheck;
    assert_eq!(store.task(&other, id, kind, &task.id).await.unwrap(), None);
    assert_eq!(store.task_ids(&other, id, kind).await.unwrap(), [""; 0]);
    assert_eq!(store.baseline(&other, id, |_| true).await.unwrap(), None);
    let mut stolen = common::new_task(cluster, kind);
    stolen.project_id.clone_from(&other);
    let refused = store.enqueue(&stolen, at(2)).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Error::NotFound {
                what: "cluster",
                ..
            }
        ),
        "{refused}"
    );
    assert!(
        store
            .task(&fixture.project.id, id, kind, &task.id)
            .await
            .unwrap()
            .is_some()
    );
    add_cluster(store, &other, "prod").await;
}

#[tokio::test]
async fn a_removed_cluster_takes_its_tasks_along() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, &fixture.project.id);
    let task = enqueue(store, &fixture.cluster, at(1)).await;
    let gone = store.delete_cluster(project, &fixture.cluster.id, at(2));
    assert!(matches!(gone.await, Ok(Deleted::Gone(..))));
    assert_eq!(store.clusters(project).await.unwrap(), []);
    let poll = std::time::Duration::from_mins(1);
    assert_eq!(store.finished(&task.id, poll).await.unwrap(), None);
}

#[tokio::test]
async fn keys_are_made_read_and_revoked() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, &fixture.project.id);
    let key = store
        .create_key(project, Role::Operator, "CI", at(1))
        .await
        .unwrap();
    assert_eq!((key.ak.len(), key.sk.expose().len()), (20, 40));
    let read = store.access_key(&key.ak).await.unwrap().unwrap();
    assert_eq!((&read.project_id, &read.secret), (project, &key.sk));
    assert_eq!(store.access_key("AK").await.unwrap(), None);
    let listed = &store.list_keys(project).await.unwrap()[0];
    assert_eq!((&listed.ak, listed.description.as_str()), (&key.ak, "CI"));
    assert_eq!((listed.created_at, listed.revoked_at), (at(1), None));
    assert!(!store.revoke_key("other", &key.ak, at(2)).await.unwrap());
    assert!(store.revoke_key(project, &key.ak, at(3)).await.unwrap());
    assert!(!store.revoke_key(project, &key.ak, at(4)).await.unwrap());
    assert_eq!(store.access_key(&key.ak).await.unwrap(), None);
    let listed = &store.list_keys(project).await.unwrap()[0];
    assert_eq!(listed.revoked_at, Some(at(3)));
}

#[tokio::test]
async fn secrets_are_neither_shown_nor_stored_in_clear() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, &fixture.project.id);
    let secret = "testsk/secret+key=0123456789abcdefghijklmn";
    store
        .import_key(project, Role::Admin, ("TESTAK", secret), "", at(1))
        .await
        .unwrap();
    let read = store.access_key("TESTAK").await.unwrap().unwrap();
    assert_eq!(read.secret.expose(), secret);
    assert!(!format!("{read:?}{:?}", fixture.options).contains(secret));
    let twice = store
        .import_key(project, Role::Admin, ("TESTAK", "x"), "", at(1))
        .await;
    assert!(matches!(twice, Err(Error::AlreadyExists { .. })));
    store.close().await.unwrap();
    let stored = std::fs::read(&fixture.options.path).unwrap();
    let holds = |text: &str| stored.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(holds("TESTAK"), "the file is the one the key went to");
    assert!(!holds(secret));
}

#[tokio::test]
async fn a_secret_moved_to_another_key_is_noticed() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, &fixture.project.id);
    store
        .import_key(project, Role::Admin, ("MINE", "mine"), "", at(1))
        .await
        .unwrap();
    store
        .import_key(project, Role::Admin, ("THEIRS", "theirs"), "", at(1))
        .await
        .unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&fixture.options.path);
    let mut thief = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options)
        .await
        .unwrap();
    sqlx::query(
        "UPDATE access_keys SET sealed_sk = (SELECT sealed_sk FROM access_keys WHERE ak = 'MINE') \
         WHERE ak = 'THEIRS'",
    )
    .execute(&mut thief)
    .await
    .unwrap();
    let read = store.access_key("THEIRS").await;
    assert!(matches!(read, Err(Error::UnsealSecret(_))));
}
