//! Identity routes: what SDKs look up by themselves to learn the id of the project named like their region.

use airworthy_cce::{
    ApiError,
    wire::{
        DomainResult, KeystoneListAuthDomainsResponse, KeystoneListProjectsResponse,
        KeystoneListRegionsResponse, Links, Named, ProjectLinks, ProjectResult, RegionResult,
    },
};
use airworthy_store::{Error as StoreError, Project};
use axum::{Json, extract::State};

use crate::{
    access::Who,
    answer::{Answer, Refused},
    app::App,
    call::Visit,
    openapi::path_of,
};

/// Id of the one domain that all users and projects are in; Keystone calls it so.
pub(crate) const DOMAIN: &str = "default";

/// Lists the projects that the caller may use, or the one of them with a name.
///
/// An access key is for one project; a user may have roles in several, whatever project the token is for.
#[utoipa::path(
    get,
    path = path_of("KeystoneListProjects"),
    operation_id = "KeystoneListProjects",
    tag = "Identity",
    params(("name" = Option<String>, Query, description = "Only the project of this name.")),
    responses((status = 200, description = "The projects.", body = KeystoneListProjectsResponse)),
)]
pub(crate) async fn list_projects(
    State(app): State<App>,
    visit: Visit,
) -> Answer<KeystoneListProjectsResponse> {
    let wanted = visit.query("name");
    let projects = usable(&app, &visit).await?;
    let projects = projects
        .into_iter()
        .filter(|project| wanted.is_none_or(|name| name == project.name))
        .map(shown);
    Ok(Json(KeystoneListProjectsResponse {
        projects: projects.collect(),
        links: links("/v3/projects"),
    }))
}

/// Refuses to add a project.
///
/// SDKs ask for it when none is named like their region. Projects are added by the operator, with `airworthy project add`.
#[utoipa::path(
    post,
    path = path_of("KeystoneCreateProject"),
    operation_id = "KeystoneCreateProject",
    tag = "Identity",
    request_body(content = Object, description = "Is not looked at."),
    responses(
        (status = 201, description = "Is never answered."),
        (status = 403, description = "Projects are added by the operator."),
    ),
)]
pub(crate) async fn create_project(_visit: Visit) -> Refused {
    let told = "Projects are added by the operator: airworthy project add --id ID --name NAME.";
    ApiError::forbidden(told).into()
}

/// Lists the one domain that all users and projects are in.
#[utoipa::path(
    get,
    path = path_of("KeystoneListAuthDomains"),
    operation_id = "KeystoneListAuthDomains",
    tag = "Identity",
    responses((status = 200, description = "The domain.", body = KeystoneListAuthDomainsResponse)),
)]
pub(crate) async fn list_domains(
    State(app): State<App>,
    _visit: Visit,
) -> Json<KeystoneListAuthDomainsResponse> {
    let Named { id, name } = domain(&app);
    let this = format!("/v3/domains/{id}");
    Json(KeystoneListAuthDomainsResponse {
        domains: vec![DomainResult {
            id,
            name,
            enabled: true,
            description: String::new(),
            links: ProjectLinks { this },
        }],
        links: links("/v3/auth/domains"),
    })
}

/// Lists regions: the names of the projects that the caller may use.
///
/// There are no regions here. SDKs take the name of a project for one, and look here when they find no project named so.
#[utoipa::path(
    get,
    path = path_of("KeystoneListRegions"),
    operation_id = "KeystoneListRegions",
    tag = "Identity",
    responses((status = 200, description = "The regions.", body = KeystoneListRegionsResponse)),
)]
pub(crate) async fn list_regions(
    State(app): State<App>,
    visit: Visit,
) -> Answer<KeystoneListRegionsResponse> {
    let projects = usable(&app, &visit).await?;
    let regions = projects.into_iter().map(|project| RegionResult {
        links: ProjectLinks {
            this: format!("/v3/regions/{}", project.name),
        },
        id: project.name,
        region_type: "public".to_owned(),
        description: String::new(),
    });
    Ok(Json(KeystoneListRegionsResponse {
        regions: regions.collect(),
        links: links("/v3/regions"),
    }))
}

/// The projects that the caller may use, by name.
async fn usable(app: &App, visit: &Visit) -> Result<Vec<Project>, StoreError> {
    let store = app.service.store();
    match (&visit.caller.who, &visit.caller.scope) {
        (Who::User { id, .. }, _) => store.projects_of_user(id).await,
        (Who::Key(_), Some((project, _))) => {
            Ok(store.project(project).await?.into_iter().collect())
        }
        (Who::Key(_), None) => Ok(Vec::new()),
    }
}

/// The domain that all users and projects are in.
pub(crate) fn domain(app: &App) -> Named {
    Named {
        id: DOMAIN.to_owned(),
        name: app.service.settings().domain.clone(),
    }
}

fn links(this: &str) -> Links {
    Links {
        this: this.to_owned(),
        previous: None,
        next: None,
    }
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
