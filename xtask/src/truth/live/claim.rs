//! What a report predicts: one claim for each object and owner, or client, or kind that a finding says will break.

use std::fmt;

use serde_json::Value;

/// The check that counts what is stored of a kind and cannot be read any more; it names no objects.
const STORED: &str = "RemovedApiObjects";

/// What is said to break.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// An object, with the owner that is named, if one is.
    Object {
        namespace: String,
        name: String,
        owner: Option<String>,
    },
    /// A client.
    Client { user: String },
    /// Somebody, whoever uses the kind.
    Somebody,
}

/// One prediction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// Group and version.
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) whose: Whose,
    /// The check that says so, and its sentence.
    pub(super) said: String,
}

/// The claims of a report: of findings that count and that say that something will break.
pub(super) fn claims(report: &Value) -> Vec<Claim> {
    let findings = report["findings"].as_array();
    let findings = findings.map(Vec::as_slice).unwrap_or_default();
    let mut claims: Vec<_> = findings
        .iter()
        .filter(|finding| counts(finding))
        .flat_map(of)
        .collect();
    claims.sort();
    claims.dedup();
    claims
}

fn counts(finding: &Value) -> bool {
    let severe = ["risk", "blocker"]
        .iter()
        .any(|severity| finding["severity"] == *severity);
    let breaks = ["runningClient", "nextDeploy"]
        .iter()
        .any(|breaks| finding["breaks"] == *breaks);
    // What is stored and cannot be read breaks whoever owns it.
    severe && (breaks || finding["check"] == STORED)
}

fn of(finding: &Value) -> Vec<Claim> {
    let subject = &finding["subject"];
    let api = &finding["api"];
    let either = |own: &str| match text(&api[own]) {
        "" => text(&subject[own]).to_owned(),
        named => named.to_owned(),
    };
    let said = format!("{}: {}", text(&finding["check"]), text(&finding["message"]));
    let claim = |whose| Claim {
        api_version: either("apiVersion"),
        kind: either("kind"),
        whose,
        said: said.clone(),
    };
    if let Some(user) = finding["caller"]["user"].as_str() {
        return vec![claim(Whose::Client {
            user: user.to_owned(),
        })];
    }
    let owner = finding["owner"]["name"].as_str().map(ToOwned::to_owned);
    let object = |object: &Value| {
        let (namespace, name) = (
            text(&object["namespace"]).to_owned(),
            text(&object["name"]).to_owned(),
        );
        claim(Whose::Object {
            namespace,
            name,
            owner: owner.clone(),
        })
    };
    let objects = finding["objects"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !objects.is_empty() {
        return objects.iter().map(object).collect();
    }
    let stored = finding["check"] == STORED;
    if text(&subject["kind"]) == either("kind") && !stored && !is_resource(subject, api) {
        return vec![object(subject)];
    }
    vec![claim(Whose::Somebody)]
}

/// A finding about a whole resource is named after it: `flowschemas`.
fn is_resource(subject: &Value, api: &Value) -> bool {
    let resource = text(&api["url"]).rsplit('/').next().unwrap_or_default();
    let name = text(&subject["name"]);
    name == resource || name.split('.').next() == Some(resource)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version, self.kind)?;
        match &self.whose {
            Whose::Object { name, owner, .. } => write!(
                f,
                " {name} of {}",
                owner.as_deref().unwrap_or("nobody named")
            )?,
            Whose::Client { user } => write!(f, " called by {user}")?,
            Whose::Somebody => write!(f, " used by somebody")?,
        }
        write!(f, " ({})", self.said)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finding(severity: &str, breaks: &str) -> Value {
        json!({
            "check": "DeprecatedApiWriter", "severity": severity, "breaks": breaks, "message": "breaks",
            "subject": { "apiVersion": "batch/v1", "kind": "CronJob", "namespace": "shop", "name": "a" },
            "api": { "apiVersion": "batch/v1beta1", "kind": "CronJob", "url": "/apis/batch/v1beta1/cronjobs" },
            "owner": { "kind": "Manager", "name": "kubectl" },
            "objects": [{ "namespace": "shop", "name": "a" }, { "namespace": "shop", "name": "b" }],
        })
    }

    #[test]
    fn notes_and_what_is_stale_claim_nothing() {
        let report =
            json!({ "findings": [finding("note", "nextDeploy"), finding("risk", "stale")] });
        assert!(claims(&report).is_empty());
    }

    #[test]
    fn every_object_is_a_claim_with_its_owner() {
        let claims = claims(&json!({ "findings": [finding("risk", "nextDeploy")] }));
        assert_eq!(claims.len(), 2);
        assert_eq!(claims[0].api_version, "batch/v1beta1");
        let owner = Some("kubectl".to_owned());
        let (namespace, name) = ("shop".to_owned(), "a".to_owned());
        assert_eq!(
            claims[0].whose,
            Whose::Object {
                namespace,
                name,
                owner
            }
        );
    }

    #[test]
    fn a_caller_is_a_claim_about_a_client() {
        let mut finding = finding("blocker", "runningClient");
        finding["caller"] = json!({ "user": "bob" });
        let claims = claims(&json!({ "findings": [finding] }));
        assert_eq!(claims[0].whose, Whose::Client { user: "bob".into() });
    }

    #[test]
    fn a_finding_about_the_resource_names_nobody() {
        let mut finding = finding("blocker", "runningClient");
        finding["objects"] = json!([]);
        finding["subject"] = json!({ "kind": "CronJob", "name": "cronjobs" });
        let claims = claims(&json!({ "findings": [finding] }));
        assert_eq!(claims[0].whose, Whose::Somebody);
    }
}
