//! Plans of automatic upgrades: show the newest, delay it. They are made by the operator.

use airworthy_cce::{
    request::{parse_delay, require_json},
    time::SpacedTime,
    wire::{
        ApiVersion, DelayUpgradePlanRequestBody, ListAutopilotUpgradePlansResponse, Metadata,
        UpdateAutopilotUpgradePlanResponse, UpgradePlan, UpgradePlanKind, UpgradePlanPhase,
        UpgradePlanSpec, UpgradePlanStatus,
    },
};
use airworthy_store::Plan;
use airworthy_upgrade::plan::Phase;
use axum::{Json, extract::State};

use crate::{answer::Answer, app::App, call::Call, openapi::path_of};

/// Shows the newest plan of a cluster.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotUpgradePlans"),
    operation_id = "ListAutopilotUpgradePlans",
    tag = "Plan",
    responses((status = 200, description = "The newest plan, if there is one.", body = ListAutopilotUpgradePlansResponse)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    call: Call,
) -> Answer<ListAutopilotUpgradePlansResponse> {
    let newest = app.service.plan(&call.project, call.cluster()).await?;
    Ok(Json(ListAutopilotUpgradePlansResponse {
        items: newest.map(shown),
        ..ListAutopilotUpgradePlansResponse::default()
    }))
}

/// Delays a plan that has not begun.
///
/// `notAfter` moves by as much as `notBefore`, which stays in the future and before `notBeforeDeadline`.
#[utoipa::path(
    put,
    path = path_of("UpdateAutopilotUpgradePlan"),
    operation_id = "UpdateAutopilotUpgradePlan",
    tag = "Plan",
    request_body = DelayUpgradePlanRequestBody,
    responses((status = 200, description = "The plan as it is now.", body = UpdateAutopilotUpgradePlanResponse)),
)]
pub(crate) async fn update(
    State(app): State<App>,
    call: Call,
) -> Answer<UpdateAutopilotUpgradePlanResponse> {
    require_json(&call.headers)?;
    let not_before = parse_delay(call.body())?;
    let delayed = app
        .service
        .delay_plan(&call.project, call.cluster(), call.plan(), not_before)
        .await?;
    Ok(Json(shown(delayed)))
}

fn shown(plan: Plan) -> UpgradePlan {
    UpgradePlan {
        kind: UpgradePlanKind::UpgradePlan,
        api_version: ApiVersion::V3,
        metadata: Metadata {
            uid: Some(plan.id),
            creation_timestamp: Some(plan.created_at.into()),
            update_timestamp: Some(plan.updated_at.into()),
            ..Metadata::default()
        },
        spec: UpgradePlanSpec {
            cluster_id: plan.cluster_id,
            cluster_version: plan.cluster_version,
            target_version: plan.target_version,
            not_before: SpacedTime(plan.window.not_before),
            not_after: SpacedTime(plan.window.not_after),
            not_before_deadline: SpacedTime(plan.window.not_before_deadline),
        },
        status: UpgradePlanStatus {
            phase: phase(plan.phase),
        },
    }
}

fn phase(phase: Phase) -> UpgradePlanPhase {
    match phase {
        Phase::Pending => UpgradePlanPhase::Pending,
        Phase::Enqueued => UpgradePlanPhase::Enqueued,
        Phase::Upgrading => UpgradePlanPhase::Upgrading,
        Phase::Success => UpgradePlanPhase::Success,
        Phase::Failed => UpgradePlanPhase::Failed,
        Phase::Skipped => UpgradePlanPhase::Skipped,
    }
}
