//! Workflows: open one, show them, give one up.

use airworthy_cce::{
    request::{WorkflowChange, parse_workflow, parse_workflow_update, require_json},
    time::SpacedTime,
    wire::{
        ApiVersion, CreateAutopilotUpgradeWorkFlowResponse, CreateUpgradeWorkFlowRequestBody,
        LineStatus, ListAutopilotUpgradeWorkFlowsResponse, Metadata, PointStatus, Shapes,
        ShowAutopilotUpgradeWorkFlowResponse, TaskType, UpgradeAutopilotWorkFlowUpdateResponse,
        UpgradeWorkFlow, UpgradeWorkFlowUpdateRequestBody, UpgradeWorkflowTaskStatus, WorkFlowKind,
        WorkFlowPhase, WorkFlowSpec, WorkFlowStatus,
    },
};
use airworthy_store::{Phase, Task, TaskState, Workflow};
use airworthy_upgrade::workflow::{self, Canceller, LINES, Point};
use axum::{Json, extract::State};
use http::StatusCode;

use crate::{
    answer::{Answer, Refused},
    app::App,
    call::Call,
    openapi::path_of,
};

/// Opens a workflow for the upgrade of a cluster.
///
/// The versions of the answer are exact: what the cluster runs, and what the target stands for.
#[utoipa::path(
    post,
    path = path_of("CreateAutopilotUpgradeWorkFlow"),
    operation_id = "CreateAutopilotUpgradeWorkFlow",
    tag = "Workflow",
    request_body = CreateUpgradeWorkFlowRequestBody,
    responses(
        (status = 201, description = "Opened.", body = CreateAutopilotUpgradeWorkFlowResponse),
        (status = 409, description = "Another workflow of the cluster is not over."),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    call: Call,
) -> Result<(StatusCode, Json<CreateAutopilotUpgradeWorkFlowResponse>), Refused> {
    require_json(&call.headers)?;
    let request = parse_workflow(call.cluster(), call.body())?;
    let opened = app
        .service
        .create_workflow(&call.project, call.cluster(), request)
        .await?;
    Ok((StatusCode::CREATED, Json(shown(opened, app.shapes))))
}

/// Lists the workflows of a cluster, newest first.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotUpgradeWorkFlows"),
    operation_id = "ListAutopilotUpgradeWorkFlows",
    tag = "Workflow",
    responses((status = 200, description = "The workflows that are kept.", body = ListAutopilotUpgradeWorkFlowsResponse)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<ListAutopilotUpgradeWorkFlowsResponse> {
    let workflows = app.service.workflows(&call.project, call.cluster()).await?;
    let newest_first = workflows
        .into_iter()
        .map(|workflow| shown(workflow, app.shapes))
        .collect();
    Ok(Json(ListAutopilotUpgradeWorkFlowsResponse::of(
        newest_first,
        app.shapes,
    )))
}

/// Shows a workflow.
#[utoipa::path(
    get,
    path = path_of("ShowAutopilotUpgradeWorkFlow"),
    operation_id = "ShowAutopilotUpgradeWorkFlow",
    tag = "Workflow",
    responses((status = 200, description = "The workflow.", body = ShowAutopilotUpgradeWorkFlowResponse)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    call: Call,
) -> Answer<ShowAutopilotUpgradeWorkFlowResponse> {
    let found = app
        .service
        .workflow(&call.project, call.cluster(), call.workflow())
        .await?;
    Ok(Json(shown(found, app.shapes)))
}

/// Gives a workflow up.
///
/// That is possible in the phases `Init` and `Pending`, while no task of it is under way.
#[utoipa::path(
    patch,
    path = path_of("UpgradeAutopilotWorkFlowUpdate"),
    operation_id = "UpgradeAutopilotWorkFlowUpdate",
    tag = "Workflow",
    request_body = UpgradeWorkFlowUpdateRequestBody,
    responses((status = 200, description = "The workflow as it is now.", body = UpgradeAutopilotWorkFlowUpdateResponse)),
)]
pub(crate) async fn update(
    State(app): State<App>,
    call: Call,
) -> Answer<UpgradeAutopilotWorkFlowUpdateResponse> {
    require_json(&call.headers)?;
    let WorkflowChange::Cancel = parse_workflow_update(call.body())?;
    let by = Canceller::Caller;
    let cancelled = app
        .service
        .cancel_workflow(&call.project, call.cluster(), call.workflow(), by)
        .await?;
    Ok(Json(shown(cancelled, app.shapes)))
}

fn shown(workflow: Workflow, shapes: Shapes) -> UpgradeWorkFlow {
    let status = WorkFlowStatus {
        phase: phase(workflow.phase),
        point_statuses: Point::ALL.map(|it| point(it, workflow.task(it))).into(),
        line_statuses: LINES
            .iter()
            .map(|line| {
                LineStatus::between(
                    task_type(line.from),
                    task_type(line.to),
                    line.critical,
                    shapes,
                )
            })
            .collect(),
    };
    UpgradeWorkFlow {
        kind: WorkFlowKind::WorkFlowTask,
        api_version: ApiVersion::V3,
        metadata: Metadata {
            uid: Some(workflow.id),
            creation_timestamp: Some(workflow.created_at.into()),
            update_timestamp: Some(workflow.updated_at.into()),
            ..Metadata::default()
        },
        spec: WorkFlowSpec {
            cluster_id: Some(workflow.cluster_id),
            cluster_version: Some(workflow.cluster_version),
            target_version: Some(workflow.target_version),
        },
        status,
    }
}

/// A point, with its newest task if it ever had one.
fn point(point: Point, task: Option<&Task>) -> PointStatus {
    let fresh = PointStatus::fresh(task_type(point));
    let Some(task) = task else {
        return fresh;
    };
    PointStatus {
        task_id: Some(task.id.clone()),
        status: Some(status(task)),
        start_time_stamp: task.started_at.map(SpacedTime),
        end_time_stamp: task.ended_at.map(SpacedTime),
        expire_time_stamp: task
            .expires_at
            .filter(|_| point == Point::PreCheck)
            .map(SpacedTime),
        ..fresh
    }
}

fn status(task: &Task) -> UpgradeWorkflowTaskStatus {
    match (task.state, task.phase) {
        (TaskState::Init, _) => UpgradeWorkflowTaskStatus::Init,
        (TaskState::Queuing, _) => UpgradeWorkflowTaskStatus::Queuing,
        (TaskState::Running, _) => UpgradeWorkflowTaskStatus::Running,
        (TaskState::Done, Some(Phase::Success)) => UpgradeWorkflowTaskStatus::Success,
        (TaskState::Done, _) => UpgradeWorkflowTaskStatus::Failed,
    }
}

fn task_type(point: Point) -> TaskType {
    match point {
        Point::PreCheck => TaskType::PreCheck,
        Point::Snapshot => TaskType::Snapshot,
        Point::Cluster => TaskType::Cluster,
        Point::PostCheck => TaskType::PostCheck,
    }
}

fn phase(phase: workflow::Phase) -> WorkFlowPhase {
    match phase {
        workflow::Phase::Init => WorkFlowPhase::Init,
        workflow::Phase::Running => WorkFlowPhase::Running,
        workflow::Phase::Pending => WorkFlowPhase::Pending,
        workflow::Phase::Success => WorkFlowPhase::Success,
        workflow::Phase::Cancel => WorkFlowPhase::Cancel,
    }
}
