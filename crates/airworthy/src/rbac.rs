//! The role that reading needs, made from what the checks declare.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{Access, CONFIG_MAPS, Need};

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
    let apart = [Need::HelmReleases, Need::TokenSecrets, Need::Kubelets];
    let plain = needs.iter().filter(|need| !apart.contains(need));
    let rules = Rules::of(plain.copied());
    let mut text = String::from(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: airworthy-reader\nrules:\n",
    );
    text += &rules.resources();
    if needs.contains(&Need::Crds) {
        text += &custom_resources(api_groups);
    }
    text += &rules.paths();
    if needs.contains(&Need::HelmReleases) {
        text += HELM;
        text += &Rules::of([Need::HelmReleases]).resources();
    }
    if needs.contains(&Need::TokenSecrets) {
        text += TOKENS;
        text += &Rules::of([Need::TokenSecrets]).resources();
    }
    if needs.contains(&Need::Kubelets) {
        text += KUBELETS;
        text += &Rules::of([Need::Kubelets]).resources();
    }
    text += &binding_text(binding);
    if needs.contains(&Need::Probes) {
        text += PROBER;
    }
    text
}

/// What stands before the rule for token Secrets.
const TOKENS: &str = "  # Of Secrets with tokens of service accounts names and labels are listed, never their data; RBAC cannot tell the two apart.
  # Without the rule, run with --without tokens; airworthy rbac --without tokens leaves it out.
";

/// What stands before the one rule that opens kubelets.
const KUBELETS: &str = "  # Through the proxy to nodes a kubelet shows more than its configuration, flags and metrics: who has this rule can also read logs
  # and run commands in pods. airworthy asks for /configz, /metrics, /stats/summary and /flagz alone, and only with --evidence nodes.
";

/// What `airworthy probe` needs, apart from reading: a role of its own, bound to nobody here.
const PROBER: &str = "\
---
# For whoever runs airworthy probe run and clean; reading what the pods found needs none of it.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: airworthy-prober
rules:
  - apiGroups: [\"\"]
    resources: [namespaces]
    verbs: [create]
  - apiGroups: [\"\"]
    resources: [namespaces]
    resourceNames: [airworthy-probe]
    verbs: [get, delete]
  - apiGroups: [\"\"]
    resources: [services]
    verbs: [create, get]
  - apiGroups: [\"\"]
    resources: [pods]
    verbs: [list]
  - apiGroups: [apps]
    resources: [daemonsets]
    verbs: [create, get]
";

/// What stands before the one rule that opens Secrets.
const HELM: &str = "  # Helm keeps its releases in Secrets or ConfigMaps, and RBAC cannot tell those from others: who has this rule can read all.
  # airworthy lists names and labels of what Helm labelled its own, and reads one record of each release.
  # Without the rule, run with --without helm; airworthy rbac --without helm leaves it out.
";

/// Resources by API group and verb, and paths.
#[derive(Default)]
struct Rules {
    resources: BTreeMap<(&'static str, BTreeSet<&'static str>), BTreeSet<&'static str>>,
    paths: BTreeSet<&'static str>,
}

impl Rules {
    fn of(needs: impl IntoIterator<Item = Need>) -> Self {
        let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        let mut rules = Self::default();
        for access in needs.into_iter().flat_map(Need::access) {
            match *access {
                Access::List { group, resource } => {
                    verbs.entry((group, resource)).or_default().insert("list");
                }
                Access::Get { group, resource } => {
                    verbs.entry((group, resource)).or_default().insert("get");
                }
                Access::Path(path) => {
                    rules.paths.insert(path);
                }
            }
        }
        for ((group, resource), verbs) in verbs {
            let rule = rules.resources.entry((group, verbs)).or_default();
            rule.insert(resource);
        }
        rules
    }

    fn resources(&self) -> String {
        let rules = self.resources.iter();
        let rule = |((group, verbs), resources): (&(&str, BTreeSet<&str>), &BTreeSet<&str>)| {
            let (verbs, resources) = (joined(verbs), joined(resources));
            let names = if (resources.as_str(), verbs.as_str()) == ("configmaps", "get") {
                format!("    resourceNames: [{}]\n", CONFIG_MAPS.join(", "))
            } else {
                String::new()
            };
            format!(
                "  - apiGroups: [\"{group}\"]\n    resources: [{resources}]\n{names}    verbs: [{verbs}]\n"
            )
        };
        rules.map(rule).collect()
    }

    fn paths(&self) -> String {
        if self.paths.is_empty() {
            return String::new();
        }
        let paths: Vec<_> = self.paths.iter().map(|path| quoted(path)).collect();
        let paths = paths.join(", ");
        format!("  - nonResourceURLs: [{paths}]\n    verbs: [get]\n")
    }
}

fn joined(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
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
