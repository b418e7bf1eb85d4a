//! Rights and credentials.

pub(crate) mod pod_security_policy_use;
pub(crate) mod rbac_verb_change;
pub(crate) mod service_account_token;
