//! Whether the evidence itself can be trusted.

pub(crate) mod evidence_incomplete;
pub(crate) mod internal_error;
pub(crate) mod knowledge_base_coverage;
pub(crate) mod permission_coverage;
