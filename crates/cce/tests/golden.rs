//! The wire types have exactly the members of the contract, of the contract's types, and every one of them goes to JSON and
//! back without a change.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_cce::wire::{
    AutopilotCluster, AutopilotClusterRequestBody, CreateAutopilotClusterMasterSnapshotResponse,
    CreateAutopilotPostCheckResponse, CreateAutopilotPreCheckResponse,
    CreateUpgradeWorkFlowRequestBody, DelayUpgradePlanRequestBody, Job,
    KeystoneCreateUserTokenByPasswordRequestBody, KeystoneCreateUserTokenByPasswordResponse,
    KeystoneListAuthDomainsResponse, KeystoneListProjectsResponse, KeystoneListRegionsResponse,
    ListAutopilotClusterMasterSnapshotTasksResponse,
    ListAutopilotClusterUpgradeFeatureGatesResponse, ListAutopilotClusterUpgradePathsResponse,
    ListAutopilotClustersResponse, ListAutopilotPreCheckTasksResponse,
    ListAutopilotUpgradeClusterTasksResponse, ListAutopilotUpgradePlansResponse,
    ListAutopilotUpgradeWorkFlowsResponse, PostcheckClusterRequestBody, PrecheckClusterRequestBody,
    PrecheckClusterTask, ShowAutopilotClusterUpgradeInfoResponse, UpgradeAutopilotClusterResponse,
    UpgradeClusterRequestBody, UpgradeTaskResponseBody, UpgradeWorkFlow,
    UpgradeWorkFlowUpdateRequestBody,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::OpenApi;

/// Names of a body with the function that sends it through its type.
macro_rules! bodies {
    ($($body:ident),* $(,)?) => {
        #[derive(OpenApi)]
        #[openapi(components(schemas($($body,)* KeystoneCreateUserTokenByPasswordRequestBody)))]
        struct Document;

        const BODIES: &[(&str, fn(&Value))] = &[$((stringify!($body), unchanged::<$body>)),*];
    };
}

bodies!(
    AutopilotCluster,
    AutopilotClusterRequestBody,
    CreateAutopilotClusterMasterSnapshotResponse,
    CreateAutopilotPostCheckResponse,
    CreateAutopilotPreCheckResponse,
    CreateUpgradeWorkFlowRequestBody,
    DelayUpgradePlanRequestBody,
    Job,
    KeystoneCreateUserTokenByPasswordResponse,
    KeystoneListAuthDomainsResponse,
    KeystoneListProjectsResponse,
    KeystoneListRegionsResponse,
    ListAutopilotClusterMasterSnapshotTasksResponse,
    ListAutopilotClusterUpgradeFeatureGatesResponse,
    ListAutopilotClusterUpgradePathsResponse,
    ListAutopilotClustersResponse,
    ListAutopilotPreCheckTasksResponse,
    ListAutopilotUpgradeClusterTasksResponse,
    ListAutopilotUpgradePlansResponse,
    ListAutopilotUpgradeWorkFlowsResponse,
    PostcheckClusterRequestBody,
    PrecheckClusterRequestBody,
    PrecheckClusterTask,
    ShowAutopilotClusterUpgradeInfoResponse,
    UpgradeAutopilotClusterResponse,
    UpgradeClusterRequestBody,
    UpgradeTaskResponseBody,
    UpgradeWorkFlow,
    UpgradeWorkFlowUpdateRequestBody,
);

/// Types of the contract that are one type here.
const SAME: &[(&str, &str)] = &[
    ("CreateAutopilotClusterResponse", "AutopilotCluster"),
    ("CreateAutopilotUpgradeWorkFlowResponse", "UpgradeWorkFlow"),
    ("DeleteAutopilotClusterResponse", "AutopilotCluster"),
    ("ShowAutopilotClusterResponse", "AutopilotCluster"),
    ("ShowAutopilotJobResponse", "Job"),
    ("ShowAutopilotPreCheckResponse", "PrecheckClusterTask"),
    (
        "ShowAutopilotUpgradeClusterTaskResponse",
        "UpgradeTaskResponseBody",
    ),
    ("ShowAutopilotUpgradeWorkFlowResponse", "UpgradeWorkFlow"),
    ("UpdateAutopilotUpgradePlanResponse", "UpgradePlan"),
    ("UpgradeAutopilotWorkFlowUpdateResponse", "UpgradeWorkFlow"),
];

/// Members of ours, which clients pass over.
const OURS: &[(&str, &str)] = &[
    ("PostcheckClusterResponseBodyStatus", "message"),
    ("UpgradeTaskStatus", "message"),
];

#[derive(Deserialize)]
struct Sample {
    #[serde(rename = "type")]
    body: String,
    json: Value,
}

fn samples() -> Vec<Sample> {
    serde_json::from_str(include_str!("golden/bodies.json")).unwrap()
}

fn unchanged<T: Serialize + DeserializeOwned>(json: &Value) {
    let read: T = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *json);
}

/// The schemas of all types by name.
fn schemas() -> BTreeMap<String, Value> {
    let document = serde_json::to_value(Document::openapi()).unwrap();
    serde_json::from_value(document["components"]["schemas"].clone()).unwrap()
}

/// Follows references and leaves out `null`, which requests may say for what is absent.
fn resolved<'a>(schemas: &'a BTreeMap<String, Value>, schema: &'a Value) -> (&'a str, &'a Value) {
    let inner = ["oneOf", "allOf"].into_iter().find_map(|word| {
        let several = schema.get(word)?.as_array()?;
        several.iter().find(|one| one.get("$ref").is_some())
    });
    match inner.unwrap_or(schema).get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let name = reference.rsplit('/').next().unwrap();
            (name, resolved(schemas, &schemas[name]).1)
        }
        None => ("", schema),
    }
}

/// The type of a member in the words of the contract.
fn class(schemas: &BTreeMap<String, Value>, schema: &Value) -> String {
    let (_, schema) = resolved(schemas, schema);
    let plain = match &schema["type"] {
        Value::Array(types) => types.iter().find(|one| *one != "null").cloned(),
        one => Some(one.clone()),
    };
    match plain.as_ref().and_then(Value::as_str) {
        Some("array") => format!("array of {}", class(schemas, &schema["items"])),
        Some("object") => match (schema.get("properties"), schema.get("additionalProperties")) {
            (None, Some(values)) => format!("map of {}", class(schemas, values)),
            (None, None) => "any object".into(),
            _ => "object".into(),
        },
        Some(word) => word.into(),
        None => "any object".into(),
    }
}

fn members(schemas: &BTreeMap<String, Value>, name: &str) -> BTreeMap<String, String> {
    let properties = schemas
        .get(name)
        .and_then(|schema| schema["properties"].as_object());
    let properties = properties.unwrap_or_else(|| panic!("no type {name}"));
    properties
        .iter()
        .map(|(member, schema)| (member.clone(), class(schemas, schema)))
        .collect()
}

#[test]
fn types_have_the_members_of_the_contract() {
    let contract: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(include_str!("golden/members.json")).unwrap();
    assert_eq!(contract.len(), 107);
    let schemas = schemas();
    for (name, expected) in contract {
        let ours = SAME.iter().find(|(theirs, _)| *theirs == name);
        let name = ours.map_or(name.as_str(), |(_, ours)| *ours);
        let mut found = members(&schemas, name);
        found.retain(|member, _| !OURS.contains(&(name, member.as_str())));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn bodies_come_back_unchanged() {
    for sample in samples() {
        let body = BODIES.iter().find(|(name, _)| *name == sample.body);
        let (_, unchanged) = body.unwrap_or_else(|| panic!("no body {}", sample.body));
        unchanged(&sample.json);
    }
}

#[test]
fn every_member_occurs_in_a_sample() {
    let schemas = schemas();
    let mut seen = BTreeSet::new();
    for sample in samples() {
        walk(
            &schemas,
            &sample.body,
            &schemas[&sample.body],
            &sample.json,
            &mut seen,
        );
    }
    for (name, schema) in &schemas {
        // Log-ins are only read.
        let read_only = ["Keystone", "Pwd", "AuthScope", "Reference"];
        let of_log_in = read_only.iter().any(|start| name.starts_with(start));
        let properties = schema["properties"].as_object();
        for member in properties.into_iter().flatten().map(|(member, _)| member) {
            let known = seen.contains(&(name.clone(), member.clone()));
            assert!(known || of_log_in, "no sample has {name}.{member}");
        }
    }
}

/// Notes which members of which types occur in `json`.
fn walk(
    schemas: &BTreeMap<String, Value>,
    name: &str,
    schema: &Value,
    json: &Value,
    seen: &mut BTreeSet<(String, String)>,
) {
    let mut step = |schema: &Value, json: &Value| {
        let (name, schema) = resolved(schemas, schema);
        walk(schemas, name, schema, json, seen);
    };
    match json {
        Value::Array(several) => several.iter().for_each(|one| step(&schema["items"], one)),
        Value::Object(members) => {
            for (member, value) in members {
                let property = schema["properties"].get(member);
                step(property.unwrap_or(&schema["additionalProperties"]), value);
            }
            seen.extend(
                members
                    .keys()
                    .map(|member| (name.to_owned(), member.clone())),
            );
        }
        _ => {}
    }
}

/// The words of the contract. Python loses an unknown word of the first three without an error.
const WORDS: &[(&str, &str)] = &[
    ("WorkFlowPhase", "Init Running Pending Success Cancel"),
    ("TaskType", "PreCheck Snapshot Cluster Rollback PostCheck"),
    (
        "UpgradeWorkflowTaskStatus",
        "Init Queuing Running Success Failed",
    ),
    ("ApiVersion", "v3"),
    ("CheckPhase", "Init Running Success Failed"),
    ("ClusterKind", "Cluster"),
    (
        "ClusterPhase",
        "Available Unavailable Creating Deleting Upgrading RollingBack RollbackFailed Error",
    ),
    (
        "ClusterUpgradeFeatureGatesKind",
        "ClusterUpgradeFeatureGates",
    ),
    ("ClusterUpgradePathsKind", "ClusterUpgradePaths"),
    ("EndpointType", "Internal External"),
    ("GateState", "Support Disable Default"),
    (
        "ItemGroup",
        "LimitCheck MasterCheck NodeCheck AddonCheck ExecuteException",
    ),
    ("ItemKind", "Exception Risk"),
    ("ItemLevel", "Info Warning Fatal"),
    ("JobKind", "Job"),
    ("JobPhase", "Initializing Running Failed Success"),
    ("JobType", "CreateCluster DeleteCluster"),
    ("ListKind", "List"),
    (
        "NodeStatus",
        "Build Installing Upgrading Active Abnormal Deleting Error Repairing RepairFailed",
    ),
    ("NodeType", "master node"),
    ("PostCheckKind", "PostCheckTask"),
    ("PostcheckPhase", "Success Failed Error"),
    ("PreCheckKind", "PreCheckTask"),
    ("SnapshotApiVersion", "v3.1"),
    ("SnapshotItemType", "master-backup master-backup-rollback"),
    ("SnapshotKind", "SnapshotTask"),
    ("TaskPhase", "Init Running Success Failed Error"),
    ("UpgradeInfoKind", "UpgradeInfo"),
    ("UpgradeInfoPhase", "Init Running Pause Success Failed"),
    ("UpgradeKind", "UpgradeTask"),
    ("UpgradePhase", "Init Queuing Running Pause Success Failed"),
    ("UpgradePlanKind", "UpgradePlan"),
    (
        "UpgradePlanPhase",
        "Pending Enqueued Upgrading Success Failed Skipped",
    ),
    ("WorkFlowKind", "WorkFlowTask"),
];

#[test]
fn types_of_words_have_the_words_of_the_contract() {
    let of_words = |(name, schema): (String, Value)| {
        let words: Vec<String> = serde_json::from_value(schema.get("enum")?.clone()).ok()?;
        Some((name, words.join(" ")))
    };
    let found: BTreeMap<_, _> = schemas().into_iter().filter_map(of_words).collect();
    let expected = WORDS
        .iter()
        .map(|(name, words)| ((*name).to_owned(), (*words).to_owned()));
    assert_eq!(found, expected.collect());
}
