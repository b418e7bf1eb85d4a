//! Reads the examples of a check's page: the facts of each, and what the check must say.

#![allow(dead_code)] // Each test file uses its part.

pub(crate) mod copies;

use std::{cell::RefCell, collections::BTreeSet};

use airworthy_checks::{Check, Context, context::Inputs};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, Finding, KubeVersion, Missing, Need, Policy, Reason, Severity, UpgradePath,
    facts::{ClusterIdentity, GroupFiller, Read, Rows},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// All checks; while one works on a few of them, those whose names `AIRWORTHY_CHECKS` lists with commas.
pub(crate) fn chosen() -> impl Iterator<Item = &'static Check> {
    let only = std::env::var("AIRWORTHY_CHECKS").unwrap_or_default();
    let wanted = move |check: &&Check| {
        only.is_empty() || only.split(',').any(|name| name == check.info.name)
    };
    airworthy_checks::CATALOGUE.iter().copied().filter(wanted)
}

/// The moment at which all examples are read.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

pub(crate) struct Example {
    pub(crate) title: String,
    pub(crate) facts: Value,
    pub(crate) expected: Vec<String>,
}

/// The examples of a page, in order.
pub(crate) fn examples(check: &Check) -> Vec<Example> {
    let page = check.info.page;
    let section = page
        .split("\n## Examples\n")
        .nth(1)
        .unwrap_or_else(|| panic!("{}: no examples", check.info.name));
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .split("\n### ")
        .skip(1)
        .map(|text| example(check.info.name, text))
        .collect()
}

fn example(check: &str, text: &str) -> Example {
    let title = text.lines().next().unwrap_or_default().to_owned();
    let block = |kind: &str| {
        let opened = text.split(&format!("```{kind}\n")).nth(1);
        let body = opened.and_then(|rest| rest.split("```").next());
        body.unwrap_or_else(|| panic!("{check}: {title}: no {kind} block"))
            .to_owned()
    };
    let facts = serde_saphyr::from_str(&block("yaml facts"))
        .unwrap_or_else(|e| panic!("{check}: {title}: {e}"));
    let expected = block("findings").lines().map(str::to_owned).collect();
    Example {
        title,
        facts,
        expected,
    }
}

/// What a run needs, owned.
pub(crate) struct World {
    pub(crate) facts: Facts,
    pub(crate) baseline: Option<Facts>,
    pub(crate) path: Option<UpgradePath>,
    pub(crate) policy: Policy,
}

impl World {
    pub(crate) fn of(example: &Value) -> Self {
        let facts = facts(example);
        let baseline = example.get("baseline").map(self::facts);
        let now = facts.version.as_ref().map(|v| v.version.clone()).ok();
        let before = baseline
            .as_ref()
            .and_then(|b| b.version.as_ref().ok())
            .map(|v| v.version.clone());
        let target = example
            .get("target")
            .and_then(Value::as_str)
            .map(|t| t.parse::<KubeVersion>().expect("a target"));
        let from = before.or_else(|| target.as_ref().and(now.clone()));
        // Without a cluster only the target is known.
        let files = example.get("filesOnly").and_then(|_| target.clone());
        let path = from
            .zip(target.or(now))
            .and_then(|(from, to)| UpgradePath::new(from, to).ok())
            .or(files.map(UpgradePath::to));
        let policy = json!({
            "rollout": example.get("rollout").unwrap_or(&json!("nodes")),
            "controlPlane": example.get("controlPlane").unwrap_or(&json!("detect")),
            "allowedJumps": example.get("allowedJumps").unwrap_or(&json!([])),
            "pace": example.get("pace").unwrap_or(&json!({})),
        });
        Self {
            facts,
            baseline,
            path,
            policy: serde_json::from_value(policy).expect("a policy"),
        }
    }

    /// Runs a check and renders what it says, with the needs that it read.
    pub(crate) fn run(&self, check: &Check) -> (Vec<String>, BTreeSet<Need>) {
        let read = RefCell::new(BTreeSet::new());
        let outcome = (check.run)(&self.context(&read));
        (render(outcome), read.into_inner())
    }

    /// What a check finds.
    pub(crate) fn findings(&self, check: &Check) -> Vec<Finding> {
        let read = RefCell::default();
        let findings = (check.run)(&self.context(&read)).map(|judgement| judgement.findings);
        findings.unwrap_or_default()
    }

    /// What a check could not look at.
    pub(crate) fn missing(&self, check: &Check) -> Vec<Missing> {
        let read = RefCell::default();
        match (check.run)(&self.context(&read)) {
            Ok(judgement) => judgement.missing,
            Err(missing) => vec![missing],
        }
    }

    /// What a check finds while others do not run.
    pub(crate) fn findings_without(
        &self,
        check: &Check,
        left_out: &[&'static str],
    ) -> Vec<Finding> {
        let read = RefCell::default();
        let findings = (check.run)(&self.with(&read, left_out)).map(|judgement| judgement.findings);
        findings.unwrap_or_default()
    }

    /// Whether a check says that it can block here.
    pub(crate) fn blocks(&self, check: &Check) -> bool {
        let read = RefCell::default();
        (check.blocks)(&self.context(&read))
    }

    fn context<'a>(&'a self, read: &'a RefCell<BTreeSet<Need>>) -> Context<'a> {
        self.with(read, &[])
    }

    fn with<'a>(
        &'a self,
        read: &'a RefCell<BTreeSet<Need>>,
        left_out: &'a [&'static str],
    ) -> Context<'a> {
        let inputs = Inputs {
            facts: &self.facts,
            baseline: self.baseline.as_ref(),
            path: self.path.as_ref(),
            knowledge: Knowledge::embedded(),
            policy: &self.policy,
            left_out,
        };
        Context::new(inputs, read)
    }
}

fn render(outcome: airworthy_checks::Outcome) -> Vec<String> {
    let judgement = match outcome {
        Ok(judgement) => judgement,
        Err(missing) => return vec![format!("unknown: {}", need_name(missing.need))],
    };
    if let Some(why) = judgement.not_applicable {
        return vec![format!("not applicable: {why}")];
    }
    let mut lines: Vec<_> = judgement.findings.iter().map(line).collect();
    lines.extend(
        judgement
            .missing
            .iter()
            .map(|missing| format!("unknown: {}", need_name(missing.need))),
    );
    if lines.is_empty() {
        vec!["clear".to_owned()]
    } else {
        lines
    }
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Blocker => "blocker",
        Severity::Risk => "risk",
        Severity::Note => "note",
    };
    let hop = finding
        .hop
        .map(|hop| format!(" at {hop}"))
        .unwrap_or_default();
    format!(
        "{severity} {} {}: {}{hop}",
        finding.subject.kind,
        finding.subject.path(),
        finding.message
    )
}

fn need_name(need: Need) -> String {
    serde_json::to_value(need)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

/// Facts as an example gives them: a group that is not mentioned is there and empty, `missing` names those that are not.
pub(crate) fn facts(example: &Value) -> Facts {
    let now: Timestamp = example
        .get("now")
        .and_then(Value::as_str)
        .unwrap_or(NOW)
        .parse()
        .expect("a time");
    let mut facts = Facts::unread(ClusterIdentity::default(), now, "");
    facts
        .fill(&mut Filler { example })
        .unwrap_or_else(|e| panic!("{e}"));
    facts
}

struct Filler<'a> {
    example: &'a Value,
}

impl GroupFiller for Filler<'_> {
    type Error = String;

    fn group<T: Rows>(&mut self, need: Need) -> Result<Read<T>, String> {
        let name = need_name(need);
        if let Some(reason) = self
            .example
            .get("missing")
            .and_then(|missing| missing.get(&name))
        {
            let reason: Reason =
                serde_json::from_value(reason.clone()).map_err(|e| format!("{name}: {e}"))?;
            if reason == Reason::SwitchedOff {
                return Ok(Err(Missing::switched_off(need)));
            }
            return Ok(Err(Missing {
                need,
                reason,
                detail: "in this example".into(),
                cure: None,
            }));
        }
        let rows = rows_of(self.example, need);
        let decode = |row: Value| {
            serde_json::from_value(filled(need, &row)).map_err(|e| format!("{name}: {e}"))
        };
        let rows = rows
            .into_iter()
            .map(decode)
            .collect::<Result<Vec<_>, _>>()?;
        T::from_rows(rows)
            .map(Ok)
            .ok_or_else(|| format!("{name}: takes one row"))
    }
}

/// What an example gives of a group.
fn rows_of(example: &Value, need: Need) -> Vec<Value> {
    let rows = match example.get(need_name(need)) {
        None => Vec::new(),
        Some(Value::Array(rows)) => rows.clone(),
        Some(one) if one.is_string() => vec![json!({ "version": one })],
        Some(one) => vec![one.clone()],
    };
    let single = template(need).get("_single").is_some();
    if rows.is_empty() && single {
        vec![json!({})]
    } else {
        rows
    }
}

/// Members that an example gives and no fact has: a word that is written wrong would prove nothing.
pub(crate) fn unread_members(example: &Value) -> Vec<String> {
    let mut facts = Facts::unread(ClusterIdentity::default(), Timestamp::UNIX_EPOCH, "");
    let mut members = Members {
        example,
        unread: Vec::new(),
        groups: OPTIONS.map(str::to_owned).into(),
    };
    facts.fill(&mut members).unwrap_or_else(|e| panic!("{e}"));
    let given = example.as_object().into_iter().flatten();
    let unknown = given.filter(|(name, _)| !members.groups.contains(*name));
    let mut unread: Vec<_> = unknown.map(|(name, _)| name.clone()).collect();
    unread.append(&mut members.unread);
    unread
}

/// What an example gives beside facts.
const OPTIONS: [&str; 9] = [
    "allowedJumps",
    "baseline",
    "controlPlane",
    "filesOnly",
    "missing",
    "now",
    "pace",
    "rollout",
    "target",
];

struct Members<'a> {
    example: &'a Value,
    unread: Vec<String>,
    groups: BTreeSet<String>,
}

impl GroupFiller for Members<'_> {
    type Error = String;

    fn group<T: Rows>(&mut self, need: Need) -> Result<Read<T>, String> {
        let name = need_name(need);
        for row in rows_of(self.example, need) {
            let given = filled(need, &row);
            let read: T::Row =
                serde_json::from_value(given.clone()).map_err(|e| format!("{name}: {e}"))?;
            let read = serde_json::to_value(read).map_err(|e| format!("{name}: {e}"))?;
            self.compare(&name, &row, &read);
        }
        self.groups.insert(name);
        Ok(T::from_rows(Vec::new()).ok_or(Missing {
            need,
            reason: Reason::NotCollected,
            detail: String::new(),
            cure: None,
        }))
    }
}

impl Members<'_> {
    /// What says nothing is left out where facts are written.
    fn compare(&mut self, place: &str, given: &Value, read: &Value) {
        match (given, read) {
            (Value::Object(given), Value::Object(members)) => {
                for (name, value) in given {
                    let place = format!("{place}.{name}");
                    match members.get(name) {
                        Some(read) => self.compare(&place, value, read),
                        None if says_nothing(value) => {}
                        None => self.unread.push(place),
                    }
                }
            }
            (Value::Array(given), Value::Array(read)) if given.len() == read.len() => {
                for (given, read) in given.iter().zip(read) {
                    self.compare(place, given, read);
                }
            }
            _ => {}
        }
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(held) => !held,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn filled(need: Need, row: &Value) -> Value {
    let mut merged = template(need);
    merged.remove("_single");
    for (key, value) in row.as_object().cloned().unwrap_or_default() {
        merged.insert(key, value);
    }
    // The selector of a Service is a map of labels.
    if need == Need::Services
        && let Some(labels) = merged.get_mut("selector")
    {
        *labels = pairs(labels);
    }
    let mut row = Value::Object(merged);
    with_pairs(&mut row);
    row
}

/// Labels anywhere in a row.
fn with_pairs(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(with_pairs),
        Value::Object(members) => {
            for (key, member) in members {
                if ["labels", "matchLabels", "nodeSelector"].contains(&key.as_str()) {
                    *member = pairs(member);
                } else {
                    with_pairs(member);
                }
            }
        }
        _ => {}
    }
}

/// Labels are written as a map in examples and as pairs in facts.
fn pairs(labels: &Value) -> Value {
    let Some(map) = labels.as_object() else {
        return labels.clone();
    };
    map.iter().map(|(key, value)| json!([key, value])).collect()
}

/// What a row has when an example does not say otherwise: a healthy, plain object.
fn template(need: Need) -> Map<String, Value> {
    let value = match need {
        Need::Version => json!({"_single": true, "version": "v1.31.14"}),
        Need::Health => {
            json!({"_single": true, "ready": [{"name": "ping", "ok": true}], "live": [{"name": "ping", "ok": true}]})
        }
        Need::Leases => {
            json!({"namespace": "kube-system", "holder": "one", "renewed": "2026-11-22T11:59:58Z", "durationSeconds": 15})
        }
        Need::Metrics => {
            json!({"_single": true, "processStarted": "2026-11-22T06:00:00Z", "deprecatedRequests": [], "objectCounts": {}})
        }
        Need::Discovery => json!({"_single": true, "resources": []}),
        Need::Collection => json!({"_single": true, "requests": 0, "bytes": 0}),
        Need::Nodes => {
            json!({"uid": "u-node", "created": "2026-01-01T00:00:00Z", "conditions": [{"type": "Ready", "status": "True"}],
            "kubeletVersion": "v1.31.14", "runtimeVersion": "containerd://2.1.4", "operatingSystem": "linux",
            "allocatable": {"cpu": 4000, "memory": 17_179_869_184u64, "pods": 110}})
        }
        Need::Pods => {
            json!({"created": "2026-01-01T00:00:00Z", "phase": "Running", "ready": true, "node": "n1", "shape": {}})
        }
        Need::Deployments => workload("Deployment"),
        Need::StatefulSets => workload("StatefulSet"),
        Need::DaemonSets => workload("DaemonSet"),
        Need::Pdbs => {
            json!({"apiVersion": "policy/v1", "created": "2026-01-01T00:00:00Z", "generation": 1, "observedGeneration": 1,
            "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0})
        }
        Need::Crds => {
            json!({"created": "2026-01-01T00:00:00Z", "conversion": "none", "conditions": [{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "True"}]})
        }
        Need::ApiServices => json!({"conditions": [{"type": "Available", "status": "True"}]}),
        Need::Webhooks => json!({"configurationKind": "validating", "failurePolicy": "Fail"}),
        Need::Services => {
            json!({"type": "ClusterIP", "ports": [{"port": 443}], "hasSelector": true})
        }
        Need::EndpointSlices => json!({"ports": [""], "ready": 0, "notReady": 0}),
        Need::Namespaces => json!({"uid": "u-ns", "phase": "Active"}),
        Need::ApiWriters => {
            json!({"group": "batch", "readAt": "v1", "resource": "cronjobs", "kind": "CronJob", "objects": 1})
        }
        Need::HelmReleases => {
            json!({"namespace": "shop", "revision": 1, "status": "deployed", "storedIn": "Secret", "record": "sh.helm.release.v1.web.v1",
            "chart": "web", "chartVersion": "1.0.0", "deployedAt": "2026-01-01T00:00:00Z", "objects": 3})
        }
        Need::GitOps => {
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "namespace": "argocd"})
        }
        Need::Audit => json!({"_single": true, "sources": ["audit.log"], "events": 0}),
        Need::Manifests => {
            json!({"_single": true, "roots": ["deploy"], "files": 0, "bytes": 0, "objects": 0})
        }
        Need::Permissions => json!({"verb": "list", "allowed": true}),
        Need::Components => json!({"_single": true, "components": []}),
        Need::ClusterDns | Need::PodAdmission => json!({"_single": true}),
        // A row of these says everything itself.
        _ => json!({}),
    };
    value.as_object().cloned().unwrap_or_default()
}

fn workload(kind: &str) -> Value {
    json!({"kind": kind, "created": "2026-01-01T00:00:00Z", "generation": 1, "observedGeneration": 1, "desired": 1, "updated": 1, "ready": 1, "available": 1, "strategy": "RollingUpdate", "graceSeconds": 30})
}
