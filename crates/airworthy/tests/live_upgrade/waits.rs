//! What only counts once it is some time old. Last by name, so that others run meanwhile.

use super::upgraded::upgraded;
use crate::common_live::{kubectl, live, until_old};

#[test]
fn a_node_that_is_not_ready() {
    live(async {
        let check = "PostNodesConverged";
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        until_old(&client, "/api/v1/nodes/asleep", 121).await;
        let wake = |ready| upgraded.cluster.set_node_ready("asleep", ready);
        wake(false).await.unwrap();
        let report = upgraded.check(check).await;
        report.exits(1).finds(check, "Node asleep", "blocker");
        wake(true).await.unwrap();
        let report = upgraded.check(check).await;
        report.spares(check, "Node asleep");
    });
}
