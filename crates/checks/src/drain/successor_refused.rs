use std::collections::{BTreeMap, HashMap, HashSet};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity, Subject,
    facts::{Namespace, Pod, PodAdmission, PodShape, SecurityLevel},
};

use super::{
    admission_policies::{Opinions, Refusal},
    asked::Adding,
    containers::{Broken, Rules},
    rollout, stage,
};
use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, short},
    workloads::owner::Owner,
};

/// Pods that run and that the API server would not let in again.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "SuccessorRefused",
        summary: "a pod that a drain evicts has no successor: what lets it in is gone, or forbids it now",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Pods,
            Need::ServiceAccounts,
            Need::PodAdmission,
            Need::AdmissionPolicies,
            Need::Namespaces,
        ],
        page: include_str!("successor_refused.md"),
    },
    blocks: never,
    run,
};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";
/// The first minor whose restricted policy asks for all that pods are held against here.
const FULL_POLICY: Minor = Minor::v1(23);
/// So many pods of one owner are named.
const MOST_PODS: usize = 50;

/// Why a successor is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why<'a> {
    Account(&'a str),
    Priority(&'a str),
    Runtime(&'a str),
    Level(SecurityLevel),
    Containers(Broken<'a>),
    Policy(Refusal<'a>),
}

/// What lets pods in, as far as it could be read.
#[derive(Default)]
struct Doors<'a> {
    accounts: Option<HashSet<(&'a str, &'a str)>>,
    classes: Option<&'a PodAdmission>,
    levels: HashMap<&'a str, SecurityLevel>,
    rules: HashMap<&'a str, Rules<'a>>,
    ways: Vec<Adding>,
    gaps: Vec<Missing>,
}

fn run(ctx: &Context<'_>) -> Outcome {
    let pods = stage::shaped(ctx)?;
    let doors = Doors::of(ctx);
    let mut refused: BTreeMap<(Owner<'_>, Why<'_>), Vec<&Pod>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| rollout::moves(pod)) {
        for why in doors.refuse(pod) {
            refused.entry((Owner::of(pod), why)).or_default().push(pod);
        }
    }
    let opinions = Opinions::of(ctx, pods);
    for (pod, refusal) in opinions.refused {
        let why = Why::Policy(refusal);
        refused.entry((Owner::of(pod), why)).or_default().push(pod);
    }
    let told = refused.iter();
    let told = told.map(|((owner, why), pods)| describe(ctx, owner, *why, pods));
    let told = told.chain(opinions.unjudged).collect::<Judgement>();
    Ok(told.without(doors.gaps).without(opinions.gap))
}

impl<'a> Doors<'a> {
    fn of(ctx: &Context<'a>) -> Self {
        let mut doors = Self::default();
        match ctx.service_accounts() {
            Ok(all) => {
                let names = all.iter().map(|one| (&*one.namespace, &*one.name));
                doors.accounts = Some(names.collect());
            }
            Err(missing) => doors.gaps.push(missing),
        }
        match ctx.pod_admission() {
            Ok(admission) => {
                doors.classes = Some(admission);
                doors.rules = Rules::by_namespace(admission);
                doors.ways = ctx
                    .path()
                    .map_or_else(|_| vec![Adding::WhereAnyNames], Adding::on);
            }
            Err(missing) => doors.gaps.push(missing),
        }
        match ctx.namespaces() {
            Ok(all) => doors.levels = all.iter().filter_map(enforced).collect(),
            Err(missing) => doors.gaps.push(missing),
        }
        doors
    }

    fn refuse<'p>(&self, pod: &'p Pod) -> impl Iterator<Item = Why<'p>>
    where
        'a: 'p,
    {
        let shape = pod.shape.as_deref();
        let whys = shape.map(|shape| {
            [
                self.account(&pod.namespace, shape),
                self.priority(shape),
                self.runtime(shape),
                self.level(&pod.namespace, shape),
                self.containers(&pod.namespace, shape),
            ]
        });
        whys.into_iter().flatten().flatten()
    }

    fn account<'p>(&self, namespace: &str, shape: &'p PodShape) -> Option<Why<'p>> {
        let name = &*shape.service_account;
        let known = self.accounts.as_ref()?;
        (!name.is_empty() && !known.contains(&(namespace, name))).then_some(Why::Account(name))
    }

    fn priority<'p>(&self, shape: &'p PodShape) -> Option<Why<'p>> {
        let name = &*shape.priority_class;
        let known = &self.classes?.priority_classes;
        // The API server makes its own classes anew.
        let own = name.is_empty() || name.starts_with("system-");
        (!own && !known.iter().any(|one| one == name)).then_some(Why::Priority(name))
    }

    fn runtime<'p>(&self, shape: &'p PodShape) -> Option<Why<'p>> {
        let name = &*shape.runtime_class;
        let known = &self.classes?.runtime_classes;
        (!name.is_empty() && !known.iter().any(|one| one == name)).then_some(Why::Runtime(name))
    }

    fn level<'p>(&self, namespace: &str, shape: &PodShape) -> Option<Why<'p>> {
        let enforced = *self.levels.get(namespace)?;
        (shape.breaks? <= enforced).then_some(Why::Level(enforced))
    }

    fn containers(&self, namespace: &str, shape: &PodShape) -> Option<Why<'a>> {
        let broken = self.rules.get(namespace)?.broken(shape, &self.ways)?;
        Some(Why::Containers(broken))
    }
}

/// The level that a namespace enforces. Old versions of restricted ask for less: what they ask for beyond baseline is not held against.
fn enforced(namespace: &Namespace) -> Option<(&str, SecurityLevel)> {
    let version = namespace.labels.get(ENFORCE_VERSION);
    let old = version.and_then(|text| text.strip_prefix('v')?.parse::<Minor>().ok());
    let level = match namespace.labels.get(ENFORCE)? {
        "restricted" if old.is_none_or(|minor| minor >= FULL_POLICY) => SecurityLevel::Restricted,
        "baseline" | "restricted" => SecurityLevel::Baseline,
        _ => return None,
    };
    Some((&namespace.name, level))
}

impl Why<'_> {
    fn text(self) -> String {
        let gone = |what: &str, name: &str| format!("{what} {} does not exist", short(name, 60));
        match self {
            Self::Account(name) => gone("service account", name),
            Self::Priority(name) => gone("priority class", name),
            Self::Runtime(name) => gone("runtime class", name),
            Self::Level(level) => {
                format!(
                    "the namespace enforces {}, which they break",
                    level_name(level)
                )
            }
            Self::Containers(broken) => broken.text(),
            Self::Policy(Refusal { policy, says, .. }) => {
                format!("policy {} refuses them: {says}", short(policy, 60))
            }
        }
    }

    /// Whether it is known that the API server refuses the successor.
    fn is_certain(self) -> bool {
        !matches!(self, Self::Containers(broken) if !broken.is_certain())
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Account(_) => "spec.serviceAccountName",
            Self::Priority(_) => "spec.priorityClassName",
            Self::Runtime(_) => "spec.runtimeClassName",
            Self::Level(_) => ENFORCE,
            Self::Containers(broken) if broken.is_of_quota() => "ResourceQuota",
            Self::Containers(_) => "LimitRange",
            Self::Policy(_) => "ValidatingAdmissionPolicy",
        }
    }

    /// What tells findings on one owner apart.
    fn key(self) -> String {
        match self {
            Self::Containers(broken) => {
                let Broken { rule, resource, .. } = broken;
                format!("{} {rule} {resource}{}", self.setting(), broken.apart())
            }
            Self::Policy(Refusal {
                policy, binding, ..
            }) => format!("{} {policy} {binding}", self.setting()),
            _ => self.setting().to_owned(),
        }
    }

    fn value(&self) -> &str {
        match self {
            Self::Account(name) | Self::Priority(name) | Self::Runtime(name) => name,
            Self::Level(level) => level_name(*level),
            Self::Containers(broken) => broken.rule,
            Self::Policy(refusal) => refusal.policy,
        }
    }

    fn fix(self, namespace: &str) -> (&'static str, String) {
        match self {
            Self::Account(name) => (
                "Make the service account again, with what was bound to it, or change the template",
                format!("kubectl -n {namespace} create serviceaccount {name}"),
            ),
            Self::Priority(name) => (
                "Make the class again, or take it out of the template",
                format!("kubectl create priorityclass {name} --value=NUMBER"),
            ),
            Self::Runtime(name) => (
                "Make the class again, or take it out of the template",
                format!("kubectl get runtimeclass {name}"),
            ),
            Self::Level(level) => (
                "Change the template so that the level lets it in, or the level of the namespace",
                format!(
                    "kubectl label --dry-run=server --overwrite namespace {namespace} {ENFORCE}={}",
                    level_name(level)
                ),
            ),
            Self::Containers(broken) if broken.is_of_quota() => (
                "Let every container of the template name it, or a limit range fill it in",
                format!(
                    "kubectl -n {namespace} describe resourcequota {}",
                    broken.rule
                ),
            ),
            Self::Containers(Broken { rule, .. }) => (
                "Change what the containers of the template ask for, or the limit range",
                format!("kubectl -n {namespace} describe limitrange {rule}"),
            ),
            Self::Policy(Refusal { policy, .. }) => (
                "Change the template so that the policy lets it in, or the policy",
                format!("kubectl get validatingadmissionpolicy {policy} -o yaml"),
            ),
        }
    }
}

const fn level_name(level: SecurityLevel) -> &'static str {
    match level {
        SecurityLevel::Baseline => "baseline",
        SecurityLevel::Restricted => "restricted",
    }
}

fn describe(ctx: &Context<'_>, owner: &Owner<'_>, why: Why<'_>, pods: &[&Pod]) -> Finding {
    let first = pods.iter().min_by_key(|pod| &pod.name);
    let first = first.expect("an owner has a pod");
    let (severity, would) = if why.is_certain() {
        (ctx.risk_of_drain(), "would")
    } else {
        (Severity::Note, "might")
    };
    let message = format!(
        "{} such as {} {would} not be let in again: {}",
        counted(pods.len(), "pod"),
        short(&first.name, 50),
        why.text()
    );
    let Pod {
        namespace, name, ..
    } = first;
    let source = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let detail = format!("{} {}", why.setting(), why.value());
    let (fix, command) = why.fix(namespace);
    let mut finding = Finding::new(severity, owner.subject(), short(&message, 200))
        .telling_apart(why.key())
        .because(Evidence::state(source, ctx.now(), detail))
        .setting(why.setting(), why.value(), None)
        .fix_with(fix, command);
    let subject = |pod: &&Pod| Subject::namespaced("v1", "Pod", &pod.namespace, &pod.name);
    finding.objects = pods.iter().take(MOST_PODS).map(subject).collect();
    finding
}
