//! What tests of several drivers share.

use airworthy_upgrade::driver::Order;
use jiff::Timestamp;
use serde_json::json;

/// An order to go from 1.31 to 1.32, begun now.
pub(crate) fn order(attempt: u32) -> Order {
    Order {
        task_id: "task".into(),
        attempt,
        begun_at: Timestamp::now(),
        project_id: "project".into(),
        cluster_id: "8978deaa-1743-11ee-8e46-0255ac10004c".into(),
        cluster_name: "prod \"1\"".into(),
        from: "v1.31.14".parse().unwrap(),
        target: "v1.32.13-r0".parse().unwrap(),
        batch_size: 7,
        scope: "NodePool".into(),
        addons: json!([{ "addonTemplateName": "coredns" }]),
        node_order: json!({}),
        node_pool_order: json!({ "DefaultPool": 1 }),
    }
}
