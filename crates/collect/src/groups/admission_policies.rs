//! Policies that may refuse new pods, each with the bindings that let it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use airworthy_model::facts::{AdmissionPolicy, JudgedPod, Labels, Namespace, Pod, Template};
use serde_json::{Map, Value, json};

use super::installed;
use crate::{
    failure::{Cause, Failure},
    policies::{Program, Successor, Word},
    resource::Versions,
    session::{Ask, Session},
    wire::{
        self,
        admission_policy::{Binding, Policy},
    },
};

const GROUP: &str = "admissionregistration.k8s.io";
const POLICIES: &str = "validatingadmissionpolicies";
const BINDINGS: &str = "validatingadmissionpolicybindings";
/// What stands in the way of new pods at most; a cluster with more of them is not read in part.
const MOST_ROWS: usize = 2_000;
/// So many pods are read whole.
const MOST_READ: usize = 100;
/// So many parts of expressions are looked at for one pod and policy, which takes some tenths of a second.
const MOST_COST: u64 = 20_000_000;
/// So many for all of them.
const MOST_WORK: u64 = 200_000_000;

/// A policy as one binding puts it to pods, with its expressions where they can be run.
pub(crate) struct Bound {
    policy: AdmissionPolicy,
    program: Option<Arc<Program>>,
}

/// Reads them at `v1` alone: the versions before it are off unless somebody asks for them, and deprecated. Where only those are served
/// the group is missing; where none is there are no policies.
pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<Bound>, Failure> {
    let policies = (GROUP, POLICIES, &["v1"][..]);
    let policies = installed::all(session, versions, policies, |wire: Policy, _| {
        wire.of_pods()
    });
    let to_bind = (GROUP, BINDINGS, &["v1"][..]);
    let to_bind = installed::all(session, versions, to_bind, |wire: Binding, _| {
        wire.denies_pods()
    });
    let (policies, to_bind) = tokio::try_join!(policies, to_bind)?;
    let rows = bound(
        policies.into_iter().flatten(),
        to_bind.into_iter().flatten(),
    );
    if rows.len() > MOST_ROWS {
        return Err(failed(Cause::TooManyObjects(MOST_ROWS)));
    }
    Ok(rows)
}

/// Every binding with its policy; one without refuses nothing.
fn bound(
    policies: impl Iterator<Item = (AdmissionPolicy, Option<Program>)>,
    bindings: impl Iterator<Item = (AdmissionPolicy, bool)>,
) -> Vec<Bound> {
    let shared =
        policies.map(|(policy, program)| (policy.name.clone(), (policy, program.map(Arc::new))));
    let policies: HashMap<String, _> = shared.collect();
    let with_policy = bindings.filter_map(|(binding, plain)| {
        let (policy, program) = policies.get(&binding.name)?;
        Some(Bound {
            policy: both(policy, binding),
            program: program.clone().filter(|_| plain),
        })
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

/// Puts policies to the successors of pods that may be older than they are: one pod of each template is read whole, and what it would
/// be if it were made anew is judged. Nothing is asked where namespaces cannot be read, since they decide whom a policy is for.
pub(crate) async fn judge(
    session: &Session<'_>,
    bound: Vec<Bound>,
    pods: &[Pod],
    namespaces: &[Namespace],
) -> Vec<AdmissionPolicy> {
    let labels: HashMap<&str, &Labels> = namespaces
        .iter()
        .map(|one| (&*one.name, &one.labels))
        .collect();
    let mut trial = Trial {
        session,
        labels: &labels,
        read: HashMap::new(),
        work: MOST_WORK,
    };
    let mut policies = Vec::with_capacity(bound.len());
    for Bound {
        mut policy,
        program,
    } in bound
    {
        if let Some(program) = program {
            for pod in of_each_template(&policy, pods, &labels) {
                policy.judged.extend(trial.put(&program, pod).await);
            }
        }
        policies.push(policy);
    }
    policies
}

/// The first pod by name of each template that a policy is for and may not have judged.
fn of_each_template<'a>(
    policy: &AdmissionPolicy,
    pods: &'a [Pod],
    labels: &HashMap<&str, &Labels>,
) -> Vec<&'a Pod> {
    let mut first: BTreeMap<Template<'_>, &Pod> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| policy.may_not_have_judged(pod)) {
        let of_namespace = labels.get(&*pod.namespace);
        let is_for = of_namespace.is_some_and(|labels| policy.takes_in(pod, labels));
        if let Some(template) = Template::of(pod).filter(|_| is_for && comes_again(pod)) {
            let known = first.entry(template).or_insert(pod);
            *known = if pod.name < known.name { pod } else { *known };
        }
    }
    first.into_values().collect()
}

/// Whether the controller of a pod may make another in its place elsewhere. The check decides that for sure; who asks here spares
/// requests.
fn comes_again(pod: &Pod) -> bool {
    !pod.stays_with_node() && !pod.is_finished()
}

/// What is tried so far.
struct Trial<'a> {
    session: &'a Session<'a>,
    labels: &'a HashMap<&'a str, &'a Labels>,
    read: HashMap<(&'a str, &'a str), Option<Successor>>,
    work: u64,
}

impl<'a> Trial<'a> {
    /// What a policy says of the successor of a pod, as far as that is certain and pods and work are within their bounds.
    async fn put<'p: 'a>(&mut self, program: &Program, pod: &'p Pod) -> Option<JudgedPod> {
        let key = (&*pod.namespace, &*pod.name);
        if !self.read.contains_key(&key) {
            let room = self.read.len() < MOST_READ;
            let read = if room {
                self.successor(pod).await
            } else {
                return None;
            };
            self.read.insert(key, read);
        }
        let successor = self.read.get(&key)?.as_ref()?;
        let cost = Some(program.cost(successor)).filter(|cost| *cost <= MOST_COST)?;
        self.work = self.work.checked_sub(cost)?;
        let refused = match program.judge(successor) {
            Word::LetIn => None,
            Word::Refused(why) => Some(why),
            Word::NotJudged => return None,
        };
        Some(JudgedPod {
            namespace: pod.namespace.to_string(),
            name: pod.name.clone(),
            refused,
        })
    }

    /// Reads a pod whole: a list of one, for which the right to list is enough. It is dropped when it has been judged.
    async fn successor(&self, pod: &Pod) -> Option<Successor> {
        let path = format!("/api/v1/namespaces/{}/pods", pod.namespace);
        let query = format!("fieldSelector=metadata.name%3D{}&limit=1", pod.name);
        let ask = Ask::get(path, wire::JSON).query(query);
        let answer = self.session.ask(&ask).await.ok()?;
        let list: Value = serde_json::from_slice(&answer.body).ok()?;
        let labels = self.labels.get(&*pod.namespace)?.0.iter();
        let labels: Map<_, _> = labels
            .map(|(key, value)| (key.to_string(), json!(**value)))
            .collect();
        let namespace = json!({ "metadata": { "name": pod.namespace, "labels": labels } });
        let [whole] = &list["items"].as_array()?[..] else {
            return None;
        };
        let same = whole["metadata"]["name"] == *pod.name;
        same.then(|| Successor::of(whole, &namespace)).flatten()
    }
}

fn failed(cause: Cause) -> Failure {
    Failure {
        request: format!("GET {GROUP}/{POLICIES}"),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::facts::ControllerRef;

    use super::*;

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
        let all = [
            row("p", "a", at(9)),
            row("p", "b", None),
            row("gone", "c", at(1)),
        ];
        let policies = policies.map(|row| (row, None)).into_iter();
        let rows = bound(policies, all.map(|row| (row, true)).into_iter());
        let rows: Vec<_> = rows.into_iter().map(|row| row.policy).collect();
        assert_eq!(rows, [row("p", "a", at(9)), row("p", "b", None)]);
    }

    fn pod(namespace: &str, name: &str, controller: &str, second: i64) -> Pod {
        let controller = ControllerRef {
            kind: controller.into(),
            name: "web".into(),
        };
        Pod {
            namespace: namespace.into(),
            name: name.into(),
            created: jiff::Timestamp::from_second(second).ok(),
            controller: Some(controller),
            ..Pod::default()
        }
    }

    #[test]
    fn one_pod_of_each_template_is_asked_about() {
        let done = Pod {
            phase: "Succeeded".into(),
            ..pod("shop", "done", "Job", 1)
        };
        let pods = [
            pod("shop", "web-2", "ReplicaSet", 1),
            pod("shop", "web-1", "ReplicaSet", 1),
            pod("shop", "young", "ReplicationController", 900),
            pod("shop", "agent", "DaemonSet", 1),
            pod("shop", "static-node-1", "Node", 1),
            pod("shop", "odd-1", "Rollout.argoproj.io", 1),
            pod("shop", "odd-2", "Rollout.argoproj.io", 1),
            pod("unread", "web-1", "ReplicaSet", 1),
            done,
        ];
        let policy = AdmissionPolicy {
            since: jiff::Timestamp::from_second(100).ok(),
            ..AdmissionPolicy::default()
        };
        let none = Labels::default();
        let labels = HashMap::from([("shop", &none)]);
        let of = of_each_template(&policy, &pods, &labels);
        let names: Vec<_> = of.into_iter().map(|pod| &*pod.name).collect();
        assert_eq!(names, ["web-1", "odd-1", "odd-2"]);
    }
}
