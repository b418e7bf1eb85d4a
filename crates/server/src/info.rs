//! What a cluster may be upgraded to, which ways there are, and what of the API is supported.

use std::collections::BTreeMap;

use airworthy_cce::{
    time::{SpacedTime, ZuluTime},
    wire::{
        GateState, ListAutopilotClusterUpgradeFeatureGatesResponse,
        ListAutopilotClusterUpgradePathsResponse, Metadata, Percent,
        ShowAutopilotClusterUpgradeInfoResponse, UpgradeFeatureGates, UpgradeInfoPhase,
        UpgradeInfoSpec, UpgradeInfoStatus, UpgradePath, UpgradeVersionInfo,
    },
};
use airworthy_model::KubeVersion;
use airworthy_service::Versions;
use airworthy_store::{Brief, Cluster, Phase, TaskState};
use axum::{Json, extract::State};

use crate::{answer::Answer, app::App, call::Call, openapi::path_of, versions};

/// Shows what a cluster runs, where it may go, and how its upgrades stand.
#[utoipa::path(
    get,
    path = path_of("ShowAutopilotClusterUpgradeInfo"),
    operation_id = "ShowAutopilotClusterUpgradeInfo",
    tag = "Upgrade information",
    responses((status = 200, description = "What is known.", body = ShowAutopilotClusterUpgradeInfoResponse)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    call: Call,
) -> Answer<ShowAutopilotClusterUpgradeInfoResponse> {
    let info = app
        .service
        .upgrade_info(&call.project, call.cluster())
        .await?;
    Ok(Json(ShowAutopilotClusterUpgradeInfoResponse {
        metadata: metadata(info.cluster),
        spec: UpgradeInfoSpec {
            last_upgrade_info: info.ended.as_ref().map(standing),
            version_info: info.versions.as_ref().map(version_info),
            upgrade_feature_gates: Some(UpgradeFeatureGates {
                support_upgrade_page_v4: Some(false),
            }),
        },
        status: info.newest.as_ref().map(standing),
        ..ShowAutopilotClusterUpgradeInfoResponse::default()
    }))
}

/// Lists the ways from each minor to others; newer patches of the same minor are told with each cluster.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotClusterUpgradePaths"),
    operation_id = "ListAutopilotClusterUpgradePaths",
    tag = "Upgrade information",
    responses((status = 200, description = "The ways.", body = ListAutopilotClusterUpgradePathsResponse)),
)]
pub(crate) async fn paths(
    State(app): State<App>,
    _call: Call,
) -> Answer<ListAutopilotClusterUpgradePathsResponse> {
    let ways = app.service.ways().into_iter();
    Ok(Json(ListAutopilotClusterUpgradePathsResponse {
        upgrade_paths: ways
            .map(|(from, to)| UpgradePath {
                version: versions::of_cluster(&from),
                // Only the vendor's clusters have one.
                platform_version: None,
                target_versions: exact(&to),
            })
            .collect(),
        ..ListAutopilotClusterUpgradePathsResponse::default()
    }))
}

/// Lists what of the API is supported.
#[utoipa::path(
    get,
    path = path_of("ListAutopilotClusterUpgradeFeatureGates"),
    operation_id = "ListAutopilotClusterUpgradeFeatureGates",
    tag = "Upgrade information",
    responses((status = 200, description = "The gates.", body = ListAutopilotClusterUpgradeFeatureGatesResponse)),
)]
pub(crate) async fn gates(_call: Call) -> Answer<ListAutopilotClusterUpgradeFeatureGatesResponse> {
    Ok(Json(ListAutopilotClusterUpgradeFeatureGatesResponse {
        upgrade_feature_gates: BTreeMap::from(GATES.map(|(name, state)| (name.to_owned(), state))),
        ..ListAutopilotClusterUpgradeFeatureGatesResponse::default()
    }))
}

/// What this server supports: pre-checks show their items; snapshots are recordings, not disks of the vendor; nodes are
/// skipped by their uid, not by a label; how nodes are upgraded is for the driver to decide.
const GATES: [(&str, GateState); 4] = [
    ("DisplayPreCheckDetail", GateState::Support),
    ("EvsSnapshot", GateState::Disable),
    ("LabelForSkippedNode", GateState::Disable),
    ("UpgradeStrategy", GateState::Default),
];

fn metadata(cluster: Cluster) -> Metadata {
    Metadata {
        uid: Some(cluster.id),
        name: Some(cluster.name),
        creation_timestamp: Some(ZuluTime(cluster.created_at)),
        update_timestamp: Some(ZuluTime(cluster.updated_at)),
        ..Metadata::default()
    }
}

fn version_info(versions: &Versions) -> UpgradeVersionInfo {
    let running = versions.running.exact();
    let (release, patch) = running.split_once('-').unwrap_or((&running, "r0"));
    UpgradeVersionInfo {
        release: Some(release.to_owned()),
        patch: Some(patch.to_owned()),
        suggest_patch: Some(format!("r{}", versions.suggested_release)),
        target_versions: exact(&versions.targets),
    }
}

fn exact(versions: &[KubeVersion]) -> Vec<String> {
    versions.iter().map(KubeVersion::exact).collect()
}

fn standing(upgrade: &Brief) -> UpgradeInfoStatus {
    let phase = match (upgrade.state, upgrade.phase) {
        (TaskState::Init | TaskState::Queuing, _) => UpgradeInfoPhase::Init,
        (TaskState::Running, _) => UpgradeInfoPhase::Running,
        (TaskState::Done, Some(Phase::Success)) => UpgradeInfoPhase::Success,
        (TaskState::Done, _) => UpgradeInfoPhase::Failed,
    };
    UpgradeInfoStatus {
        phase,
        progress: Some(Percent::new(upgrade.percent())),
        completion_time: upgrade.ended_at.map(SpacedTime),
    }
}
