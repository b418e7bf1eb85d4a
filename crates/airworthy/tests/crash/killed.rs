//! Killed at any moment: what was accepted is finished exactly once by whoever comes after.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::house::{House, Running, operation, precheck, uid};
use crate::common_cli::facts::{healthy, with_blocker};

/// Every statement of the database is a line of the log, so that the kill can come between any two of them.
const FILTER: &str = "info,sqlx=debug";
const ROUNDS: usize = 48;
const CLUSTERS: usize = 16;

/// How many lines a whole pre-check logs, from the request to its end.
async fn lines_of_one(house: &House, cluster: &str) -> usize {
    let service = house.start_logging(FILTER).await;
    let before = service.log().len();
    let task = service.client.precheck(cluster).await;
    let store = house.store().await;
    let poll = super::house::POLL;
    let done = tokio::time::timeout(crate::common_cli::PATIENCE, store.finished(&task, poll)).await;
    done.expect("it ends in time")
        .expect("a task")
        .expect("the task");
    store.close().await.expect("it closes");
    let lines = service.log().len() - before;
    service.kill().await;
    lines
}

/// Posts, and kills the service once it has logged so many more lines. The task's id, if the service still told it.
async fn post_and_kill(service: Running, cluster: &str, lines: usize) -> Option<String> {
    let client = service.client.clone();
    let target = operation(cluster, "precheck");
    let logged = service.log().len();
    let posting = tokio::spawn(async move { client.try_post(&target, &precheck()).await });
    service.until_logged(logged + lines).await;
    service.kill().await;
    let answer = posting.await.expect("no panic").ok()?;
    Some(uid(&answer.ok()))
}

/// What was seen of the end of tasks: each may end only once.
#[derive(Default)]
struct Ends(BTreeMap<String, (Value, Value)>);

impl Ends {
    #[track_caller]
    fn see(&mut self, tasks: &[Value]) {
        for task in tasks {
            let end = (
                task["status"].clone(),
                task["metadata"]["updateTimestamp"].clone(),
            );
            let known = self.0.entry(uid(task)).or_insert_with(|| end.clone());
            assert_eq!(*known, end, "ended again");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_finished_exactly_once_whenever_the_service_is_killed() {
    let house = House::new("lease-seconds = 2\nworkers = 2\n").await;
    let mut clusters = Vec::new();
    for number in 0..CLUSTERS {
        // Passing checks keep a baseline in the transaction that ends them, the others do not.
        let facts = if number % 2 == 0 {
            healthy()
        } else {
            with_blocker(healthy())
        };
        clusters.push(house.recorded(&format!("cluster-{number}"), &facts).await);
    }
    let whole = lines_of_one(&house, &clusters[1]).await;
    assert!(whole > 10, "{whole} lines: the statements are not logged");
    let (mut accepted, mut ends) = (Vec::new(), Ends::default());
    for round in 0..ROUNDS {
        let service = house.start_logging(FILTER).await;
        let cluster = &clusters[round % CLUSTERS];
        // A task may be begun five times: now and then all come to their end.
        let due = if round % CLUSTERS == 0 {
            &clusters[..]
        } else {
            std::slice::from_ref(cluster)
        };
        for cluster in due {
            ends.see(&service.client.until_done(cluster).await);
        }
        // The last few lines are those of workers that have nothing left to do.
        let lines = round * (whole * 5 / 6) / (ROUNDS - 1);
        let task = post_and_kill(service, cluster, lines).await;
        accepted.extend(task.map(|task| (cluster.clone(), task)));
    }
    assert!(
        accepted.len() > ROUNDS / 3,
        "hardly any was accepted: {accepted:?}"
    );
    all_ended_once(&house, &clusters, &accepted, ends).await;
}

async fn all_ended_once(
    house: &House,
    clusters: &[String],
    accepted: &[(String, String)],
    mut ends: Ends,
) {
    let service = house.start().await;
    for (number, cluster) in clusters.iter().enumerate() {
        let tasks = service.client.until_done(cluster).await;
        ends.see(&tasks);
        let expected = if number % 2 == 0 { "Success" } else { "Failed" };
        for task in &tasks {
            assert_eq!(task["status"]["phase"], expected, "{task:#}");
        }
        for (_, task) in accepted.iter().filter(|(of, _)| of == cluster) {
            let times = tasks.iter().filter(|shown| uid(shown) == *task).count();
            assert_eq!(times, 1, "{task} in {tasks:#?}");
        }
    }
    let status = service
        .stop(rustix::process::Signal::TERM, super::api::SOON)
        .await;
    assert_eq!(status.code(), Some(0));
    baselines_are_those_of_successes(house).await;
    the_trail_has_all_that_was_answered(house, accepted.len()).await;
}

/// The trail is written before the answer leaves: whoever was told that a task is accepted is in it.
async fn the_trail_has_all_that_was_answered(house: &House, accepted: usize) {
    let store = house.store().await;
    let kept = store
        .trail_since(None, None, 0, 1000)
        .await
        .expect("a trail");
    store.close().await.expect("it closes");
    let made = kept.iter().filter(|kept| {
        kept.entry.operation == "CreateAutopilotPreCheck" && kept.entry.status == 200
    });
    let made = made.count();
    assert!(made >= accepted, "{made} of {accepted}");
}

/// A baseline is kept in the transaction that ends a task: as many as tasks that passed, up to the five that are kept.
async fn baselines_are_those_of_successes(house: &House) {
    let url = format!("sqlite://{}", house.database.display());
    let mut database = SqliteConnection::connect(&url).await.expect("the database");
    let rows = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM tasks WHERE cluster_id = c.id AND phase = 'Success') AS passed, \
         (SELECT COUNT(*) FROM baselines WHERE cluster_id = c.id) AS kept, \
         (SELECT COUNT(*) FROM tasks WHERE state <> 'done') AS open FROM clusters c",
    );
    for row in rows.fetch_all(&mut database).await.expect("rows") {
        let (passed, kept, open): (i64, i64, i64) =
            (row.get("passed"), row.get("kept"), row.get("open"));
        assert_eq!(
            (kept, open),
            (passed.min(airworthy_store::BASELINES_KEPT), 0)
        );
    }
}
