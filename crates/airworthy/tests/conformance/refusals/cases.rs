//! Tables of what the SDKs can be made to send.

use airworthy_cce::request::BODY_LIMIT;
use serde_json::{Value, json};

use super::{
    Case, FORBIDDEN, IN_THE_WAY, INVALID, NO_SUCH_API, NOT_THERE, TOO_LARGE, UNKNOWN_CALLER,
    VERSION, case,
};
use crate::{bodies, misuse::Misused};

const NOWHERE: &str = "00000000-0000-0000-0000-000000000000";
const CHECK: &str = "CreateAutopilotPreCheck";
const WORKFLOW: &str = "CreateAutopilotUpgradeWorkFlow";
const UPGRADE: &str = "UpgradeAutopilotCluster";

/// Who calls.
#[rustfmt::skip]
pub(super) fn callers(misused: &Misused) -> Vec<Case> {
    let list = "ListAutopilotClusters";
    let with = |name: &str, value: &str| json!({ "environment": { (name): value } });
    let mut reader = about(NOWHERE, &precheck("v1.32"));
    let key = &misused.reader;
    reader["environment"] = json!({ "CLOUD_SDK_AK": key.ak, "CLOUD_SDK_SK": key.sk });
    let old = json!({ "headers": { "X-Sdk-Date": "20200101T000000Z" } });
    let fails = "verify aksk signature fail";
    let other = with("AIRWORTHY_PROJECT", Misused::OTHER_PROJECT);
    vec![
        case("wrong secret", list, with("CLOUD_SDK_SK", "not-it"), UNKNOWN_CALLER, fails),
        case("unknown key", list, with("CLOUD_SDK_AK", "NOBODY"), UNKNOWN_CALLER, fails),
        case("old signature", list, old, UNKNOWN_CALLER, fails),
        case("another's project", list, other, FORBIDDEN, ""),
        case("a reader who changes", CHECK, reader, FORBIDDEN, "operator"),
    ]
}

/// What is asked for.
#[rustfmt::skip]
pub(super) fn places(cluster: &str) -> Vec<Case> {
    let here = |mut more: Value| {
        more["cluster_id"] = cluster.into();
        json!({ "arguments": more })
    };
    let cluster = |id: &str| json!({ "arguments": { "cluster_id": id } });
    let task = || here(json!({ "task_id": NOWHERE }));
    let flow = here(json!({ "upgrade_workflow_id": NOWHERE }));
    let cancel = bodies::phase("Cancel");
    let cancel = here(json!({ "upgrade_workflow_id": NOWHERE, "body": cancel }));
    let delay = json!({ "notBefore": "2031-02-02" });
    let delay = here(json!({ "upgrade_plan_id": NOWHERE, "body": delay }));
    let job = json!({ "arguments": { "job_id": NOWHERE } });
    let show = "ShowAutopilotCluster";
    vec![
        case("no such API", "ShowAutopilotQuotas", json!({}), NO_SUCH_API, ""),
        case("bad id", show, cluster("Nonsense"), INVALID, "Nonsense"),
        case("unknown cluster", show, cluster(NOWHERE), NOT_THERE, NOWHERE),
        case("unknown check", "ShowAutopilotPreCheck", task(), NOT_THERE, NOWHERE),
        case("unknown upgrade", "ShowAutopilotUpgradeClusterTask", task(), NOT_THERE, NOWHERE),
        case("unknown workflow", "ShowAutopilotUpgradeWorkFlow", flow, NOT_THERE, NOWHERE),
        case("nothing to cancel", "UpgradeAutopilotWorkFlowUpdate", cancel, NOT_THERE, NOWHERE),
        case("unknown plan", "UpdateAutopilotUpgradePlan", delay, NOT_THERE, NOWHERE),
        case("unknown job", "ShowAutopilotJob", job, NOT_THERE, NOWHERE),
    ]
}

/// What a body lacks or has wrong.
#[rustfmt::skip]
pub(super) fn bodies(cluster: &str) -> Vec<Case> {
    let changed = |name: &str, value: Value| {
        let mut body = precheck("v1.32");
        body[name] = value;
        about(cluster, &body)
    };
    let spec = |name: &str, value: Value| {
        changed("spec", json!({ "targetVersion": "v1.32", (name): value }))
    };
    let skip = |name: &str| spec("skippedCheckItemList", json!([{ "name": name }]));
    let large = skip(&"x".repeat(BODY_LIMIT));
    vec![
        case("wrong kind", CHECK, changed("kind", "Nonsense".into()), INVALID, "kind"),
        case("wrong apiVersion", CHECK, changed("apiVersion", "v4".into()), INVALID, "apiVersion"),
        case("no target", CHECK, changed("spec", json!({})), INVALID, "targetVersion"),
        case("another cluster", CHECK, spec("clusterID", NOWHERE.into()), INVALID, NOWHERE),
        case("another version", CHECK, spec("clusterVersion", "v1.30.1-r0".into()), INVALID, "v1.30.1"),
        case("unknown check", CHECK, skip("NoSuchCheck"), INVALID, "NoSuchCheck"),
        case("too large", CHECK, large, TOO_LARGE, ""),
    ]
}

/// What the cluster or the service is not fit for.
#[rustfmt::skip]
pub(super) fn states(cluster: &str) -> Vec<Case> {
    let upgraded = about(cluster, &upgrade("v1.32"));
    let unreachable = about(Misused::DEAD, &workflow("v1.32"));
    let confirmed = about(cluster, &bodies::postcheck(&json!({ "clusterID": NOWHERE })));
    let retried = json!({ "arguments": { "cluster_id": cluster } });
    let created = json!({ "arguments": { "body": bodies::cluster("nobody-has-this") } });
    vec![
        case("check missing", UPGRADE, upgraded, INVALID, "pre-check"),
        case("not available", WORKFLOW, unreachable, INVALID, ""),
        case("another confirmed", "CreateAutopilotPostCheck", confirmed, INVALID, NOWHERE),
        case("nothing to retry", "RetryAutopilotUpgradeClusterTask", retried, INVALID, ""),
        case("not offered", "CreateAutopilotCluster", created, INVALID, "nobody-has-this"),
    ]
}

/// What has to wait while the cluster is upgraded, or cannot be taken back.
#[rustfmt::skip]
pub(super) fn under_way(cluster: &str, opened: &str) -> Vec<Case> {
    let checked = about(cluster, &precheck("v1.32"));
    let upgraded = about(cluster, &upgrade("v1.32"));
    let confirmed = about(cluster, &bodies::postcheck(&json!({})));
    let here = || json!({ "arguments": { "cluster_id": cluster } });
    let mut cancelled = about(cluster, &bodies::phase("Cancel"));
    cancelled["arguments"]["upgrade_workflow_id"] = opened.into();
    let snapshot = "CreateAutopilotClusterMasterSnapshot";
    vec![
        case("check meanwhile", CHECK, checked, IN_THE_WAY, ""),
        case("snapshot meanwhile", snapshot, here(), IN_THE_WAY, ""),
        case("second upgrade", UPGRADE, upgraded, IN_THE_WAY, ""),
        case("second workflow", WORKFLOW, about(cluster, &workflow("v1.32")), IN_THE_WAY, ""),
        case("post-check meanwhile", "CreateAutopilotPostCheck", confirmed, INVALID, ""),
        case("retry of what runs", "RetryAutopilotUpgradeClusterTask", here(), INVALID, ""),
        case("cancelled meanwhile", "UpgradeAutopilotWorkFlowUpdate", cancelled, INVALID, ""),
        case("let go meanwhile", "DeleteAutopilotCluster", here(), INVALID, ""),
    ]
}

/// What a plan that may start until the first of March cannot become.
pub(super) fn plans(cluster: &str, plan: &str) -> Vec<Case> {
    let change = "UpdateAutopilotUpgradePlan";
    let cases = [
        ("after the deadline", "2031-03-02"),
        ("in the past", "2021-03-02"),
        ("no time", "soon"),
    ];
    let cases = cases.into_iter().map(|(what, to)| {
        let mut order = about(cluster, &json!({ "notBefore": to }));
        order["arguments"]["upgrade_plan_id"] = plan.into();
        case(what, change, order, INVALID, "notBefore")
    });
    cases.collect()
}

/// Targets below the running version, at it, too far, and unknown.
pub(super) fn targets(cluster: &str) -> Vec<Case> {
    let targets = ["v1.30.14-r0", "v1.31.14-r0", "v1.33", "v1.99"];
    let cases = targets.map(|target| {
        [
            ("target of a check", CHECK, precheck(target)),
            ("target of a workflow", WORKFLOW, workflow(target)),
            ("target of an upgrade", UPGRADE, upgrade(target)),
        ]
    });
    let cases = cases.into_iter().flatten();
    let cases =
        cases.map(|(what, call, body)| case(what, call, about(cluster, &body), VERSION, "1."));
    cases.collect()
}

/// A call about a cluster, with a body.
fn about(cluster: &str, body: &Value) -> Value {
    json!({ "arguments": { "cluster_id": cluster, "body": body } })
}

pub(super) fn precheck(target: &str) -> Value {
    bodies::precheck(&json!({ "targetVersion": target }))
}

pub(super) fn workflow(target: &str) -> Value {
    bodies::workflow(&json!({ "targetVersion": target }))
}

fn upgrade(target: &str) -> Value {
    let step = json!({ "userDefinedStep": 20 });
    let strategy = json!({ "type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": step });
    let action = json!({ "strategy": strategy, "targetVersion": target });
    bodies::upgrade(&json!({ "clusterUpgradeAction": action }))
}
