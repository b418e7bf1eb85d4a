//! The observing driver beside a real upgrade that somebody else makes.

mod common;

use std::time::Duration;

use airworthy_collect::{ConnectOptions, Limits};
use airworthy_drivers::{Observe, Source};
use airworthy_model::Rollout;
use airworthy_testbed::{Cluster, ClusterOptions};
use airworthy_upgrade::driver::{Driver as _, Order, Step};
use common::order;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

fn driver(cluster: &Cluster) -> Observe {
    Observe {
        source: Source::Live(ConnectOptions {
            kubeconfig: Some(cluster.kubeconfig()),
            ..ConnectOptions::default()
        }),
        deadline: Duration::from_hours(1),
        limits: Limits::default(),
        rollout: Rollout::Nodes,
    }
}

#[track_caller]
fn going(step: Step, progress: u8, words: &str) -> Value {
    match step {
        Step::Going {
            progress: is,
            message,
            scratch,
            ..
        } => {
            assert!(is == progress && message.contains(words), "{is}: {message}");
            scratch
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_upgrade_by_somebody_else_is_followed_to_its_end() {
    let options = ClusterOptions::new("1.31").nodes(2);
    let mut cluster = Cluster::start(options).await.unwrap();
    let (driver, order) = (driver(&cluster), order(1));
    let step = driver.step(&order, None).await;
    let scratch = going(step, 0, "the API server runs v1.31.14");

    cluster.stop("kube-apiserver").unwrap();
    let step = driver.step(&order, Some(&scratch)).await;
    let scratch = going(step, 0, "cannot be read");

    cluster.upgrade("1.32").await.unwrap();
    let step = driver.step(&order, Some(&scratch)).await;
    let scratch = going(step, 30, "node-1 runs v1.31.14, node-2 runs v1.31.14");
    let control_plane = Observe {
        rollout: Rollout::ControlPlane,
        ..driver.clone()
    };
    let step = control_plane.step(&order, Some(&scratch)).await;
    assert!(matches!(step, Step::Done { .. }), "{step:?}");

    cluster.move_node("node-1", "v1.32.0").await.unwrap();
    let step = driver.step(&order, Some(&scratch)).await;
    let scratch = going(step, 65, "node-2 runs v1.31.14");
    let late = Order {
        begun_at: Timestamp::now() - SignedDuration::from_hours(2),
        ..order.clone()
    };
    let step = driver.step(&late, Some(&scratch)).await;
    let Step::Failed { message } = step else {
        panic!("{step:?}");
    };
    assert_eq!(message, "not upgraded within 3600 s: node-2 runs v1.31.14");

    cluster.move_node("node-2", "v1.32.13").await.unwrap();
    // Late, and there all the same.
    let step = driver.step(&late, Some(&scratch)).await;
    assert!(matches!(step, Step::Done { .. }), "{step:?}");
}
