//! Runs checks on facts and reaches a verdict.
