//! Addresses and routes.

pub(crate) mod ip_cidr_format;
