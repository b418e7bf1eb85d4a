//! What objects of Cluster API say: the same in the shapes of v1beta1 and v1beta2.

use airworthy_model::KubeVersion;
use airworthy_upgrade::driver::reached;
use serde_json::{Value, json};

use super::api::{array, short};

/// Says that its controllers leave an object alone.
const PAUSED: &str = "cluster.x-k8s.io/paused";

/// Something that has machines of one version: a control plane, or a `MachineDeployment`.
#[derive(Debug)]
pub(super) struct Machines {
    /// Such as `MachineDeployment workers`.
    pub(super) name: String,
    /// Where it is changed.
    pub(super) path: String,
    object: Value,
    /// Where its version is, from `spec` on.
    member: &'static [&'static str],
}

/// Where an object is, compared with an upgrade's target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// It asks for the target, or a newer patch of it.
    Target,
    /// It asks for something older.
    Older,
    /// It asks for a newer minor.
    Beyond(String),
    /// It asks for no version that could be read.
    Nothing,
}

/// Compares a version that an object asks for with the target.
pub(super) fn declared(version: &Value, target: &KubeVersion) -> Declared {
    let Some(asked) = version
        .as_str()
        .and_then(|text| text.parse::<KubeVersion>().ok())
    else {
        return Declared::Nothing;
    };
    if asked.minor > target.minor {
        return Declared::Beyond(asked.to_string());
    }
    if reached(&asked, target) {
        Declared::Target
    } else {
        Declared::Older
    }
}

impl Machines {
    pub(super) fn control_plane(kind: &str, path: String, object: Value) -> Self {
        Self::new(kind, path, object, &["version"])
    }

    pub(super) fn workers(path: String, object: Value) -> Self {
        Self::new(
            "MachineDeployment",
            path,
            object,
            &["template", "spec", "version"],
        )
    }

    fn new(kind: &str, path: String, object: Value, member: &'static [&'static str]) -> Self {
        Self {
            name: format!(
                "{kind} {}",
                object["metadata"]["name"].as_str().unwrap_or_default()
            ),
            path,
            object,
            member,
        }
    }

    pub(super) fn declared(&self, target: &KubeVersion) -> Declared {
        let spec = &self.object["spec"];
        declared(
            self.member
                .iter()
                .fold(spec, |value, member| &value[member]),
            target,
        )
    }

    /// The change that asks for a version.
    pub(super) fn change(&self, version: &str) -> Value {
        let members = self.member.iter().rev();
        let spec = members.fold(json!(version), |value, member| json!({ *member: value }));
        change(&self.object, &spec)
    }

    /// How many machines there should be, and how many of them are up to date and ready.
    pub(super) fn count(&self) -> (u64, u64) {
        let status = &self.object["status"];
        let number = |value: &Value| value.as_u64();
        let wanted = number(&self.object["spec"]["replicas"])
            .or_else(|| number(&status["replicas"]))
            .unwrap_or(0);
        let updated = number(&status["upToDateReplicas"])
            .or_else(|| number(&status["updatedReplicas"]))
            .unwrap_or(0);
        let ready = number(&status["readyReplicas"]).unwrap_or(0);
        (wanted, updated.min(ready).min(wanted))
    }

    /// Whether all its machines are there, up to date and ready, and no other is left.
    pub(super) fn is_settled(&self) -> bool {
        let status = &self.object["status"];
        let observed = status["observedGeneration"].as_i64();
        let generation = self.object["metadata"]["generation"].as_i64();
        let (wanted, done) = self.count();
        let there = status["replicas"].as_u64().unwrap_or(0);
        let seen = observed.is_none_or(|observed| Some(observed) >= generation);
        seen && done == wanted && there == wanted
    }

    /// Whether the version that its machines run is the target. Only control planes tell one; of workers, and of a control plane
    /// that tells none, the machines that are up to date have to do.
    pub(super) fn runs(&self, target: &KubeVersion) -> bool {
        let version = &self.object["status"]["version"];
        if version.is_null() {
            return self.member.len() > 1 || self.count().0 > 0;
        }
        declared(version, target) == Declared::Target
    }

    /// What it is waiting for, for people.
    pub(super) fn waits(&self) -> String {
        let (wanted, done) = self.count();
        let complaint = complaint(&self.object);
        let complaint = complaint
            .map(|text| format!(": {text}"))
            .unwrap_or_default();
        format!(
            "{}: {done} of {wanted} machines are up to date and ready{complaint}",
            self.name
        )
    }

    pub(super) fn failure(&self) -> Option<Trouble> {
        trouble(&self.name, &self.object)
    }

    pub(super) fn is_paused(&self) -> bool {
        is_paused(&self.object)
    }

    /// Its place in the order that the caller gave by name: larger numbers first.
    pub(super) fn priority(&self, order: &Value) -> i64 {
        let name = self.object["metadata"]["name"].as_str().unwrap_or_default();
        order[name].as_i64().unwrap_or(0)
    }
}

/// A merge patch of an object's `spec`, good only for the object as it was read.
pub(super) fn change(object: &Value, spec: &Value) -> Value {
    let version = &object["metadata"]["resourceVersion"];
    json!({ "metadata": { "resourceVersion": version }, "spec": spec })
}

pub(super) fn is_paused(object: &Value) -> bool {
    object["spec"]["paused"] == true || !object["metadata"]["annotations"][PAUSED].is_null()
}

/// Why an object does not get on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// For people.
    pub(super) message: String,
    /// Whether its controller has given up.
    pub(super) is_final: bool,
}

/// What an object says of its trouble. A terminal failure is one that the controller itself calls so; an error in a condition
/// may pass.
pub(super) fn trouble(name: &str, object: &Value) -> Option<Trouble> {
    let status = &object["status"];
    for status in [status, &status["deprecated"]["v1beta1"]] {
        let reason = status["failureReason"].as_str();
        let message = status["failureMessage"].as_str();
        if let Some(said) = message.or(reason) {
            return Some(Trouble {
                message: format!("{name}: {}", short(said)),
                is_final: true,
            });
        }
    }
    let mut conditions = array(&status["conditions"]).iter();
    let failing = conditions.find(|it| is_error(it))?;
    Some(Trouble {
        message: format!("{name}: {}", words(failing)),
        is_final: false,
    })
}

/// Conditions of v1beta1 say how severe they are; those of v1beta2 end the reason of a failed reconciliation alike.
fn is_error(condition: &Value) -> bool {
    let reason = condition["reason"].as_str().unwrap_or_default();
    condition["status"] == "False"
        && (condition["severity"] == "Error" || reason.ends_with("ReconcileFailed"))
}

/// The first condition that is not as it should be and says why.
fn complaint(object: &Value) -> Option<String> {
    let mut conditions = array(&object["status"]["conditions"]).iter();
    let told = |it: &&Value| {
        it["status"] == "False" && it["message"].as_str().is_some_and(|it| !it.is_empty())
    };
    conditions.find(told).map(words)
}

pub(super) fn words(condition: &Value) -> String {
    let text = |member: &str| short(condition[member].as_str().unwrap_or_default());
    format!(
        "{} is {} ({}) {}",
        text("type"),
        text("status"),
        text("reason"),
        text("message")
    )
}

/// The condition of this type.
pub(super) fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    array(&object["status"]["conditions"])
        .iter()
        .find(|it| it["type"] == name)
}
