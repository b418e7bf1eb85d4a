//! What a release holds that is compared with what runs: images of workloads, Corefiles.

use airworthy_manifest::{Node, Object, objects, parse};
use airworthy_model::facts::{ReleaseCorefile, ReleaseWorkload, WorkloadKind};

use crate::corefile::{self, Form};

/// Most workloads, and most Corefiles, of one release that are kept.
const MOST: usize = 500;

const KINDS: [WorkloadKind; 3] = [
    WorkloadKind::Deployment,
    WorkloadKind::StatefulSet,
    WorkloadKind::DaemonSet,
];

/// Reads the documents of a manifest that hold such. What cannot be parsed is told by who looks at all documents.
pub(super) fn read(manifest: &str) -> (Vec<ReleaseWorkload>, Vec<ReleaseCorefile>) {
    let (mut workloads, mut corefiles) = (Vec::new(), Vec::new());
    for text in manifest.split("\n---").filter(|text| may_hold(text)) {
        for document in parse(text.as_bytes()).unwrap_or_default() {
            for object in objects(document.root()) {
                workloads.extend(workload(object));
                corefiles.extend(corefile(object));
            }
        }
    }
    workloads.truncate(MOST);
    corefiles.truncate(MOST);
    (workloads, corefiles)
}

fn may_hold(text: &str) -> bool {
    let kinds = KINDS.iter().any(|kind| text.contains(kind.kind()));
    kinds || text.contains("Corefile")
}

/// Groups that serve workloads, or once did; others call kinds of theirs the same.
const GROUPS: [&str; 2] = ["apps", "extensions"];

fn workload(object: Object<'_>) -> Option<ReleaseWorkload> {
    let (group, _) = object.api_version()?.split_once('/')?;
    if !GROUPS.contains(&group) {
        return None;
    }
    let kind = KINDS
        .into_iter()
        .find(|kind| object.kind() == Some(kind.kind()))?;
    let template = object.node.at(&["spec", "template", "spec"]);
    let mut images: Vec<String> = Vec::new();
    for list in ["initContainers", "containers"] {
        let containers = template.and_then(|template| template.get(list));
        for image in containers
            .iter()
            .flat_map(|list| list.resolve().items())
            .filter_map(image)
        {
            if !images.iter().any(|known| known == image) {
                images.push(image.to_owned());
            }
        }
    }
    let strategy = match kind {
        WorkloadKind::Deployment => "strategy",
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => "updateStrategy",
    };
    let strategy = object.node.at(&["spec", strategy, "type"]);
    Some(ReleaseWorkload {
        kind,
        namespace: object.namespace().unwrap_or_default().to_owned(),
        name: object.name()?.to_owned(),
        images,
        strategy: strategy.and_then(Node::text).unwrap_or_default().to_owned(),
    })
}

fn image(container: Node<'_>) -> Option<&str> {
    container.resolve().get("image")?.text()
}

fn corefile(object: Object<'_>) -> Option<ReleaseCorefile> {
    if (object.api_version(), object.kind()) != (Some("v1"), Some("ConfigMap")) {
        return None;
    }
    let text = object.node.at(&["data", "Corefile"])?.text()?;
    Some(ReleaseCorefile {
        namespace: object.namespace().unwrap_or_default().to_owned(),
        name: object.name()?.to_owned(),
        digest: corefile::read(text, Form::Whole).digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "---
# Source: coredns/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |-
    .:53 {
        errors
        log {
            class error
        }
    }
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns}
spec:
  strategy: {type: Recreate}
  template:
    spec:
      initContainers: [{name: i, image: example.com/init}]
      containers:
      - {name: a, image: coredns/coredns:1.11.3}
      - {name: b, image: example.com/init}
---
kind: Service
metadata: {name: Deployment}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: gpu}
spec: {strategy: {type: Recreate}, updateStrategy: {type: OnDelete}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
---
apiVersion: apps.kruise.io/v1alpha1
kind: DaemonSet
metadata: {name: theirs}
spec: {template: {spec: {containers: [{name: a, image: theirs}]}}}
---
apiVersion: theirs.example/v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data: {Corefile: '. {}'}
---
kind: DaemonSet
metadata: {name: 'broken
";

    #[test]
    fn workloads_and_corefiles_of_a_manifest() {
        let (workloads, corefiles) = read(MANIFEST);
        let one = &workloads[..];
        let strategies: Vec<_> = one.iter().map(|one| &*one.strategy).collect();
        assert_eq!(strategies, ["Recreate", "OnDelete", ""], "{workloads:?}");
        assert_eq!(
            (one[0].kind, &*one[0].name),
            (WorkloadKind::Deployment, "coredns")
        );
        assert_eq!(
            one[0].images,
            ["example.com/init", "coredns/coredns:1.11.3"]
        );
        let live = ".:53 {\n  errors\n  log {\n class error\n  }\n}\n";
        assert_eq!(corefiles.len(), 1);
        assert_eq!(
            corefiles[0].digest,
            corefile::read(live, Form::Whole).digest
        );
    }
}
