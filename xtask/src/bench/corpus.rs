//! A tree of manifests as teams have them: many that are fine, some at versions that were removed, some that only look so.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Files, and documents in them.
const FILES: usize = 5_000;
const FOLDERS: usize = 50;
/// Documents at a removed version that stand alone.
const ALONE: usize = 496;
/// Such items in each of the lists.
const IN_LISTS: [usize; 4] = [3, 3, 3, 2];

/// What a server of 1.32 does not serve any more, and how its specification begins.
const REMOVED: &[(&str, &str, &str)] = &[
    (
        "policy/v1beta1",
        "PodDisruptionBudget",
        "  minAvailable: 1\n  selector: {matchLabels: {app: web}}\n",
    ),
    (
        "batch/v1beta1",
        "CronJob",
        "  schedule: \"*/5 * * * *\"\n  concurrencyPolicy: Forbid\n",
    ),
    (
        "networking.k8s.io/v1beta1",
        "Ingress",
        "  rules:\n  - host: example.org\n",
    ),
    (
        "extensions/v1beta1",
        "Ingress",
        "  rules:\n  - host: example.org\n",
    ),
    ("extensions/v1beta1", "Deployment", "  replicas: 2\n"),
    ("apps/v1beta2", "StatefulSet", "  serviceName: db\n"),
    (
        "autoscaling/v2beta1",
        "HorizontalPodAutoscaler",
        "  maxReplicas: 9\n",
    ),
    (
        "autoscaling/v2beta2",
        "HorizontalPodAutoscaler",
        "  maxReplicas: 9\n",
    ),
    (
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRole",
        "  none: true\n",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        "  none: true\n",
    ),
    (
        "scheduling.k8s.io/v1beta1",
        "PriorityClass",
        "  none: true\n",
    ),
    (
        "policy/v1beta1",
        "PodSecurityPolicy",
        "  privileged: false\n",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "FlowSchema",
        "  matchingPrecedence: 1000\n",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "PriorityLevelConfiguration",
        "  type: Limited\n",
    ),
    (
        "discovery.k8s.io/v1beta1",
        "EndpointSlice",
        "  none: true\n",
    ),
];

/// The tree.
#[derive(Debug)]
pub(super) struct Corpus {
    /// All files, in the order in which they are read.
    pub(super) files: Vec<PathBuf>,
    pub(super) documents: usize,
    pub(super) bytes: u64,
    /// File and version of each object at a removed version, by name.
    pub(super) removed: BTreeMap<String, (String, String)>,
}

impl Corpus {
    /// Writes the tree below a folder.
    pub(super) fn write(folder: &Path) -> Result<Self> {
        let mut corpus = Self {
            files: Vec::with_capacity(FILES),
            documents: 0,
            bytes: 0,
            removed: BTreeMap::new(),
        };
        for number in 0..FILES {
            corpus.file(folder, number)?;
        }
        Ok(corpus)
    }

    fn file(&mut self, root: &Path, number: usize) -> Result<()> {
        let folder = root.join(format!("team-{:02}", number / (FILES / FOLDERS)));
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let path = folder.join(format!("app-{number:04}.yaml"));
        let documents: Vec<_> = (0..=number % 5).map(|_| self.document(&path)).collect();
        let text = documents.join("---\n");
        self.bytes += text.len() as u64;
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        self.files.push(path);
        Ok(())
    }

    fn document(&mut self, path: &Path) -> String {
        let number = self.documents;
        self.documents += 1;
        let alone = number / 30;
        if number % 3_000 == 1_000 {
            return self.list(path, number);
        }
        if number % 30 == 7 && alone < ALONE {
            return self.old(path, &format!("old-{number}"), alone);
        }
        sound(number)
    }

    fn old(&mut self, path: &Path, name: &str, which: usize) -> String {
        let (version, kind, spec) = REMOVED[which % REMOVED.len()];
        let file = path.to_string_lossy().into_owned();
        self.removed
            .insert(name.to_owned(), (file, version.to_owned()));
        let head = format!("apiVersion: {version}\nkind: {kind}\n{}", metadata(name));
        format!("{head}spec:\n{spec}")
    }

    fn list(&mut self, path: &Path, number: usize) -> String {
        let olds = IN_LISTS.get(number / 3_000).copied().unwrap_or(0);
        let old: Vec<_> = (0..olds)
            .map(|item| self.old(path, &format!("item-{number}-{item}"), item))
            .collect();
        let items = old.into_iter().chain([deployment(number), service(number)]);
        let items: Vec<_> = items
            .map(|item| format!("- {}\n", item.trim_end().replace('\n', "\n  ")))
            .collect();
        format!("apiVersion: v1\nkind: List\nitems:\n{}", items.concat())
    }
}

fn metadata(name: &str) -> String {
    format!(
        "metadata:\n  name: {name}\n  namespace: shop\n  labels:\n    app.kubernetes.io/name: {name}\n    app.kubernetes.io/part-of: shop\n    \
         app.kubernetes.io/managed-by: kustomize\n  annotations:\n    example.org/owner: \"team@example.org\"\n    example.org/runbook: https://example.org/runbooks/{name}#restart\n    example.org/description: Part of the shop; whoever changes it tells the team on call, and writes down why it was changed and when it can be taken back\n"
    )
}

/// A document that 1.32 takes as it is.
fn sound(number: usize) -> String {
    match number % 40 {
        0..=11 => deployment(number),
        12..=19 => service(number),
        20..=25 => config(number),
        26..=28 => ingress(number),
        29..=31 => role(number),
        32 => rules(number),
        33 => lookalike(number),
        34 => definition(number),
        35 => manifest_in_text(number),
        36 => json(number),
        _ => budget(number),
    }
}

fn deployment(number: usize) -> String {
    let name = format!("web-{number}");
    format!(
        "# The front of the shop; see the runbook before it is scaled.\napiVersion: apps/v1\nkind: Deployment\n{}spec:\n  replicas: {}\n  selector:\n    matchLabels:\n      \
         app.kubernetes.io/name: {name}\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: {name}\n    spec:\n      containers:\n      \
         - name: web\n        image: registry.example.org/shop/web:1.{number}\n        args: [\"--listen=:8080\", \"--log-level=info\"]\n        ports:\n        \
         - containerPort: 8080\n          name: http\n        resources:\n          requests: {{cpu: 100m, memory: 128Mi}}\n          limits: {{memory: 256Mi}}\n        \
         readinessProbe:\n          httpGet:\n            path: /healthz\n            port: http\n          periodSeconds: 5\n        env:\n        - name: DATABASE\n          \
         valueFrom:\n            secretKeyRef: {{name: database, key: url}}\n      terminationGracePeriodSeconds: 30\n",
        metadata(&name),
        number % 7
    )
}

fn service(number: usize) -> String {
    let name = format!("web-{number}");
    format!(
        "apiVersion: v1\nkind: Service\n{}spec:\n  type: ClusterIP\n  selector:\n    app.kubernetes.io/name: {name}\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n",
        metadata(&name)
    )
}

fn config(number: usize) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\n{}data:\n  start.sh: |\n    #!/bin/sh\n    set -eu\n    pattern='^[0-9]+\\.[0-9]+$'\n    echo \"starting\\t$1\" | grep -E \"$pattern\" \\\n      \
         && exec /usr/bin/web --config /etc/web/config.ini\n  config.ini: |\n    [server]\n    threads = {}\n    timeout = 30\n    [cache]\n    size = 64M\n    path = C:\\cache\\web\n",
        metadata(&format!("config-{number}")),
        number % 16
    )
}

fn ingress(number: usize) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n{}spec:\n  ingressClassName: nginx\n  rules:\n  - host: shop-{number}.example.org\n    http:\n      paths:\n      \
         - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: web-{number}\n            port:\n              name: http\n",
        metadata(&format!("shop-{number}"))
    )
}

fn role(number: usize) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n{}rules:\n- apiGroups: [\"\", \"apps\", \"policy\", \"extensions\"]\n  resources: [\"pods\", \"deployments\", \"endpoints\"]\n  \
         verbs: [\"get\", \"list\", \"watch\"]\n",
        metadata(&format!("reader-{number}"))
    )
}

/// Templates of somebody else's, in quotes.
fn rules(number: usize) -> String {
    format!(
        "apiVersion: monitoring.example.org/v1\nkind: Rules\n{}spec:\n  groups:\n  - name: shop\n    rules:\n    - alert: Slow\n      expr: rate(requests_total{{code=~\"5..\"}}[5m]) > 0.1\n      \
         annotations:\n        summary: \"{{{{ $labels.pod }}}} answers {{{{ $value | humanize }}}} errors a second\"\n",
        metadata(&format!("rules-{number}"))
    )
}

/// Groups that end like ours.
fn lookalike(number: usize) -> String {
    format!(
        "apiVersion: certificates.example.org/v1beta1\nkind: CronJob\n{}# Was policy/v1beta1 once.\nspec:\n  secretName: tls-{number}\n",
        metadata(&format!("tls-{number}"))
    )
}

fn definition(number: usize) -> String {
    let property = |field: usize| {
        format!(
            "              field{field}:\n                type: string\n                description: What the {field}th field is for, in a sentence of some length.\n"
        )
    };
    let properties: Vec<_> = (0..20).map(property).collect();
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n{}spec:\n  group: kind{number}.example.org\n  scope: Namespaced\n  names: {{kind: Thing, plural: things}}\n  versions:\n  \
         - name: v1beta1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            type: object\n            properties:\n{}",
        metadata(&format!("things.kind{number}.example.org")),
        properties.concat()
    )
}

fn manifest_in_text(number: usize) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\n{}data:\n  job.yaml: |\n    apiVersion: batch/v1beta1\n    kind: CronJob\n    metadata:\n      name: not-an-object-{number}\n",
        metadata(&format!("templates-{number}"))
    )
}

/// YAML takes JSON.
fn json(number: usize) -> String {
    format!(
        "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"ServiceAccount\",\n  \"metadata\": {{\n    \"name\": \"robot-{number}\",\n    \"annotations\": {{\"example.org\\/path\": \"a\\/b\"}}\n  }}\n}}\n"
    )
}

fn budget(number: usize) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\n{}spec:\n  minAvailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: web-{number}\n",
        metadata(&format!("web-{number}"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_has_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let corpus = Corpus::write(folder.path()).unwrap();
        assert_eq!(
            (corpus.files.len(), corpus.documents, corpus.removed.len()),
            (FILES, 15_000, 507)
        );
        assert_eq!(
            corpus
                .removed
                .keys()
                .filter(|name| name.starts_with("item-"))
                .count(),
            11
        );
        assert!(
            (13_000_000..15_000_000).contains(&corpus.bytes),
            "{}",
            corpus.bytes
        );
    }
}
