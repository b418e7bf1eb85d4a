//! The report as JUnit XML: a test case for each check.
//!
//! What could not be assessed is *skipped* with the reason, never passed; a blocker or risk is a failure; a note passes and is
//! told in the output. What somebody accepted is *skipped* too, each as a case of its own.

use std::borrow::Cow;

use airworthy_model::{Assessment, CheckResult, Finding, Phase, Severity, Status};

use crate::{
    decided::{self, Accepted},
    markup::{escape, escape_lines},
    sentence, words,
};

/// The checks of findings that tell of checks which broke: they have no row among the checks.
const BROKEN: [&str; 2] = ["InternalError", "PostInternalError"];

/// The report as an XML document.
pub fn render(assessment: &Assessment) -> String {
    let checks = assessment.checks.iter();
    let checks = checks.map(|check| Case::of(assessment, check));
    let waived = decided::waived(assessment);
    let waived = waived.iter().map(Case::waived);
    let findings = assessment.findings.iter();
    let broken = findings.filter(|finding| BROKEN.contains(&&*finding.check));
    let broken = broken.map(|finding| Case::broken(assessment, finding));
    let cases: Vec<Case> = checks.chain(broken).chain(waived).collect();
    let suite = suite(assessment);
    let counts = counts(&cases);
    let body: String = cases.iter().map(|case| case.xml(suite)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"airworthy\" {counts}>\n\
         <testsuite name=\"{suite}\" {counts} timestamp=\"{:.0}\">\n\
         {}{body}<system-out>{}</system-out>\n\
         </testsuite>\n\
         </testsuites>\n",
        assessment.observed_at,
        properties(assessment),
        escape_lines(&summary(assessment)),
    )
}

const fn suite(assessment: &Assessment) -> &'static str {
    match assessment.phase {
        Phase::Pre => "airworthy.precheck",
        Phase::Post => "airworthy.postcheck",
    }
}

fn counts(cases: &[Case]) -> String {
    let of = |wanted: fn(&Outcome) -> bool| cases.iter().filter(|c| wanted(&c.outcome)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"0\"",
        cases.len(),
        of(|outcome| matches!(outcome, Outcome::Failed { .. })),
        of(|outcome| matches!(outcome, Outcome::Skipped(_))),
    )
}

fn properties(assessment: &Assessment) -> String {
    let target = assessment.path.as_ref();
    let target = target.map(|path| path.target.to_string());
    let properties = [
        ("verdict", words::verdict(assessment.verdict).to_owned()),
        ("message", sentence(assessment)),
        ("coverage", words::coverage(assessment)),
        ("source", words::origin(assessment)),
        ("target", target.unwrap_or_default()),
        ("knowledge", assessment.knowledge.clone()),
    ];
    let lines = properties
        .iter()
        .map(|(name, value)| format!("<property name=\"{name}\" value=\"{}\"/>\n", escape(value)));
    format!("<properties>\n{}</properties>\n", lines.collect::<String>())
}

fn summary(assessment: &Assessment) -> String {
    let mut lines = vec![sentence(assessment), words::coverage(assessment)];
    for check in words::undecided(assessment) {
        let reasons = words::reasons(check).join("; ");
        lines.push(format!("not assessed: {}: {reasons}", check.check));
    }
    lines.extend(assessment.waiver_notes.iter().map(decided::note));
    lines.join("\n")
}

/// What a test case says.
enum Outcome {
    Passed,
    Failed {
        /// How bad the worst is.
        level: &'static str,
        message: String,
        text: String,
    },
    /// With the reason.
    Skipped(String),
}

/// One check as a test case.
struct Case<'a> {
    name: Cow<'a, str>,
    outcome: Outcome,
    /// Notes, and what lacks beside a failure.
    output: Vec<String>,
}

impl<'a> Case<'a> {
    fn of(assessment: &'a Assessment, check: &'a CheckResult) -> Self {
        let several_steps = words::several_steps(assessment);
        let findings = assessment.findings.iter();
        let (notes, bad): (Vec<_>, Vec<_>) = findings
            .filter(|finding| finding.check == check.check)
            .partition(|finding| finding.severity == Severity::Note);
        let mut output: Vec<_> = notes.iter().map(|f| line(f, several_steps)).collect();
        if words::lacks(check) && !bad.is_empty() {
            output.push(format!(
                "not assessed in full: {}",
                words::reasons_and_cures(check)
            ));
        }
        Self {
            name: Cow::Borrowed(&check.check),
            outcome: outcome(check, &bad, several_steps),
            output,
        }
    }

    /// A check that broke is not only skipped: it fails.
    fn broken(assessment: &Assessment, finding: &'a Finding) -> Self {
        Self {
            name: Cow::Borrowed(&finding.check),
            outcome: Outcome::Failed {
                level: words::severity(finding.severity),
                message: failure(&[finding]),
                text: line(finding, words::several_steps(assessment)),
            },
            output: Vec::new(),
        }
    }

    /// What somebody accepted is a case of its own: the check may have found more.
    fn waived(accepted: &Accepted<'_>) -> Self {
        let (check, level, terms) = (accepted.check, accepted.level, accepted.terms());
        Self {
            name: Cow::Owned(format!("{check}: {}", accepted.told())),
            outcome: Outcome::Skipped(format!("waived {level}: {terms}")),
            output: Vec::new(),
        }
    }

    fn xml(&self, suite: &str) -> String {
        let inner = match &self.outcome {
            Outcome::Passed => String::new(),
            Outcome::Skipped(why) => format!("<skipped message=\"{}\"/>\n", escape(why)),
            Outcome::Failed {
                level,
                message,
                text,
            } => format!(
                "<failure type=\"{level}\" message=\"{}\">{}</failure>\n",
                escape(message),
                escape_lines(text)
            ),
        };
        let output = match self.output.join("\n") {
            none if none.is_empty() => String::new(),
            text => format!("<system-out>{}</system-out>\n", escape_lines(&text)),
        };
        let name = escape(&self.name);
        format!(
            "<testcase classname=\"{suite}\" name=\"{name}\" time=\"0\">\n{inner}{output}</testcase>\n"
        )
    }
}

fn outcome(check: &CheckResult, bad: &[&Finding], several_steps: bool) -> Outcome {
    if let Some(worst) = bad.iter().map(|finding| finding.severity).max() {
        let lines: Vec<_> = bad.iter().map(|f| line(f, several_steps)).collect();
        return Outcome::Failed {
            level: words::severity(worst),
            message: failure(bad),
            text: lines.join("\n"),
        };
    }
    match check.status {
        _ if words::lacks(check) => {
            Outcome::Skipped(format!("not assessed: {}", words::reasons_and_cures(check)))
        }
        Status::Found | Status::Clear => Outcome::Passed,
        Status::Unknown | Status::NotApplicable | Status::Skipped | Status::Waived => {
            Outcome::Skipped(words::conclusion(check))
        }
    }
}

fn failure(bad: &[&Finding]) -> String {
    let first = format!("{} {}", words::subject(&bad[0].subject), bad[0].message);
    match bad.len() - 1 {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

fn line(finding: &Finding, several_steps: bool) -> String {
    let level = words::severity(finding.severity);
    let line = words::line(finding, several_steps, usize::MAX);
    format!("{level}: {line}")
}
