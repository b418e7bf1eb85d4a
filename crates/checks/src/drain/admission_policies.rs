//! Policies that have not judged pods which run: whether they would let their successors in is not known.

use std::collections::{BTreeSet, HashMap};

use airworthy_model::{
    Evidence, Finding, Missing, Severity, Subject,
    facts::{AdmissionPolicy, Labels, Pod},
};

use super::rollout;
use crate::{
    Context,
    text::{counted, short},
    workloads::owner::Owner,
};

/// So many pods of one policy are named.
const MOST_PODS: usize = 50;

/// Of each policy, as each binding puts it to pods, the pods with a successor that are older than it; with what could not be read.
pub(super) fn tell(ctx: &Context<'_>, pods: &[Pod]) -> (Vec<Finding>, Option<Missing>) {
    let policies = match ctx.admission_policies() {
        Ok(policies) => policies,
        Err(missing) => return (Vec::new(), Some(missing)),
    };
    let namespaces = namespaces(ctx);
    let moving: Vec<_> = pods
        .iter()
        .filter(|pod| rollout::has_successor(pod))
        .collect();
    let told = policies.iter().filter_map(|policy| {
        let old: Vec<_> = unjudged(policy, &moving, &namespaces).collect();
        (!old.is_empty()).then(|| describe(ctx, policy, &old))
    });
    (told.collect(), None)
}

/// Labels by namespace; none where namespaces cannot be read, which the check tells as a gap.
fn namespaces<'a>(ctx: &Context<'a>) -> HashMap<&'a str, &'a Labels> {
    let all = ctx.namespaces().into_iter().flatten();
    all.map(|one| (&*one.name, &one.labels)).collect()
}

fn unjudged<'a>(
    policy: &'a AdmissionPolicy,
    moving: &'a [&'a Pod],
    namespaces: &'a HashMap<&str, &Labels>,
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
            "Ask the policy about one pod of each workload; restart what it lets in, and change the template of what it does not",
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
