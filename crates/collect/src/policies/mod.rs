//! What a `ValidatingAdmissionPolicy` would say of a pod's successor, without asking anybody: its expressions are run on what the
//! successor would be. Where that is not certain to be what the API server says, nothing is said.

mod expression;
mod program;
mod successor;

pub(crate) use program::{Program, Word};
pub(crate) use successor::Successor;
