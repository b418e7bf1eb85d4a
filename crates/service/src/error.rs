//! Why a request was not accepted.

use airworthy_assess::SelectionError;
use airworthy_model::version::{ParseVersionError, PathError};
use airworthy_store::TaskKind;
use airworthy_upgrade::plan;

/// Why a request was not accepted. The first group is the caller's to mend, `Store` and `Encode` are ours.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project has no such cluster.
    #[error("Cluster {0} does not exist.")]
    UnknownCluster(String),
    /// The cluster has no such task.
    #[error("Task {0} does not exist.")]
    UnknownTask(String),
    /// The project has no such job.
    #[error("Job {0} does not exist.")]
    UnknownJob(String),
    /// The operator offers no cluster of this name to the project.
    #[error(
        "no cluster {name} is offered to this project: the operator offers one in the configuration with [[cluster]], project = \"{project}\", name = \"{name}\" and kubeconfig = its file"
    )]
    NotOffered {
        /// The name asked for.
        name: String,
        /// The caller's project.
        project: String,
    },
    /// The cluster is being upgraded.
    #[error("Cluster {0} is being upgraded; wait until that is over.")]
    Upgrading(String),
    /// A version text that is none.
    #[error(transparent)]
    Version(#[from] ParseVersionError),
    /// A target that no upgrade leads to.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A jump over several minors that the policy does not allow.
    #[error(
        "target {target} is {hops} minors above {from}: upgrade one minor at a time, or allow this jump in the configuration"
    )]
    Jump {
        /// What runs.
        from: String,
        /// What was asked for.
        target: String,
        /// How many minors.
        hops: usize,
    },
    /// A way that the configured table of paths does not have.
    #[error(
        "target {target} is not reached from {from}: the configured paths lead from there {targets}"
    )]
    NotListed {
        /// What runs.
        from: String,
        /// What was asked for.
        target: String,
        /// Where the paths lead: `to v1.31.9-r4`, or `nowhere`.
        targets: String,
    },
    /// A minor that the knowledge does not cover.
    #[error("target {target} is not known: this airworthy knows Kubernetes {oldest} to {newest}")]
    UnknownTarget {
        /// What was asked for.
        target: String,
        /// The oldest known minor.
        oldest: String,
        /// The newest known minor.
        newest: String,
    },
    /// The caller believes that another version runs.
    #[error("spec.clusterVersion is {given}, but the cluster runs {actual}")]
    OtherVersion {
        /// What the caller sent.
        given: String,
        /// What runs.
        actual: String,
    },
    /// An item that does not exist.
    #[error("skippedCheckItemList: {0}")]
    UnknownItem(#[from] SelectionError),
    /// An item that must be fixed.
    #[error("skippedCheckItemList: {0} must be fixed and cannot be skipped")]
    NotSkippable(String),
    /// Nodes given for an item that is not about nodes.
    #[error("skippedCheckItemList: {0} is not a node check; resourceSelector does not fit it")]
    NotANodeItem(String),
    /// Another task of that kind is unfinished for the cluster.
    #[error("An unfinished task of this kind exists for the cluster: {0}.")]
    Busy(String),
    /// A task of another kind, which this one must not run beside, is unfinished for the cluster.
    #[error("An unfinished task of the cluster is in the way: {} {id}.", .kind.as_str())]
    InTheWay {
        /// The unfinished one.
        id: String,
        /// What it does.
        kind: TaskKind,
    },
    /// Nothing can be confirmed while the cluster is being upgraded.
    #[error("the cluster is being upgraded: upgrade {0} is unfinished")]
    UpgradeUnfinished(String),
    /// Nobody could tell what the cluster runs.
    #[error("the version that the cluster runs is not known: it cannot be reached")]
    VersionUnknown,
    /// A cluster that was taken in and not reached yet.
    #[error("Cluster {0} is being created; wait for the end of its job.")]
    NotReached(String),
    /// An upgrade that needs a check was asked for without one that counts.
    #[error(
        "{0}: this service upgrades only with a successful pre-check of the same target that has not expired"
    )]
    CheckMissing(String),
    /// The newest upgrade did not fail, or there is none.
    #[error("there is no failed upgrade to retry: {0}")]
    NothingToRetry(String),
    /// The cluster has no such workflow.
    #[error("Upgrade workflow {0} does not exist.")]
    UnknownWorkflow(String),
    /// One workflow of a cluster is unfinished at a time.
    #[error("An unfinished upgrade workflow exists for the cluster: {0}.")]
    OpenWorkflow(String),
    /// Workflows ended again and again while a task for them was handed in.
    #[error("The workflow of the cluster has just ended; repeat the request.")]
    WorkflowFinished,
    /// A workflow that stays as it is.
    #[error(transparent)]
    NotCancelled(#[from] airworthy_upgrade::workflow::NotCancelled),
    /// The cluster has no such plan.
    #[error("Upgrade plan {0} does not exist.")]
    UnknownPlan(String),
    /// One plan of a cluster is unfinished at a time.
    #[error("An unfinished upgrade plan exists for the cluster: {0}.")]
    OpenPlan(String),
    /// A plan that has begun, or is over, is not delayed.
    #[error("the plan is in phase {0}: only a plan in phase Pending can be delayed")]
    PlanNotPending(plan::Phase),
    /// A plan that has begun is not removed.
    #[error("the plan is in phase {0}: it can be removed once it is over")]
    PlanUnderWay(plan::Phase),
    /// A window that cannot be.
    #[error(transparent)]
    Window(#[from] plan::BadWindow),
    /// An upgrade that would lead past the open workflow.
    #[error(
        "target {target} is not that of the open workflow {workflow}, which leads to {leads_to}"
    )]
    OtherTarget {
        /// What was asked for.
        target: String,
        /// The open workflow.
        workflow: String,
        /// Its target.
        leads_to: String,
    },
    /// A body that is no batch of audit events.
    #[error("the body is {0}: an EventList of audit.k8s.io/v1 is expected")]
    AuditBatch(airworthy_collect::audit::Refusal),
    /// The work on a task, a plan or a look at a cluster panicked.
    #[error("the check failed in an unforeseen way; the log has the details")]
    Panicked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] airworthy_store::Error),
    /// A stored payload cannot be read or written.
    #[error("a stored payload cannot be read or written")]
    Payload(#[from] serde_json::Error),
}
