//! A JSON report, and what tests demand of it.

use serde_json::Value;

use super::{Run, documented};

/// A finished run that printed a JSON report.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    run: Run,
    json: Value,
}

impl Report {
    /// Demands that a run printed a report.
    #[track_caller]
    pub(crate) fn of(run: Run) -> Self {
        match serde_json::from_str(&run.stdout) {
            Ok(json) => Self { run, json },
            Err(error) => panic!("no report ({error}):\n{run}"),
        }
    }

    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        self.run.exits(code);
        self
    }

    /// Demands one finding of a check about a subject, of a severity; the subject as `Node n1` or `Pod shop/web`.
    #[track_caller]
    pub(crate) fn finds(&self, check: &str, subject: &str, severity: &str) -> &Value {
        let about = self.about(check, subject);
        let [finding] = about[..] else {
            panic!(
                "{} findings of {check} about {subject} in\n{}",
                about.len(),
                self.run
            );
        };
        assert_eq!(finding["severity"], severity, "{finding:#}");
        let evidence = finding["evidence"].as_array();
        assert!(
            evidence.is_some_and(|all| !all.is_empty()),
            "no evidence: {finding:#}"
        );
        assert_eq!(self.status(check), "found", "{}", self.run);
        documented::demand(check, finding);
        finding
    }

    /// Demands that a check came to a conclusion and has nothing to say about a subject.
    #[track_caller]
    pub(crate) fn spares(&self, check: &str, subject: &str) -> &Self {
        let about = self.about(check, subject);
        assert!(about.is_empty(), "{about:#?}");
        let status = self.status(check);
        assert!(
            ["clear", "found"].contains(&status),
            "{check} is {status}:\n{}",
            self.run
        );
        self
    }

    /// The findings of a check about a subject.
    pub(crate) fn about(&self, check: &str, subject: &str) -> Vec<&Value> {
        let all = self.findings().iter();
        all.filter(|finding| finding["check"] == check && subject_of(finding) == subject)
            .collect()
    }

    /// Everything found.
    #[track_caller]
    pub(crate) fn findings(&self) -> &[Value] {
        self.json["findings"].as_array().expect("findings")
    }

    /// What the checks said, one by one.
    pub(crate) fn checks(&self) -> &[Value] {
        self.json["checks"].as_array().expect("checks")
    }

    /// What one check said.
    #[track_caller]
    pub(crate) fn check(&self, check: &str) -> &Value {
        let found = self.checks().iter().find(|one| one["check"] == check);
        found.unwrap_or_else(|| panic!("no check {check} in\n{}", self.run))
    }

    /// The status of a check.
    #[track_caller]
    pub(crate) fn status(&self, check: &str) -> &str {
        self.check(check)["status"].as_str().expect("a status")
    }

    /// Any other member of the report.
    pub(crate) fn member(&self, name: &str) -> &Value {
        &self.json[name]
    }

    /// The run, to show it.
    pub(crate) fn run(&self) -> &Run {
        &self.run
    }
}

/// `Kind name`, or `Kind namespace/name`.
pub(crate) fn subject_of(finding: &Value) -> String {
    let subject = &finding["subject"];
    let text = |member: &str| subject[member].as_str().unwrap_or_default();
    let name = match text("namespace") {
        "" => text("name").to_owned(),
        namespace => format!("{namespace}/{}", text("name")),
    };
    format!("{} {name}", text("kind"))
}
