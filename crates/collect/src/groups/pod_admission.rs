//! What lets new pods in: quotas, and the classes that pods name.

use airworthy_model::facts::PodAdmission;

use super::installed;
use crate::{
    failure::Failure,
    resource::Versions,
    session::Session,
    wire::pod_admission::{PriorityClass, ResourceQuota, RuntimeClass},
};

const QUOTAS: (&str, &str, &[&str]) = ("", "resourcequotas", &["v1"]);
const PRIORITY_CLASSES: (&str, &str, &[&str]) = ("scheduling.k8s.io", "priorityclasses", &["v1"]);
const RUNTIME_CLASSES: (&str, &str, &[&str]) = ("node.k8s.io", "runtimeclasses", &["v1"]);

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<PodAdmission, Failure> {
    let quotas = installed::all(session, versions, QUOTAS, |wire: ResourceQuota, _| {
        wire.over_all_pods()
    });
    let priorities = installed::all(
        session,
        versions,
        PRIORITY_CLASSES,
        |wire: PriorityClass, _| wire.into(),
    );
    let runtimes = installed::all(
        session,
        versions,
        RUNTIME_CLASSES,
        |wire: RuntimeClass, _| wire.into(),
    );
    let (quotas, priority_classes, runtime_classes) =
        tokio::try_join!(quotas, priorities, runtimes)?;
    Ok(PodAdmission {
        priority_classes,
        runtime_classes,
        quotas: quotas.into_iter().flatten().collect(),
    })
}
