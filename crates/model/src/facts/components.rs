//! How the programs of a cluster are started.

use serde::{Deserialize, Serialize};

/// How the components of the control plane and kube-proxy are started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Components {
    /// What was seen of each running component.
    pub components: Vec<Component>,
}

/// One running component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Its program, such as `kube-apiserver`.
    pub name: String,
}
