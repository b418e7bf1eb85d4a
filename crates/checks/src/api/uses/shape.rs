//! What changes in an object beside its `apiVersion` when it is written at the version that stays.
//!
//! Sources: the types of k8s.io/api at both versions, and the guide to deprecated APIs. Manifests are changed accordingly by
//! `airworthy fix`.

use airworthy_knowledge::Api;

/// Kind, versions it is left at, and what changes.
type Row = (
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

const ROWS: &[Row] = &[
    (
        &["Ingress"],
        &["extensions/v1beta1", "networking.k8s.io/v1beta1"],
        "spec.backend becomes spec.defaultBackend, serviceName and servicePort become service.name and service.port.number or .name, and each path needs a pathType",
    ),
    (
        &["HorizontalPodAutoscaler"],
        &["autoscaling/v2beta1"],
        "targetAverageUtilization, targetAverageValue and targetValue move under target, with a type; metricName becomes metric.name",
    ),
    (
        &["CustomResourceDefinition"],
        &["apiextensions.k8s.io/v1beta1"],
        "spec.version, validation, subresources and additionalPrinterColumns move into each of spec.versions, and schemas must be structural",
    ),
    (
        &[
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        ],
        &["admissionregistration.k8s.io/v1beta1"],
        "sideEffects and admissionReviewVersions are demanded; what is not set is failurePolicy Fail, matchPolicy Equivalent and timeoutSeconds 10",
    ),
    (
        &["CertificateSigningRequest"],
        &["certificates.k8s.io/v1beta1"],
        "spec.signerName and spec.usages are demanded",
    ),
    (
        &["PodDisruptionBudget"],
        &["policy/v1beta1"],
        "an empty spec.selector selects every pod of the namespace, not none",
    ),
    (
        &["PriorityLevelConfiguration"],
        &[
            "flowcontrol.apiserver.k8s.io/v1beta1",
            "flowcontrol.apiserver.k8s.io/v1beta2",
        ],
        "spec.limited.assuredConcurrencyShares becomes nominalConcurrencyShares, and 0 means none, not 30",
    ),
    (
        &["PriorityLevelConfiguration"],
        &["flowcontrol.apiserver.k8s.io/v1beta3"],
        "spec.limited.nominalConcurrencyShares 0 means none, not 30",
    ),
    (
        &["EndpointSlice"],
        &["discovery.k8s.io/v1alpha1", "discovery.k8s.io/v1beta1"],
        "endpoints[].topology becomes nodeName, zone and deprecatedTopology",
    ),
    (
        &["Event"],
        &["events.k8s.io/v1beta1"],
        "eventTime, reportingController, reportingInstance, action and reason are demanded",
    ),
    (
        &["RuntimeClass"],
        &["node.k8s.io/v1alpha1"],
        "spec.runtimeHandler becomes handler, and spec.overhead and spec.scheduling move to the top",
    ),
    (
        &["SubjectAccessReview", "LocalSubjectAccessReview"],
        &["authorization.k8s.io/v1beta1"],
        "spec.group becomes spec.groups",
    ),
    (
        &["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"],
        &["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"],
        "spec.selector is demanded and cannot be changed; rollbackTo and templateGeneration are gone",
    ),
    (
        &["ResourceClaim", "ResourceClaimTemplate"],
        &["resource.k8s.io/v1beta1"],
        "what a request asks for moves under exactly",
    ),
    (
        &["ResourceSlice"],
        &["resource.k8s.io/v1beta1"],
        "what stood under basic of a device moves up",
    ),
    (
        &["StorageVersionMigration"],
        &["storagemigration.k8s.io/v1alpha1"],
        "spec.resource.version and spec.continueToken are gone",
    ),
];

/// What changes in the fields of a kind at a version; nothing where only the version does.
pub(crate) fn changes(api: &Api) -> Option<&'static str> {
    let (version, kind) = (api.api_version(), api.kind.as_str());
    let row = ROWS
        .iter()
        .find(|(kinds, from, _)| kinds.contains(&kind) && from.contains(&version.as_str()));
    row.map(|(_, _, text)| *text)
}

#[cfg(test)]
mod tests {
    use airworthy_knowledge::Knowledge;

    use super::*;

    #[test]
    fn every_row_is_of_kinds_that_the_tables_know() {
        let known = |version: &str, kind: &str| {
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            Knowledge::embedded().kind(group, version, kind).is_some()
        };
        for (kinds, from, text) in ROWS {
            assert!(
                kinds
                    .iter()
                    .all(|kind| from.iter().any(|at| known(at, kind))),
                "{text}"
            );
            assert!(
                from.iter()
                    .all(|at| kinds.iter().any(|kind| known(at, kind))),
                "{text}"
            );
        }
    }
}
