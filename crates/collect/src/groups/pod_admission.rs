//! What lets new pods in: quotas, limit ranges, and the classes that pods name.

use airworthy_model::facts::PodAdmission;

use super::installed;
use crate::{
    failure::Failure,
    resource::Versions,
    session::Session,
    wire::{
        limit_range::LimitRange,
        pod_admission::{PriorityClass, ResourceQuota, RuntimeClass},
    },
};

const QUOTAS: (&str, &str, &[&str]) = ("", "resourcequotas", &["v1"]);
const LIMIT_RANGES: (&str, &str, &[&str]) = ("", "limitranges", &["v1"]);
const PRIORITY_CLASSES: (&str, &str, &[&str]) = ("scheduling.k8s.io", "priorityclasses", &["v1"]);
const RUNTIME_CLASSES: (&str, &str, &[&str]) =
    ("node.k8s.io", "runtimeclasses", &["v1", "v1beta1"]);

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<PodAdmission, Failure> {
    let quotas = installed::all(session, versions, QUOTAS, |wire: ResourceQuota, _| {
        wire.of_pods()
    });
    let ranges = installed::all(session, versions, LIMIT_RANGES, |wire: LimitRange, _| {
        wire.of_pods()
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
    let (quotas, ranges, priority_classes, runtime_classes) =
        tokio::try_join!(quotas, ranges, priorities, runtimes)?;
    Ok(PodAdmission {
        priority_classes,
        runtime_classes,
        quotas: quotas.into_iter().flatten().collect(),
        limit_ranges: ranges.into_iter().flatten().collect(),
    })
}
