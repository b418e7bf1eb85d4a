//! The table of routes: what the API family has, and what of it this release answers.

use airworthy_model::Role;
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
    /// The least role that may call it; `None` where no credentials are asked for.
    pub role: Option<Role>,
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

const fn planned(
    name: &'static str,
    method: Verb,
    path: &'static str,
    success: u16,
    role: Option<Role>,
) -> Operation {
    Operation {
        name,
        method,
        path,
        success,
        role,
        implemented: false,
    }
}

const fn served(
    name: &'static str,
    method: Verb,
    path: &'static str,
    success: u16,
    role: Option<Role>,
) -> Operation {
    Operation {
        implemented: true,
        ..planned(name, method, path, success, role)
    }
}

/// Who may call, as the table says it.
const READ: Option<Role> = Some(Role::ReadOnly);
const OPERATE: Option<Role> = Some(Role::Operator);
const ADMIN: Option<Role> = Some(Role::Admin);
const ANYBODY: Option<Role> = None;

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
    served("CreateAutopilotPreCheck", Verb::Post, cluster!("/operation/precheck"), 200, OPERATE),
    served("ListAutopilotPreCheckTasks", Verb::Get, cluster!("/operation/precheck/tasks"), 200, READ),
    served("ShowAutopilotPreCheck", Verb::Get, cluster!("/operation/precheck/tasks/{task_id}"), 200, READ),
    served("CreateAutopilotPostCheck", Verb::Post, cluster!("/operation/postcheck"), 200, OPERATE),
    served("UpgradeAutopilotCluster", Verb::Post, cluster!("/operation/upgrade"), 200, OPERATE),
    served("ListAutopilotUpgradeClusterTasks", Verb::Get, cluster!("/operation/upgrade/tasks"), 200, READ),
    served("ShowAutopilotUpgradeClusterTask", Verb::Get, cluster!("/operation/upgrade/tasks/{task_id}"), 200, READ),
    served("RetryAutopilotUpgradeClusterTask", Verb::Post, cluster!("/operation/upgrade/retry"), 200, OPERATE),
    served("CreateAutopilotUpgradeWorkFlow", Verb::Post, cluster!("/operation/upgradeworkflows"), 201, OPERATE),
    served("ListAutopilotUpgradeWorkFlows", Verb::Get, cluster!("/operation/upgradeworkflows"), 200, READ),
    served("ShowAutopilotUpgradeWorkFlow", Verb::Get, cluster!("/operation/upgradeworkflows/{upgrade_workflow_id}"), 200, READ),
    served("UpgradeAutopilotWorkFlowUpdate", Verb::Patch, cluster!("/operation/upgradeworkflows/{upgrade_workflow_id}"), 200, OPERATE),
    served("ShowAutopilotClusterUpgradeInfo", Verb::Get, cluster!("/upgradeinfo"), 200, READ),
    served("ListAutopilotClusterUpgradePaths", Verb::Get, "/autopilot/v3/clusterupgradepaths", 200, READ),
    served("ListAutopilotClusterUpgradeFeatureGates", Verb::Get, "/autopilot/v3/clusterupgradefeaturegates", 200, READ),
    served("CreateAutopilotClusterMasterSnapshot", Verb::Post, snapshot!(""), 200, OPERATE),
    served("ListAutopilotClusterMasterSnapshotTasks", Verb::Get, snapshot!("/tasks"), 200, READ),
    served("ListAutopilotUpgradePlans", Verb::Get, cluster!("/upgradeplans"), 200, READ),
    served("UpdateAutopilotUpgradePlan", Verb::Put, cluster!("/upgradeplans/{upgrade_plan_id}"), 200, OPERATE),
    served("CreateAutopilotCluster", Verb::Post, project!("/clusters"), 201, ADMIN),
    served("ListAutopilotClusters", Verb::Get, project!("/clusters"), 200, READ),
    served("ShowAutopilotCluster", Verb::Get, cluster!(""), 200, READ),
    served("DeleteAutopilotCluster", Verb::Delete, cluster!(""), 200, ADMIN),
    served("ShowAutopilotJob", Verb::Get, project!("/jobs/{job_id}"), 200, READ),
    served("KeystoneCreateUserTokenByPassword", Verb::Post, "/v3/auth/tokens", 201, ANYBODY),
    served("KeystoneListProjects", Verb::Get, "/v3/projects", 200, READ),
    served("KeystoneListAuthDomains", Verb::Get, "/v3/auth/domains", 200, READ),
    served("KeystoneListRegions", Verb::Get, "/v3/regions", 200, READ),
    served("KeystoneCreateProject", Verb::Post, "/v3/projects", 201, READ),
];

/// Routes that the vendor does not have.
#[rustfmt::skip]
pub static OWN: &[Operation] = &[
    served("ListRequests", Verb::Get, "/audit/v1/projects/{project_id}/requests", 200, ADMIN),
];

/// The operation of this name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    all().find(|operation| operation.name == name)
}

/// The operation that a route answers.
pub fn at(method: &Method, path: &str) -> Option<&'static Operation> {
    all().find(|operation| operation.path == path && Method::from(operation.method) == *method)
}

fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(OWN)
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
        assert_eq!((names.len(), routes.len()), (29, 29));
        assert_eq!(OPERATIONS.len(), 29);
        for operation in OPERATIONS.iter().chain(OWN) {
            let found = at(&operation.method.into(), operation.path);
            assert_eq!(found, Some(operation));
        }
        assert_eq!(at(&Method::PUT, "/v3/projects"), None);
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
                "UpgradeAutopilotCluster",
                "ListAutopilotUpgradeClusterTasks",
                "ShowAutopilotUpgradeClusterTask",
                "RetryAutopilotUpgradeClusterTask",
                "CreateAutopilotUpgradeWorkFlow",
                "ListAutopilotUpgradeWorkFlows",
                "ShowAutopilotUpgradeWorkFlow",
                "UpgradeAutopilotWorkFlowUpdate",
                "ShowAutopilotClusterUpgradeInfo",
                "ListAutopilotClusterUpgradePaths",
                "ListAutopilotClusterUpgradeFeatureGates",
                "CreateAutopilotClusterMasterSnapshot",
                "ListAutopilotClusterMasterSnapshotTasks",
                "ListAutopilotUpgradePlans",
                "UpdateAutopilotUpgradePlan",
                "CreateAutopilotCluster",
                "ListAutopilotClusters",
                "ShowAutopilotCluster",
                "DeleteAutopilotCluster",
                "ShowAutopilotJob",
                "KeystoneCreateUserTokenByPassword",
                "KeystoneListProjects",
                "KeystoneListAuthDomains",
                "KeystoneListRegions",
                "KeystoneCreateProject",
            ]
        );
    }

    #[test]
    fn reading_takes_the_least_role_and_only_logging_in_takes_none() {
        for operation in OPERATIONS {
            let least = match (operation.method, operation.name) {
                (_, "KeystoneCreateUserTokenByPassword") => None,
                (_, "CreateAutopilotCluster" | "DeleteAutopilotCluster") => Some(Role::Admin),
                (Verb::Get, _) | (_, "KeystoneCreateProject") => Some(Role::ReadOnly),
                _ => Some(Role::Operator),
            };
            assert_eq!(operation.role, least, "{}", operation.name);
        }
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
