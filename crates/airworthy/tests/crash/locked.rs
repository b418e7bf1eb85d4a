//! A database that another process has locked.

use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};

use super::house::{House, operation, precheck};
use crate::common_cli::{airworthy, facts::healthy};

/// Holds the write lock until it is dropped.
struct Lock(SqliteConnection);

impl Lock {
    async fn of(house: &House) -> Self {
        let url = format!("sqlite://{}", house.database.display());
        let mut connection = SqliteConnection::connect(&url).await.expect("the database");
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await
            .expect("the lock");
        Self(connection)
    }

    async fn release(self) {
        self.0.close().await.expect("it lets go");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_with_an_error_and_succeeds_once_the_lock_is_gone() {
    let house = House::new("").await;
    let cluster = house.recorded("prod", &healthy()).await;
    let service = house.start().await;
    let lock = Lock::of(&house).await;
    let target = operation(&cluster, "precheck");
    let refused = service.client.post(&target, &precheck()).await.refused(500);
    assert!(refused.contains("locked by another process"), "{refused}");
    assert_eq!(
        service.client.tasks(&cluster).await.len(),
        0,
        "reading goes on"
    );
    lock.release().await;
    service.client.precheck(&cluster).await;
    let tasks = service.client.until_done(&cluster).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["status"]["phase"], "Success");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_the_operator_say_that_the_database_is_locked() {
    let house = House::new("").await;
    let lock = Lock::of(&house).await;
    let database = house.database.to_str().expect("a path of ours");
    let serve = airworthy(house.args()).ended();
    let list = airworthy(["key", "list", "--database", database]).ended();
    let both = async { tokio::join!(serve, list) };
    let (serve, list) = tokio::time::timeout(Duration::from_secs(45), both)
        .await
        .expect("they give up");
    let why = "error: the database is locked by another process";
    assert!(serve.exits(2).stderr.contains(why), "{serve}");
    list.refuses(&["the database is locked by another process"]);
    lock.release().await;
    airworthy(["key", "list", "--database", database])
        .ended()
        .await
        .exits(0);
}
