//! Tasks, leases, keys and baselines in a database.
