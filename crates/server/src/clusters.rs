//! Clusters, as far as they were seen: nothing is asked of a cluster to answer these. Callers take in what the operator offers
//! them, and let it go.

mod shown;

use airworthy_cce::{
    request::{parse_cluster, parse_delete_options, parse_nothing, require_json},
    wire::{
        AutopilotCluster, AutopilotClusterRequestBody, ClusterPhase,
        CreateAutopilotClusterResponse, DeleteAutopilotClusterResponse,
        ListAutopilotClustersResponse, ShowAutopilotClusterResponse,
    },
};
use axum::{
    Json,
    extract::{RawQuery, State},
};
use http::StatusCode;

use crate::{
    answer::{Answer, Refused},
    app::App,
    call::Call,
    openapi::path_of,
};
use shown::Shown;

/// Lists the clusters of the caller's project that fit the filters of the query.
///
/// Parameters that are not known are ignored.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotClusters"),
    operation_id = "ListAutopilotClusters",
    tag = "Clusters",
    params(
        ("detail" = Option<String>, Query, description = "`true` adds totals of the nodes, as last read, to the annotations."),
        ("status" = Option<String>, Query, description = "Only clusters in this phase, such as `Available`."),
        ("type" = Option<String>, Query, description = "Only clusters of this type; all are `VirtualMachine`."),
        ("version" = Option<String>, Query, description = "Only clusters of this version, as the list shows it or exact."),
    ),
    responses((status = 200, description = "The clusters of the project.", body = ListAutopilotClustersResponse)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<ListAutopilotClustersResponse> {
    let clusters = app.service.store().clusters(&call.project).await?;
    let items = clusters
        .into_iter()
        .map(|cluster| Shown::asked(cluster, &call))
        .filter(|shown| shown.fits(&call))
        .map(|shown| shown.cluster)
        .collect();
    Ok(Json(ListAutopilotClustersResponse {
        items,
        ..ListAutopilotClustersResponse::default()
    }))
}

/// Shows a cluster.
#[utoipa::path(
    get,
    path = path_of("ShowAutopilotCluster"),
    operation_id = "ShowAutopilotCluster",
    tag = "Clusters",
    params(
        ("detail" = Option<String>, Query, description = "`true` adds totals of the nodes, as last read, to the annotations."),
    ),
    responses((status = 200, description = "The cluster.", body = AutopilotCluster)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    call: Call,
) -> Answer<ShowAutopilotClusterResponse> {
    let cluster = app.service.cluster(&call.project, call.cluster()).await?;
    Ok(Json(Shown::asked(cluster, &call).cluster))
}

/// Takes a cluster in that the operator offers under the name of the body.
///
/// No cluster is made: of the body only name and alias count. The job of the answer tells whether the cluster was reached.
#[utoipa::path(
    post,
    path = path_of("CreateAutopilotCluster"),
    operation_id = "CreateAutopilotCluster",
    tag = "Clusters",
    request_body = AutopilotClusterRequestBody,
    responses(
        (status = 201, description = "Accepted.", body = AutopilotCluster),
        (status = 409, description = "The project has a cluster of this name."),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    call: Call,
) -> Result<(StatusCode, Json<CreateAutopilotClusterResponse>), Refused> {
    require_json(&call.headers)?;
    let request = parse_cluster(call.body())?;
    let cluster = app.service.create_cluster(&call.project, request).await?;
    Ok((StatusCode::CREATED, Json(Shown::from(cluster).cluster)))
}

/// Lets a cluster go: what is kept of it is removed. The cluster itself is not touched, so the options of the query have
/// no effect.
#[utoipa::path(
    delete,
    path = path_of("DeleteAutopilotCluster"),
    operation_id = "DeleteAutopilotCluster",
    tag = "Clusters",
    params(
        ("delete_efs" = Option<String>, Query, description = "Without effect."),
        ("delete_eni" = Option<String>, Query, description = "Without effect."),
        ("delete_net" = Option<String>, Query, description = "Without effect."),
        ("delete_obs" = Option<String>, Query, description = "Without effect."),
        ("delete_sfs30" = Option<String>, Query, description = "Without effect."),
        ("lts_reclaim_policy" = Option<String>, Query, description = "Without effect."),
    ),
    responses((status = 200, description = "The cluster as it was, and the job.", body = AutopilotCluster)),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    call: Call,
) -> Answer<DeleteAutopilotClusterResponse> {
    parse_nothing(call.body())?;
    let options = parse_delete_options(query.as_deref().unwrap_or_default())?;
    let (cluster, job) = app
        .service
        .delete_cluster(&call.project, call.cluster())
        .await?;
    let mut gone = Shown::from(cluster).cluster;
    let mut status = gone.status.unwrap_or_default();
    status.phase = Some(ClusterPhase::Deleting);
    (status.reason, status.message) = (None, None);
    status.job_id = Some(job.id);
    status.delete_option = options;
    gone.status = Some(status);
    Ok(Json(gone))
}
