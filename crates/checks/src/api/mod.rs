//! APIs: deprecated, removed, custom, aggregated.

pub(crate) mod api_service_availability;
mod audited;
pub(crate) mod client_skew;
pub(crate) mod crd_conversion_webhook;
pub(crate) mod crd_health;
pub(crate) mod crd_stored_version;
pub(crate) mod deprecated_api_check;
pub(crate) mod deprecated_api_writer;
pub(crate) mod helm_release_deprecated_api;
pub(crate) mod manifest_deprecated_api;
mod probe;
pub(crate) mod removed_api_objects;
pub(crate) mod replacement_api_gap;
mod stored;
pub(crate) mod usage;
pub(crate) mod uses;

pub(crate) use manifest_deprecated_api::{files, only_files, place, problems};

/// An object of a text, as what a finding is about.
pub(crate) fn subject(object: &airworthy_model::facts::DesiredObject) -> airworthy_model::Subject {
    uses::desired::subject(object, None)
}
