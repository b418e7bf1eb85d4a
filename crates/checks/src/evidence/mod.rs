//! Whether the evidence itself can be trusted.
