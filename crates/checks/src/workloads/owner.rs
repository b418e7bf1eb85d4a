//! Whose pods they are.

use airworthy_model::{Subject, facts::Pod};

/// Whose pods they are: a name that is the same for the next run of the same thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner<'a> {
    /// Namespace.
    pub(crate) namespace: &'a str,
    /// Kind, `Pod` for pods of nobody.
    pub(crate) kind: &'a str,
    /// Name.
    pub(crate) name: &'a str,
}

impl<'a> Owner<'a> {
    /// The Deployment behind a ReplicaSet, the CronJob behind a Job; else the controller, or the pod itself.
    pub(crate) fn of(pod: &'a Pod) -> Self {
        let (kind, name) = match &pod.controller {
            Some(controller) if &*controller.kind != "Node" => {
                lasting(pod, &controller.kind, &controller.name)
            }
            _ => ("Pod", pod.name.as_str()),
        };
        Self {
            namespace: &pod.namespace,
            kind,
            name,
        }
    }

    /// The owner as the subject of a finding.
    pub(crate) fn subject(&self) -> Subject {
        Subject::namespaced(self.api_version(), self.kind, self.namespace, self.name)
    }

    fn api_version(&self) -> &'static str {
        match self.kind {
            "Pod" | "ReplicationController" => "v1",
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => "apps/v1",
            "Job" | "CronJob" => "batch/v1",
            // Facts tell the kind of a custom controller, not its group.
            _ => "",
        }
    }
}

fn lasting<'a>(pod: &'a Pod, kind: &'a str, name: &'a str) -> (&'a str, &'a str) {
    let hash = pod.labels.get("pod-template-hash");
    let deployment = hash.and_then(|hash| name.strip_suffix(hash)?.strip_suffix('-'));
    match (kind, deployment, name.rsplit_once('-')) {
        ("ReplicaSet", Some(deployment), _) => ("Deployment", deployment),
        ("Job", _, Some((cron, run))) if is_schedule(run) => ("CronJob", cron),
        _ => (kind, name),
    }
}

/// CronJobs name their Jobs by the minute, older ones by the second; a date such as 20261122 is neither.
fn is_schedule(run: &str) -> bool {
    let number = run.parse::<u64>();
    number.is_ok_and(|n| {
        (25_000_000..60_000_000).contains(&n) || (1_500_000_000..3_600_000_000).contains(&n)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_cron_job_belong_together() {
        for (run, is) in [
            ("29384720", true),
            ("1606046400", true),
            ("20261122", false),
            ("x", false),
        ] {
            assert_eq!(is_schedule(run), is, "{run}");
        }
    }
}
