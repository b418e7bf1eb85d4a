//! Pre-checks: accept one, show one, list them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use airworthy_assess::Catalogue;
use airworthy_cce::{
    mapping,
    request::{Skip, parse_precheck, require_json},
    time::SpacedTime,
    wire::{
        AddonCheckStatus, CheckPhase, ClusterCheckStatus, CreateAutopilotPreCheckResponse,
        ListAutopilotPreCheckTasksResponse, NodeCheckStatus, PrecheckCluserResponseMetadata,
        PrecheckClusterRequestBody, PrecheckClusterTask, PrecheckSpec, PrecheckStatus,
        PrecheckTaskMetadata, ResourceSelector, SkippedCheckItemList, TaskPhase,
    },
};
use airworthy_model::{Assessment, CheckInfo, KubeVersion, Phase as When};
use airworthy_service::{Error, PrecheckTaskSpec, Ready};
use airworthy_store::{Phase, Task, TaskState};
use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header::CONTENT_TYPE};

use crate::{
    answer::{Answer, Refused, broken},
    app::App,
    call::Call,
    observe::Detail,
    openapi::path_of,
    versions,
};

/// Accepts a pre-check; the answer has the id to poll with.
#[utoipa::path(
    post,
    path = path_of("CreateAutopilotPreCheck"),
    operation_id = "CreateAutopilotPreCheck",
    tag = "Pre-check",
    request_body = PrecheckClusterRequestBody,
    responses(
        (status = 200, description = "Accepted.", body = CreateAutopilotPreCheckResponse),
        (status = 409, description = "A pre-check or an upgrade of the cluster is not over."),
    ),
)]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Response, Refused> {
    require_json(&call.headers)?;
    let request = parse_precheck(call.cluster(), call.body())?;
    let accepted = told(&request.skips).map(Detail);
    let task = app
        .service
        .create_precheck(&call.project, call.cluster(), request, &call.actor())
        .await?;
    let answer = Json(CreateAutopilotPreCheckResponse {
        spec: spec(&task, None)?,
        status: unfinished(TaskPhase::Init, CheckPhase::Init),
        metadata: PrecheckCluserResponseMetadata { uid: task.id },
        ..CreateAutopilotPreCheckResponse::default()
    });
    Ok((accepted.map(Extension), answer).into_response())
}

/// What a request accepts, for the trail.
fn told(skips: &[Skip]) -> Option<String> {
    let one = |skip: &Skip| match &skip.node_uids {
        Some(uids) => format!("{} on nodes {}", skip.name, uids.join(" ")),
        None => skip.name.clone(),
    };
    let all: Vec<_> = skips.iter().map(one).collect();
    (!all.is_empty()).then(|| format!("skips {}", all.join(", ")))
}

/// Shows a pre-check, with its items once it has ended.
#[utoipa::path(
    get,
    path = path_of("ShowAutopilotPreCheck"),
    operation_id = "ShowAutopilotPreCheck",
    tag = "Pre-check",
    responses((status = 200, description = "The pre-check.", body = PrecheckClusterTask)),
)]
pub(crate) async fn show(State(app): State<App>, call: Call) -> Result<Response, Refused> {
    let ready = app
        .service
        .ready_precheck(&call.project, call.cluster(), call.task());
    if let Some(ready) = ready.await? {
        let json = HeaderValue::from_static("application/json");
        return Ok(([(CONTENT_TYPE, json)], ready).into_response());
    }
    let task = app
        .service
        .precheck(&call.project, call.cluster(), call.task())
        .await?;
    let catalogue = &app.service.settings().catalogue;
    Ok(Json(shown(task, &catalogue.infos(Some(When::Pre)))?).into_response())
}

/// Changes when what is shown of the same task does, by the code of this program and not by its version or its checks.
const FORM: u32 = 1;

/// How finished pre-checks are written once and for all.
pub fn ready(catalogue: &Catalogue) -> Ready {
    let infos = catalogue.infos(Some(When::Pre));
    let mut hasher = DefaultHasher::new();
    (FORM, env!("CARGO_PKG_VERSION"), format!("{infos:?}")).hash(&mut hasher);
    Ready {
        form: hasher.finish().cast_signed(),
        write: |task, catalogue| {
            let shown = shown(task, &catalogue.infos(Some(When::Pre))).ok()?;
            serde_json::to_vec(&shown).ok()
        },
    }
}

/// Lists the pre-checks of a cluster, newest first.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotPreCheckTasks"),
    operation_id = "ListAutopilotPreCheckTasks",
    tag = "Pre-check",
    responses((status = 200, description = "The pre-checks that are kept.", body = ListAutopilotPreCheckTasksResponse)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<ListAutopilotPreCheckTasksResponse> {
    let (project, cluster) = (&call.project, call.cluster());
    let infos = app.service.settings().catalogue.infos(Some(When::Pre));
    let mut items = Vec::new();
    // One after the other: a stored result is much larger than what is shown of it.
    for id in app.service.precheck_ids(project, cluster).await? {
        match app.service.precheck(project, cluster, &id).await {
            Ok(task) => items.push(shown(task, &infos)?),
            // Removed since its id was read, as the oldest is when a new one comes.
            Err(Error::UnknownTask(_)) => (),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(ListAutopilotPreCheckTasksResponse {
        items,
        ..ListAutopilotPreCheckTasksResponse::default()
    }))
}

fn shown(mut task: Task, infos: &[&CheckInfo]) -> Result<PrecheckClusterTask, Refused> {
    let assessment: Option<Assessment> = task
        .result
        .take()
        .map(|stored| serde_json::from_slice(&stored))
        .transpose()
        .map_err(|error| broken(&error))?;
    Ok(PrecheckClusterTask {
        spec: spec(&task, assessment.as_ref())?,
        status: status(&task, assessment.as_ref(), infos),
        metadata: PrecheckTaskMetadata {
            uid: task.id,
            creation_timestamp: Some(SpacedTime(task.created_at)),
            update_timestamp: Some(SpacedTime(task.updated_at)),
        },
        ..PrecheckClusterTask::default()
    })
}

/// What was asked for; the version that runs is the one that was judged, once it was.
fn spec(task: &Task, assessment: Option<&Assessment>) -> Result<PrecheckSpec, Refused> {
    let asked: PrecheckTaskSpec =
        serde_json::from_str(&task.spec).map_err(|error| broken(&error))?;
    let runs = assessment
        .and_then(|assessment| assessment.version.as_ref())
        .or(asked.cluster_version.as_ref());
    let skips = asked.skips.into_iter().map(|skip| SkippedCheckItemList {
        name: Some(skip.name),
        resource_selector: skip.node_uids.map(|values| ResourceSelector {
            key: Some("node.uid".to_owned()),
            values,
            operator: Some("In".to_owned()),
        }),
    });
    Ok(PrecheckSpec {
        cluster_id: Some(task.cluster_id.clone()),
        cluster_version: runs.map(KubeVersion::exact),
        target_version: Some(versions::target(&asked.target_version)),
        skipped_check_item_list: skips.collect(),
    })
}

fn status(task: &Task, assessment: Option<&Assessment>, infos: &[&CheckInfo]) -> PrecheckStatus {
    let phase = match (task.state, task.phase) {
        (TaskState::Init | TaskState::Queuing, _) => {
            return unfinished(TaskPhase::Init, CheckPhase::Init);
        }
        (TaskState::Running, _) => return unfinished(TaskPhase::Running, CheckPhase::Running),
        (TaskState::Done, Some(Phase::Success)) => TaskPhase::Success,
        (TaskState::Done, Some(Phase::Failed)) => TaskPhase::Failed,
        (TaskState::Done, Some(Phase::Error) | None) => TaskPhase::Error,
    };
    let groups = assessment.map(|assessment| mapping::precheck_status(assessment, infos));
    PrecheckStatus {
        phase,
        expire_time_stamp: task.expires_at.map(SpacedTime),
        message: task.message.clone(),
        ..groups.unwrap_or_default()
    }
}

/// A task that has not ended, nor has any of its groups.
fn unfinished(phase: TaskPhase, group: CheckPhase) -> PrecheckStatus {
    PrecheckStatus {
        phase,
        cluster_check_status: Some(ClusterCheckStatus {
            phase: group,
            ..ClusterCheckStatus::default()
        }),
        addon_check_status: Some(AddonCheckStatus {
            phase: group,
            ..AddonCheckStatus::default()
        }),
        node_check_status: Some(NodeCheckStatus {
            phase: group,
            ..NodeCheckStatus::default()
        }),
        ..PrecheckStatus::default()
    }
}
