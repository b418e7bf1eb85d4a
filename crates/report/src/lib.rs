//! Shows an assessment to people and machines.
