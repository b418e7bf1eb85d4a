//! Bodies of requests.

use serde_json::{Value, json};

pub(crate) fn precheck(spec: &Value) -> Value {
    json!({ "kind": "PreCheckTask", "apiVersion": "v3", "spec": spec })
}

pub(crate) fn postcheck(spec: &Value) -> Value {
    json!({ "kind": "PostCheckTask", "apiVersion": "v3", "spec": spec })
}

pub(crate) fn workflow(spec: &Value) -> Value {
    json!({ "kind": "WorkFlowTask", "apiVersion": "v3", "spec": spec })
}

/// Of a workflow.
pub(crate) fn phase(phase: &str) -> Value {
    json!({ "status": { "phase": phase } })
}

/// Kind and version stand elsewhere than in all others.
pub(crate) fn upgrade(spec: &Value) -> Value {
    json!({ "metadata": { "apiVersion": "v3", "kind": "UpgradeTask" }, "spec": spec })
}

/// What has to be there is there; networks have no effect.
pub(crate) fn cluster(name: &str) -> Value {
    json!({
        "kind": "Cluster",
        "apiVersion": "v3",
        "metadata": { "name": name },
        "spec": {
            "flavor": "cce.autopilot.cluster",
            "hostNetwork": { "vpc": "none", "subnet": "none" },
            "containerNetwork": { "mode": "eni" },
            "eniNetwork": { "subnets": [{ "subnetID": "none" }] },
        },
    })
}
