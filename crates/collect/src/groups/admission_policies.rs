//! Policies that may refuse new pods, each with the bindings that let it.

use std::collections::HashMap;

use airworthy_model::facts::AdmissionPolicy;

use super::installed;
use crate::{
    failure::{Cause, Failure},
    resource::Versions,
    session::Session,
    wire::admission_policy::{Binding, Policy},
};

const GROUP: &str = "admissionregistration.k8s.io";
const POLICIES: &str = "validatingadmissionpolicies";
const BINDINGS: &str = "validatingadmissionpolicybindings";
/// What stands in the way of new pods at most; a cluster with more of them is not read in part.
const MOST_ROWS: usize = 2_000;

/// Reads them at `v1` alone: the versions before it are off unless somebody asks for them, and deprecated. Where only those are served
/// the group is missing; where none is there are no policies.
pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<AdmissionPolicy>, Failure> {
    only_at_v1(versions)?;
    let policies = (GROUP, POLICIES, &["v1"][..]);
    let policies = installed::all(session, versions, policies, |wire: Policy, _| {
        wire.of_pods()
    });
    let bindings = (GROUP, BINDINGS, &["v1"][..]);
    let bindings = installed::all(session, versions, bindings, |wire: Binding, _| {
        wire.denies_pods()
    });
    let (policies, bindings) = tokio::try_join!(policies, bindings)?;
    let rows = bound(
        policies.into_iter().flatten(),
        bindings.into_iter().flatten(),
    );
    if rows.len() > MOST_ROWS {
        return Err(failed(Cause::TooManyObjects(MOST_ROWS)));
    }
    Ok(rows)
}

/// Every binding with its policy; one without refuses nothing.
fn bound(
    policies: impl Iterator<Item = AdmissionPolicy>,
    bindings: impl Iterator<Item = AdmissionPolicy>,
) -> Vec<AdmissionPolicy> {
    let policies: HashMap<String, AdmissionPolicy> = policies
        .map(|policy| (policy.name.clone(), policy))
        .collect();
    let with_policy = bindings.filter_map(|binding| {
        let policy = policies.get(&binding.name)?;
        Some(both(policy, binding))
    });
    with_policy.take(MOST_ROWS + 1).collect()
}

fn both(policy: &AdmissionPolicy, binding: AdmissionPolicy) -> AdmissionPolicy {
    let policy = policy.clone();
    AdmissionPolicy {
        since: policy
            .since
            .zip(binding.since)
            .map(|(one, other)| one.max(other)),
        namespaces: [policy.namespaces, binding.namespaces].concat(),
        pods: [policy.pods, binding.pods].concat(),
        binding: binding.binding,
        ..policy
    }
}

fn only_at_v1(versions: Versions<'_>) -> Result<(), Failure> {
    let served = versions
        .served
        .into_iter()
        .flat_map(|served| &served.resources);
    let at: Vec<_> = served
        .filter(|one| one.group == GROUP && one.resource == POLICIES)
        .map(|one| &*one.version)
        .collect();
    if at.is_empty() || at.contains(&"v1") {
        return Ok(());
    }
    let why = format!(
        "the server serves {GROUP}/{POLICIES} only at {}, which is deprecated",
        at.join(", ")
    );
    Err(failed(Cause::NoVersion(why)))
}

fn failed(cause: Cause) -> Failure {
    Failure {
        request: format!("GET {GROUP}/{POLICIES}"),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use airworthy_knowledge::Knowledge;
    use airworthy_model::facts::{Served, ServedResource};

    use super::*;

    fn read_at(served: &[&str]) -> Result<(), Failure> {
        let resource = |version: &&str| ServedResource {
            group: GROUP.into(),
            version: (*version).into(),
            resource: POLICIES.into(),
            kind: "ValidatingAdmissionPolicy".into(),
            namespaced: false,
            listable: true,
        };
        let served = Served {
            resources: served.iter().map(resource).collect(),
            failed: Vec::new(),
        };
        only_at_v1(Versions {
            knowledge: Knowledge::embedded(),
            minor: None,
            served: Some(&served),
        })
    }

    #[test]
    fn policies_of_old_versions_alone_are_not_none() {
        assert!(read_at(&[]).is_ok());
        assert!(read_at(&["v1beta1", "v1"]).is_ok());
        let why = read_at(&["v1alpha1", "v1beta1"]).unwrap_err().to_string();
        assert!(why.contains("only at v1alpha1, v1beta1"), "{why}");
    }

    #[test]
    fn each_binding_is_a_row_as_young_as_the_younger_of_both() {
        let at = |second| jiff::Timestamp::from_second(second).ok();
        let row = |name: &str, binding: &str, since| AdmissionPolicy {
            name: name.into(),
            binding: binding.into(),
            since,
            ..AdmissionPolicy::default()
        };
        let policies = [row("p", "", at(5)), row("alone", "", at(1))];
        let bindings = [
            row("p", "a", at(9)),
            row("p", "b", None),
            row("gone", "c", at(1)),
        ];
        let rows = bound(policies.into_iter(), bindings.into_iter());
        assert_eq!(rows, [row("p", "a", at(9)), row("p", "b", None)]);
    }
}
