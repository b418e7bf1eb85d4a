//! How components are started: mirror pods and pods of kube-proxy, the `ConfigMaps` of kubeadm, and what the API server tells of
//! itself.

mod command;
mod flagz;
mod settings;
mod shell;

use airworthy_model::{
    Minor,
    facts::{Component, Components, UnreadSource},
};

use self::{command::Flags, settings::Text};
use super::config_map;
use crate::{
    failure::Failure,
    list::{self, Listing},
    resource::Versions,
    session::Session,
    wire::component::{ComponentPod, Program},
};

/// The programs that are looked for.
const PROGRAMS: [&str; 6] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "cloud-controller-manager",
];
/// The labels by which distributions mark pods of components; kubeadm sets the first.
const SELECTORS: [&str; 2] = [
    "labelSelector=component+in+(etcd,kube-apiserver,kube-controller-manager,kube-proxy,kube-scheduler,cloud-controller-manager)",
    "labelSelector=k8s-app+in+(etcd,kube-apiserver,kube-controller-manager,kube-proxy,kube-scheduler,cloud-controller-manager)",
];
const PODS: &str = "/api/v1/namespaces/kube-system/pods";
/// `ConfigMaps` with the key that counts, and the program that each configures.
const SETTINGS: [(&str, &str, &str); 4] = [
    ("kubeadm-config", "ClusterConfiguration", "kubeadm"),
    ("kubelet-config", "kubelet", "kubelet"),
    ("kube-proxy", "config.conf", "kube-proxy"),
    ("kube-proxy-config", "config", "kube-proxy"),
];
/// From here on the API server tells its flags where nobody switches that off.
const TELLS_FLAGS: Minor = Minor::v1(36);
/// Up to here the configuration of kubelets may be kept under a name with the minor.
const NAMED_BY_MINOR: Minor = Minor::v1(24);

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Components, Failure> {
    let mut all = Components::default();
    for selector in SELECTORS {
        for (name, component, flags) in pods(session, selector).await? {
            add(&mut all, &name, component, flags);
        }
    }
    for (name, key, component) in SETTINGS {
        settings(session, versions.minor, (name, key, component), &mut all).await;
    }
    let told = all.api_servers() > 0;
    if !told && versions.minor.is_some_and(|minor| minor >= TELLS_FLAGS) {
        flagz::read(session, &mut all).await;
    }
    Ok(all)
}

/// What a text tells of components: the flags of the API server, or settings.
pub(crate) fn told(text: &str) -> Components {
    let mut all = Components::default();
    all.components.extend(flagz::parse(text));
    for (source, key, component) in SETTINGS {
        let text = Text {
            component,
            source,
            key,
            content: text,
        };
        text.read(&mut all);
    }
    all
}

/// Adds a pod's row, once: a pod may have both labels.
fn add(all: &mut Components, path: &str, component: Component, flags: Vec<String>) {
    if all.components.iter().any(|known| known.source == path) {
        return;
    }
    all.unread.extend(flags.into_iter().map(|why| UnreadSource {
        component: component.name.clone(),
        source: path.to_owned(),
        why,
    }));
    all.components.push(component);
}

type Row = (String, Component, Vec<String>);

async fn pods(session: &Session<'_>, selector: &'static str) -> Result<Vec<Row>, Failure> {
    let listing = Listing {
        selector,
        ..Listing::at(PODS, session)
    };
    list::read(session, &listing, |pod: ComponentPod, rows| {
        rows.extend(component(pod));
    })
    .await
}

/// What a pod tells; nothing when it has ended, or when none of its containers is the program of its label.
fn component(mut pod: ComponentPod) -> Option<Row> {
    if matches!(&*pod.status.phase, "Failed" | "Succeeded") {
        return None;
    }
    let labels = pod.metadata.take_labels();
    let named = ["component", "k8s-app"]
        .into_iter()
        .filter_map(|key| labels.get(key));
    let name = PROGRAMS
        .into_iter()
        .find(|program| named.clone().any(|label| label == *program))?;
    let source = format!("{PODS}/{}", pod.metadata.name);
    let container = container(name, pod.spec.containers)?;
    let flags = Flags::of(name, &container);
    let component = Component {
        name: name.to_owned(),
        node: pod.spec.node_name,
        tag: tag(&container.image).to_owned(),
        effective: false,
        flags: flags.names,
        values: flags.values,
        source: source.clone(),
    };
    Some((source, component, flags.unread))
}

/// The container that is named after the program, else the first.
fn container(name: &str, mut containers: Vec<Program>) -> Option<Program> {
    let at = containers.iter().position(|one| one.name == name);
    let at = at.unwrap_or(0);
    (at < containers.len()).then(|| containers.swap_remove(at))
}

/// `v1.31.14` of `registry.example:5000/kube-proxy:v1.31.14@sha256:…`; empty where there is no tag.
fn tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or("", |(_, tag)| tag)
}

/// One `ConfigMap`. That it is not there is no fault: not everybody uses kubeadm.
async fn settings(
    session: &Session<'_>,
    minor: Option<Minor>,
    (name, key, component): (&str, &str, &'static str),
    all: &mut Components,
) {
    let mut names = vec![name.to_owned()];
    if let Some(minor) = minor.filter(|minor| component == "kubelet" && *minor <= NAMED_BY_MINOR) {
        names.push(format!("{name}-{minor}"));
    }
    for name in names {
        let source = config_map::path(&name);
        match config_map::read(session, &name).await {
            Ok(None) => {}
            Ok(Some(map)) => {
                let Some(content) = map.text(key) else { return };
                let text = Text {
                    component,
                    source: &source,
                    key,
                    content,
                };
                return text.read(all);
            }
            Err(failure) => {
                return all.unread.push(UnreadSource {
                    component: component.to_owned(),
                    source,
                    why: failure.to_string(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn tags_are_found_behind_ports_and_before_digests() {
        assert_eq!(tag("registry.k8s.io/kube-proxy:v1.31.14"), "v1.31.14");
        assert_eq!(
            tag("example.com:5000/kube-proxy:v1.31.2-eksbuild.3@sha256:ab"),
            "v1.31.2-eksbuild.3"
        );
        assert_eq!(tag("example.com:5000/kube-proxy@sha256:ab"), "");
        assert_eq!(tag(""), "");
    }
}
