//! Rows of facts, one at a time, as expressions see them.

use airworthy_model::{
    Facts, Missing, Need, Subject,
    facts::{GroupVisitor, Read, Rows},
};
use serde_json::Value as Json;

use super::expression::item;

/// Walks over the rows of one group.
pub(crate) fn each(
    facts: &Facts,
    need: Need,
    look: &mut dyn FnMut(usize, &Json),
) -> Result<(), Missing> {
    facts.visit(&mut Walk { need, look })
}

struct Walk<'a> {
    need: Need,
    look: &'a mut dyn FnMut(usize, &Json),
}

impl GroupVisitor for Walk<'_> {
    type Error = Missing;

    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Missing> {
        if need != self.need {
            return Ok(());
        }
        let group = group.as_ref().map_err(Clone::clone)?;
        for (number, row) in group.rows().iter().enumerate() {
            // Rows have only text keys and finite numbers: recordings hold the same.
            let row = serde_json::to_value(row).unwrap_or(Json::Null);
            (self.look)(number, &item(row));
        }
        Ok(())
    }
}

/// The object that a row is of.
pub(crate) fn subject(need: Need, number: usize, item: &Json) -> Subject {
    let text = |member: &str| item.get(member).and_then(Json::as_str).map(str::to_owned);
    let (api_version, kind) = kind(need);
    Subject {
        api_version: text("apiVersion").unwrap_or_else(|| api_version.to_owned()),
        kind: text("kind").unwrap_or_else(|| kind.to_owned()),
        namespace: text("namespace").filter(|namespace| !namespace.is_empty()),
        name: text("name").unwrap_or_else(|| format!("{}", number + 1)),
        uid: text("uid").filter(|uid| !uid.is_empty()),
    }
}

/// What the rows of a group are, where they do not say it themselves.
fn kind(need: Need) -> (&'static str, &'static str) {
    match need {
        Need::Nodes => ("v1", "Node"),
        Need::Pods => ("v1", "Pod"),
        Need::Services => ("v1", "Service"),
        Need::Namespaces => ("v1", "Namespace"),
        Need::PersistentVolumes => ("v1", "PersistentVolume"),
        Need::PersistentVolumeClaims => ("v1", "PersistentVolumeClaim"),
        Need::ServiceAccounts => ("v1", "ServiceAccount"),
        Need::TokenSecrets => ("v1", "Secret"),
        Need::Events => ("v1", "Event"),
        Need::Deployments => ("apps/v1", "Deployment"),
        Need::StatefulSets => ("apps/v1", "StatefulSet"),
        Need::DaemonSets => ("apps/v1", "DaemonSet"),
        Need::Jobs => ("batch/v1", "Job"),
        Need::CronJobs => ("batch/v1", "CronJob"),
        Need::Pdbs => ("policy/v1", "PodDisruptionBudget"),
        Need::Crds => ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        Need::ApiServices => ("apiregistration.k8s.io/v1", "APIService"),
        Need::EndpointSlices => ("discovery.k8s.io/v1", "EndpointSlice"),
        Need::StorageClasses => ("storage.k8s.io/v1", "StorageClass"),
        Need::CsiDrivers => ("storage.k8s.io/v1", "CSIDriver"),
        Need::CsiNodes => ("storage.k8s.io/v1", "CSINode"),
        Need::VolumeAttachments => ("storage.k8s.io/v1", "VolumeAttachment"),
        Need::Hpas => ("autoscaling/v2", "HorizontalPodAutoscaler"),
        Need::Ingresses => ("networking.k8s.io/v1", "Ingress"),
        Need::IngressClasses => ("networking.k8s.io/v1", "IngressClass"),
        Need::NetworkPolicies => ("networking.k8s.io/v1", "NetworkPolicy"),
        Need::Csrs => ("certificates.k8s.io/v1", "CertificateSigningRequest"),
        Need::AdmissionPolicies => (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
        ),
        Need::Leases | Need::NodeLeases => ("coordination.k8s.io/v1", "Lease"),
        Need::HelmReleases => ("helm.sh/v3", "HelmRelease"),
        other => ("airworthy/v1", other.label()),
    }
}
