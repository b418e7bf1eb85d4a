//! The tables of every Kubernetes minor.
