//! The control plane's health.
