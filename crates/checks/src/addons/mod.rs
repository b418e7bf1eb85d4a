//! Add-ons.

pub(crate) mod addon_not_assessed;
