//! Fields, annotations and labels that come or go while the version of their kind stays.

mod changes;
pub(crate) mod discarded_resource_field;
mod in_files;
mod profiles;
pub(crate) mod removed_field_use;
mod services;
