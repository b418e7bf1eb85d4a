//! The report as SARIF 2.1.0, for code scanning and for viewers.
//!
//! Checks are rules, findings are results. A finding from a file has file, line and column; one from a cluster has only logical
//! locations, for there is no file to point at: GitHub's code scanning refuses such results, and SARIF allows them.
//!
//! A check that lacked evidence is a notification of the run, because that is where the standard tells of incomplete results and
//! where GitHub shows them. In runs on a cluster it is a result of the kind *open* as well, for viewers that show results alone.
//! In runs on files it is not: GitHub refuses a whole upload for one result without a file.

mod log;
mod uri;

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{self as model, Assessment, CheckInfo, CheckResult, Severity, Subject};

use crate::{decided, json, text::clean_line, words};
use log::{
    ArtifactLocation, Configuration, Driver, Fingerprints, Help, Invocation, Level, Location, Log,
    LogicalLocation, Message, Notification, PhysicalLocation, Region, Result, ResultKind, Rule,
    RuleReference, Run, RunProperties, Suppression, Tool,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as a SARIF log. Rules come from `catalogue`; a check that it lacks is a rule by its name alone.
pub fn render(assessment: &Assessment, catalogue: &[CheckInfo]) -> String {
    json::to_text(&Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run(assessment, catalogue)],
    })
}

fn run(assessment: &Assessment, catalogue: &[CheckInfo]) -> Run {
    let rules = Rules::of(assessment, catalogue);
    Run {
        invocations: [invocation(assessment, &rules)],
        results: results(assessment, &rules),
        tool: Tool {
            driver: Driver {
                name: "airworthy",
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: rules.rules,
            },
        },
        column_kind: "unicodeCodePoints",
        properties: properties(assessment),
    }
}

fn properties(assessment: &Assessment) -> RunProperties {
    let report = json::Report::from(assessment);
    RunProperties {
        message: report.message,
        verdict: report.verdict,
        scope: report.scope,
        coverage: report.coverage,
        checks: report.checks,
        knowledge: report.knowledge,
        target: report.target,
    }
}

/// The rules, and where each stands.
struct Rules {
    rules: Vec<Rule>,
    places: BTreeMap<String, usize>,
}

impl Rules {
    fn of(assessment: &Assessment, catalogue: &[CheckInfo]) -> Self {
        let mut rules = Self {
            rules: Vec::new(),
            places: BTreeMap::new(),
        };
        for info in catalogue {
            rules.add(rule(info));
        }
        let checks = assessment.checks.iter().map(|check| &check.check);
        let found = assessment.findings.iter().map(|finding| &finding.check);
        let waived = assessment.waived.iter();
        let waived = waived
            .flat_map(|waived| &waived.finding)
            .map(|finding| &finding.check);
        for name in checks.chain(found).chain(waived) {
            rules.add(Rule {
                id: clean_line(name),
                short_description: None,
                help: None,
                default_configuration: None,
            });
        }
        rules
    }

    fn add(&mut self, rule: Rule) {
        if !self.places.contains_key(&rule.id) {
            self.places.insert(rule.id.clone(), self.rules.len());
            self.rules.push(rule);
        }
    }

    /// The rule of a check that the run names: it is there.
    fn reference(&self, check: &str) -> RuleReference {
        let id = clean_line(check);
        let index = self.places[&id];
        RuleReference { id, index }
    }
}

fn rule(info: &CheckInfo) -> Rule {
    // The examples of a page are tests: they explain little and are long.
    let page = info.page.split("\n## Examples").next().unwrap_or_default();
    let page = if page.is_empty() { info.summary } else { page };
    Rule {
        id: info.name.into(),
        short_description: Some(Message {
            text: info.summary.into(),
        }),
        help: Some(Help {
            text: page.into(),
            markdown: page.into(),
        }),
        default_configuration: Some(Configuration {
            level: level(info.level),
        }),
    }
}

const fn level(severity: Severity) -> Level {
    match severity {
        Severity::Blocker => Level::Error,
        Severity::Risk => Level::Warning,
        Severity::Note => Level::Note,
    }
}

/// The standard gives braces and links a meaning in messages; names of a cluster must have none.
fn message(text: &str) -> Message {
    let text = clean_line(text)
        .replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "\\](");
    Message { text }
}

/// A run that could not look at what could hide a blocker has not done what it was called for.
fn invocation(assessment: &Assessment, rules: &Rules) -> Invocation {
    let undecided = words::undecided(assessment);
    let of_waivers = assessment.waiver_notes.iter().map(|note| Notification {
        level: Level::Warning,
        message: message(&decided::note(note)),
        time_utc: format!("{:.0}", assessment.observed_at),
        associated_rule: None,
    });
    Invocation {
        execution_successful: !undecided.iter().any(|check| check.can_block),
        tool_execution_notifications: undecided
            .iter()
            .map(|check| notification(assessment, check, rules))
            .chain(of_waivers)
            .collect(),
    }
}

fn notification(assessment: &Assessment, check: &CheckResult, rules: &Rules) -> Notification {
    Notification {
        level: if check.can_block {
            Level::Error
        } else {
            Level::Warning
        },
        message: not_assessed(check),
        time_utc: format!("{:.0}", assessment.observed_at),
        associated_rule: Some(rules.reference(&check.check)),
    }
}

fn not_assessed(check: &CheckResult) -> Message {
    let reasons = words::reasons_and_cures(check);
    message(&format!("{} was not assessed: {reasons}", check.check))
}

fn results(assessment: &Assessment, rules: &Rules) -> Vec<Result> {
    let steps = words::several_steps(assessment);
    let findings = assessment.findings.iter();
    let found = findings.map(|finding| result(finding, rules, steps));
    let open = words::undecided(assessment);
    let open = open.iter().filter(|_| assessment.version.is_some());
    let waived = assessment.waived.iter();
    let waived = waived.filter_map(|waived| suppressed(waived, rules, steps));
    found
        .chain(open.map(|check| open_result(check, rules)))
        .chain(waived)
        .collect()
}

/// A finding that somebody accepted. Evidence that lacks is no result, and accepted it is none either.
fn suppressed(waived: &model::Waived, rules: &Rules, several_steps: bool) -> Option<Result> {
    let finding = waived.finding.as_ref()?;
    let suppression = Suppression {
        kind: "external",
        status: "accepted",
        justification: clean_line(&decided::terms(&waived.waiver)),
        properties: (&waived.waiver).into(),
    };
    Some(Result {
        suppressions: vec![suppression],
        ..result(finding, rules, several_steps)
    })
}

fn result(finding: &model::Finding, rules: &Rules, several_steps: bool) -> Result {
    let RuleReference { id, index } = rules.reference(&finding.check);
    Result {
        rule_id: id,
        rule_index: index,
        kind: ResultKind::Fail,
        level: level(finding.severity),
        message: message(&words::line(finding, several_steps, usize::MAX)),
        locations: vec![location(finding)],
        partial_fingerprints: Some(Fingerprints {
            airworthy: finding.fingerprint(),
        }),
        suppressions: Vec::new(),
        properties: Some(finding.into()),
    }
}

fn open_result(check: &CheckResult, rules: &Rules) -> Result {
    let RuleReference { id, index } = rules.reference(&check.check);
    Result {
        rule_id: id,
        rule_index: index,
        kind: ResultKind::Open,
        level: Level::None,
        message: not_assessed(check),
        locations: Vec::new(),
        partial_fingerprints: None,
        suppressions: Vec::new(),
        properties: None,
    }
}

fn location(finding: &model::Finding) -> Location {
    let subject = logical(&finding.subject);
    let mut objects: BTreeSet<_> = finding.objects.iter().map(logical).collect();
    objects.remove(&subject);
    let logical_locations = std::iter::once(subject).chain(objects).collect();
    Location {
        physical_location: finding.location.as_ref().map(physical),
        logical_locations,
    }
}

fn physical(place: &model::finding::Location) -> PhysicalLocation {
    PhysicalLocation {
        artifact_location: ArtifactLocation {
            uri: uri::of_path(&place.file),
        },
        region: Region {
            start_line: place.line.max(1),
            start_column: place.column.max(1),
        },
    }
}

fn logical(subject: &Subject) -> LogicalLocation {
    LogicalLocation {
        name: clean_line(&subject.name),
        fully_qualified_name: clean_line(&subject.path()),
        kind: clean_line(&subject.kind),
    }
}
