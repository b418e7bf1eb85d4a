//! Kubernetes manifests as text: what is an object, where it stands, how it is changed so that a target accepts it. Knows no
//! cluster.
