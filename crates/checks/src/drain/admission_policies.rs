//! Policies that have not judged pods which run: whether they would let their successors in.

use std::collections::{BTreeSet, HashMap};

use airworthy_model::{
    Evidence, Finding, Missing, Severity, Subject,
    facts::{AdmissionPolicy, Labels, Pod, Template},
};

use super::rollout;
use crate::{
    Context,
    text::{counted, short},
    workloads::owner::Owner,
};

/// So many pods of one policy are named.
const MOST_PODS: usize = 50;

/// What policies say of the successors of pods that may be older than they are.
#[derive(Default)]
pub(super) struct Opinions<'a> {
    /// Pods whose successors a policy refuses.
    pub(super) refused: Vec<(&'a Pod, Refusal<'a>)>,
    /// Of each policy, as each binding puts it to pods, those of which it is not known.
    pub(super) unjudged: Vec<Finding>,
    /// What could not be read.
    pub(super) gap: Option<Missing>,
}

/// A policy that refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Refusal<'a> {
    pub(super) policy: &'a str,
    pub(super) binding: &'a str,
    /// The policy's own words.
    pub(super) says: &'a str,
}

/// What is known of one pod's successor.
type Word<'a> = Option<&'a str>;

impl<'a> Opinions<'a> {
    pub(super) fn of(ctx: &Context<'a>, pods: &'a [Pod]) -> Self {
        let mut opinions = Self::default();
        let policies = match ctx.admission_policies() {
            Ok(policies) => policies,
            Err(missing) => {
                opinions.gap = Some(missing);
                return opinions;
            }
        };
        let namespaces = namespaces(ctx);
        let moving: Vec<_> = pods.iter().filter(|pod| rollout::moves(pod)).collect();
        for policy in policies {
            let old: Vec<_> = older(policy, &moving, &namespaces).collect();
            opinions.add(ctx, policy, &old);
        }
        opinions
    }

    fn add(&mut self, ctx: &Context<'_>, policy: &'a AdmissionPolicy, old: &[&'a Pod]) {
        let words = by_template(policy, old);
        let mut unjudged = Vec::new();
        for pod in old {
            match Template::of(pod).and_then(|template| words.get(&template)) {
                Some(None) => (),
                Some(Some(says)) => self.refused.push((pod, refusal(policy, says))),
                None => unjudged.push(*pod),
            }
        }
        if !unjudged.is_empty() {
            self.unjudged.push(describe(ctx, policy, &unjudged));
        }
    }
}

fn refusal<'a>(policy: &'a AdmissionPolicy, says: &'a str) -> Refusal<'a> {
    Refusal {
        policy: &policy.name,
        binding: &policy.binding,
        says,
    }
}

/// What is said of one pod is said of all of its template; where pods of one were judged otherwise, a refusal counts.
fn by_template<'a>(
    policy: &'a AdmissionPolicy,
    old: &[&'a Pod],
) -> HashMap<Template<'a>, Word<'a>> {
    let judged = policy.judged.iter();
    let judged = judged.map(|one| ((&*one.namespace, &*one.name), one.refused.as_deref()));
    let judged: HashMap<_, Word<'_>> = judged.collect();
    let mut words = HashMap::new();
    for pod in old {
        let word = judged.get(&(&*pod.namespace, &*pod.name));
        if let Some((template, word)) = Template::of(pod).zip(word) {
            let known = words.entry(template).or_insert(*word);
            *known = known.or(*word);
        }
    }
    words
}

/// Labels by namespace; none where namespaces cannot be read, which the check tells as a gap.
fn namespaces<'a>(ctx: &Context<'a>) -> HashMap<&'a str, &'a Labels> {
    let all = ctx.namespaces().into_iter().flatten();
    all.map(|one| (&*one.name, &one.labels)).collect()
}

fn older<'a>(
    policy: &AdmissionPolicy,
    moving: &[&'a Pod],
    namespaces: &HashMap<&str, &Labels>,
) -> impl Iterator<Item = &'a Pod> {
    let none = Labels::default();
    let old = moving.iter().filter(|pod| policy.may_not_have_judged(pod));
    old.copied().filter(move |pod| {
        let labels = namespaces.get(&*pod.namespace).copied();
        policy.takes_in(pod, labels.unwrap_or(&none))
    })
}

fn describe(ctx: &Context<'_>, policy: &AdmissionPolicy, old: &[&Pod]) -> Finding {
    let AdmissionPolicy { name, binding, .. } = policy;
    let owners: BTreeSet<_> = old.iter().map(|pod| Owner::of(pod)).collect();
    let first = old.iter().min_by_key(|pod| (&pod.namespace, &pod.name));
    let first = first.expect("a policy that is told has a pod");
    let message = format!(
        "{} of {} are older than what it says by binding {}: whether it lets their successors in is not known",
        counted(old.len(), "pod"),
        counted(owners.len(), "workload"),
        short(binding, 50),
    );
    let api = "admissionregistration.k8s.io/v1";
    let subject = Subject::cluster(api, "ValidatingAdmissionPolicy", name);
    let source = format!("/apis/{api}/validatingadmissionpolicybindings/{binding}");
    let since = policy.since.map_or_else(
        || "it is not known since when it says what it says".to_owned(),
        |since| format!("both are as they are since {since}"),
    );
    let mut finding = Finding::new(Severity::Note, subject, message)
        .telling_apart(binding.as_str())
        .because(Evidence::state(source, ctx.now(), since))
        .setting("validationActions", "Deny", None)
        .fix_with(
            "Ask the policy about one pod of each workload, and change the template of what it does not let in",
            ask(first),
        );
    let pod = |pod: &&Pod| Subject::namespaced("v1", "Pod", &pod.namespace, &pod.name);
    finding.objects = old.iter().take(MOST_PODS).map(pod).collect();
    finding
}

/// A dry run of the pod's successor.
fn ask(pod: &Pod) -> String {
    let Pod {
        namespace, name, ..
    } = pod;
    let anew = ".metadata |= {namespace, labels, annotations, generateName: \"asked-\"} | del(.spec.nodeName, .status)";
    format!(
        "kubectl -n {namespace} get pod {name} -o json | jq '{anew}' | kubectl create --dry-run=server -f -"
    )
}
