//! Plans as their callers meet them: shown and delayed; only the operator makes them.

use airworthy_store::Plan;
use airworthy_upgrade::plan::{Event, Window};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::fixture::{Answered, Fixture, Tenant};

const PLANS: &str = "/upgradeplans";
const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// In a year that will not have come when this is run.
fn window() -> Window {
    Window::new(
        at("2130-01-06T16:00:00Z"),
        at("2130-01-06T20:00:00Z"),
        at("2130-01-30T16:00:00Z"),
    )
    .unwrap()
}

impl Fixture {
    async fn plan(&self, tenant: &Tenant) -> Plan {
        let (project, cluster) = (&tenant.project.id, &tenant.cluster.id);
        let made = self.service.add_plan(project, cluster, "v1.32.4", window());
        made.await.unwrap()
    }

    async fn delay(&self, plan: &str, not_before: &Value) -> Answered {
        let target = self.ours.path(&format!("{PLANS}/{plan}"));
        let body = json!({ "notBefore": not_before }).to_string();
        self.call(Method::PUT, &target, &body).await
    }
}

#[tokio::test]
async fn the_list_is_empty_or_one_plan_which_is_an_object() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path(PLANS);
    let listed = fixture.get(&target).await.ok();
    assert_eq!(listed, json!({ "kind": "List", "apiVersion": "v3" }));
    let plan = fixture.plan(&fixture.ours).await;
    let listed = fixture.get(&target).await.ok();
    assert_eq!(
        listed["items"],
        json!({
            "kind": "UpgradePlan", "apiVersion": "v3",
            "metadata": { "uid": plan.id, "creationTimestamp": plan.created_at.to_string(),
                          "updateTimestamp": plan.updated_at.to_string() },
            "spec": { "clusterID": fixture.ours.cluster.id, "clusterVersion": "v1.31.14-r0",
                      "targetVersion": "v1.32.4-r0",
                      "notBefore": "2130-01-06 16:00:00 +0000 UTC",
                      "notAfter": "2130-01-06 20:00:00 +0000 UTC",
                      "notBeforeDeadline": "2130-01-30 16:00:00 +0000 UTC" },
            "status": { "phase": "Pending" },
        })
    );
}

#[tokio::test]
async fn a_delay_is_taken_in_each_spelling_and_moves_the_end_as_well() {
    let fixture = Fixture::new().await;
    let plan = fixture.plan(&fixture.ours).await;
    for (given, from, to) in [
        (
            "2130-01-20 16:00:00 +0000 UTC",
            "2130-01-20 16:00:00 +0000 UTC",
            "2130-01-20 20:00:00 +0000 UTC",
        ),
        (
            "2130-01-21T01:30:00+02:00",
            "2130-01-20 23:30:00 +0000 UTC",
            "2130-01-21 03:30:00 +0000 UTC",
        ),
        (
            "2130-01-25",
            "2130-01-25 00:00:00 +0000 UTC",
            "2130-01-25 04:00:00 +0000 UTC",
        ),
    ] {
        let moved = fixture.delay(&plan.id, &json!(given)).await.ok();
        let spec = &moved["spec"];
        assert_eq!(
            (&spec["notBefore"], &spec["notAfter"]),
            (&json!(from), &json!(to))
        );
        assert_eq!(spec["notBeforeDeadline"], "2130-01-30 16:00:00 +0000 UTC");
        let listed = fixture.get(&fixture.ours.path(PLANS)).await.ok();
        assert_eq!(listed["items"], moved);
    }
}

#[tokio::test]
async fn a_delay_that_cannot_be_is_refused_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let plan = fixture.plan(&fixture.ours).await;
    let target = fixture.ours.path(PLANS);
    let before = fixture.get(&target).await.ok();
    for (given, told) in [
        (json!("2130-01-30 16:00:00 +0000 UTC"), "notBeforeDeadline"),
        (json!("2131-01-01"), "notBeforeDeadline"),
        (json!("2020-01-01"), "future"),
        (json!("tomorrow"), "no time"),
        (json!(""), "missing"),
        (json!(null), "missing"),
        (json!(1_736_000_000), "JSON"),
    ] {
        let answer = fixture.delay(&plan.id, &given).await;
        let message = answer.refused(400, "CCE.01400001");
        assert!(message.contains(told), "{given}: {message}");
    }
    assert_eq!(fixture.get(&target).await.ok(), before);
}

#[tokio::test]
async fn a_plan_that_has_begun_or_is_over_is_not_delayed() {
    let fixture = Fixture::new().await;
    let plan = fixture.plan(&fixture.ours).await;
    let (store, now) = (&fixture.store, Timestamp::now());
    store.begin_plan(&plan, "v1.31.14-r0", now).await.unwrap();
    let refused = fixture.delay(&plan.id, &json!("2130-01-20")).await;
    let message = refused.refused(400, "CCE.01400001");
    assert!(message.contains("Enqueued"), "{message}");
    let (project, cluster) = (&plan.project_id, &plan.cluster_id);
    let begun = store.newest_plan(project, cluster).await.unwrap().unwrap();
    let moved = store
        .move_plan(&begun, Event::Failed, Some("no"), now)
        .await;
    assert!(moved.unwrap());
    let refused = fixture.delay(&plan.id, &json!("2130-01-20")).await;
    let message = refused.refused(400, "CCE.01400001");
    assert!(message.contains("Failed"), "{message}");
}

#[tokio::test]
async fn a_plan_that_is_not_ours_is_not_there() {
    let fixture = Fixture::new().await;
    let theirs = fixture.plan(&fixture.theirs).await;
    for id in [theirs.id.as_str(), ABSENT] {
        let answer = fixture.delay(id, &json!("2130-01-20")).await;
        answer.refused(404, "CCE.01404001");
    }
    let listed = fixture.get(&fixture.ours.path(PLANS)).await.ok();
    assert_eq!(listed.get("items"), None);
    let bad = fixture.delay("1", &json!("2130-01-20")).await;
    bad.refused(400, "CCE.01400001");
    let target = format!("{}/{ABSENT}{PLANS}", fixture.ours.clusters());
    fixture.get(&target).await.refused(404, "CCE.01404001");
    let answer = fixture
        .post(
            &fixture.ours.path(PLANS),
            &json!({ "notBefore": "2130-01-20" }),
        )
        .await;
    answer.refused(404, "APIGW.0101");
}

#[tokio::test]
async fn one_plan_is_unfinished_and_its_target_must_be_reachable() {
    let fixture = Fixture::new().await;
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let add = async |target: &str, window| {
        let made = fixture.service.add_plan(project, cluster, target, window);
        made.await.map_err(|error| error.to_string())
    };
    assert!(
        add("v1.33", window())
            .await
            .unwrap_err()
            .contains("minors above")
    );
    let now = Timestamp::now();
    let hour = SignedDuration::from_hours(1);
    let over = Window::new(now - hour - hour, now - hour, now).unwrap();
    assert!(add("v1.32", over).await.unwrap_err().contains("future"));
    let plan = add("v1.32", window()).await.unwrap();
    let again = add("v1.32", window()).await.unwrap_err();
    assert!(again.contains(&plan.id), "{again}");
}
