//! The programs whose flags and gates are known.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A program of Kubernetes that is given flags or feature gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// The API server.
    KubeApiserver,
    /// The controllers.
    KubeControllerManager,
    /// The scheduler.
    KubeScheduler,
    /// The agent of a node.
    Kubelet,
    /// The proxy of Services on a node.
    KubeProxy,
    /// The installer, which has gates of its own and reads no others.
    Kubeadm,
}

impl Component {
    /// Those that share one list of gates: all but kubeadm.
    pub const SERVING: [Self; 5] = [
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kubelet,
        Self::KubeProxy,
    ];

    /// The name of the program.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
            Self::Kubeadm => "kubeadm",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is the name of no program whose flags and gates are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not one of kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy, kubeadm"
)]
pub struct ParseComponentError(String);

impl FromStr for Component {
    type Err = ParseComponentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::SERVING.into_iter().chain([Self::Kubeadm]);
        known
            .into_iter()
            .find(|component| component.name() == text)
            .ok_or_else(|| ParseComponentError(text.chars().take(64).collect()))
    }
}
