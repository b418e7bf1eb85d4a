//! Post-checks: one request, one answer, within a minute.

use airworthy_cce::{
    request::{PostcheckRequest, parse_postcheck, require_json},
    wire::{
        ApiVersion, CreateAutopilotPostCheckResponse, PostCheckKind,
        PostcheckCluserResponseMetadata, PostcheckClusterRequestBody,
        PostcheckClusterResponseBodyStatus, PostcheckPhase, PostcheckSpec,
    },
};
use airworthy_model::Assessment;
use airworthy_service::PostcheckAnswer;
use airworthy_store::{Phase, Task, TaskKind, TaskState};
use axum::{Json, extract::State};

use crate::{
    answer::{Answer, Refused, broken},
    app::App,
    call::Call,
    openapi::path_of,
    probes::unavailable,
};

const UNFINISHED: &str = "the post-check is still running; the same request again joins it";
const STOPPING: &str = "the server is stopping; the post-check is finished after its restart, and the same request again joins it";

/// Accepts a post-check and waits for its end, or joins the one that runs.
#[utoipa::path(
    post,
    path = path_of("CreateAutopilotPostCheck"),
    operation_id = "CreateAutopilotPostCheck",
    tag = "Post-check",
    request_body = PostcheckClusterRequestBody,
    responses(
        (status = 200, description = "How the post-check ended; `Error` also when it is not over within a minute.", body = CreateAutopilotPostCheckResponse),
        (status = 409, description = "A post-check of other versions is not over."),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    call: Call,
) -> Answer<CreateAutopilotPostCheckResponse> {
    require_json(&call.headers)?;
    let request = parse_postcheck(call.cluster(), call.body())?;
    let asked = request.clone();
    let answer = tokio::select! {
        biased;
        answer = app.service.create_postcheck(&call.project, call.cluster(), request) => answer?,
        () = app.stopped() => return cut_short(&app, &call, asked).await,
    };
    match answer {
        PostcheckAnswer::Finished(task) => finished(*task, asked),
        PostcheckAnswer::Unfinished(task) => Ok(running(*task, asked, UNFINISHED)),
    }
}

/// What was accepted goes on after the restart; whether it was is in the store.
async fn cut_short(
    app: &App,
    call: &Call,
    asked: PostcheckRequest,
) -> Answer<CreateAutopilotPostCheckResponse> {
    let store = app.service.store();
    let (project, cluster, kind) = (&call.project, call.cluster(), TaskKind::Postcheck);
    // An unfinished task is the newest: nothing is accepted beside it.
    let newest = store
        .task_ids(project, cluster, kind)
        .await?
        .into_iter()
        .next();
    let newest = match newest {
        Some(id) => store.task(project, cluster, kind, &id).await?,
        None => None,
    };
    let active = newest.filter(|task| task.state != TaskState::Done);
    let stopping = || unavailable("The server is stopping; repeat the request.", None);
    active
        .map(|task| running(task, asked, STOPPING))
        .ok_or_else(stopping)
}

fn running(
    task: Task,
    asked: PostcheckRequest,
    message: &str,
) -> Json<CreateAutopilotPostCheckResponse> {
    let status = PostcheckClusterResponseBodyStatus {
        phase: PostcheckPhase::Error,
        message: Some(message.to_owned()),
    };
    answer(task, asked, None, status)
}

fn finished(
    mut task: Task,
    asked: PostcheckRequest,
) -> Result<Json<CreateAutopilotPostCheckResponse>, Refused> {
    let assessment: Option<Assessment> = task
        .result
        .take()
        .map(|stored| serde_json::from_slice(&stored))
        .transpose()
        .map_err(|error| broken(&error))?;
    let status = PostcheckClusterResponseBodyStatus {
        phase: match task.phase {
            Some(Phase::Success) => PostcheckPhase::Success,
            Some(Phase::Failed) => PostcheckPhase::Failed,
            Some(Phase::Error) | None => PostcheckPhase::Error,
        },
        message: task.message.take(),
    };
    Ok(answer(task, asked, assessment.as_ref(), status))
}

/// The versions are echoed as they were sent; where the caller was silent, they are those that were judged.
fn answer(
    task: Task,
    asked: PostcheckRequest,
    judged: Option<&Assessment>,
    status: PostcheckClusterResponseBodyStatus,
) -> Json<CreateAutopilotPostCheckResponse> {
    let from = || Some(judged?.path.as_ref()?.from.exact());
    let runs = || Some(judged?.version.as_ref()?.exact());
    Json(CreateAutopilotPostCheckResponse {
        api_version: ApiVersion::V3,
        kind: PostCheckKind::PostCheckTask,
        metadata: PostcheckCluserResponseMetadata { uid: task.id },
        spec: PostcheckSpec {
            cluster_id: Some(task.cluster_id),
            cluster_version: asked.cluster_version.or_else(from),
            target_version: asked.target_version.or_else(runs),
        },
        status,
    })
}
