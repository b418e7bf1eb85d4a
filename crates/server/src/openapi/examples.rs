//! One example of each operation: what is sent, and what comes back. They are files, and tests send them.

use serde_json::Value;

macro_rules! examples {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("examples/", $name, ".json")))),*]
    };
}

/// Operations and their examples: an object with `request` where there is a body, and `answer`.
const EXAMPLES: &[(&str, &str)] = examples![
    "CreateAutopilotCluster",
    "CreateAutopilotClusterMasterSnapshot",
    "CreateAutopilotPostCheck",
    "CreateAutopilotPreCheck",
    "CreateAutopilotUpgradeWorkFlow",
    "DeleteAutopilotCluster",
    "KeystoneCreateUserTokenByPassword",
    "KeystoneListAuthDomains",
    "KeystoneListProjects",
    "KeystoneListRegions",
    "ListAutopilotClusterMasterSnapshotTasks",
    "ListAutopilotClusterUpgradeFeatureGates",
    "ListAutopilotClusterUpgradePaths",
    "ListAutopilotClusters",
    "ListAutopilotPreCheckTasks",
    "ListAutopilotUpgradeClusterTasks",
    "ListAutopilotUpgradePlans",
    "ListAutopilotUpgradeWorkFlows",
    "ListRequests",
    "RetryAutopilotUpgradeClusterTask",
    "ShowAutopilotCluster",
    "ShowAutopilotClusterUpgradeInfo",
    "ShowAutopilotJob",
    "ShowAutopilotPreCheck",
    "ShowAutopilotUpgradeClusterTask",
    "ShowAutopilotUpgradeWorkFlow",
    "UpdateAutopilotUpgradePlan",
    "UpgradeAutopilotCluster",
    "UpgradeAutopilotWorkFlowUpdate",
];

/// Puts the examples where they belong.
pub(super) fn add(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (_, item) in paths {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(example) = of(operation) {
                put(operation, &example);
            }
        }
    }
}

fn of(operation: &Value) -> Option<Value> {
    let id = operation["operationId"].as_str()?;
    let (_, text) = EXAMPLES.iter().find(|(name, _)| *name == id)?;
    // A test reads each file; one that is no JSON is missing from the document.
    serde_json::from_str(text).ok()
}

fn put(operation: &mut Value, example: &Value) {
    if let Some(content) = operation.pointer_mut("/requestBody/content/application~1json") {
        content["example"] = example["request"].clone();
    }
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    for (_, response) in responses.filter(|(status, _)| status.starts_with('2')) {
        if let Some(content) = response.pointer_mut("/content/application~1json") {
            content["example"] = example["answer"].clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_the_example_of_an_operation() {
        let document = crate::openapi::document().to_string();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/openapi/examples");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), EXAMPLES.len());
        for (name, text) in EXAMPLES {
            let id = format!("\"operationId\":\"{name}\"");
            assert!(document.contains(&id), "{name}");
            let example: Value = serde_json::from_str(text).unwrap();
            assert!(example.get("answer").is_some(), "{name}");
        }
    }
}
