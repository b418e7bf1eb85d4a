//! What a cluster shall be like.

use std::path::PathBuf;

/// A user with a token of its own.
#[derive(Debug, Clone)]
pub struct User {
    /// The user's name as the API server sees it.
    pub name: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

impl User {
    /// A user in these groups; RBAC alone says what it may do.
    pub fn new(name: &str, groups: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            groups: groups.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What a cluster shall be like.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The minor, such as `1.31`; the pinned patch version is taken.
    pub minor: String,
    /// How many nodes, named `node-1` and so on, at the version of the control plane.
    pub nodes: usize,
    /// Values of `--runtime-config`, such as `batch/v2alpha1=true`.
    pub runtime_config: Vec<String>,
    /// Feature gates of all components.
    pub feature_gates: Vec<(String, bool)>,
    /// Users beside `admin`.
    pub users: Vec<User>,
    /// Whether the API server writes an audit log at level Metadata.
    pub audit: bool,
    /// More flags of the API server.
    pub api_server_args: Vec<String>,
    /// More flags of etcd, such as `--quota-backend-bytes=33554432`.
    pub etcd_args: Vec<String>,
    /// More flags of the controller manager.
    pub controller_manager_args: Vec<String>,
    /// Whether controllers, scheduler and kwok run; without them objects stay as they are written.
    pub controllers: bool,
    /// Whether nothing in the API tells how the control plane is started, as where a provider runs it. Else a cluster with
    /// controllers and nodes has kubeadm's mirror pods and settings in `kube-system`.
    pub hidden_control_plane: bool,
    /// Admission plugins that are switched off: at first the one that looks for accounts, so that nobody waits for those of new namespaces.
    pub without_plugins: Vec<String>,
    /// A folder that [`Cluster::keep_data`](crate::Cluster::keep_data) made: the cluster starts on a copy of it.
    pub data: Option<PathBuf>,
}

impl ClusterOptions {
    /// A cluster of this minor without nodes, audit or extra users.
    pub fn new(minor: &str) -> Self {
        Self {
            minor: minor.to_owned(),
            nodes: 0,
            runtime_config: Vec::new(),
            feature_gates: Vec::new(),
            users: Vec::new(),
            audit: false,
            api_server_args: Vec::new(),
            etcd_args: Vec::new(),
            controller_manager_args: Vec::new(),
            controllers: true,
            hidden_control_plane: false,
            without_plugins: vec!["ServiceAccount".to_owned()],
            data: None,
        }
    }

    /// With this many nodes.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        self.nodes = count;
        self
    }

    /// With one more user.
    #[must_use]
    pub fn user(mut self, name: &str, groups: &[&str]) -> Self {
        self.users.push(User::new(name, groups));
        self
    }

    /// With an audit log.
    #[must_use]
    pub fn audit(mut self) -> Self {
        self.audit = true;
        self
    }

    /// With etcd and the API server alone: nothing acts on objects. Such a cluster cannot have nodes of kwok's.
    #[must_use]
    pub fn without_controllers(mut self) -> Self {
        self.controllers = false;
        self
    }

    /// Without mirror pods and settings of its control plane.
    #[must_use]
    pub fn hidden_control_plane(mut self) -> Self {
        self.hidden_control_plane = true;
        self
    }

    /// With an API server that looks for the account of each pod.
    #[must_use]
    pub fn accounts(mut self) -> Self {
        self.without_plugins.retain(|one| one != "ServiceAccount");
        self
    }

    /// On a copy of the data that [`Cluster::keep_data`](crate::Cluster::keep_data) kept.
    #[must_use]
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }
}
