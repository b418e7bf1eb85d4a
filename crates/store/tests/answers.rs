//! Ready-made answers: everybody gets their own, however many ask at the same time.

mod common;

use airworthy_store::{Outcome, Phase, Task, TaskKind};
use common::{Fixture, add_cluster, at, enqueue, fixture};

const FORM: i64 = -7;

/// A finished pre-check of a cluster of its own, with an answer that names it.
async fn finished(fixture: &Fixture, name: &str) -> Task {
    let store = &fixture.store;
    let cluster = add_cluster(store, &fixture.project.id, name).await;
    let id = enqueue(store, &cluster, at(0)).await.id;
    let lease = store.claim("w", at(1), std::time::Duration::from_secs(30));
    let lease = lease.await.unwrap().unwrap();
    assert_eq!(lease.task.id, id);
    let outcome = Outcome {
        phase: Phase::Success,
        message: None,
        result: Some(b"{}".to_vec()),
        expires_at: None,
    };
    store.finish(&lease, outcome, None, at(2)).await.unwrap();
    let task = store.task(&cluster.project_id, &cluster.id, TaskKind::Precheck, &id);
    let task = task.await.unwrap().unwrap();
    let answer = format!("the answer of {id}").into_bytes();
    store.keep_answer(&task, FORM, answer).await.unwrap();
    task
}

async fn ask(fixture: &Fixture, task: &Task, project: &str, form: i64) -> Option<String> {
    let answer = fixture
        .store
        .answer(project, &task.cluster_id, &task.id, form);
    answer
        .await
        .unwrap()
        .map(|it| String::from_utf8(it).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_who_ask_at_once_each_gets_its_own_answer_or_none() {
    let fixture = std::sync::Arc::new(fixture().await);
    let mut tasks = Vec::new();
    for number in 0..20 {
        tasks.push(finished(&fixture, &format!("cluster-{number}")).await);
    }
    let other = fixture.store.add_project("local-2", None, at(0));
    let other = other.await.unwrap().id;
    let mut asking = Vec::new();
    for number in 0..2000 {
        let (fixture, task) = (fixture.clone(), tasks[number % 20].clone());
        let (project, form, fits) = match number % 7 {
            0 => (other.clone(), FORM, false),
            1 => (task.project_id.clone(), FORM + 1, false),
            _ => (task.project_id.clone(), FORM, true),
        };
        asking.push(tokio::spawn(async move {
            let answer = ask(&fixture, &task, &project, form).await;
            let expected = fits.then(|| format!("the answer of {}", task.id));
            assert_eq!(answer, expected);
        }));
    }
    for one in asking {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_goes_with_its_cluster_at_once() {
    let fixture = fixture().await;
    let task = finished(&fixture, "gone").await;
    let project = &task.project_id;
    assert!(ask(&fixture, &task, project, FORM).await.is_some());
    let removed = fixture
        .store
        .delete_cluster(project, &task.cluster_id, at(3));
    removed.await.unwrap();
    assert_eq!(ask(&fixture, &task, project, FORM).await, None);
}

#[tokio::test]
async fn a_store_that_is_closed_says_so_to_everybody() {
    let fixture = fixture().await;
    let task = finished(&fixture, "closed").await;
    fixture.store.close().await.unwrap();
    let (project, cluster, id) = (&task.project_id, &task.cluster_id, &task.id);
    let ask = || fixture.store.answer(project, cluster, id, FORM);
    let (first, second) = tokio::join!(ask(), ask());
    assert!(first.is_err() && second.is_err());
}
