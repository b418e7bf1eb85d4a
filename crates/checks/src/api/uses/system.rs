//! Who is part of the control plane: its calls and writes change with it, and are nobody's to repair.

/// Managers under which the API server itself writes its defaults and keeps them up to date.
const SERVERS: [&str; 5] = [
    "api-priority-and-fairness-config-producer-v1",
    "api-priority-and-fairness-config-consumer-v1",
    "kube-apiserver",
    "apiserver",
    "system:apiserver",
];

/// Whether a field manager is the API server, which rewrites what it wrote at an old version.
pub(crate) fn is_server(manager: &str) -> bool {
    SERVERS.contains(&manager)
}

/// Whether a field manager belongs to the control plane: it is upgraded with it, and is no author.
pub(crate) fn is_control_plane(manager: &str) -> bool {
    is_server(manager) || ["kube-controller-manager", "kube-scheduler"].contains(&manager)
}

/// What part of the control plane, or of ourselves, a caller is; nothing for a client.
pub(crate) fn component(user: &str, user_agent: &str) -> Option<&'static str> {
    match user {
        "system:apiserver" => return Some("the API server itself"),
        "system:kube-controller-manager" => return Some("the controller manager"),
        "system:kube-scheduler" => return Some("the scheduler"),
        _ => (),
    }
    // Each controller has an account of its own. Anybody may call a program so: the account has to fit as well.
    let account = user.starts_with("system:serviceaccount:kube-system:");
    match product(user_agent) {
        "kube-controller-manager" if account => Some("the controller manager"),
        "airworthy" => Some("airworthy"),
        "storage-version-migrator" | "kube-storage-version-migrator" => Some("storage migration"),
        _ => None,
    }
}

/// The program that a user agent names: what stands before its version.
pub(crate) fn product(user_agent: &str) -> &str {
    let end = user_agent.find(['/', ' ']).unwrap_or(user_agent.len());
    &user_agent[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_the_controller_manager_are_told_from_others() {
        let manager = "kube-controller-manager/v1.31.0 (linux/amd64) kubernetes/abc";
        let account = |name: &str| format!("system:serviceaccount:kube-system:{name}");
        let garbage = account("generic-garbage-collector");
        assert!(component(&garbage, manager).is_some());
        assert_eq!(component(&garbage, "curl/8"), None);
        assert_eq!(component(&account("coredns"), "coredns/v1"), None);
        assert_eq!(component("system:node:n1", "kubelet/v1.24"), None);
    }
}
