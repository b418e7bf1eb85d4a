//! Answers have exactly the members that the vendor's SDKs were seen to read.

use airworthy_cce::wire::{
    ApiVersion, AutopilotCluster, AutopilotClusterMetadata, AutopilotClusterSpec,
    AutopilotClusterStatus, ClusterKind, ClusterPhase, CreateAutopilotPostCheckResponse,
    CreateAutopilotPreCheckResponse, LineStatus, ListAutopilotClustersResponse,
    ListAutopilotPreCheckTasksResponse, ListAutopilotUpgradeWorkFlowsResponse, Metadata, Percent,
    PointStatus, PrecheckClusterTask, Shapes, TaskType, UpgradeInfoPhase, UpgradePhase,
    UpgradeWorkFlow, WorkFlowKind, WorkFlowPhase, WorkFlowSpec, WorkFlowStatus,
};
use serde_json::{Value, json};

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(wire: &Value) -> T {
    let read: T = serde_json::from_value(wire.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *wire);
    read
}

fn item(name: &str, kind: &str, group: &str, level: &str) -> Value {
    json!({"name": name, "kind": kind, "group": group, "level": level, "phase": "Success",
           "message": "check item succeed", "riskSource": {}})
}

#[test]
fn a_finished_precheck_is_the_documented_one() {
    let task: PrecheckClusterTask = round_trip(&json!({
        "apiVersion": "v3", "kind": "PreCheckTask",
        "metadata": {"uid": "f61e008c-1600-41c0-9bde-121de5a30660",
            "creationTimestamp": "2023-11-25 07:20:04.592972 +0000 UTC",
            "updateTimestamp": "2023-11-25 07:21:05.518966 +0000 UTC"},
        "spec": {"clusterVersion": "v1.19.16-r4", "targetVersion": "v1.23.5-r0"},
        "status": {"phase": "Success", "expireTimeStamp": "2023-11-25 08:21:05.518966 +0000 UTC",
            "clusterCheckStatus": {"phase": "Success", "itemsStatus": [
                item("DeprecatedApiCheck", "Risk", "LimitCheck", "Info"),
                item("ResiduePackageVersion", "Exception", "LimitCheck", "Fatal")]},
            "addonCheckStatus": {"phase": "Success", "itemsStatus": [
                item("AddonLimit", "Exception", "AddonCheck", "Warning")]},
            "nodeCheckStatus": {"phase": "Success"}},
    }));
    assert_eq!(
        task.status.cluster_check_status.unwrap().items_status.len(),
        2
    );
}

#[test]
fn findings_have_their_odd_spellings() {
    let _: PrecheckClusterTask = round_trip(&json!({
        "apiVersion": "v3", "kind": "PreCheckTask", "metadata": {"uid": "u"},
        "spec": {"clusterID": "c", "skippedCheckItemList": [{"name": "a", "resourceSelector":
            {"key": "node.uid", "values": ["n"], "operator": "In"}}]},
        "status": {"phase": "Failed", "message": "m", "nodeCheckStatus": {"phase": "Failed",
            "nodeStageStatus": [{
                "nodeInfo": {"uid": "n", "name": "node-1", "status": "Active", "nodeType": "master"},
                "itemsStatus": [{"name": "x", "kind": "Risk", "group": "NodeCheck", "level": "Warning",
                    "phase": "Failed", "message": "m", "errorCodes": ["NotAssessed"], "riskSource": {
                        "configurationRisks": [{"package": "kubelet", "sourceFile": "kubelet.conf",
                            "nodeMsg": "n", "field": "f", "operation": "modify",
                            "originalValue": "1", "value": "2"}],
                        "deprecatedAPIRisks": [{"url": "/apis", "userAgent": "kubectl"}],
                        "nodeRisks": [{"NodeID": "n"}],
                        "addonRisks": [{"addonTemplateName": "coredns", "alias": "CoreDNS"}]}}]}]}},
    }));
}

#[test]
fn an_unknown_phase_is_not_read() {
    let task = json!({"apiVersion": "v3", "kind": "PreCheckTask", "metadata": {"uid": "u"},
        "spec": {}, "status": {"phase": "Ready"}});
    assert!(serde_json::from_value::<PrecheckClusterTask>(task).is_err());
}

#[test]
fn a_new_precheck_says_only_what_is_known() {
    let answer = CreateAutopilotPreCheckResponse::default();
    assert_eq!(
        serde_json::to_value(answer).unwrap(),
        json!({"apiVersion": "v3", "kind": "PreCheckTask", "metadata": {"uid": ""},
               "spec": {}, "status": {"phase": "Init"}})
    );
}

#[test]
fn a_postcheck_is_the_documented_one() {
    let _: CreateAutopilotPostCheckResponse = round_trip(&json!({
        "apiVersion": "v3", "kind": "PostCheckTask",
        "metadata": {"uid": "e99fedf8-348c-4084-b0fd-81bf187df4e0"},
        "spec": {"clusterID": "8978deaa-1743-11ee-8e46-0255ac10004c",
                 "clusterVersion": "v1.15.11-r1", "targetVersion": "v1.19.16-r80"},
        "status": {"phase": "Success"}}));
}

#[test]
fn empty_lists_are_still_lists() {
    assert_eq!(
        serde_json::to_value(ListAutopilotPreCheckTasksResponse::default()).unwrap(),
        json!({"apiVersion": "v3", "kind": "List", "metadata": {}, "items": []})
    );
    assert_eq!(
        serde_json::to_value(ListAutopilotClustersResponse::default()).unwrap(),
        json!({"apiVersion": "v3", "kind": "Cluster", "items": []})
    );
}

#[test]
fn generic_metadata_has_rfc_3339_times() {
    let metadata: Metadata =
        round_trip(&json!({"uid": "u", "name": "n", "annotations": {"a": "b"},
        "creationTimestamp": "2023-11-25T07:20:04.592972Z"}));
    assert!(metadata.update_timestamp.is_none());
}

#[test]
fn a_cluster_has_every_member_that_clients_demand() {
    let cluster = AutopilotCluster {
        kind: ClusterKind::default(),
        api_version: ApiVersion::default(),
        metadata: AutopilotClusterMetadata {
            name: "prod".into(),
            creation_timestamp: Some(
                "2024-08-16T07:06:53.704389459Z"
                    .parse::<jiff::Timestamp>()
                    .unwrap()
                    .into(),
            ),
            ..Default::default()
        },
        spec: AutopilotClusterSpec {
            version: Some("v1.31".into()),
            ..Default::default()
        },
        status: Some(AutopilotClusterStatus {
            phase: Some(ClusterPhase::Available),
            ..Default::default()
        }),
    };
    let wire = json!({"kind": "Cluster", "apiVersion": "v3",
        "metadata": {"name": "prod", "creationTimestamp": "2024-08-16 07:06:53.704389459 +0000 UTC"},
        "spec": {"category": "Turbo", "type": "VirtualMachine", "flavor": "cce.autopilot.cluster",
            "version": "v1.31", "hostNetwork": {"vpc": "", "subnet": ""},
            "containerNetwork": {"mode": "eni"}, "eniNetwork": {"subnets": []}},
        "status": {"phase": "Available"}});
    assert_eq!(serde_json::to_value(&cluster).unwrap(), wire);
    assert_eq!(round_trip::<AutopilotCluster>(&wire), cluster);
}

fn workflow(uid: &str, shapes: Shapes) -> UpgradeWorkFlow {
    UpgradeWorkFlow {
        kind: WorkFlowKind::default(),
        api_version: ApiVersion::default(),
        metadata: Metadata {
            uid: Some(uid.into()),
            ..Default::default()
        },
        spec: WorkFlowSpec::default(),
        status: WorkFlowStatus {
            phase: WorkFlowPhase::Init,
            point_statuses: vec![PointStatus::fresh(TaskType::PreCheck)],
            line_statuses: vec![
                LineStatus::between(TaskType::PreCheck, TaskType::Cluster, true, shapes),
                LineStatus::between(TaskType::PreCheck, TaskType::Snapshot, false, shapes),
            ],
        },
    }
}

fn listed(uids: &[&str], shapes: Shapes) -> Value {
    let workflows = uids.iter().map(|uid| workflow(uid, shapes)).collect();
    serde_json::to_value(ListAutopilotUpgradeWorkFlowsResponse::of(workflows, shapes)).unwrap()
}

#[test]
fn current_clients_get_an_array_and_nothing_about_critical_lines() {
    let list = listed(&["new", "old"], Shapes::Current);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(list["items"][0]["metadata"]["uid"], "new");
    let line = &list["items"][0]["status"]["lineStatuses"][0];
    assert_eq!(
        *line,
        json!({"startPoint": {"taskType": "PreCheck"}, "endPoint": {"taskType": "Cluster"}})
    );
    assert_eq!(
        listed(&[], Shapes::Current),
        json!({"kind": "List", "apiVersion": "v3", "items": []})
    );
}

#[test]
fn older_clients_get_the_newest_workflow_and_text() {
    let list = listed(&["new", "old"], Shapes::Legacy);
    assert_eq!(list["items"]["metadata"]["uid"], "new");
    let lines = &list["items"]["status"]["lineStatuses"];
    assert_eq!(lines[0]["critical"], "true");
    assert_eq!(lines[1]["critical"], "false");
    assert_eq!(
        listed(&[], Shapes::Legacy),
        json!({"kind": "List", "apiVersion": "v3"})
    );
}

#[test]
fn a_fresh_point_says_nothing_but_its_name() {
    let workflow = serde_json::to_value(workflow("u", Shapes::Current)).unwrap();
    assert_eq!(
        workflow["status"]["pointStatuses"],
        json!([{"taskType": "PreCheck"}])
    );
}

#[test]
fn progress_is_text_and_never_above_a_hundred() {
    for (percent, text) in [(0, "0"), (35, "35"), (100, "100"), (255, "100")] {
        assert_eq!(serde_json::to_value(Percent::new(percent)).unwrap(), text);
    }
    for wrong in [
        json!(35),
        json!("101"),
        json!("-1"),
        json!("35%"),
        json!(""),
    ] {
        assert!(
            serde_json::from_value::<Percent>(wrong.clone()).is_err(),
            "{wrong}"
        );
    }
    assert_eq!(
        serde_json::from_value::<Percent>(json!("100")).unwrap(),
        Percent::new(100)
    );
}

#[test]
fn upgrade_information_has_no_queue() {
    assert_eq!(
        UpgradeInfoPhase::from(UpgradePhase::Queuing),
        UpgradeInfoPhase::Init
    );
    assert_eq!(
        UpgradeInfoPhase::from(UpgradePhase::Failed),
        UpgradeInfoPhase::Failed
    );
}

#[test]
fn shapes_are_named_in_small_letters() {
    assert_eq!(serde_json::to_value(Shapes::default()).unwrap(), "current");
    assert_eq!(
        serde_json::from_value::<Shapes>(json!("legacy")).unwrap(),
        Shapes::Legacy
    );
}
