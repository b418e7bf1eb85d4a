//! Upgrades: accept one, list them, show one, try a failed one again.

use airworthy_cce::{
    request::{parse_upgrade, require_json},
    time::SpacedTime,
    wire::{
        ClusterUpgradeResponseAction, ListAutopilotUpgradeClusterTasksResponse, Percent,
        ShowAutopilotUpgradeClusterTaskResponse, UpgradeAutopilotClusterResponse,
        UpgradeCluserResponseMetadata, UpgradeClusterRequestBody, UpgradePhase,
        UpgradeResponseSpec, UpgradeTaskMetadata, UpgradeTaskResponseBody, UpgradeTaskSpec,
        UpgradeTaskStatus,
    },
};
use airworthy_store::Task;
use airworthy_upgrade::task;
use axum::{Json, extract::State};
use serde_json::{Map, Value};

use crate::{
    answer::{Answer, Refused, broken},
    app::App,
    call::Call,
    openapi::path_of,
    versions,
};

/// Accepts an upgrade; the answer has the id to poll with.
///
/// A whole pre-check is made as its first step, unless `isOnlyUpgrade` leaves that out.
#[utoipa::path(
    post,
    path = path_of("UpgradeAutopilotCluster"),
    operation_id = "UpgradeAutopilotCluster",
    tag = "Upgrade",
    request_body = UpgradeClusterRequestBody,
    responses(
        (status = 200, description = "Accepted.", body = UpgradeAutopilotClusterResponse),
        (status = 409, description = "Another task of the cluster is not over."),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    call: Call,
) -> Answer<UpgradeAutopilotClusterResponse> {
    require_json(&call.headers)?;
    let request = parse_upgrade(call.body())?;
    let strategy = request.strategy();
    let task = app
        .service
        .create_upgrade(&call.project, call.cluster(), request)
        .await?;
    let spec = spec(&task)?;
    Ok(Json(UpgradeAutopilotClusterResponse {
        metadata: UpgradeCluserResponseMetadata { uid: task.id },
        spec: UpgradeResponseSpec {
            cluster_upgrade_action: ClusterUpgradeResponseAction {
                version: spec.version,
                target_version: spec.target_version.unwrap_or_default(),
                strategy,
                ..ClusterUpgradeResponseAction::default()
            },
        },
    }))
}

/// Lists the upgrades of a cluster, newest first.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotUpgradeClusterTasks"),
    operation_id = "ListAutopilotUpgradeClusterTasks",
    tag = "Upgrade",
    responses((status = 200, description = "The upgrades that are kept.", body = ListAutopilotUpgradeClusterTasksResponse)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<ListAutopilotUpgradeClusterTasksResponse> {
    let upgrades = app.service.upgrades(&call.project, call.cluster()).await?;
    Ok(Json(ListAutopilotUpgradeClusterTasksResponse {
        items: upgrades.into_iter().map(shown).collect::<Result<_, _>>()?,
        ..ListAutopilotUpgradeClusterTasksResponse::default()
    }))
}

/// Shows how far an upgrade is.
#[utoipa::path(
    get,
    path = path_of("ShowAutopilotUpgradeClusterTask"),
    operation_id = "ShowAutopilotUpgradeClusterTask",
    tag = "Upgrade",
    responses((status = 200, description = "The upgrade.", body = ShowAutopilotUpgradeClusterTaskResponse)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    call: Call,
) -> Answer<ShowAutopilotUpgradeClusterTaskResponse> {
    let task = app
        .service
        .upgrade(&call.project, call.cluster(), call.task())
        .await?;
    Ok(Json(shown(task)?))
}

/// Tries the newest upgrade of a cluster again, if it failed.
///
/// The task keeps its id. A body is not needed, and not looked at.
#[utoipa::path(
    post,
    path = path_of("RetryAutopilotUpgradeClusterTask"),
    operation_id = "RetryAutopilotUpgradeClusterTask",
    tag = "Upgrade",
    responses(
        (status = 200, description = "Queued; an empty object.", body = Object),
        (status = 409, description = "Another task of the cluster is not over."),
    ),
)]
pub(crate) async fn retry(State(app): State<App>, call: Call) -> Answer<Map<String, Value>> {
    app.service
        .retry_upgrade(&call.project, call.cluster())
        .await?;
    Ok(Json(Map::new()))
}

fn shown(task: Task) -> Result<UpgradeTaskResponseBody, Refused> {
    Ok(UpgradeTaskResponseBody {
        spec: spec(&task)?,
        status: UpgradeTaskStatus {
            phase: phase(task.life()),
            progress: Some(Percent::new(task.progress)),
            completion_time: task.ended_at.map(SpacedTime),
            message: task.message,
        },
        metadata: UpgradeTaskMetadata {
            uid: Some(task.id),
            creation_timestamp: Some(SpacedTime(task.created_at)),
            update_timestamp: Some(SpacedTime(task.updated_at)),
        },
        ..UpgradeTaskResponseBody::default()
    })
}

fn spec(task: &Task) -> Result<UpgradeTaskSpec, Refused> {
    let asked: airworthy_service::UpgradeTaskSpec =
        serde_json::from_str(&task.spec).map_err(|error| broken(&error))?;
    Ok(UpgradeTaskSpec {
        version: Some(asked.cluster_version.exact()),
        target_version: Some(versions::target(&asked.target_version)),
        items: Map::new(),
    })
}

fn phase(phase: task::Phase) -> UpgradePhase {
    match phase {
        task::Phase::Init => UpgradePhase::Init,
        task::Phase::Queuing => UpgradePhase::Queuing,
        task::Phase::Running => UpgradePhase::Running,
        task::Phase::Pause => UpgradePhase::Pause,
        task::Phase::Success => UpgradePhase::Success,
        task::Phase::Failed => UpgradePhase::Failed,
    }
}
