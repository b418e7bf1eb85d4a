//! The table of routes: the API family, and what stands around it.

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

const fn row(
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
    row("CreateAutopilotPreCheck", Verb::Post, cluster!("/operation/precheck"), 200, OPERATE),
    row("ListAutopilotPreCheckTasks", Verb::Get, cluster!("/operation/precheck/tasks"), 200, READ),
    row("ShowAutopilotPreCheck", Verb::Get, cluster!("/operation/precheck/tasks/{task_id}"), 200, READ),
    row("CreateAutopilotPostCheck", Verb::Post, cluster!("/operation/postcheck"), 200, OPERATE),
    row("UpgradeAutopilotCluster", Verb::Post, cluster!("/operation/upgrade"), 200, OPERATE),
    row("ListAutopilotUpgradeClusterTasks", Verb::Get, cluster!("/operation/upgrade/tasks"), 200, READ),
    row("ShowAutopilotUpgradeClusterTask", Verb::Get, cluster!("/operation/upgrade/tasks/{task_id}"), 200, READ),
    row("RetryAutopilotUpgradeClusterTask", Verb::Post, cluster!("/operation/upgrade/retry"), 200, OPERATE),
    row("CreateAutopilotUpgradeWorkFlow", Verb::Post, cluster!("/operation/upgradeworkflows"), 201, OPERATE),
    row("ListAutopilotUpgradeWorkFlows", Verb::Get, cluster!("/operation/upgradeworkflows"), 200, READ),
    row("ShowAutopilotUpgradeWorkFlow", Verb::Get, cluster!("/operation/upgradeworkflows/{upgrade_workflow_id}"), 200, READ),
    row("UpgradeAutopilotWorkFlowUpdate", Verb::Patch, cluster!("/operation/upgradeworkflows/{upgrade_workflow_id}"), 200, OPERATE),
    row("ShowAutopilotClusterUpgradeInfo", Verb::Get, cluster!("/upgradeinfo"), 200, READ),
    row("ListAutopilotClusterUpgradePaths", Verb::Get, "/autopilot/v3/clusterupgradepaths", 200, READ),
    row("ListAutopilotClusterUpgradeFeatureGates", Verb::Get, "/autopilot/v3/clusterupgradefeaturegates", 200, READ),
    row("CreateAutopilotClusterMasterSnapshot", Verb::Post, snapshot!(""), 200, OPERATE),
    row("ListAutopilotClusterMasterSnapshotTasks", Verb::Get, snapshot!("/tasks"), 200, READ),
    row("ListAutopilotUpgradePlans", Verb::Get, cluster!("/upgradeplans"), 200, READ),
    row("UpdateAutopilotUpgradePlan", Verb::Put, cluster!("/upgradeplans/{upgrade_plan_id}"), 200, OPERATE),
    row("CreateAutopilotCluster", Verb::Post, project!("/clusters"), 201, ADMIN),
    row("ListAutopilotClusters", Verb::Get, project!("/clusters"), 200, READ),
    row("ShowAutopilotCluster", Verb::Get, cluster!(""), 200, READ),
    row("DeleteAutopilotCluster", Verb::Delete, cluster!(""), 200, ADMIN),
    row("ShowAutopilotJob", Verb::Get, project!("/jobs/{job_id}"), 200, READ),
    row("KeystoneCreateUserTokenByPassword", Verb::Post, "/v3/auth/tokens", 201, ANYBODY),
    row("KeystoneListProjects", Verb::Get, "/v3/projects", 200, READ),
    row("KeystoneListAuthDomains", Verb::Get, "/v3/auth/domains", 200, READ),
    row("KeystoneListRegions", Verb::Get, "/v3/regions", 200, READ),
    row("KeystoneCreateProject", Verb::Post, "/v3/projects", 201, READ),
];

/// Routes that the vendor does not have.
#[rustfmt::skip]
pub static OWN: &[Operation] = &[
    row("ListRequests", Verb::Get, "/audit/v1/projects/{project_id}/requests", 200, ADMIN),
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
