//! Jobs: what taking a cluster in and letting it go leave behind.

use std::collections::BTreeMap;

use airworthy_cce::{
    time::SpacedTime,
    wire::{self, ApiVersion, JobMetadata, JobSpec, JobStatus, JobType},
};
use airworthy_store::{Job, JobKind, JobPhase};
use axum::{Json, extract::State};

use crate::{answer::Answer, app::App, call::Call, openapi::path_of};

/// Shows a job; it outlives its cluster.
#[utoipa::path(
    get,
    path = path_of("ShowAutopilotJob"),
    operation_id = "ShowAutopilotJob",
    tag = "Clusters",
    responses((status = 200, description = "The job.", body = wire::Job)),
)]
pub(crate) async fn show(State(app): State<App>, call: Call) -> Answer<wire::Job> {
    let job = app.service.job(&call.project, call.job()).await?;
    Ok(Json(shown(job)))
}

fn shown(job: Job) -> wire::Job {
    let phase = match job.phase {
        JobPhase::Initializing => wire::JobPhase::Initializing,
        JobPhase::Running => wire::JobPhase::Running,
        JobPhase::Failed => wire::JobPhase::Failed,
        JobPhase::Success => wire::JobPhase::Success,
    };
    wire::Job {
        kind: wire::JobKind::Job,
        api_version: ApiVersion::V3,
        metadata: JobMetadata {
            uid: job.id,
            creation_timestamp: Some(SpacedTime(job.created_at)),
            update_timestamp: Some(SpacedTime(job.updated_at)),
        },
        spec: JobSpec {
            job_type: match job.kind {
                JobKind::CreateCluster => JobType::CreateCluster,
                JobKind::DeleteCluster => JobType::DeleteCluster,
            },
            resource_id: Some(job.cluster_id.clone()),
            cluster_uid: Some(job.cluster_id),
            resource_name: Some(job.cluster_name),
            extend_param: BTreeMap::new(),
            sub_jobs: Vec::new(),
        },
        status: JobStatus {
            phase,
            reason: job.reason,
        },
    }
}
