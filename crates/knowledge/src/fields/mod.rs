//! The section of fields: the types of Kubernetes' APIs as a graph, with the minors in which each field was there.
//!
//! A row is one Go type. Kinds are where the graph is entered; a field leads to the row of its type. A change in a type that
//! many kinds share, such as the container of a pod template, is one entry of one row.

mod changes;
mod graph;
mod life;
mod rows;
mod status;

pub use changes::{AddedField, DeprecatedField, Effect, RemovedField};
pub use life::FieldLife;
pub use rows::{Deprecation, FieldRow, Marked, TypeRow};
pub use status::FieldStatus;

pub(crate) use graph::Fields;

#[cfg(test)]
mod tests;
