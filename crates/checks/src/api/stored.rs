//! Versions at which custom resources may be stored.

use airworthy_model::{
    Severity,
    facts::{Conversion, Crd},
};

/// How bad it is that versions beside the storage version may be stored, and why it is not harmless.
pub(crate) fn weight(crd: &Crd, storage: &str) -> (Severity, &'static str) {
    let served = |name: &str| {
        crd.versions
            .iter()
            .any(|version| version.name == name && version.served)
    };
    let unserved = crd
        .stored_versions
        .iter()
        .any(|name| name != storage && has(crd, name) && !served(name));
    match &crd.conversion {
        Conversion::Webhook(_) => (Severity::Risk, " (converted by a webhook)"),
        Conversion::None if unserved => (Severity::Risk, " (not served)"),
        Conversion::None => (Severity::Note, ""),
    }
}

/// Whether the definition still has a version.
pub(crate) fn has(crd: &Crd, version: &str) -> bool {
    crd.versions.iter().any(|known| known.name == version)
}

/// The names under `status.storedVersions` of a sort, as text.
pub(crate) fn stored(crd: &Crd, of: impl Fn(&str) -> bool) -> String {
    let names: Vec<_> = crd
        .stored_versions
        .iter()
        .map(String::as_str)
        .filter(|name| of(name))
        .collect();
    names.join(", ")
}
