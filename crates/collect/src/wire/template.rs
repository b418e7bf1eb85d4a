//! Pod templates: images, and the security profiles that annotations name.

use airworthy_model::facts::{AnnotatedProfile, ProfileKind};
use serde::Deserialize;

use super::{
    meta::{Key, keys, nullable},
    shape::{NodeAffinity, NodeSelectorTerm},
};

const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_OF_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodTemplate {
    #[prost(message, required, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub metadata: TemplateMeta,
    #[prost(message, required, tag = "2")]
    pub spec: TemplateSpec,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TemplateMeta {
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "keys")]
    pub annotations: Vec<Key>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TemplateSpec {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<Container>,
    #[prost(int64, optional, tag = "4")]
    pub termination_grace_period_seconds: Option<i64>,
    #[prost(message, optional, tag = "14")]
    pub security_context: Option<PodSecurityContext>,
    #[prost(message, optional, tag = "18")]
    pub affinity: Option<TemplateAffinity>,
    #[prost(message, repeated, tag = "20")]
    #[serde(deserialize_with = "nullable")]
    pub init_containers: Vec<Container>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Container {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub image: String,
    #[prost(message, optional, tag = "15")]
    pub security_context: Option<SecurityContext>,
}

/// Affinity, of which only that to nodes is read.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TemplateAffinity {
    #[prost(message, optional, tag = "1")]
    pub node_affinity: Option<NodeAffinity>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodSecurityContext {
    #[prost(message, optional, tag = "10")]
    pub seccomp_profile: Option<Profile>,
    #[prost(message, optional, tag = "11")]
    pub app_armor_profile: Option<Profile>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SecurityContext {
    #[prost(message, optional, tag = "11")]
    pub seccomp_profile: Option<Profile>,
    #[prost(message, optional, tag = "12")]
    pub app_armor_profile: Option<Profile>,
}

/// A profile, of which only that it is there counts.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {}

impl PodTemplate {
    /// Required node affinity.
    pub(crate) fn node_terms(&self) -> Vec<NodeSelectorTerm> {
        let affinity = self.spec.affinity.as_ref();
        let nodes = affinity.and_then(|affinity| affinity.node_affinity.as_ref());
        let required = nodes.and_then(|nodes| nodes.required.clone());
        required.unwrap_or_default().node_selector_terms
    }

    /// Images of init containers, then of containers; each once.
    pub(crate) fn images(self) -> Vec<String> {
        let mut images = Vec::new();
        let containers = self
            .spec
            .init_containers
            .into_iter()
            .chain(self.spec.containers);
        for Container { image, .. } in containers {
            if !images.contains(&image) {
                images.push(image);
            }
        }
        images.shrink_to_fit();
        images
    }

    /// The security profiles that annotations name, each with whether the field in its place is set.
    pub(crate) fn annotated_profiles(&self) -> Vec<AnnotatedProfile> {
        let annotations = self.metadata.annotations.iter();
        annotations
            .filter_map(|one| self.profile(&one.key))
            .collect()
    }

    fn profile(&self, annotation: &str) -> Option<AnnotatedProfile> {
        if annotation == SECCOMP_OF_POD {
            return Some(AnnotatedProfile {
                kind: ProfileKind::Seccomp,
                container: None,
                field: self.spec.has_seccomp_field(),
            });
        }
        if let Some(name) = annotation.strip_prefix(SECCOMP_OF_CONTAINER) {
            let field = |context: &SecurityContext| context.seccomp_profile.is_some();
            return Some(self.spec.of_container(ProfileKind::Seccomp, name, field));
        }
        let name = annotation.strip_prefix(APP_ARMOR_OF_CONTAINER)?;
        let field = |context: &SecurityContext| context.app_armor_profile.is_some();
        let mut profile = self.spec.of_container(ProfileKind::AppArmor, name, field);
        let of_pod = self.spec.security_context.as_ref();
        profile.field |= of_pod.is_some_and(|context| context.app_armor_profile.is_some());
        Some(profile)
    }
}

impl TemplateSpec {
    fn containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers)
    }

    /// Whether a field says for the whole pod, or for each container, what the annotation of the pod says.
    fn has_seccomp_field(&self) -> bool {
        let of_pod = self.security_context.as_ref();
        let field = |one: &Container| one.context(|context| context.seccomp_profile.is_some());
        of_pod.is_some_and(|context| context.seccomp_profile.is_some())
            || self.containers().all(field)
    }

    fn of_container(
        &self,
        kind: ProfileKind,
        name: &str,
        field: fn(&SecurityContext) -> bool,
    ) -> AnnotatedProfile {
        let mut containers = self.containers().filter(|one| one.name == name);
        AnnotatedProfile {
            kind,
            container: Some(name.to_owned()),
            field: containers.any(|one| one.context(field)),
        }
    }
}

impl Container {
    fn context(&self, is: fn(&SecurityContext) -> bool) -> bool {
        self.security_context.as_ref().is_some_and(is)
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::facts::NodeTerm;
    use prost::Message as _;
    use serde_json::json;

    use super::*;
    use crate::wire::{meta::convert, shape::PodSpec};

    /// What a template asks of nodes is read as it is of a pod, in both encodings.
    #[test]
    fn a_template_tells_what_nodes_it_asks_for() {
        let term =
            json!({"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]});
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}});
        let spec = json!({"affinity": {"nodeAffinity": required, "podAffinity": {}}});
        let of_pod: PodSpec = serde_json::from_value(spec.clone()).unwrap();
        let read: PodTemplate = serde_json::from_value(json!({"spec": spec})).unwrap();
        let decoded = PodTemplate {
            spec: TemplateSpec::decode(&*of_pod.encode_to_vec()).unwrap(),
            ..PodTemplate::default()
        };
        for template in [read, decoded] {
            let terms: Vec<NodeTerm> = convert(template.node_terms());
            assert_eq!(terms.len(), 1);
            assert_eq!(terms[0].labels[0].values, ["ssd"]);
        }
        assert!(PodTemplate::default().node_terms().is_empty());
    }
}
