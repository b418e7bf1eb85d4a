//! Whole upgrades, and those that do not come to their end.

use airworthy_upgrade::driver::{Order, Step};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::house::{House, NEW, OLD, Shape, Workload};
use crate::common::order;

/// An API server needs much memory: one at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

const PARTS: [(&str, &str); 3] = [
    ("KubeadmControlPlane", "masters"),
    ("MachineDeployment", "first"),
    ("MachineDeployment", "second"),
];

#[track_caller]
fn fails(step: &Step, words: &str) {
    match step {
        Step::Failed { message } => assert!(message.contains(words), "{message}"),
        other => panic!("not failed: {other:?}"),
    }
}

/// Steps and the controllers in turn until the end; what was said on the way.
async fn walk(workload: &Workload<'_>, order: &Order) -> (Step, Vec<(u8, String)>) {
    let (mut scratch, mut said) = (None, Vec::new());
    for _ in 0..60 {
        match workload.step(order, scratch.as_ref()).await {
            Step::Going {
                progress,
                scratch: next,
                message,
                ..
            } => {
                scratch = Some(next);
                said.push((progress, message));
                workload.tick().await;
            }
            end => return (end, said),
        }
    }
    panic!("no end: {said:#?}");
}

#[tokio::test]
async fn shapes_of_v1beta1() {
    let _alone = ALONE.lock().await;
    all(&House::start(Shape::V1beta1).await).await;
}

#[tokio::test]
async fn shapes_of_v1beta2() {
    let _alone = ALONE.lock().await;
    all(&House::start(Shape::V1beta2).await).await;
}

/// Each in a namespace of its own.
async fn all(house: &House) {
    a_topology_is_changed_in_one_place(house).await;
    a_control_plane_goes_first_and_then_its_pools_in_order(house).await;
    a_step_that_is_taken_twice_writes_once(house).await;
    an_error_counts_once_it_has_lasted(house).await;
    a_final_failure_counts_at_once(house).await;
    what_never_moves_fails_at_the_deadline(house).await;
    nothing_is_lowered(house).await;
    what_is_paused_is_left_alone(house).await;
    what_is_not_there_fails(house).await;
}

async fn a_topology_is_changed_in_one_place(house: &House) {
    let workload = house.workload("topology", true).await;
    let (end, said) = walk(&workload, &order(1)).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    assert_eq!(workload.asks("Cluster", "prod").await, NEW);
    assert!(
        said.iter()
            .any(|(_, text)| text.contains("ControlPlaneUpgradePending")),
        "{said:#?}"
    );
    grows(&said);
    // Only the topology was ours to write.
    let managers = workload.get("Cluster", "prod").await["metadata"]["managedFields"].take();
    assert!(managers.to_string().contains("\"airworthy\""), "{managers}");
    for (kind, name) in PARTS {
        let managers = workload.get(kind, name).await["metadata"]["managedFields"].take();
        assert!(
            !managers.to_string().contains("\"airworthy\""),
            "{kind} {name}"
        );
    }
}

async fn a_control_plane_goes_first_and_then_its_pools_in_order(house: &House) {
    let workload = house.workload("plain", false).await;
    let order = Order {
        node_pool_order: json!({ "second": 2, "first": 1 }),
        ..order(1)
    };
    let (end, said) = walk(&workload, &order).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    grows(&said);
    let given: Vec<_> = said
        .iter()
        .filter(|(_, text)| text.contains("was given"))
        .collect();
    let names = ["masters", "second", "first"];
    assert_eq!(given.len(), names.len(), "{said:#?}");
    for ((_, text), name) in given.iter().zip(names) {
        assert!(text.contains(name), "{said:#?}");
    }
    for (kind, name) in PARTS {
        assert_eq!(workload.asks(kind, name).await, NEW);
    }
}

#[track_caller]
fn grows(said: &[(u8, String)]) {
    assert!(
        said.is_sorted_by_key(|(progress, _)| *progress),
        "{said:#?}"
    );
    assert!(
        said.iter().any(|(progress, _)| (1..100).contains(progress)),
        "{said:#?}"
    );
}

/// A step whose end nobody heard of, because the process died.
async fn a_step_that_is_taken_twice_writes_once(house: &House) {
    let workload = house.workload("twice", false).await;
    let order = order(1);
    workload.step(&order, None).await;
    let (kind, name) = PARTS[0];
    let first = workload.get(kind, name).await["metadata"]["resourceVersion"].take();
    workload.step(&order, None).await;
    let second = workload.get(kind, name).await["metadata"]["resourceVersion"].take();
    assert_eq!(first, second);
    assert_eq!(
        workload.asks("MachineDeployment", "first").await,
        OLD,
        "not its turn"
    );
}

fn condition(message: &str) -> Value {
    json!({ "conditions": [
        { "type": "Ready", "status": "True" },
        { "type": "RollingOut", "status": "False", "severity": "Error", "reason": "MachinesReconcileFailed", "message": message },
    ] })
}

async fn an_error_counts_once_it_has_lasted(house: &House) {
    let workload = house.workload("error", false).await;
    let (kind, name) = PARTS[0];
    let ago = |minutes| Order {
        begun_at: Timestamp::now() - SignedDuration::from_mins(minutes),
        ..order(1)
    };
    let going = async |minutes, scratch: Option<&Value>| match workload
        .step(&ago(minutes), scratch)
        .await
    {
        Step::Going { scratch, .. } => scratch,
        other => panic!("{other:?}"),
    };
    let scratch = going(0, None).await;
    workload
        .set_status(kind, name, &condition("no room in the zone"))
        .await;
    let scratch = going(20, Some(&scratch)).await;
    let scratch = going(29, Some(&scratch)).await;
    // It passes, and begins anew.
    workload
        .set_status(kind, name, &json!({ "conditions": [] }))
        .await;
    let scratch = going(30, Some(&scratch)).await;
    workload
        .set_status(kind, name, &condition("no room in the zone"))
        .await;
    let scratch = going(35, Some(&scratch)).await;
    let scratch = going(44, Some(&scratch)).await;
    let end = workload.step(&ago(46), Some(&scratch)).await;
    fails(&end, "no room in the zone");
    fails(&end, "KubeadmControlPlane masters");
}

async fn a_final_failure_counts_at_once(house: &House) {
    let workload = house.workload("final", false).await;
    let (kind, name) = PARTS[0];
    workload
        .set_status(
            kind,
            name,
            &json!({ "failureReason": "CreateError", "failureMessage": "quota is used up" }),
        )
        .await;
    let end = walk(&workload, &order(1)).await.0;
    fails(&end, "quota is used up");
    let workload = house.workload("final-old", false).await;
    let failure = json!({ "deprecated": { "v1beta1": { "failureReason": "UpdateError" } } });
    workload.set_status(kind, name, &failure).await;
    fails(&walk(&workload, &order(1)).await.0, "UpdateError");
}

async fn what_never_moves_fails_at_the_deadline(house: &House) {
    let workload = house.workload("still", false).await;
    let Step::Going { scratch, .. } = workload.step(&order(1), None).await else {
        panic!("not going");
    };
    let late = Order {
        begun_at: Timestamp::now() - SignedDuration::from_hours(3),
        ..order(1)
    };
    let end = workload.step(&late, Some(&scratch)).await;
    fails(&end, "not upgraded within 7200 s");
    fails(&end, "KubeadmControlPlane masters");
}

async fn nothing_is_lowered(house: &House) {
    let workload = house.workload("beyond", false).await;
    let (kind, name) = PARTS[0];
    workload
        .change(kind, name, &json!({ "spec": { "version": "v1.33.0" } }))
        .await;
    fails(&workload.step(&order(1), None).await, "beyond the target");
    assert_eq!(workload.asks(kind, name).await, "v1.33.0");
    let workload = house.workload("newer-patch", true).await;
    workload
        .change(
            "Cluster",
            "prod",
            &json!({ "spec": { "topology": { "version": "v1.32.14" } } }),
        )
        .await;
    let end = walk(&workload, &order(1)).await.0;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    assert_eq!(workload.asks("Cluster", "prod").await, "v1.32.14");
}

async fn what_is_paused_is_left_alone(house: &House) {
    let workload = house.workload("paused", false).await;
    workload
        .change("Cluster", "prod", &json!({ "spec": { "paused": true } }))
        .await;
    let step = workload.step(&order(1), None).await;
    assert!(
        matches!(&step, Step::Going { message, .. } if message.contains("paused")),
        "{step:?}"
    );
    workload
        .change("Cluster", "prod", &json!({ "spec": { "paused": false } }))
        .await;
    let annotation = json!({ "metadata": { "annotations": { "cluster.x-k8s.io/paused": "" } } });
    workload
        .change("KubeadmControlPlane", "masters", &annotation)
        .await;
    let step = workload.step(&order(1), None).await;
    assert!(
        matches!(&step, Step::Going { message, .. } if message.contains("masters is paused")),
        "{step:?}"
    );
    assert_eq!(workload.asks("KubeadmControlPlane", "masters").await, OLD);
}

async fn what_is_not_there_fails(house: &House) {
    let workload = house.workload("absent", false).await;
    let path = workload.path("KubeadmControlPlane", "masters");
    house.client.delete(&path).await.unwrap();
    fails(
        &workload.step(&order(1), None).await,
        "there is no KubeadmControlPlane masters",
    );
    house
        .client
        .delete(&workload.path("Cluster", "prod"))
        .await
        .unwrap();
    fails(
        &workload.step(&order(1), None).await,
        "there is no Cluster absent/prod",
    );
}
