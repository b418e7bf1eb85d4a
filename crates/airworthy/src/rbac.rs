//! The role that reading needs, made from what the checks declare.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use airworthy_model::{Access, Need};

/// To whom the role is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    None,
    User(String),
    ServiceAccount { namespace: String, name: String },
}

/// A `ClusterRole` that allows what these needs ask for, with the binding. Read-only by construction: an [`Access`] has no
/// other verb than `list` or `get`.
pub(crate) fn manifest(needs: &BTreeSet<Need>, api_groups: &[String], binding: &Binding) -> String {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut paths = BTreeSet::new();
    for access in needs.iter().flat_map(|need| need.access()) {
        match access {
            Access::List { group, resource } => {
                groups.entry(group).or_default().insert(resource);
            }
            Access::Path(path) => {
                paths.insert(*path);
            }
        }
    }
    let mut text = String::from(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: airworthy-reader\nrules:\n",
    );
    for (group, resources) in groups {
        let resources = resources.into_iter().collect::<Vec<_>>().join(", ");
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  - apiGroups: [\"{group}\"]\n    resources: [{resources}]\n    verbs: [list]"
        );
    }
    if needs.contains(&Need::Crds) {
        text += &custom_resources(api_groups);
    }
    if !paths.is_empty() {
        let paths = paths
            .into_iter()
            .map(|path| format!("\"{path}\""))
            .collect::<Vec<_>>()
            .join(", ");
        let _ = writeln!(text, "  - nonResourceURLs: [{paths}]\n    verbs: [get]");
    }
    text + &binding_text(binding)
}

/// One object of each custom resource version is listed, metadata only, to see whether it can be read at all. RBAC cannot say
/// "custom resources", and "everything" would include Secrets: so the groups are named.
fn custom_resources(api_groups: &[String]) -> String {
    if api_groups.is_empty() {
        return "  # Custom resources are probed too: add --api-group GROUP for each group of yours. What is left out becomes unknown, not passed.\n".to_owned();
    }
    let groups = api_groups
        .iter()
        .map(|group| quoted(group))
        .collect::<Vec<_>>()
        .join(", ");
    format!("  - apiGroups: [{groups}]\n    resources: [\"*\"]\n    verbs: [list]\n")
}

/// A text in quotes, as JSON has it: that is YAML too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn binding_text(binding: &Binding) -> String {
    let subject = match binding {
        Binding::None => return String::new(),
        Binding::User(name) => {
            let name = quoted(name);
            format!("  - apiGroup: rbac.authorization.k8s.io\n    kind: User\n    name: {name}\n")
        }
        Binding::ServiceAccount { namespace, name } => {
            let (namespace, name) = (quoted(namespace), quoted(name));
            format!("  - kind: ServiceAccount\n    namespace: {namespace}\n    name: {name}\n")
        }
    };
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: airworthy-reader\n\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: airworthy-reader\nsubjects:\n{subject}"
    )
}
