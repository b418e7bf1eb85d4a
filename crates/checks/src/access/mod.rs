//! Rights and credentials.

pub(crate) mod rbac_verb_change;
