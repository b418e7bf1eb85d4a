//! What the sources of one minor say of every kind.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::{Class, Provenance};
use airworthy_model::Minor;
use anyhow::{Context as _, Result};

use super::{
    defaults::{self, Defaults},
    golang,
    lifecycle::{self, Lifecycle},
    paths::{self, Collection, Place},
    register::{self, GroupVersion, Gvk},
    stored::{self, Stored},
};
use crate::knowledge::modules::{Module, Release};

/// Where kinds are registered: module, folder, and whether an API server serves them.
const ROOTS: &[(&str, &str, Origin)] = &[
    ("k8s.io/api", "", Origin::Server),
    ("k8s.io/apiextensions-apiserver", "pkg/apis", Origin::Server),
    ("k8s.io/kube-aggregator", "pkg/apis", Origin::Server),
    ("k8s.io/apiserver", "pkg/apis/audit", Origin::Program),
    ("k8s.io/apiserver", "pkg/apis/apiserver", Origin::Program),
    ("k8s.io/apiserver", "pkg/admission/plugin", Origin::Program),
    ("k8s.io/apiserver", "pkg/server", Origin::Program),
    (
        "k8s.io/client-go",
        "pkg/apis/clientauthentication",
        Origin::Program,
    ),
    ("k8s.io/client-go", "tools/clientcmd/api", Origin::Program),
    ("k8s.io/cloud-provider", "config", Origin::Program),
    ("k8s.io/controller-manager", "config", Origin::Program),
    ("k8s.io/kube-controller-manager", "config", Origin::Program),
    ("k8s.io/kube-proxy", "config", Origin::Program),
    ("k8s.io/kube-scheduler", "config", Origin::Program),
    ("k8s.io/kubectl", "pkg/config", Origin::Program),
    ("k8s.io/kubelet", "config", Origin::Program),
    (
        "k8s.io/kubelet",
        "pkg/apis/credentialprovider",
        Origin::Program,
    ),
    (
        "k8s.io/kubernetes",
        "cmd/kubeadm/app/apis/kubeadm",
        Origin::Program,
    ),
    ("k8s.io/kubernetes", "pkg/apis/abac", Origin::Program),
    (
        "k8s.io/kubernetes",
        "pkg/kubelet/apis/config",
        Origin::Program,
    ),
    (
        "k8s.io/kubernetes",
        "pkg/scheduler/apis/config",
        Origin::Program,
    ),
    ("k8s.io/kubernetes", "plugin/pkg/admission", Origin::Program),
    (
        "k8s.io/pod-security-admission",
        "admission/api",
        Origin::Program,
    ),
];

/// Who knows a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// An API server, which serves it or not.
    Server,
    /// Programs, which read it from files or send it to each other.
    Program,
}

/// What can be had of a kind at one minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    /// It is in the source; no server serves it.
    None,
    OffByDefault,
    Served,
}

/// One kind at one minor.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) class: Class,
    pub(crate) life: Lifecycle,
    pub(crate) place: Place,
    pub(crate) service: Service,
    pub(crate) stored: bool,
    pub(crate) source: Provenance,
}

/// All kinds at one minor.
pub(crate) struct Snapshot {
    /// 31 for 1.31.
    pub(crate) minor: u16,
    pub(crate) kinds: BTreeMap<Gvk, Seen>,
}

/// A kind as its package has it.
struct Declared {
    origin: Origin,
    life: Lifecycle,
    /// A client is generated for it.
    client: Option<Client>,
    source: Provenance,
}

impl Snapshot {
    /// Reads all sources of a minor.
    pub(crate) fn read(release: &Release) -> Result<Self> {
        let packages = Packages::read(release)?;
        let kubernetes = release.module("k8s.io/kubernetes")?;
        let served = Served {
            minor: Minor::v1(release.minor),
            places: paths::read(&kubernetes.read("api/openapi-spec/swagger.json")?)?,
            defaults: packages.defaults(release)?,
            stored: stored::read(
                &kubernetes.read("test/integration/etcd/data.go")?,
                release.minor,
            )?,
            evictions: evictions(kubernetes)?,
            old_discovery: old_discovery(release)?,
            made_with: kubernetes.read("hack/update-openapi-spec.sh")?,
        };
        let names: BTreeSet<Gvk> = packages.kinds.keys().cloned().collect();
        let kinds = packages.kinds.into_iter().map(|(gvk, declared)| {
            let seen = served.see(&gvk, declared, &names);
            (gvk, seen)
        });
        Ok(Self {
            minor: release.minor,
            kinds: kinds.collect(),
        })
    }
}

/// The packages that register kinds.
struct Packages {
    kinds: BTreeMap<Gvk, Declared>,
    /// The group and version of each package, by import path.
    versions: BTreeMap<String, GroupVersion>,
}

impl Packages {
    fn read(release: &Release) -> Result<Self> {
        let mut packages = Self {
            kinds: BTreeMap::new(),
            versions: BTreeMap::new(),
        };
        for (name, folder, origin) in ROOTS {
            let Some(module) = release.find(name) else {
                continue;
            };
            for file in module.files(folder)? {
                if file.ends_with("/register.go") {
                    packages.package(module, &file, *origin)?;
                }
            }
        }
        Ok(packages)
    }

    fn package(&mut self, module: &Module, file: &str, origin: Origin) -> Result<()> {
        let place = || format!("{file} of {} {}", module.name, module.tag);
        let registered = register::read(&module.read(file)?).with_context(place)?;
        let folder = file.trim_end_matches("/register.go");
        if let Some(version) = registered.version {
            self.versions
                .insert(format!("{}/{folder}", module.name), version);
        }
        if registered.kinds.is_empty() {
            return Ok(());
        }
        let lives = lives(module, folder).with_context(place)?;
        let clients = clients(module, folder)?;
        for gvk in registered.kinds {
            let life = lives.get(&gvk.kind);
            let declared = Declared {
                origin,
                client: clients.get(&gvk.kind).copied(),
                source: Provenance {
                    module: module.name.clone(),
                    tag: module.tag.clone(),
                    file: life.map_or(file, |(_, file)| file).to_owned(),
                },
                life: life.map(|(life, _)| life.clone()).unwrap_or_default(),
            };
            self.kinds.insert(gvk, declared);
        }
        Ok(())
    }

    /// The group and version that a package registers. Some packages of Kubernetes' own take theirs from the published ones.
    fn version(&self, path: &str) -> Option<GroupVersion> {
        let published = || {
            path.strip_prefix("k8s.io/kubernetes/pkg/apis/")
                .map(|rest| format!("k8s.io/api/{rest}"))
        };
        let found = self
            .versions
            .get(path)
            .or_else(|| self.versions.get(&published()?));
        found.cloned()
    }

    /// What the three API servers in one serve by default: Kubernetes' own, that of definitions, and the aggregator.
    fn defaults(&self, release: &Release) -> Result<Defaults> {
        let mut all = Defaults::default();
        let kubernetes = release.module("k8s.io/kubernetes")?;
        let own = ["pkg/controlplane/instance.go", "pkg/master/master.go"]
            .into_iter()
            .find(|file| kubernetes.has(file));
        let files = [
            (
                "k8s.io/kubernetes",
                own.context("nothing tells what is on by default")?,
            ),
            (
                "k8s.io/apiextensions-apiserver",
                "pkg/apiserver/apiserver.go",
            ),
            ("k8s.io/kube-aggregator", "pkg/apiserver/apiserver.go"),
        ];
        for (name, file) in files {
            let text = release.module(name)?.read(file)?;
            let read = defaults::read(&text, |path| self.version(path));
            all.add(read.with_context(|| format!("{file} of {name} for 1.{}", release.minor))?);
        }
        Ok(all)
    }
}

/// Lifecycles by kind, with the file that has them.
fn lives(module: &Module, folder: &str) -> Result<BTreeMap<String, (Lifecycle, String)>> {
    let mut found = BTreeMap::new();
    for name in lifecycle::FILES {
        let file = format!("{folder}/{name}");
        if module.has(&file) {
            let read = lifecycle::read(&module.read(&file)?)?;
            found.extend(
                read.into_iter()
                    .map(|(kind, life)| (kind, (life, file.clone()))),
            );
        }
    }
    Ok(found)
}

/// What the markers above a type say of the client that is generated for it.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    cluster_wide: bool,
    create_only: bool,
}

/// The kinds for which clients with calls of their own are generated: those that are resources.
fn clients(module: &Module, folder: &str) -> Result<BTreeMap<String, Client>> {
    let file = format!("{folder}/types.go");
    if module.has(&file) {
        Ok(marked(&module.read(&file)?))
    } else {
        Ok(BTreeMap::new())
    }
}

fn marked(text: &str) -> BTreeMap<String, Client> {
    let mut found = BTreeMap::new();
    let mut marks: BTreeSet<&str> = BTreeSet::new();
    for line in text.lines() {
        marks.extend(line.strip_prefix("// +genclient"));
        if let Some(kind) = line
            .strip_prefix("type ")
            .and_then(|rest| rest.split(' ').next())
        {
            if !marks.is_empty() && !marks.contains(":noVerbs") {
                let client = Client {
                    cluster_wide: marks.contains(":nonNamespaced"),
                    create_only: marks.contains(":onlyVerbs=create"),
                };
                found.insert(kind.to_owned(), client);
            }
            marks.clear();
        }
    }
    found
}

/// The versions at which the eviction subresource takes its object: any of them, not only the one that discovery names.
fn evictions(kubernetes: &Module) -> Result<BTreeSet<String>> {
    let text = kubernetes.read("pkg/registry/core/pod/storage/eviction.go")?;
    let accepts = text
        .split_once("AcceptsGroupVersion(")
        .map_or("", |(_, rest)| rest.split("\n}").next().unwrap_or_default());
    let takes = |version: &&str| accepts.contains(&format!("policy{version}.SchemeGroupVersion"));
    Ok(["v1", "v1beta1"]
        .iter()
        .filter(|version| takes(version))
        .map(|version| (*version).to_owned())
        .collect())
}

/// A gate that is there to end the first version of aggregated discovery, whose types stay in the source.
fn old_discovery(release: &Release) -> Result<Service> {
    let text = release
        .module("k8s.io/apiserver")?
        .read("pkg/features/kube_features.go")?;
    let Some((_, rest)) = text.split_once("AggregatedDiscoveryRemoveBetaType: {") else {
        return Ok(Service::Served);
    };
    let mut states = rest.split("\n\t}").next().unwrap_or_default().lines();
    let said = states.rfind(|line| {
        golang::quoted(line)
            .and_then(|from| from.parse().ok())
            .is_some_and(|from: Minor| from <= Minor::v1(release.minor))
    });
    Ok(match said {
        Some(state) if state.contains("LockToDefault: true") => Service::None,
        Some(state) if state.contains("Default: true") => Service::OffByDefault,
        _ => Service::Served,
    })
}

/// What the sources say of serving.
struct Served {
    minor: Minor,
    places: BTreeMap<Gvk, Place>,
    defaults: Defaults,
    stored: Stored,
    evictions: BTreeSet<String>,
    /// How the first version of aggregated discovery is answered.
    old_discovery: Service,
    /// The script that made the document: its flags tell which gates were on.
    made_with: String,
}

impl Served {
    fn see(&self, gvk: &Gvk, declared: Declared, names: &BTreeSet<Gvk>) -> Seen {
        let mut place = self.place(gvk);
        let is_list = gvk
            .kind
            .strip_suffix("List")
            .is_some_and(|item| item.is_empty() || names.contains(&gvk.named(item)));
        if place == Place::default()
            && declared.origin == Origin::Server
            && gvk.group != "imagepolicy.k8s.io"
        {
            place.collection = declared.client.map(|client| guessed(gvk, client));
        }
        let class = class(gvk, &declared, &place, is_list);
        let stored = place
            .collection
            .as_ref()
            .is_some_and(|found| self.stored.at(&gvk.at(), &gvk.kind, &found.plural));
        Seen {
            class,
            service: self.service(gvk, class, &declared),
            life: declared.life,
            place,
            stored,
            source: declared.source,
        }
    }

    fn place(&self, gvk: &Gvk) -> Place {
        let own = self.places.get(gvk).cloned().unwrap_or_default();
        if gvk.group != "policy" || gvk.kind != "Eviction" || !self.evictions.contains(&gvk.version)
        {
            return own;
        }
        // The document names one version; the server takes the other too.
        let other = self
            .places
            .iter()
            .find(|(other, _)| other.group == "policy" && other.kind == "Eviction");
        other.map_or(own, |(_, place)| place.clone())
    }

    fn service(&self, gvk: &Gvk, class: Class, declared: &Declared) -> Service {
        if gvk.group == "apidiscovery.k8s.io" && gvk.version == "v2beta1" {
            return self.old_discovery;
        }
        if declared.origin == Origin::Program || class == Class::Wire {
            return Service::Served;
        }
        if gvk.kind == "EphemeralContainers" {
            // Its subresource was behind a feature gate as long as it had a kind of its own.
            return Service::OffByDefault;
        }
        let place = self.place(gvk);
        let own = place
            .collection
            .iter()
            .map(|found| self.on(&gvk.at(), &found.plural));
        let below = place
            .below
            .iter()
            .map(|below| self.on(&below.parent, &below.plural));
        let published = own.chain(below).max();
        published.unwrap_or_else(|| self.unpublished(gvk, class, declared))
    }

    fn on(&self, version: &GroupVersion, plural: &str) -> Service {
        if self.defaults.serve(version, plural) {
            Service::Served
        } else {
            Service::OffByDefault
        }
    }

    /// What no path of the document names: parameters, and what is behind a gate that was off when the document was made.
    fn unpublished(&self, gvk: &Gvk, class: Class, declared: &Declared) -> Service {
        let removed = declared
            .life
            .removed
            .is_some_and(|removed| removed <= self.minor);
        let alpha = gvk.version.contains("alpha");
        let gates = if alpha {
            "AllAlpha=true"
        } else {
            "AllBeta=true"
        };
        let may_be_gated = !removed
            && !self.made_with.contains(gates)
            // Alphas need not be in the list of what can be asked for.
            && (alpha || self.defaults.know(&gvk.at()));
        match class {
            Class::Options if self.defaults.serve(&gvk.at(), "") => Service::Served,
            Class::Resource | Class::Review if may_be_gated => Service::OffByDefault,
            _ => Service::None,
        }
    }
}

/// The collection of a resource that no published path names.
fn guessed(gvk: &Gvk, client: Client) -> Collection {
    Collection {
        plural: plural(&gvk.kind),
        namespaced: !client.cluster_wide,
        create_only: client.create_only,
    }
}

/// As Kubernetes' own generators make it.
fn plural(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with('s') || kind.ends_with('x') || kind.ends_with("ch") => {
            format!("{kind}es")
        }
        _ => format!("{kind}s"),
    }
}

/// Names of what programs send to each other, in packages of configuration.
const SENT: &[&str] = &[
    "Request",
    "Response",
    "Review",
    "Event",
    "EventList",
    "ExecCredential",
    "Statusz",
    "Flagz",
];

/// Kinds that were below other resources only, whether or not a path still names them.
const BELOW: &[&str] = &[
    "DeploymentRollback",
    "EphemeralContainers",
    "Eviction",
    "Scale",
];

fn class(gvk: &Gvk, declared: &Declared, place: &Place, is_list: bool) -> Class {
    if declared.origin == Origin::Program {
        let sent = SENT.iter().any(|end| gvk.kind.ends_with(end));
        return if sent { Class::Wire } else { Class::Config };
    }
    match &place.collection {
        Some(collection) if collection.create_only => Class::Review,
        Some(_) => Class::Resource,
        None if is_list => Class::List,
        None if gvk.kind.ends_with("Options") => Class::Options,
        None if !place.below.is_empty() || BELOW.contains(&&*gvk.kind) => Class::Subresource,
        None => Class::Wire,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_belong_to_the_type_that_follows() {
        let text = "// +genclient\n// +genclient:nonNamespaced\n\n// Doc.\ntype A struct {\n}\ntype B struct {\n// +genclient\n// +genclient:noVerbs\ntype C struct {\n";
        let found = marked(text);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["A"]);
        assert!(found["A"].cluster_wide && !found["A"].create_only);
    }

    #[test]
    fn plurals_are_those_of_the_generators() {
        let made = ["NetworkPolicy", "Ingress", "DaemonSet", "Gateway"].map(plural);
        assert_eq!(
            made,
            ["networkpolicies", "ingresses", "daemonsets", "gateways"]
        );
    }
}
