//! APIs: deprecated, removed, custom, aggregated.

pub(crate) mod api_service_availability;
pub(crate) mod crd_stored_version;
pub(crate) mod deprecated_api_check;
mod probe;
pub(crate) mod removed_api_objects;
mod stored;
mod usage;
