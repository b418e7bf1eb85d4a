//! What decides where a pod may run, as far as schedulers and drains look.

use std::{cell::RefCell, collections::VecDeque, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    common::{LabelSelector, Labels, Requirement},
    node::{Resources, Taint},
};

/// What pods of one template have in common. Pods of one template come one after another, and share it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodShape {
    /// What the scheduler reserves for the pod: its containers and sidecars together, or its largest init container, and the overhead.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub requests: Resources,
    /// `spec.priority`: what the priority class has become.
    #[serde(skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// `spec.preemptionPolicy` is `Never`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub never_preempts: bool,
    /// `spec.schedulerName`; empty for `default-scheduler`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub scheduler: Box<str>,
    /// `spec.terminationGracePeriodSeconds`; absent for the default of 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<i64>,
    /// `spec.nodeSelector`.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub node_selector: Labels,
    /// Required node affinity: one of these must hold, where there are any. Not kept of DaemonSets' pods, each of which names its node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub node_terms: Vec<NodeTerm>,
    /// Required pod affinity: all of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<PodTerm>,
    /// Required pod anti-affinity: none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<PodTerm>,
    /// Spread over topologies that must hold (`DoNotSchedule`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<Spread>,
    /// Tolerations, but for those that let a pod stay for a while on a node that is lost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Ports of the node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<HostPort>,
    /// `spec.serviceAccountName`; empty for `default`, which is made anew when it is gone.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub service_account: Box<str>,
    /// `spec.priorityClassName`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub priority_class: Box<str>,
    /// `spec.runtimeClassName`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub runtime_class: Box<str>,
    /// The least strict level of the Pod Security Standards that it certainly breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<SecurityLevel>,
    /// What its containers ask for: init containers as they are started, then the others. Empty where a limit range has written some of
    /// it. Recordings of before limit ranges of whole pods were read hold each kind of container once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerShape>,
    /// `spec.resources`: what it asks for as a whole, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<Box<ContainerShape>>,
    /// It asks for devices by claims (`spec.resourceClaims`). Recordings of before they were read say no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub claims_devices: bool,
    /// What scopes of quotas look at beside all this; absent in recordings of before they were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota_marks: Option<QuotaMarks>,
}

/// What scopes of quotas ask about a pod (`podMatchesScopeFunc` of `pkg/quota/v1/evaluator/core`), and nothing else does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct QuotaMarks {
    /// `spec.activeDeadlineSeconds` is there: the scope `Terminating`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deadline: bool,
    /// A term of its pod affinity or anti-affinity, required or preferred, is about other namespaces: `CrossNamespacePodAffinity`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other_namespaces: bool,
}

/// When a container runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContainerRole {
    /// As long as the pod does.
    #[default]
    Main,
    /// To its end before those: an init container.
    Init,
    /// From its turn among the init containers on, as long as the pod does: one that is always restarted.
    Sidecar,
}

impl ContainerRole {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_main(&self) -> bool {
        *self == Self::Main
    }
}

/// What a container asks for: `cpu` in thousandths, everything else in whole units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerShape {
    /// When it runs.
    #[serde(skip_serializing_if = "ContainerRole::is_main")]
    pub role: ContainerRole,
    /// `resources.requests`.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub requests: Resources,
    /// `resources.limits`.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub limits: Resources,
}

/// A level of the Pod Security Standards. What breaks the first breaks the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecurityLevel {
    /// Known ways to more rights are closed.
    Baseline,
    /// Hardened as is good practice.
    Restricted,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// How many shapes are looked at for one that is the same.
const RECENT: usize = 32;

thread_local! {
    static SHAPES: RefCell<VecDeque<Arc<PodShape>>> = const { RefCell::new(VecDeque::new()) };
}

impl PodShape {
    /// The shape, shared with an equal one that was met shortly before on this thread. Which one it is shows nowhere but in memory.
    pub fn shared(self) -> Arc<Self> {
        SHAPES.with_borrow_mut(|recent| {
            if let Some(at) = recent.iter().position(|known| **known == self) {
                recent.swap(0, at);
                return Arc::clone(&recent[0]);
            }
            let new = Arc::new(self);
            recent.truncate(RECENT - 1);
            recent.push_front(Arc::clone(&new));
            new
        })
    }

    /// Whether it is critical to the cluster or to its node: no user's priority is as high.
    pub fn is_critical(&self) -> bool {
        self.priority >= 2_000_000_000
    }
}

/// Reads a shape so that equal ones are kept once.
pub(super) fn shared<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<PodShape>>, D::Error> {
    Ok(Option::<PodShape>::deserialize(deserializer)?.map(PodShape::shared))
}

/// Writes a shape as if it were there for this row alone.
#[expect(clippy::ref_option, reason = "serde passes references")]
pub(super) fn alone<S: serde::Serializer>(
    shape: &Option<Arc<PodShape>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    shape.as_deref().serialize(serializer)
}

/// One of several sets of requirements on a node, as node affinity and volumes have them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeTerm {
    /// Requirements on its labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Requirement>,
    /// Requirements on its fields: `metadata.name` alone is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Requirement>,
}

impl NodeTerm {
    /// Whether a node meets all of it. A term without requirements is met by none, as the scheduler has it.
    pub fn admits(&self, labels: &Labels, name: &str) -> bool {
        let named =
            |field: &Requirement| field.key == "metadata.name" && field.admits_value(Some(name));
        !(self.labels.is_empty() && self.fields.is_empty())
            && self
                .labels
                .iter()
                .all(|r| r.admits_value(labels.get(&r.key)))
            && self.fields.iter().all(named)
    }
}

/// Which pods a pod must be near to, or apart from, and how near is near.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodTerm {
    /// Which pods; absent selects none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// In which namespaces, by name; the pod's own where this is empty and no selector is given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Box<str>>,
    /// In which namespaces, by label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// The label whose value makes nodes one place.
    pub topology: Box<str>,
}

/// A spread over places that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spread {
    /// Which pods of the pod's namespace; absent selects none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Labels whose values those pods must share with this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub same_labels: Vec<Box<str>>,
    /// The label whose value makes nodes one place.
    pub topology: Box<str>,
    /// How many pods more than in the emptiest place there may be.
    pub max_skew: u32,
    /// Where there are fewer places than this, the emptiest counts as empty.
    pub min_places: u32,
    /// Places count even where the pod's selector and node affinity do not admit it (`nodeAffinityPolicy: Ignore`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub counts_unselected: bool,
    /// Places whose taints the pod does not tolerate do not count (`nodeTaintsPolicy: Honor`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub honours_taints: bool,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            selector: None,
            same_labels: Vec::new(),
            topology: Box::default(),
            max_skew: 1,
            min_places: 1,
            counts_unselected: false,
            honours_taints: false,
        }
    }
}

/// What a pod tolerates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Toleration {
    /// Key of the taint; empty for every key.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub key: Box<str>,
    /// Its value; absent where any will do (`Exists`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<str>>,
    /// Its effect; empty for every effect.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub effect: Box<str>,
}

impl Toleration {
    /// Whether it is for this taint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let same = |own: &str, other: &str| own.is_empty() || own == other;
        same(&self.effect, &taint.effect)
            && same(&self.key, &taint.key)
            && self
                .value
                .as_ref()
                .is_none_or(|value| **value == *taint.value)
    }
}

/// A port of the node that a pod takes for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HostPort {
    /// Port.
    pub port: u16,
    /// `TCP`, `UDP` or `SCTP`; empty for `TCP`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub protocol: Box<str>,
    /// Address; empty for all of the node's.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub address: Box<str>,
}

impl HostPort {
    /// Whether both cannot be on one node.
    pub fn conflicts(&self, other: &Self) -> bool {
        let any = self.address.is_empty() || other.address.is_empty();
        self.port == other.port
            && self.protocol == other.protocol
            && (any || self.address == other.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(key: &str, operator: &str, values: &[&str]) -> Requirement {
        Requirement {
            key: key.into(),
            operator: operator.into(),
            values: values.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn equal_shapes_are_kept_once() {
        let shape = |priority| {
            PodShape {
                priority,
                ..PodShape::default()
            }
            .shared()
        };
        assert!(Arc::ptr_eq(&shape(7), &shape(7)));
        assert!(!Arc::ptr_eq(&shape(7), &shape(8)));
        for other in 100..200 {
            shape(other);
        }
        let kept = SHAPES.with_borrow(VecDeque::len);
        assert_eq!(kept, RECENT);
    }

    #[test]
    fn terms_are_read_as_the_scheduler_reads_them() {
        let labels = Labels::from_iter([("zone", "a"), ("cores", "8")]);
        for (key, operator, values, admits) in [
            ("zone", "In", &["a", "b"][..], true),
            ("zone", "NotIn", &["b"], true),
            ("disk", "NotIn", &["b"], true),
            ("disk", "Exists", &[], false),
            ("disk", "DoesNotExist", &[], true),
            ("cores", "Gt", &["4"], true),
            ("cores", "Lt", &["8"], false),
            ("zone", "Gt", &["4"], false),
            ("disk", "Gt", &["4"], false),
        ] {
            let term = NodeTerm {
                labels: vec![requirement(key, operator, values)],
                fields: vec![],
            };
            assert_eq!(
                term.admits(&labels, "n1"),
                admits,
                "{key} {operator} {values:?}"
            );
        }
        let named = |name| NodeTerm {
            labels: vec![],
            fields: vec![requirement("metadata.name", "In", &[name])],
        };
        assert!(named("n1").admits(&labels, "n1") && !named("n2").admits(&labels, "n1"));
        assert!(!NodeTerm::default().admits(&labels, "n1"));
    }

    #[test]
    fn tolerations_are_for_taints() {
        let taint = Taint {
            key: "gpu".into(),
            value: "yes".into(),
            effect: "NoSchedule".into(),
        };
        for (key, value, effect, tolerates) in [
            ("", None, "", true),
            ("gpu", None, "", true),
            ("gpu", Some("yes"), "NoSchedule", true),
            ("gpu", Some("no"), "NoSchedule", false),
            ("gpu", None, "NoExecute", false),
            ("cpu", None, "", false),
        ] {
            let toleration = Toleration {
                key: key.into(),
                value: value.map(Into::into),
                effect: effect.into(),
            };
            assert_eq!(toleration.tolerates(&taint), tolerates, "{toleration:?}");
        }
    }

    #[test]
    fn ports_conflict_on_one_address() {
        let port = |port, address: &str| HostPort {
            port,
            address: address.into(),
            ..HostPort::default()
        };
        assert!(port(80, "").conflicts(&port(80, "192.0.2.1")));
        assert!(!port(80, "192.0.2.2").conflicts(&port(80, "192.0.2.1")));
        assert!(!port(80, "").conflicts(&port(81, "")));
    }
}
