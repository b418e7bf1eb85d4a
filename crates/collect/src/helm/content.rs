//! What is kept of a release.

use airworthy_manifest::{Object, objects, parse};
use airworthy_model::facts::DesiredObject;
use jiff::Timestamp;

use super::{
    Undecodable, Watch,
    payload::{Release, decode},
};

/// Most objects of one release that are kept. A release is at most some megabytes.
const MOST: usize = 5_000;

/// What is kept of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Name of its chart.
    pub chart: String,
    /// Version of its chart.
    pub chart_version: String,
    /// The constraint on Kubernetes that its chart states.
    pub kube_version: Option<String>,
    /// When it was deployed.
    pub deployed_at: Option<Timestamp>,
    /// How many objects its manifest and its hooks hold.
    pub objects: u32,
    /// Those that are watched.
    pub watched: Vec<DesiredObject>,
    /// Why not all of its objects could be looked at.
    pub problem: Option<String>,
}

/// Reads the payload of a release: the text that Helm put into its record. Any bytes are answered in bounded memory, and no
/// answer quotes them.
pub fn read(payload: &[u8], watch: &Watch) -> Result<Content, Undecodable> {
    let release = decode(payload)?;
    let mut content = Content {
        chart: release.chart().to_owned(),
        chart_version: release.chart_version().to_owned(),
        kube_version: release.kube_version().map(str::to_owned),
        deployed_at: release.deployed_at(),
        ..Content::default()
    };
    content.look_at(&release, watch);
    Ok(content)
}

impl Content {
    fn look_at(&mut self, release: &Release, watch: &Watch) {
        self.look_at_text(&release.manifest, None, watch);
        for hook in &release.hooks {
            self.look_at_text(&hook.manifest, Some(hook.events.join(", ")), watch);
        }
    }

    fn look_at_text(&mut self, text: &str, hook: Option<String>, watch: &Watch) {
        let documents = match parse(text.as_bytes()) {
            Ok(documents) => documents,
            // What the parser says may quote the text.
            Err(problem) => {
                let of = if hook.is_some() {
                    "a hook"
                } else {
                    "its manifest"
                };
                let (line, column) = (problem.line, problem.column);
                return self.problem(format!("{of} is not YAML (line {line}, column {column})"));
            }
        };
        for object in documents.iter().flat_map(|one| objects(one.root())) {
            self.objects = self.objects.saturating_add(1);
            self.watched.extend(desired(object, hook.as_ref(), watch));
        }
        if self.watched.len() > MOST {
            self.watched.truncate(MOST);
            self.problem(format!(
                "it has more than {MOST} objects at API versions that end"
            ));
        }
    }

    /// Notes the first problem; one is enough to say that not everything was looked at.
    fn problem(&mut self, text: String) {
        self.problem.get_or_insert(text);
    }
}

fn desired(object: Object<'_>, hook: Option<&String>, watch: &Watch) -> Option<DesiredObject> {
    let (api_version, kind) = (object.api_version()?, object.kind()?);
    if !watch.has(api_version, kind) {
        return None;
    }
    Some(DesiredObject {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: object.namespace().map(str::to_owned),
        name: object.name().unwrap_or_default().to_owned(),
        hook: hook.cloned(),
        ..DesiredObject::default()
    })
}

#[cfg(test)]
mod tests {
    use airworthy_knowledge::Knowledge;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::{Value, json};

    use super::*;

    fn content(manifest: &str, hooks: &Value) -> Content {
        let release = json!({"name": "web", "manifest": manifest, "hooks": hooks});
        let watch = Watch::of(Knowledge::embedded());
        read(STANDARD.encode(release.to_string()).as_bytes(), &watch).unwrap()
    }

    fn named(content: &Content) -> Vec<String> {
        let watched = content.watched.iter();
        watched
            .map(|object| {
                let hook = object.hook.as_deref().unwrap_or("-");
                format!(
                    "{} {} {} {hook}",
                    object.api_version, object.kind, object.name
                )
            })
            .collect()
    }

    #[test]
    fn objects_at_versions_that_end_are_kept_by_name() {
        let manifest = "---
# Source: web/templates/a.yaml
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: hush}
---
apiVersion: v1
kind: List
items:
- {apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: a}}
- {apiVersion: batch/v1, kind: CronJob, metadata: {name: b}}
---
";
        let hook = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: h}\n";
        let hooks = json!([{"manifest": hook, "events": ["pre-install", "pre-upgrade"]}]);
        let content = content(manifest, &hooks);
        assert_eq!((content.objects, &content.problem), (5, &None));
        assert_eq!(
            named(&content),
            [
                "policy/v1beta1 PodDisruptionBudget web -",
                "batch/v1beta1 CronJob a -",
                "batch/v1beta1 CronJob h pre-install, pre-upgrade",
            ]
        );
        assert_eq!(content.watched[0].namespace.as_deref(), Some("shop"));
    }

    #[test]
    fn yaml_that_does_not_parse_is_told_without_quoting_it() {
        let hooks =
            json!([{"manifest": "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: h}"}]);
        let broken = content("a: b\nhush: 'hush\n", &hooks);
        let problem = broken.problem.unwrap();
        assert!(
            problem.starts_with("its manifest is not YAML (line "),
            "{problem}"
        );
        assert!(!problem.contains("hush"), "{problem}");
        assert_eq!(broken.watched.len(), 1);
        let broken = content("", &json!([{"manifest": "{"}]));
        assert!(broken.problem.unwrap().starts_with("a hook is not YAML"));
    }
}
