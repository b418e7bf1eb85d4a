//! The answer of the one identity route that SDKs call by themselves: `GET /v3/projects`.

use serde::{Deserialize, Serialize};

/// The answer of `GET /v3/projects`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeystoneListProjectsResponse {
    /// The caller's projects that match.
    pub projects: Vec<ProjectResult>,
    /// Links of the list.
    pub links: Links,
}

/// One project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectResult {
    /// Identifier, as paths carry it.
    pub id: String,
    /// Name, which SDKs compare with a region's id.
    pub name: String,
    /// Domain the project belongs to.
    pub domain_id: String,
    /// Whether the project is a domain: never.
    pub is_domain: bool,
    /// The project or domain above.
    pub parent_id: String,
    /// Whether the project may be used.
    pub enabled: bool,
    /// Text for people.
    pub description: String,
    /// Where the project is.
    pub links: ProjectLinks,
}

/// Where a project is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectLinks {
    /// Address of the project.
    #[serde(rename = "self")]
    pub this: String,
}

/// Where a list is; the neighbours are `null`, as there is one page only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Address of the list.
    #[serde(rename = "self")]
    pub this: String,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}
