//! The worker, collect to assess to store.
