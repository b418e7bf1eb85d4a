//! The configuration that kubeadm keeps in `ConfigMaps`: of kubeadm itself, of kubelets, of kube-proxy.

use airworthy_manifest::{Document, Node, parse};
use airworthy_model::facts::{Component, Components, ConfigDocument, ProxySettings, UnreadSource};

use super::command::Flags;
use crate::failure::short;

/// Most documents of one text.
const MOST_DOCUMENTS: usize = 20;

/// A text of a `ConfigMap`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    /// The program that it configures.
    pub component: &'static str,
    /// The path of the `ConfigMap`.
    pub source: &'a str,
    /// The key in it.
    pub key: &'a str,
    /// The document, or several.
    pub content: &'a str,
}

impl Text<'_> {
    /// Adds what it says; what cannot be read is told.
    pub(super) fn read(self, into: &mut Components) {
        match parse(self.content.as_bytes()) {
            Ok(documents) if documents.len() <= MOST_DOCUMENTS => {
                for document in &documents {
                    self.document(document, into);
                }
            }
            Ok(_) => self.unread(into, &format!("holds more than {MOST_DOCUMENTS} documents")),
            Err(problem) => self.unread(into, &format!("is no YAML: {problem}")),
        }
    }

    fn unread(self, into: &mut Components, why: &str) {
        into.unread.push(UnreadSource {
            component: self.component.to_owned(),
            source: self.source.to_owned(),
            why: short(&format!("{} {why}", self.key)),
        });
    }

    fn document(self, document: &Document<'_>, into: &mut Components) {
        let root = document.root();
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default();
        let kind = text("kind");
        into.documents.push(ConfigDocument {
            source: self.source.to_owned(),
            key: self.key.to_owned(),
            api_version: short(text("apiVersion")),
            kind: short(kind),
        });
        match kind {
            "ClusterConfiguration" => self.cluster(root, into),
            "KubeletConfiguration" => self.kubelet(root, into),
            "KubeProxyConfiguration" => {
                self.gates("kube-proxy", root, into);
                into.proxy = Some(self.proxy(root));
            }
            _ => {}
        }
    }

    /// kubeadm's own: its gates, and the flags that it gives to the control plane when it upgrades.
    fn cluster(self, root: Node<'_>, into: &mut Components) {
        self.gates("kubeadm", root, into);
        for (program, member) in [
            ("kube-apiserver", &["apiServer", "extraArgs"][..]),
            (
                "kube-controller-manager",
                &["controllerManager", "extraArgs"],
            ),
            ("kube-scheduler", &["scheduler", "extraArgs"]),
            ("etcd", &["etcd", "local", "extraArgs"]),
        ] {
            let mut flags = Flags::default();
            if let Some(args) = root.at(member) {
                extra_args(args, &mut flags);
            }
            self.add(program, flags, into);
        }
        into.external_etcd |= root.at(&["etcd", "external"]).is_some();
    }

    /// `featureGates`, as if they were given by flag.
    fn gates(self, program: &str, root: Node<'_>, into: &mut Components) {
        self.add(program, gates(root), into);
    }

    /// What kubelets are told that changes its meaning, as if it were given by flag.
    fn kubelet(self, root: Node<'_>, into: &mut Components) {
        let mut flags = gates(root);
        if let Some(fails) = root.get("failCgroupV1").map(Node::resolve) {
            flags.set("fail-cgroupv1", fails.text().unwrap_or_default());
        }
        self.add("kubelet", flags, into);
    }

    fn proxy(self, root: Node<'_>) -> ProxySettings {
        let text = |path: &[&str]| root.at(path).and_then(Node::text);
        let idle = text(&["udpIdleTimeout"]).unwrap_or_default();
        let conntrack = text(&["conntrack", "maxPerCore"]);
        ProxySettings {
            mode: short(text(&["mode"]).unwrap_or_default()),
            conntrack_max_per_core: conntrack.and_then(|number| number.parse().ok()),
            udp_idle_timeout: !matches!(idle, "" | "0" | "0s"),
            source: self.source.to_owned(),
        }
    }

    fn add(self, program: &str, flags: Flags, into: &mut Components) {
        let unread = flags.unread.iter().map(|why| UnreadSource {
            component: program.to_owned(),
            source: self.source.to_owned(),
            why: why.clone(),
        });
        into.unread.extend(unread);
        into.components.push(Component {
            name: program.to_owned(),
            flags: flags.names,
            values: flags.values,
            source: self.source.to_owned(),
            ..Component::default()
        });
    }
}

/// `featureGates` of a document.
fn gates(root: Node<'_>) -> Flags {
    let gates = root.get("featureGates").map(Node::resolve);
    let pairs: Vec<String> = gates
        .into_iter()
        .flat_map(Node::entries)
        .filter_map(|(gate, on)| Some(format!("{}={}", gate.text()?, on.resolve().text()?)))
        .collect();
    let mut flags = Flags::default();
    if !pairs.is_empty() {
        flags.set("feature-gates", &pairs.join(","));
    }
    flags
}

/// Up to v1beta3 a map, from v1beta4 on a list of names and values.
fn extra_args(args: Node<'_>, flags: &mut Flags) {
    let args = args.resolve();
    for (name, value) in args.entries() {
        if let (Some(name), Some(value)) = (name.text(), value.resolve().text()) {
            flags.set(name, value);
        }
    }
    for item in args.items().map(Node::resolve) {
        let text = |key: &str| item.get(key).and_then(Node::text);
        if let Some(name) = text("name") {
            flags.set(name, text("value").unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(component: &'static str, text: &str) -> Components {
        let mut into = Components::default();
        let source = "/api/v1/namespaces/kube-system/configmaps/x";
        let text = Text {
            component,
            source,
            key: "k",
            content: text,
        };
        text.read(&mut into);
        into
    }

    fn named<'a>(components: &'a Components, name: &str) -> &'a Component {
        let mut all = components.components.iter();
        all.find(|one| one.name == name).unwrap()
    }

    #[test]
    fn arguments_of_kubeadm_are_read_at_both_shapes() {
        let old = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nfeatureGates: {PublicKeysECDSA: true}\n\
                   apiServer: {extraArgs: {feature-gates: A=true, oidc-client-id: x}}\n";
        let new = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nfeatureGates: {PublicKeysECDSA: true}\n\
                   apiServer:\n  extraArgs:\n  - {name: feature-gates, value: A=true}\n  - {name: oidc-client-id, value: x}\n";
        for text in [old, new] {
            let all = read("kubeadm", text);
            let server = named(&all, "kube-apiserver");
            assert_eq!(server.flags, ["feature-gates", "oidc-client-id"]);
            assert_eq!(server.gates().collect::<Vec<_>>(), [("A", "true")]);
            assert_eq!(server.values.len(), 1);
            let own = named(&all, "kubeadm").gates().collect::<Vec<_>>();
            assert_eq!(own, [("PublicKeysECDSA", "true")]);
            assert!(all.unread.is_empty() && !all.external_etcd);
        }
        let external =
            "kind: ClusterConfiguration\netcd: {external: {endpoints: [https://192.0.2.1]}}\n";
        assert!(read("kubeadm", external).external_etcd);
    }

    /// Whether it is written down at all decides what a later kubelet takes.
    #[test]
    fn what_kubelets_are_told_of_cgroup_v1() {
        let told = |more: &str| {
            let text = format!("kind: KubeletConfiguration\nfeatureGates: {{A: true}}\n{more}");
            let all = read("kubelet", &text);
            let kubelet = named(&all, "kubelet");
            assert_eq!(kubelet.gates().collect::<Vec<_>>(), [("A", "true")]);
            kubelet.value("fail-cgroupv1").map(str::to_owned)
        };
        assert_eq!(told("failCgroupV1: false\n").as_deref(), Some("false"));
        assert_eq!(told("failCgroupV1: null\n").as_deref(), Some("null"));
        assert_eq!(told(""), None);
    }

    #[test]
    fn what_kube_proxy_is_told() {
        let text = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: ipvs\n\
                    conntrack: {maxPerCore: 0}\nudpIdleTimeout: 250ms\nfeatureGates: {}\n";
        let proxy = read("kube-proxy", text).proxy.unwrap();
        assert_eq!(proxy.mode, "ipvs");
        assert_eq!(
            (proxy.conntrack_max_per_core, proxy.udp_idle_timeout),
            (Some(0), true)
        );
        let kubeadm = "kind: KubeProxyConfiguration\nmode: \"\"\nconntrack: {maxPerCore: null}\nudpIdleTimeout: 0s\n";
        let proxy = read("kube-proxy", kubeadm).proxy.unwrap();
        assert_eq!((&*proxy.mode, proxy.udp_idle_timeout), ("", false));
    }

    #[test]
    fn a_text_that_is_no_configuration_is_told() {
        let all = read("kubelet", "a: [b");
        assert_eq!(all.unread.len(), 1);
        assert_eq!(all.unread[0].component, "kubelet");
        assert!(all.components.is_empty());
        let many = "---\na: b\n".repeat(MOST_DOCUMENTS + 1);
        assert_eq!(read("kubelet", &many).unread.len(), 1);
    }
}
