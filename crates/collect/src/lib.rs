//! Where bytes become facts.
