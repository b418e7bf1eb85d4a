//! Fields, annotations and labels that come or go while the version of their kind stays.

pub(crate) mod discarded_resource_field;
mod profiles;
mod services;
