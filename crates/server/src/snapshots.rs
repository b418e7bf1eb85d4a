//! Snapshots: accept one, list them.

use airworthy_cce::{
    request::parse_nothing,
    time::SpacedTime,
    wire::{
        CreateAutopilotClusterMasterSnapshotResponse,
        ListAutopilotClusterMasterSnapshotTasksResponse, Percent, SnapshotItemType, SnapshotSpec,
        SnapshotSpecItems, SnapshotStatus, SnapshotTask, SnapshotTaskMetadata, SnapshotTaskStatus,
        UpgradePhase,
    },
};
use airworthy_service::{PartPhase, SnapshotPart};
use airworthy_store::{Brief, Phase, TaskState};
use axum::{Json, extract::State};

use crate::{answer::Answer, app::App, call::Call, openapi::path_of};

/// Accepts a snapshot: a recording of the cluster, and a backup where the operator has a program for it.
#[utoipa::path(
    post,
    path = path_of("CreateAutopilotClusterMasterSnapshot"),
    operation_id = "CreateAutopilotClusterMasterSnapshot",
    tag = "Snapshot",
    responses(
        (status = 200, description = "Accepted.", body = CreateAutopilotClusterMasterSnapshotResponse),
        (status = 409, description = "A snapshot or an upgrade of the cluster is not over."),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    call: Call,
) -> Answer<CreateAutopilotClusterMasterSnapshotResponse> {
    parse_nothing(call.body())?;
    let task = app
        .service
        .create_snapshot(&call.project, call.cluster())
        .await?;
    Ok(Json(CreateAutopilotClusterMasterSnapshotResponse {
        uid: task.id,
        ..CreateAutopilotClusterMasterSnapshotResponse::default()
    }))
}

/// Lists the snapshots of a cluster, newest first.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotClusterMasterSnapshotTasks"),
    operation_id = "ListAutopilotClusterMasterSnapshotTasks",
    tag = "Snapshot",
    responses((status = 200, description = "The snapshots.", body = ListAutopilotClusterMasterSnapshotTasksResponse)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<ListAutopilotClusterMasterSnapshotTasksResponse> {
    let found = app.service.snapshots(&call.project, call.cluster()).await?;
    let items = found.all.into_iter();
    Ok(Json(ListAutopilotClusterMasterSnapshotTasksResponse {
        items: items.map(|(task, parts)| shown(task, parts)).collect(),
        status: SnapshotTaskStatus {
            latest_backup_time: found.latest.map(SpacedTime),
        },
        ..ListAutopilotClusterMasterSnapshotTasksResponse::default()
    }))
}

fn shown(task: Brief, parts: Vec<SnapshotPart>) -> SnapshotTask {
    let created = Some(SpacedTime(task.created_at));
    let updated = Some(SpacedTime(task.updated_at));
    let item = |part: SnapshotPart| SnapshotSpecItems {
        id: Some(part.id),
        item_type: SnapshotItemType::MasterBackup,
        status: phase_of(part.phase),
        creation_timestamp: created,
        update_timestamp: updated,
        message: part.message,
    };
    SnapshotTask {
        spec: SnapshotSpec {
            items: parts.into_iter().map(item).collect(),
        },
        status: SnapshotStatus {
            phase: phase(&task),
            progress: Some(Percent::new(task.percent())),
            completion_time: task.ended_at.map(SpacedTime),
        },
        metadata: SnapshotTaskMetadata {
            uid: Some(task.id),
            creation_timestamp: created,
            update_timestamp: updated,
        },
        ..SnapshotTask::default()
    }
}

fn phase(task: &Brief) -> UpgradePhase {
    match (task.state, task.phase) {
        (TaskState::Init, _) => UpgradePhase::Init,
        (TaskState::Queuing, _) => UpgradePhase::Queuing,
        (TaskState::Running, _) => UpgradePhase::Running,
        (TaskState::Done, Some(Phase::Success)) => UpgradePhase::Success,
        // The wire has no word for a snapshot that could not be tried.
        (TaskState::Done, _) => UpgradePhase::Failed,
    }
}

fn phase_of(part: PartPhase) -> UpgradePhase {
    match part {
        PartPhase::Init => UpgradePhase::Init,
        PartPhase::Running => UpgradePhase::Running,
        PartPhase::Success => UpgradePhase::Success,
        PartPhase::Failed => UpgradePhase::Failed,
    }
}
