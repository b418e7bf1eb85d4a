//! The configuration of the cluster's DNS: which plugins and options of CoreDNS are set, and where.

use serde::{Deserialize, Serialize};

/// The configurations of CoreDNS that were found under their usual names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDns {
    /// One row a key of a ConfigMap that holds a Corefile, or a part of one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corefiles: Vec<Corefile>,
}

/// A Corefile, or a part of one that another imports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Corefile {
    /// Namespace of its ConfigMap.
    pub namespace: String,
    /// Name of its ConfigMap.
    pub name: String,
    /// Key in its ConfigMap, `Corefile` as a rule.
    pub key: String,
    /// Its server blocks, in order. A part that stands inside a block of another file is one block without zones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerBlock>,
    /// A digest of its plugins, options and their arguments, without space and comments: equal for texts that mean the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Why it, or a part of it, could not be read; `servers` holds what could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A server block of a Corefile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerBlock {
    /// The zones it serves, such as `.:53`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Its plugins, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<DnsPlugin>,
}

/// A plugin in a server block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsPlugin {
    /// Name, such as `forward`.
    pub name: String,
    /// Line in its text, from 1.
    pub line: u32,
    /// What `import` takes in: a path. Arguments of other plugins are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imports: Option<String>,
    /// Its options, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<DnsOption>,
}

/// An option of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsOption {
    /// Name, such as `max_concurrent`.
    pub name: String,
    /// Line in its text, from 1.
    pub line: u32,
}
