//! The one identity route that SDKs call by themselves, to learn the id of the project named like their region.

use airworthy_cce::wire::{KeystoneListProjectsResponse, Links, ProjectLinks, ProjectResult};
use airworthy_store::Project;
use axum::{Json, extract::State};

use crate::{answer::Answer, app::App, call::Call, openapi::path_of};

/// There are no domains; this is what Keystone calls the one that everything is in.
const DOMAIN: &str = "default";

/// Lists the caller's project, unless the query asks for another name.
#[utoipa::path(
    get,
    path = path_of("KeystoneListProjects"),
    operation_id = "KeystoneListProjects",
    tag = "Identity",
    params(("name" = Option<String>, Query, description = "Only the project of this name.")),
    responses((status = 200, description = "The projects.")),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<KeystoneListProjectsResponse> {
    let wanted = call.query("name");
    let project = app.service.store().project(&call.project).await?;
    let projects = project
        .into_iter()
        .filter(|project| wanted.is_none_or(|name| name == project.name))
        .map(shown);
    Ok(Json(KeystoneListProjectsResponse {
        projects: projects.collect(),
        links: Links {
            this: "/v3/projects".to_owned(),
            previous: None,
            next: None,
        },
    }))
}

fn shown(project: Project) -> ProjectResult {
    let this = format!("/v3/projects/{}", project.id);
    ProjectResult {
        id: project.id,
        name: project.name,
        domain_id: DOMAIN.to_owned(),
        is_domain: false,
        parent_id: DOMAIN.to_owned(),
        enabled: true,
        description: String::new(),
        links: ProjectLinks { this },
    }
}
