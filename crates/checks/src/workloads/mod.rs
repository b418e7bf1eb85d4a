//! Workloads and pods.
