//! Workflows: the order of tasks that an upgrade is made of.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::{ApiVersion, ListKind, Metadata, Shapes, object};
use crate::time::SpacedTime;

/// The kind of every workflow body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum WorkFlowKind {
    /// The only value there is.
    #[default]
    WorkFlowTask,
}

/// The body of `CreateAutopilotUpgradeWorkFlow` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUpgradeWorkFlowRequestBody {
    /// Must be `WorkFlowTask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "WorkFlowTask")]
    pub kind: Option<String>,
    /// Must be `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "v3")]
    pub api_version: Option<String>,
    /// The upgrade that is wanted.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub spec: Option<WorkFlowSpec>,
}

/// The upgrade a workflow is about, in requests and answers; in answers both versions are exact and never absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkFlowSpec {
    /// Cluster that is upgraded; the one of the path when absent.
    #[serde(rename = "clusterID", default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "8978deaa-1743-11ee-8e46-0255ac10004c")]
    pub cluster_id: Option<String>,
    /// Version the cluster runs; the one it runs when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "v1.31.14-r0")]
    pub cluster_version: Option<String>,
    /// Version to go to, exact or minor only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "v1.32")]
    pub target_version: Option<String>,
}

/// One workflow: the answer of creating, showing and changing one, and an entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeWorkFlow {
    /// Always `WorkFlowTask`.
    pub kind: WorkFlowKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Identity and times, in RFC 3339.
    pub metadata: Metadata,
    /// The upgrade it is about.
    pub spec: WorkFlowSpec,
    /// How far it has come.
    pub status: WorkFlowStatus,
}

/// The answer of `CreateAutopilotUpgradeWorkFlow`.
pub type CreateAutopilotUpgradeWorkFlowResponse = UpgradeWorkFlow;
/// The answer of `ShowAutopilotUpgradeWorkFlow`.
pub type ShowAutopilotUpgradeWorkFlowResponse = UpgradeWorkFlow;
/// The answer of `UpgradeAutopilotWorkFlowUpdate`.
pub type UpgradeAutopilotWorkFlowUpdateResponse = UpgradeWorkFlow;

/// How far a workflow has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkFlowStatus {
    /// Phase of the whole.
    pub phase: WorkFlowPhase,
    /// State of each task.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub point_statuses: Vec<PointStatus>,
    /// Which task may follow which.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub line_statuses: Vec<LineStatus>,
}

/// Phase of a workflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum WorkFlowPhase {
    /// No task has started.
    #[default]
    Init,
    /// Some task has started.
    Running,
    /// Some task has failed, or what was found has lapsed.
    Pending,
    /// All is done.
    Success,
    /// Somebody called it off.
    Cancel,
}

/// State of one task of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PointStatus {
    /// Which task.
    pub task_type: TaskType,
    /// Identifier of the task, once there is one.
    #[serde(rename = "taskID", default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// How the task stands; absent while nothing was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UpgradeWorkflowTaskStatus>,
    /// When the task started. Mind the capital S on the wire.
    #[serde(
        rename = "startTimeStamp",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub start_time_stamp: Option<SpacedTime>,
    /// When the task ended. Mind the capital S on the wire.
    #[serde(
        rename = "endTimeStamp",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub end_time_stamp: Option<SpacedTime>,
    /// Until when the result counts, of pre-checks only. Mind the capital S on the wire.
    #[serde(
        rename = "expireTimeStamp",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub expire_time_stamp: Option<SpacedTime>,
}

impl PointStatus {
    /// The point of a task that nobody has started.
    pub fn fresh(task_type: TaskType) -> Self {
        Self {
            task_type,
            task_id: None,
            status: None,
            start_time_stamp: None,
            end_time_stamp: None,
            expire_time_stamp: None,
        }
    }
}

/// A task of a workflow.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum TaskType {
    /// The check before.
    PreCheck,
    /// The snapshot of the control plane.
    Snapshot,
    /// The upgrade itself.
    Cluster,
    /// The way back.
    Rollback,
    /// The check after.
    PostCheck,
}

/// How a task of a workflow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum UpgradeWorkflowTaskStatus {
    /// Accepted, not started.
    Init,
    /// Waiting for its turn.
    Queuing,
    /// Being carried out.
    Running,
    /// Ended well.
    Success,
    /// Ended otherwise.
    Failed,
}

/// A line between two tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineStatus {
    /// Where it begins.
    pub start_point: Point,
    /// Where it leads.
    pub end_point: Point,
    /// Whether the line has to be walked; only clients that ask for the older shapes get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub critical: Option<Critical>,
}

impl LineStatus {
    /// The line from `start` to `end`; `critical` is said in a way that clients of `shapes` can read, or not at all.
    pub fn between(start: TaskType, end: TaskType, critical: bool, shapes: Shapes) -> Self {
        Self {
            start_point: Point { task_type: start },
            end_point: Point { task_type: end },
            critical: match shapes {
                Shapes::Current => None,
                Shapes::Legacy => Some(Critical::Text(critical)),
            },
        }
    }
}

/// Whether a line has to be walked, in the spelling of either generation of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Critical {
    /// Spelled `true` or `false`.
    Flag(bool),
    /// Spelled `"true"` or `"false"`.
    Text(bool),
}

impl Serialize for Critical {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(critical) => serializer.serialize_bool(*critical),
            Self::Text(true) => serializer.serialize_str("true"),
            Self::Text(false) => serializer.serialize_str("false"),
        }
    }
}

impl<'de> Deserialize<'de> for Critical {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Flag(bool),
            Text(Word),
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Word {
            True,
            False,
        }
        Ok(match Spelling::deserialize(deserializer)? {
            Spelling::Flag(critical) => Self::Flag(critical),
            Spelling::Text(Word::True) => Self::Text(true),
            Spelling::Text(Word::False) => Self::Text(false),
        })
    }
}

/// One end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Which task.
    pub task_type: TaskType,
}

/// The answer of `ListAutopilotUpgradeWorkFlows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotUpgradeWorkFlowsResponse {
    /// Always `List`.
    pub kind: ListKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// The workflows, newest first; in the older shape the newest alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<UpgradeWorkFlow>)]
    pub items: Option<WorkFlowItems>,
}

impl ListAutopilotUpgradeWorkFlowsResponse {
    /// The list of `newest_first`, in a way that clients of `shapes` can read.
    pub fn of(newest_first: Vec<UpgradeWorkFlow>, shapes: Shapes) -> Self {
        let items = match shapes {
            Shapes::Current => Some(WorkFlowItems::All(newest_first)),
            Shapes::Legacy => newest_first
                .into_iter()
                .next()
                .map(|newest| WorkFlowItems::Newest(Box::new(newest))),
        };
        Self {
            kind: ListKind::List,
            api_version: ApiVersion::V3,
            items,
        }
    }
}

/// The entries of the list of workflows, in the shape of either generation of clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WorkFlowItems {
    /// An array.
    All(Vec<UpgradeWorkFlow>),
    /// The newest alone, as one object.
    Newest(Box<UpgradeWorkFlow>),
}

/// The body of `UpgradeAutopilotWorkFlowUpdate` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpgradeWorkFlowUpdateRequestBody {
    /// What is to change.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub status: Option<UpgradeWorkFlowUpdateRequestBodyStatus>,
}

/// What is to change in a workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpgradeWorkFlowUpdateRequestBodyStatus {
    /// Must be `Cancel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "Cancel")]
    pub phase: Option<String>,
}
