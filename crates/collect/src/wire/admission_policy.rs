//! Policies of the API server's own, and what binds them.

use airworthy_model::facts::{self, AdmissionPolicy};
use jiff::Timestamp;
use serde::Deserialize;

use crate::policies::Program;

use super::{
    Wire,
    admission::{MatchCondition, RuleWithOperations, excepted, strictly},
    condition::is_never,
    meta::{LabelSelector, Time, nullable},
    volume::There,
    written::Entry,
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    #[prost(message, required, tag = "1")]
    pub metadata: Metadata,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub spec: PolicySpec,
}

impl Wire for Policy {
    const LIST: &'static str = "ValidatingAdmissionPolicyList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Binding {
    #[prost(message, required, tag = "1")]
    pub metadata: Metadata,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub spec: BindingSpec,
}

impl Wire for Binding {
    const LIST: &'static str = "ValidatingAdmissionPolicyBindingList";
}

/// The part of `ObjectMeta` that tells when the spec was last changed.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(int64, tag = "7")]
    pub generation: i64,
    #[prost(message, required, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub creation_timestamp: Time,
    #[prost(message, repeated, tag = "17")]
    #[serde(deserialize_with = "nullable")]
    pub managed_fields: Vec<Entry>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PolicySpec {
    #[prost(message, optional, tag = "1")]
    pub param_kind: Option<There>,
    #[prost(message, optional, tag = "2")]
    pub match_constraints: Option<MatchResources>,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub validations: Vec<Validation>,
    #[prost(string, optional, tag = "4")]
    pub failure_policy: Option<String>,
    #[prost(message, repeated, tag = "5")]
    #[serde(deserialize_with = "nullable")]
    pub audit_annotations: Vec<Annotation>,
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub match_conditions: Vec<MatchCondition>,
    #[prost(message, repeated, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub variables: Vec<Variable>,
}

/// What a policy demands.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Validation {
    #[prost(string, tag = "1")]
    pub expression: String,
    #[prost(string, tag = "2")]
    pub message: String,
}

/// That there is an annotation for the audit log.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Annotation {
    #[prost(string, tag = "1")]
    pub key: String,
}

/// An expression with a name.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Variable {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub expression: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BindingSpec {
    #[prost(string, tag = "1")]
    pub policy_name: String,
    #[prost(message, optional, tag = "2")]
    pub param_ref: Option<There>,
    #[prost(message, optional, tag = "3")]
    pub match_resources: Option<MatchResources>,
    #[prost(string, repeated, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub validation_actions: Vec<String>,
}

/// Which requests a policy, or a binding, is for.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MatchResources {
    #[prost(message, optional, tag = "1")]
    pub namespace_selector: Option<LabelSelector>,
    #[prost(message, optional, tag = "2")]
    pub object_selector: Option<LabelSelector>,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub resource_rules: Vec<NamedRule>,
    #[prost(message, repeated, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub exclude_resource_rules: Vec<NamedRule>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NamedRule {
    #[prost(string, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub resource_names: Vec<String>,
    #[prost(message, required, tag = "2")]
    #[serde(flatten)]
    pub rule: RuleWithOperations,
}

impl Metadata {
    /// When the spec was last changed. Labels and a status do not count: the generation tells that the spec is the first there was,
    /// and a status is written through a way of its own.
    fn changed(&self) -> Option<Timestamp> {
        let created = self.creation_timestamp.instant()?;
        if self.generation == 1 {
            return Some(created);
        }
        let writes = self.managed_fields.iter();
        let writes = writes.filter(|entry| entry.subresource.is_empty());
        let times: Option<Vec<_>> = writes.map(|entry| entry.time?.instant()).collect();
        let last = times?.into_iter().max()?;
        Some(last.max(created))
    }
}

impl Policy {
    /// The policy without its bindings, when it is for new pods; with its expressions, where all that they hang on is read.
    pub(crate) fn of_pods(self) -> Option<(AdmissionPolicy, Option<Program>)> {
        let since = self.metadata.changed();
        let program = Program::of(&self.spec);
        let conditions = self.spec.match_conditions;
        let to = self.spec.match_constraints?;
        let never = conditions.iter().any(|one| is_never(&one.expression));
        let for_pods = to.resource_rules.iter().any(NamedRule::takes_in_pods);
        let excludes = to.excludes_pods();
        let program = program.filter(|_| !to.is_for_names());
        let told = || AdmissionPolicy {
            name: self.metadata.name,
            since,
            excepted_namespaces: excepted(&conditions),
            ..to.into_selectors()
        };
        (for_pods && !never && !excludes).then(|| (told(), program))
    }
}

impl Binding {
    /// What the binding adds to the policy that it names, when it lets that one refuse new pods; and whether all that it hangs on is
    /// read, which parameters and names of pods are not.
    pub(crate) fn denies_pods(self) -> Option<(AdmissionPolicy, bool)> {
        let since = self.metadata.changed();
        let denies = self.spec.validation_actions.iter().any(|one| one == "Deny");
        let to = self.spec.match_resources.unwrap_or_default();
        let rules = &to.resource_rules;
        // Without rules it is for all that the policy is for.
        let for_pods = rules.is_empty() || rules.iter().any(NamedRule::takes_in_pods);
        let excludes = to.excludes_pods();
        let plain = self.spec.param_ref.is_none() && !to.is_for_names();
        let told = || AdmissionPolicy {
            name: self.spec.policy_name,
            binding: self.metadata.name,
            since,
            ..to.into_selectors()
        };
        (denies && for_pods && !excludes).then(|| (told(), plain))
    }
}

impl MatchResources {
    /// Whether no new pod comes through. A rule for names alone may leave one through: most pods are named by the API server, after
    /// it has asked.
    fn excludes_pods(&self) -> bool {
        let mut rules = self.exclude_resource_rules.iter();
        rules.any(|one| one.resource_names.is_empty() && one.takes_in_pods())
    }

    /// Whether a rule is for some names alone.
    fn is_for_names(&self) -> bool {
        let mut rules = self
            .resource_rules
            .iter()
            .chain(&self.exclude_resource_rules);
        rules.any(|one| !one.resource_names.is_empty())
    }

    fn into_selectors(self) -> AdmissionPolicy {
        let kept = |wire: Option<LabelSelector>| {
            let selector = strictly(wire);
            let some = (!selector.is_empty()).then_some(selector);
            some.into_iter().collect::<Vec<facts::LabelSelector>>()
        };
        AdmissionPolicy {
            namespaces: kept(self.namespace_selector),
            pods: kept(self.object_selector),
            ..AdmissionPolicy::default()
        }
    }
}

impl NamedRule {
    /// Whether it is for the creation of pods, as the API server reads rules.
    fn takes_in_pods(&self) -> bool {
        let has =
            |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        let rule = &self.rule.rule;
        let mut resources = rule.resources.iter();
        let scope = rule.scope.as_deref().unwrap_or("*");
        has(&self.rule.operations, "CREATE")
            && has(&rule.api_groups, "")
            && has(&rule.api_versions, "v1")
            && resources.any(|one| matches!(one.as_str(), "*" | "pods" | "*/*" | "pods/*"))
            && scope != "Cluster"
    }
}

#[cfg(test)]
#[path = "admission_policy_tests.rs"]
mod tests;
