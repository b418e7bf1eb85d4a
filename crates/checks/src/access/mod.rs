//! Rights and credentials.

pub(crate) mod rbac_verb_change;
pub(crate) mod service_account_token;
