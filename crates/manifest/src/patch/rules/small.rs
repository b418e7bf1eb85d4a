//! Kinds of which little or nothing but `apiVersion` changes.

use serde_json::{Value, json};

use super::{Rule, renamed};
use crate::patch::{
    editor::{Editor, Refusal},
    path::Path,
};

pub(super) const RULES: &[Rule] = &[
    renamed(
        &["CronJob"],
        &["batch/v1beta1", "batch/v2alpha1"],
        &["batch/v1", "batch/v1beta1"],
    ),
    renamed(
        &["NetworkPolicy"],
        &["extensions/v1beta1"],
        &["networking.k8s.io/v1"],
    ),
    renamed(
        &["PodSecurityPolicy"],
        &["extensions/v1beta1"],
        &["policy/v1beta1"],
    ),
    renamed(
        &["IngressClass"],
        &["networking.k8s.io/v1beta1"],
        &["networking.k8s.io/v1"],
    ),
    renamed(
        &["IPAddress", "ServiceCIDR"],
        &["networking.k8s.io/v1alpha1", "networking.k8s.io/v1beta1"],
        &["networking.k8s.io/v1", "networking.k8s.io/v1beta1"],
    ),
    renamed(
        &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"],
        &["rbac.authorization.k8s.io/v1beta1"],
        &["rbac.authorization.k8s.io/v1"],
    ),
    renamed(
        &["Role", "ClusterRole"],
        &["rbac.authorization.k8s.io/v1alpha1"],
        &["rbac.authorization.k8s.io/v1"],
    ),
    Rule {
        kinds: &["RoleBinding", "ClusterRoleBinding"],
        from: &["rbac.authorization.k8s.io/v1alpha1"],
        to: &["rbac.authorization.k8s.io/v1"],
        steps: Some(subjects),
        note: None,
    },
    renamed(
        &["PriorityClass"],
        &["scheduling.k8s.io/v1alpha1", "scheduling.k8s.io/v1beta1"],
        &["scheduling.k8s.io/v1"],
    ),
    renamed(
        &[
            "CSIDriver",
            "CSINode",
            "StorageClass",
            "VolumeAttachment",
            "CSIStorageCapacity",
            "VolumeAttributesClass",
        ],
        &["storage.k8s.io/v1alpha1", "storage.k8s.io/v1beta1"],
        &["storage.k8s.io/v1", "storage.k8s.io/v1beta1"],
    ),
    renamed(
        &["Lease"],
        &["coordination.k8s.io/v1beta1"],
        &["coordination.k8s.io/v1"],
    ),
    renamed(
        &["LeaseCandidate"],
        &[
            "coordination.k8s.io/v1alpha2",
            "coordination.k8s.io/v1beta1",
        ],
        &["coordination.k8s.io/v1", "coordination.k8s.io/v1beta1"],
    ),
    renamed(
        &["FlowSchema"],
        &[
            "flowcontrol.apiserver.k8s.io/v1alpha1",
            "flowcontrol.apiserver.k8s.io/v1beta1",
            "flowcontrol.apiserver.k8s.io/v1beta2",
            "flowcontrol.apiserver.k8s.io/v1beta3",
        ],
        FLOW_CONTROL,
    ),
    Rule {
        kinds: &["PriorityLevelConfiguration"],
        from: &[
            "flowcontrol.apiserver.k8s.io/v1alpha1",
            "flowcontrol.apiserver.k8s.io/v1beta1",
            "flowcontrol.apiserver.k8s.io/v1beta2",
        ],
        to: FLOW_CONTROL,
        steps: Some(assured_becomes_nominal),
        note: None,
    },
    Rule {
        kinds: &["PriorityLevelConfiguration"],
        from: &["flowcontrol.apiserver.k8s.io/v1beta3"],
        to: &["flowcontrol.apiserver.k8s.io/v1"],
        steps: Some(zero_shares),
        note: None,
    },
    renamed(
        &["APIService"],
        &["apiregistration.k8s.io/v1beta1"],
        &["apiregistration.k8s.io/v1"],
    ),
    renamed(
        &["TokenReview", "SelfSubjectReview"],
        &[
            "authentication.k8s.io/v1alpha1",
            "authentication.k8s.io/v1beta1",
        ],
        &["authentication.k8s.io/v1"],
    ),
    renamed(
        &["SelfSubjectAccessReview", "SelfSubjectRulesReview"],
        &["authorization.k8s.io/v1beta1"],
        &["authorization.k8s.io/v1"],
    ),
    Rule {
        kinds: &["SubjectAccessReview", "LocalSubjectAccessReview"],
        from: &["authorization.k8s.io/v1beta1"],
        to: &["authorization.k8s.io/v1"],
        steps: Some(|e| e.rename(&"spec.group".into(), "groups")),
        note: None,
    },
    renamed(
        &["ClusterTrustBundle"],
        &["certificates.k8s.io/v1alpha1"],
        &["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"],
    ),
    renamed(
        &["Policy"],
        &["audit.k8s.io/v1alpha1", "audit.k8s.io/v1beta1"],
        &["audit.k8s.io/v1"],
    ),
    Rule {
        kinds: &["PodDisruptionBudget"],
        from: &["policy/v1beta1"],
        to: &["policy/v1"],
        steps: Some(empty_selector),
        note: Some(
            "an empty selector selected no pod and would select every pod of the namespace: where one was written, it is taken away",
        ),
    },
    Rule {
        kinds: &["Eviction"],
        from: &["policy/v1beta1"],
        to: &["policy/v1"],
        steps: None,
        note: None,
    },
    Rule {
        kinds: &["RuntimeClass"],
        from: &["node.k8s.io/v1alpha1"],
        to: &["node.k8s.io/v1"],
        steps: Some(runtime_handler),
        note: None,
    },
    renamed(
        &["RuntimeClass"],
        &["node.k8s.io/v1beta1"],
        &["node.k8s.io/v1"],
    ),
    Rule {
        kinds: &["CertificateSigningRequest"],
        from: &["certificates.k8s.io/v1beta1"],
        to: &["certificates.k8s.io/v1"],
        steps: Some(signing_request),
        note: None,
    },
    Rule {
        kinds: &["EndpointSlice"],
        from: &["discovery.k8s.io/v1alpha1", "discovery.k8s.io/v1beta1"],
        to: &["discovery.k8s.io/v1"],
        steps: Some(topology),
        note: None,
    },
    Rule {
        kinds: &["Event"],
        from: &["events.k8s.io/v1beta1"],
        to: &["events.k8s.io/v1"],
        steps: Some(event),
        note: None,
    },
    Rule {
        kinds: &["StorageVersionMigration"],
        from: &["storagemigration.k8s.io/v1alpha1"],
        to: &[
            "storagemigration.k8s.io/v1",
            "storagemigration.k8s.io/v1beta1",
        ],
        steps: Some(migration),
        note: None,
    },
    renamed(
        &["StorageVersionMigration"],
        &["storagemigration.k8s.io/v1beta1"],
        &["storagemigration.k8s.io/v1"],
    ),
];

const FLOW_CONTROL: &[&str] = &[
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta3",
];

/// v1alpha1 names group and version of a subject, later versions the group alone.
fn subjects(e: &mut Editor) -> Result<(), Refusal> {
    for subject in e.each("subjects[]")? {
        let version = subject.key("apiVersion");
        let Some(named) = e.value(&version)? else {
            continue;
        };
        let named = named.as_str().unwrap_or_default();
        let group = named.split_once('/').map_or("", |(group, _)| group);
        e.replace(&version, &json!(group))?;
        e.rename(&version, "apiGroup")?;
    }
    Ok(())
}

fn assured_becomes_nominal(e: &mut Editor) -> Result<(), Refusal> {
    e.rename(
        &"spec.limited.assuredConcurrencyShares".into(),
        "nominalConcurrencyShares",
    )?;
    zero_shares(e)
}

/// Up to v1beta3 a zero means the default, which is 30; in v1 it means zero.
fn zero_shares(e: &mut Editor) -> Result<(), Refusal> {
    let shares = Path::from("spec.limited.nominalConcurrencyShares");
    if e.value(&shares)? == Some(json!(0)) {
        e.replace(&shares, &json!(30))?;
    }
    Ok(())
}

/// `{}` selects nothing in v1beta1 and everything in v1; without the key, both select nothing.
fn empty_selector(e: &mut Editor) -> Result<(), Refusal> {
    let path = Path::from("spec.selector");
    let empty = |value: &Value| match value {
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    };
    if e.value(&path)?.as_ref().is_some_and(empty) {
        e.remove(&path)?;
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn runtime_handler(e: &mut Editor) -> Result<(), Refusal> {
    e.rename(&"spec.runtimeHandler".into(), "handler")?;
    e.lift(&"spec".into())
}

fn signing_request(e: &mut Editor) -> Result<(), Refusal> {
    require(
        e,
        &["spec.signerName", "spec.usages"],
        "v1 demands it; v1beta1 guessed it",
    )
}

/// Refuses to go on when one of the fields is not there: nobody but its author knows its value.
pub(super) fn require(e: &Editor, paths: &[&str], why: &str) -> Result<(), Refusal> {
    for path in paths {
        if !e.has(&Path::from(*path))? {
            return Err(Refusal(format!("{path} lacks: {why}")));
        }
    }
    Ok(())
}

fn topology(e: &mut Editor) -> Result<(), Refusal> {
    for endpoint in e.each("endpoints[]")? {
        let topology = endpoint.key("topology");
        for (label, field) in [
            ("kubernetes.io/hostname", "nodeName"),
            ("topology.kubernetes.io/zone", "zone"),
        ] {
            let label = topology.key(label);
            if let Some(value) = e.value(&label)?
                && !e.has(&endpoint.key(field))?
            {
                e.insert(&endpoint, field, &value)?;
            }
            e.remove(&label)?;
        }
        if e.value(&topology)?.is_some_and(|rest| is_empty(&rest)) {
            e.remove(&topology)?;
        }
        e.rename(&topology, "deprecatedTopology")?;
    }
    Ok(())
}

fn event(e: &mut Editor) -> Result<(), Refusal> {
    e.remove(&"series.state".into())?;
    let demanded = [
        "eventTime",
        "reportingController",
        "reportingInstance",
        "action",
        "reason",
    ];
    require(e, &demanded, "v1 demands it")
}

fn migration(e: &mut Editor) -> Result<(), Refusal> {
    e.remove(&"spec.resource.version".into())?;
    e.remove(&"spec.continueToken".into())
}
