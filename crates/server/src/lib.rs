//! Routes, authentication, metrics.
