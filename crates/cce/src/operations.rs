//! The table of routes: what the API family has, and what of it this release answers.

use http::Method;

/// One route of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Name of the operation in the vendor's SDKs.
    pub name: &'static str,
    /// Method.
    pub method: Verb,
    /// Path with `{…}` for each variable segment, in the form axum takes too.
    pub path: &'static str,
    /// Status of a successful answer.
    pub success: u16,
    /// Whether this release answers it; the others get [`crate::ApiError::no_such_api`].
    pub implemented: bool,
}

/// A method of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the methods of HTTP")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::GET,
            Verb::Post => Self::POST,
            Verb::Put => Self::PUT,
            Verb::Patch => Self::PATCH,
            Verb::Delete => Self::DELETE,
        }
    }
}

const fn planned(name: &'static str, method: Verb, path: &'static str, success: u16) -> Operation {
    Operation {
        name,
        method,
        path,
        success,
        implemented: false,
    }
}

const fn served(name: &'static str, method: Verb, path: &'static str, success: u16) -> Operation {
    Operation {
        implemented: true,
        ..planned(name, method, path, success)
    }
}

macro_rules! project {
    ($rest:literal) => {
        concat!("/autopilot/v3/projects/{project_id}", $rest)
    };
}

macro_rules! cluster {
    ($rest:literal) => {
        concat!(
            "/autopilot/v3/projects/{project_id}/clusters/{cluster_id}",
            $rest
        )
    };
}

macro_rules! snapshot {
    ($rest:literal) => {
        concat!(
            "/autopilot/v3.1/projects/{project_id}/clusters/{cluster_id}/operation/snapshot",
            $rest
        )
    };
}

/// Every route: the upgrade family, the clusters around it, and the identity routes that SDKs call by themselves.
#[rustfmt::skip]
pub static OPERATIONS: &[Operation] = &[
    served("CreateAutopilotPreCheck", Verb::Post, cluster!("/operation/precheck"), 200),
    served("ListAutopilotPreCheckTasks", Verb::Get, cluster!("/operation/precheck/tasks"), 200),
    served("ShowAutopilotPreCheck", Verb::Get, cluster!("/operation/precheck/tasks/{task_id}"), 200),
    served("CreateAutopilotPostCheck", Verb::Post, cluster!("/operation/postcheck"), 200),
    planned("UpgradeAutopilotCluster", Verb::Post, cluster!("/operation/upgrade"), 200),
    planned("ListAutopilotUpgradeClusterTasks", Verb::Get, cluster!("/operation/upgrade/tasks"), 200),
    planned("ShowAutopilotUpgradeClusterTask", Verb::Get, cluster!("/operation/upgrade/tasks/{task_id}"), 200),
    planned("RetryAutopilotUpgradeClusterTask", Verb::Post, cluster!("/operation/upgrade/retry"), 200),
    planned("CreateAutopilotUpgradeWorkFlow", Verb::Post, cluster!("/operation/upgradeworkflows"), 201),
    planned("ListAutopilotUpgradeWorkFlows", Verb::Get, cluster!("/operation/upgradeworkflows"), 200),
    planned("ShowAutopilotUpgradeWorkFlow", Verb::Get, cluster!("/operation/upgradeworkflows/{upgrade_workflow_id}"), 200),
    planned("UpgradeAutopilotWorkFlowUpdate", Verb::Patch, cluster!("/operation/upgradeworkflows/{upgrade_workflow_id}"), 200),
    planned("ShowAutopilotClusterUpgradeInfo", Verb::Get, cluster!("/upgradeinfo"), 200),
    planned("ListAutopilotClusterUpgradePaths", Verb::Get, "/autopilot/v3/clusterupgradepaths", 200),
    planned("ListAutopilotClusterUpgradeFeatureGates", Verb::Get, "/autopilot/v3/clusterupgradefeaturegates", 200),
    planned("CreateAutopilotClusterMasterSnapshot", Verb::Post, snapshot!(""), 200),
    planned("ListAutopilotClusterMasterSnapshotTasks", Verb::Get, snapshot!("/tasks"), 200),
    planned("ListAutopilotUpgradePlans", Verb::Get, cluster!("/upgradeplans"), 200),
    planned("UpdateAutopilotUpgradePlan", Verb::Put, cluster!("/upgradeplans/{upgrade_plan_id}"), 200),
    planned("CreateAutopilotCluster", Verb::Post, project!("/clusters"), 201),
    served("ListAutopilotClusters", Verb::Get, project!("/clusters"), 200),
    served("ShowAutopilotCluster", Verb::Get, cluster!(""), 200),
    planned("DeleteAutopilotCluster", Verb::Delete, cluster!(""), 200),
    planned("ShowAutopilotJob", Verb::Get, project!("/jobs/{job_id}"), 200),
    planned("KeystoneCreateUserTokenByPassword", Verb::Post, "/v3/auth/tokens", 201),
    served("KeystoneListProjects", Verb::Get, "/v3/projects", 200),
    planned("KeystoneListAuthDomains", Verb::Get, "/v3/auth/domains", 200),
];

/// The operation of this name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_routes_are_unique() {
        let names: BTreeSet<_> = OPERATIONS.iter().map(|it| it.name).collect();
        let routes: BTreeSet<_> = OPERATIONS
            .iter()
            .map(|it| (it.path, format!("{:?}", it.method)))
            .collect();
        assert_eq!((names.len(), routes.len()), (27, 27));
        assert_eq!(OPERATIONS.len(), 27);
    }

    #[test]
    fn this_release_answers_the_checks_and_what_stands_around_them() {
        let served: Vec<_> = OPERATIONS
            .iter()
            .filter(|it| it.implemented)
            .map(|it| it.name)
            .collect();
        assert_eq!(
            served,
            [
                "CreateAutopilotPreCheck",
                "ListAutopilotPreCheckTasks",
                "ShowAutopilotPreCheck",
                "CreateAutopilotPostCheck",
                "ListAutopilotClusters",
                "ShowAutopilotCluster",
                "KeystoneListProjects",
            ]
        );
    }

    #[test]
    fn paths_are_absolute_and_have_no_trailing_slash() {
        for operation in OPERATIONS {
            assert!(operation.path.starts_with('/'), "{operation:?}");
            assert!(!operation.path.ends_with('/'), "{operation:?}");
        }
        let show = operation("ShowAutopilotPreCheck").unwrap();
        assert_eq!(
            show.path,
            "/autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/precheck/tasks/{task_id}"
        );
    }
}
