//! From an assessment to the items of a task on the wire.
//!
//! A blocker is a `Fatal` item, a risk a `Warning`, both `Failed`; a note is `Info` and `Success` with its source filled.
//! What could not be looked at is `Failed` with the error code `NotAssessed`, never `Success`. What the caller skipped or
//! accepted, and what has no meaning here, is left out.

use std::collections::BTreeMap;

use airworthy_model::{
    Assessment, CheckInfo, CheckResult, Finding, Group, Kind, Severity, Status, Subject,
};

use crate::wire::{
    AddonCheckStatus, AddonRisks, CheckPhase, ClusterCheckStatus, ConfigurationRisks,
    DeprecatedApiRisks, ItemGroup, ItemKind, ItemLevel, NodeCheckStatus, NodeInfo, NodeRisks,
    NodeStageStatus, NodeType, PreCheckItemStatus, PrecheckStatus, RiskSource, TaskPhase,
};

/// Message of an item that found nothing, as the vendor's service words it.
const SUCCEEDED: &str = "check item succeed";
/// Most sources that one item names; the rest is counted in its message.
const MOST_SOURCES: usize = 200;
/// Most findings that one item's message quotes.
const MOST_QUOTED: usize = 5;

/// The finished status of a pre-check. `infos` says group, kind and level of each check.
pub fn precheck_status(assessment: &Assessment, infos: &[&CheckInfo]) -> PrecheckStatus {
    let by_name: BTreeMap<_, _> = infos.iter().map(|info| (info.name, *info)).collect();
    let (mut cluster, mut addon, mut node) = (Vec::new(), Vec::new(), Vec::new());
    for result in &assessment.checks {
        let Some(info) = by_name
            .get(result.check.as_str())
            .copied()
            .filter(|_| shown(result))
        else {
            continue;
        };
        let findings: Vec<_> = assessment
            .findings
            .iter()
            .filter(|finding| finding.check == info.name)
            .collect();
        let item = item(info, result, &findings);
        if info.group == Group::NodeCheck {
            node.push((info, findings));
        }
        if info.group == Group::AddonCheck {
            addon.push(item);
        } else {
            cluster.push(item);
        }
    }
    let stages = node_stages(&node);
    let node_phase = phase(
        cluster
            .iter()
            .filter(|item| item.group == ItemGroup::NodeCheck),
    );
    let (cluster_phase, addon_phase) = (phase(cluster.iter()), phase(addon.iter()));
    PrecheckStatus {
        phase: if [cluster_phase, addon_phase].contains(&CheckPhase::Failed) {
            TaskPhase::Failed
        } else {
            TaskPhase::Success
        },
        cluster_check_status: Some(ClusterCheckStatus {
            phase: cluster_phase,
            items_status: cluster,
        }),
        addon_check_status: Some(AddonCheckStatus {
            phase: addon_phase,
            items_status: addon,
        }),
        node_check_status: Some(NodeCheckStatus {
            phase: node_phase,
            node_stage_status: stages,
        }),
        ..PrecheckStatus::default()
    }
}

/// Whether a client that saw this assessment saw the item as one that may be skipped, or skips it already: anything below a blocker
/// is.
pub fn skippable(assessment: &Assessment, info: &CheckInfo) -> bool {
    let skipped = || assessment.waived.iter().filter(|it| it.check == info.name);
    let waived = skipped().filter_map(|waived| waived.finding.as_ref());
    let worst = assessment
        .findings
        .iter()
        .filter(|finding| finding.check == info.name)
        .chain(waived)
        .map(|finding| finding.severity)
        .max();
    let lacked = skipped().any(|waived| !waived.missing.is_empty());
    let result = assessment
        .checks
        .iter()
        .find(|result| result.check == info.name);
    let lacks = |result: &CheckResult| lacked || !result.missing.is_empty();
    result.is_some_and(|result| kind(info, worst, lacks(result)) == ItemKind::Risk)
}

fn shown(result: &CheckResult) -> bool {
    !matches!(
        result.status,
        Status::Skipped | Status::Waived | Status::NotApplicable
    )
}

fn phase<'a>(mut items: impl Iterator<Item = &'a PreCheckItemStatus>) -> CheckPhase {
    if items.any(|item| item.phase == CheckPhase::Failed) {
        CheckPhase::Failed
    } else {
        CheckPhase::Success
    }
}

fn item(info: &CheckInfo, result: &CheckResult, findings: &[&Finding]) -> PreCheckItemStatus {
    let worst = findings.iter().map(|finding| finding.severity).max();
    let lacks = !result.missing.is_empty();
    PreCheckItemStatus {
        name: info.name.to_owned(),
        kind: kind(info, worst, lacks),
        group: group(info.group),
        level: level(info, worst, lacks),
        phase: if lacks || worst > Some(Severity::Note) {
            CheckPhase::Failed
        } else {
            CheckPhase::Success
        },
        message: Some(message(result, findings)),
        risk_source: risk_source(findings),
        error_codes: if lacks {
            vec!["NotAssessed".to_owned()]
        } else {
            Vec::new()
        },
    }
}

/// Below a blocker an item may be skipped, whatever the check's kind; unless the vendor has fixed the kind of that name.
fn kind(info: &CheckInfo, worst: Option<Severity>, lacks: bool) -> ItemKind {
    let below = lacks || worst.is_some();
    let fixed = info.vendor || !below || worst == Some(Severity::Blocker);
    match info.kind {
        Kind::Exception if fixed => ItemKind::Exception,
        Kind::Exception | Kind::Risk => ItemKind::Risk,
    }
}

fn level(info: &CheckInfo, worst: Option<Severity>, lacks: bool) -> ItemLevel {
    match worst.max(lacks.then_some(Severity::Risk)) {
        Some(Severity::Blocker) => ItemLevel::Fatal,
        Some(Severity::Risk) => ItemLevel::Warning,
        Some(Severity::Note) => ItemLevel::Info,
        None => usual_level(info),
    }
}

/// The level of an item that found nothing. The vendor shows `DeprecatedApiCheck` as `Info` and `AddonLimit` as `Warning`, although
/// they can find worse.
fn usual_level(info: &CheckInfo) -> ItemLevel {
    match info.level {
        _ if info.name == "DeprecatedApiCheck" => ItemLevel::Info,
        _ if info.name == "AddonLimit" => ItemLevel::Warning,
        Severity::Blocker => ItemLevel::Fatal,
        Severity::Risk => ItemLevel::Warning,
        Severity::Note => ItemLevel::Info,
    }
}

const fn group(group: Group) -> ItemGroup {
    match group {
        Group::LimitCheck => ItemGroup::LimitCheck,
        Group::MasterCheck => ItemGroup::MasterCheck,
        Group::NodeCheck => ItemGroup::NodeCheck,
        Group::AddonCheck => ItemGroup::AddonCheck,
        Group::ExecuteException => ItemGroup::ExecuteException,
    }
}

fn message(result: &CheckResult, findings: &[&Finding]) -> String {
    let quoted = findings.iter().take(MOST_QUOTED).map(|finding| {
        let subject = &finding.subject;
        format!("{} {}: {}", subject.kind, subject.path(), finding.message)
    });
    let more = findings.len().saturating_sub(MOST_QUOTED);
    let more = (more > 0).then(|| format!("and {more} more"));
    let lacking = result.missing.iter().map(|missing| {
        let cure = missing
            .cure
            .as_ref()
            .map(|cure| format!(" ({cure})"))
            .unwrap_or_default();
        format!("not assessed: {missing}{cure}")
    });
    let parts: Vec<_> = quoted.chain(more).chain(lacking).collect();
    if parts.is_empty() {
        SUCCEEDED.to_owned()
    } else {
        parts.join("; ")
    }
}

/// Checks of releases themselves, not of what they hold.
const OF_RELEASES: [&str; 2] = ["ChartKubeVersion", "HelmReleaseState"];

/// The check whose findings are fields of kubelets' configuration.
const OF_KUBELETS: &str = "NodeConfigConsistency";

/// The kind of owner that writes under a name of its own: a field manager.
const FIELD_MANAGER: &str = "FieldManager";

/// The `riskSource` of an item with these findings, at most 200 of them: an API, a node, an add-on, or a setting each. A client that
/// nobody saw is not named. An API version that stands in a record or file is a setting of it, which nobody calls yet.
pub fn risk_source(findings: &[&Finding]) -> RiskSource {
    let mut source = RiskSource::default();
    for finding in findings.iter().take(MOST_SOURCES) {
        if let (Some(api), None) = (&finding.api, &finding.setting) {
            source.deprecated_api_risks.push(DeprecatedApiRisks {
                url: Some(api.url.clone()),
                user_agent: user_agent(finding),
            });
        } else if finding.check == OF_KUBELETS {
            source.configuration_risks.push(kubelet_risk(finding));
        } else if finding.subject.kind == "Node" {
            source.node_risks.push(NodeRisks {
                node_id: finding
                    .subject
                    .uid
                    .clone()
                    .or_else(|| Some(finding.subject.name.clone())),
            });
        } else if let Some(addon) = addon(finding) {
            source.addon_risks.push(addon);
        } else {
            source.configuration_risks.push(configuration_risk(finding));
        }
    }
    source.node_risks.dedup();
    source
}

/// The client: as an audit event names it, else as the field manager that wrote calls itself. API servers make that of the beginning of
/// the user agent where a client gives no other.
fn user_agent(finding: &Finding) -> Option<String> {
    let manager = finding
        .owner
        .as_ref()
        .filter(|owner| owner.kind == FIELD_MANAGER);
    let called = finding
        .caller
        .as_ref()
        .and_then(|caller| caller.user_agent.clone());
    called.or_else(|| manager.map(|manager| manager.name.clone()))
}

/// The add-on that a finding is about: by the name of the table that knows it, and the workload or release that runs it here.
fn addon(finding: &Finding) -> Option<AddonRisks> {
    let known = finding.owner.as_ref().filter(|owner| owner.kind == "Addon");
    let name = known.map_or(&finding.subject.name, |owner| &owner.name);
    let is_addon = known.is_some()
        || finding.check.starts_with("Addon")
        || (finding.subject.kind == "HelmRelease" && OF_RELEASES.contains(&finding.check.as_str()));
    is_addon.then(|| AddonRisks {
        addon_template_name: Some(name.clone()),
        alias: Some(finding.subject.path()),
    })
}

/// A component of Kubernetes by its name, anything else by its kind.
fn package(subject: &Subject) -> String {
    if subject.kind == "Component" {
        subject.name.clone()
    } else {
        subject.kind.clone()
    }
}

fn configuration_risk(finding: &Finding) -> ConfigurationRisks {
    let setting = finding.setting.as_ref();
    let expected = setting.and_then(|setting| setting.expected.clone());
    // Who deploys it, where that is a matter of deploying: a release or a source.
    let owner = finding.owner.as_ref().map(|_| finding.subject.path());
    let file = finding.location.as_ref().map(|place| place.file.clone());
    let read = finding.evidence.first();
    ConfigurationRisks {
        package: owner.or_else(|| Some(package(&finding.subject))),
        source_file: file.or_else(|| read.map(|evidence| evidence.source.clone())),
        node_msg: None,
        field: setting
            .map(|setting| setting.field.clone())
            .or_else(|| Some(finding.subject.path())),
        operation: setting.map(|_| "modify".to_owned()),
        original_value: expected,
        value: Some(
            setting.map_or_else(|| finding.message.clone(), |setting| setting.value.clone()),
        ),
    }
}

/// A field of a kubelet's configuration: the file is the one that the vendor's own check of this names.
fn kubelet_risk(finding: &Finding) -> ConfigurationRisks {
    ConfigurationRisks {
        package: Some("kubelet".to_owned()),
        source_file: Some("kubelet_config".to_owned()),
        node_msg: Some(finding.subject.name.clone()),
        ..configuration_risk(finding)
    }
}

/// One stage a node that has findings, with one item a check.
fn node_stages(checks: &[(&CheckInfo, Vec<&Finding>)]) -> Vec<NodeStageStatus> {
    let mut nodes: BTreeMap<&Subject, Vec<PreCheckItemStatus>> = BTreeMap::new();
    for (info, findings) in checks {
        let mut by_node: BTreeMap<&Subject, Vec<&Finding>> = BTreeMap::new();
        for finding in findings
            .iter()
            .filter(|finding| finding.subject.kind == "Node")
        {
            by_node.entry(&finding.subject).or_default().push(finding);
        }
        for (node, findings) in by_node {
            let result = CheckResult {
                check: info.name.to_owned(),
                status: Status::Found,
                missing: Vec::new(),
                can_block: true,
                why: None,
            };
            nodes
                .entry(node)
                .or_default()
                .push(item(info, &result, &findings));
        }
    }
    nodes
        .into_iter()
        .map(|(node, items_status)| NodeStageStatus {
            node_info: node_info(node),
            items_status,
        })
        .collect()
}

fn node_info(node: &Subject) -> NodeInfo {
    NodeInfo {
        uid: node.uid.clone(),
        name: Some(node.name.clone()),
        status: None,
        node_type: Some(NodeType::Node),
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
