//! Helm releases, as findings about add-ons name them.

use airworthy_model::facts::HelmRelease;

/// Where the record of a release stands.
pub(crate) fn source(release: &HelmRelease) -> String {
    let resource = if release.stored_in == "ConfigMap" {
        "configmaps"
    } else {
        "secrets"
    };
    let (namespace, record) = (&release.namespace, &release.record);
    format!("/api/v1/namespaces/{namespace}/{resource}/{record}")
}
