//! Versions at which custom resources may be stored.

use airworthy_model::{
    Severity,
    facts::{Conversion, Crd, CrdVersion},
};

/// How bad it is that versions beside the storage version may be stored, and why it is not harmless.
pub(crate) fn weight(crd: &Crd, storage: &str) -> (Severity, &'static str) {
    let old = |is: fn(&CrdVersion) -> bool| {
        let mut versions = crd.versions.iter();
        versions
            .any(|one| one.name != storage && is(one) && crd.stored_versions.contains(&one.name))
    };
    match &crd.conversion {
        Conversion::Webhook(_) => (Severity::Risk, " (converted by a webhook)"),
        Conversion::None if old(|one| !one.served) => (Severity::Risk, " (not served)"),
        Conversion::None if old(|one| one.deprecated) => (Severity::Risk, " (deprecated)"),
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
