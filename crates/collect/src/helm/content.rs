//! What is kept of a release.

use airworthy_manifest::{Digest, Found, Watch};
use airworthy_model::facts::{
    DesiredObject, ReleaseCorefile, ReleaseWorkload, Unreadable, ValuesVerdict,
};
use jiff::Timestamp;

use super::{
    Undecodable, held,
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
    /// Version of what its chart installs.
    pub app_version: String,
    /// The constraint on Kubernetes that its chart states.
    pub kube_version: Option<String>,
    /// When it was deployed.
    pub deployed_at: Option<Timestamp>,
    /// How many objects its manifest and its hooks hold.
    pub objects: u32,
    /// Those that are watched.
    pub watched: Vec<DesiredObject>,
    /// Its workloads. The namespace is empty where the manifest names none.
    pub workloads: Vec<ReleaseWorkload>,
    /// Its Corefiles, likewise.
    pub corefiles: Vec<ReleaseCorefile>,
    /// How its values stand to the schema of its chart, where that has one.
    pub values: Option<ValuesVerdict>,
    /// Why not all of its objects could be looked at.
    pub problem: Option<String>,
}

/// Reads the payload of a release: the text that Helm put into its record. Any bytes are answered in bounded memory, and no
/// answer quotes them.
pub fn read(payload: &[u8], watch: &Watch) -> Result<Content, Undecodable> {
    let mut release = decode(payload)?;
    let mut content = Content {
        chart: release.chart().to_owned(),
        chart_version: release.chart_version().to_owned(),
        app_version: release.app_version().to_owned(),
        kube_version: release.kube_version().map(str::to_owned),
        deployed_at: release.deployed_at(),
        values: release.values.take(),
        ..Content::default()
    };
    content.look_at(&release, watch);
    Ok(content)
}

impl Content {
    fn look_at(&mut self, release: &Release, watch: &Watch) {
        self.look_at_text(&release.manifest, None, watch);
        (self.workloads, self.corefiles) = held::read(&release.manifest);
        for hook in &release.hooks {
            let events = hook.events.join(", ");
            self.look_at_text(&hook.manifest, Some(&events), watch);
        }
    }

    /// Puts the namespace of the release where its manifest names none, as Helm does.
    pub(crate) fn stand_in(&mut self, namespace: &str) {
        let workloads = self.workloads.iter_mut().map(|one| &mut one.namespace);
        let corefiles = self.corefiles.iter_mut().map(|one| &mut one.namespace);
        for place in workloads.chain(corefiles).filter(|place| place.is_empty()) {
            namespace.clone_into(place);
        }
    }

    fn look_at_text(&mut self, text: &str, hook: Option<&str>, watch: &Watch) {
        let mut digest = Digest::new(watch, "").thorough().lenient();
        digest.take(text.as_bytes(), true);
        let Found {
            objects,
            watched,
            problems,
            more_watched,
            ..
        } = digest.finish();
        let objects = u32::try_from(objects).unwrap_or(u32::MAX);
        self.objects = self.objects.saturating_add(objects);
        self.watched
            .extend(watched.into_iter().map(|object| of_release(object, hook)));
        if self.watched.len() > MOST || more_watched > 0 {
            self.watched.truncate(MOST);
            self.problem(format!("more than {MOST} of its objects matter"));
        }
        // What the parser says may quote the text.
        if let Some(Unreadable { line, column, .. }) = problems.first() {
            let of = if hook.is_some() {
                "a hook"
            } else {
                "its manifest"
            };
            self.problem(format!(
                "{of} cannot be read at line {line}, column {column}"
            ));
        }
    }

    /// Notes the first problem; one is enough to say that not everything was looked at.
    fn problem(&mut self, text: String) {
        self.problem.get_or_insert(text);
    }
}

/// An object as its release has it: without places, for there is no file.
fn of_release(mut object: DesiredObject, hook: Option<&str>) -> DesiredObject {
    for field in &mut object.fields {
        (field.line, field.column) = (0, 0);
    }
    DesiredObject {
        location: None,
        hook: hook.map(str::to_owned),
        ..object
    }
}

#[cfg(test)]
mod tests {
    use airworthy_knowledge::Knowledge;
    use airworthy_model::Minor;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::{Value, json};

    use super::*;

    fn content(manifest: &str, hooks: &Value) -> Content {
        let release = json!({"name": "web", "manifest": manifest, "hooks": hooks});
        let knowledge = Knowledge::embedded();
        // From a minor on that serves what is current: a kind that is not served yet matters as well.
        let watch = Watch::of(knowledge, &(Minor::v1(24)..=knowledge.newest));
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
    fn more_objects_than_are_kept_are_told() {
        let one =
            "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\n---\n";
        let content = content(&one.repeat(MOST + 1), &json!([]));
        assert_eq!((content.watched.len(), content.objects), (MOST, 5_001));
        let problem = content.problem.unwrap();
        assert!(problem.contains("more than 5000"), "{problem}");
    }

    #[test]
    fn yaml_that_does_not_parse_is_told_without_quoting_it() {
        let hooks =
            json!([{"manifest": "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: h}"}]);
        let broken = content("a: b\nhush: 'hush\n", &hooks);
        let problem = broken.problem.unwrap();
        assert!(
            problem.starts_with("its manifest cannot be read at line "),
            "{problem}"
        );
        assert!(!problem.contains("hush"), "{problem}");
        assert_eq!(broken.watched.len(), 1);
        let broken = content("", &json!([{"manifest": "{"}]));
        assert!(
            broken
                .problem
                .unwrap()
                .starts_with("a hook cannot be read at line 1, ")
        );
    }
}
