//! The `ConfigMaps` that are read by name.

/// The `ConfigMaps` of `kube-system` that are read: settings of components and of DNS, and a freeze. Up to 1.24 kubeadm named the settings of
/// kubelets after the minor.
pub const CONFIG_MAPS: [&str; 15] = [
    "airworthy-freeze",
    "coredns",
    "coredns-custom",
    "kube-proxy",
    "kube-proxy-config",
    "kubeadm-config",
    "kubelet-config",
    "node-local-dns",
    "rke2-coredns-rke2-coredns",
    "kubelet-config-1.19",
    "kubelet-config-1.20",
    "kubelet-config-1.21",
    "kubelet-config-1.22",
    "kubelet-config-1.23",
    "kubelet-config-1.24",
];
