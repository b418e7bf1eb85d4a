//! What a page's examples do not show of a use: all of its evidence, its objects, its fixes, and who reports it.

mod common;

use airworthy_checks::find;
use airworthy_model::{Breaks, EvidenceKind, Finding};
use common::World;
use serde_json::{Value, json};

/// A release that wrote an object and still holds it, and a source that is told to own another.
fn facts() -> Value {
    json!({
        "version": "v1.24.17", "target": "1.25",
        "namespaces": [{"name": "shop", "labels": {"example.com/team": "payments", "colour": "blue"}}],
        "apiWriters": [{"watched": [
            {"namespace": "shop", "name": "cleanup", "owners": [{"kind": "HelmRelease", "namespace": "shop", "name": "web"}],
             "writers": [{"manager": "helm", "operation": "Update", "apiVersion": "batch/v1beta1", "time": "2026-10-01T08:00:00Z", "fields": 9}]},
        ]}],
        "helmReleases": [{"name": "web", "revision": 7, "watched": [
            {"apiVersion": "batch/v1beta1", "kind": "CronJob", "name": "cleanup"},
            {"apiVersion": "batch/v1beta1", "kind": "CronJob", "name": "report"},
        ]}],
    })
}

fn findings(check: &str, facts: &Value, left_out: &[&'static str]) -> Vec<Finding> {
    let check = find(check).expect("a check");
    World::of(facts).findings_without(check, left_out)
}

#[test]
fn a_use_carries_all_evidence_and_all_objects() {
    let found = findings("DeprecatedApiWriter", &facts(), &[]);
    let [finding] = &found[..] else {
        panic!("{found:#?}")
    };
    let evidence: Vec<_> = finding
        .evidence
        .iter()
        .map(|one| (one.kind, &*one.source, &*one.detail))
        .collect();
    assert_eq!(
        evidence,
        [
            (
                EvidenceKind::Writer,
                "/apis/batch/v1/cronjobs",
                "helm (Update) last wrote 1 object at batch/v1beta1: shop/cleanup"
            ),
            (
                EvidenceKind::Reapply,
                "Secret shop/sh.helm.release.v1.web.v1",
                "revision 7 holds 2 objects at batch/v1beta1: shop/cleanup and shop/report"
            ),
            (
                EvidenceKind::State,
                "/api/v1/namespaces/shop",
                "the namespace is labelled example.com/team=payments"
            ),
        ]
    );
    let objects: Vec<_> = finding
        .objects
        .iter()
        .map(airworthy_model::Subject::path)
        .collect();
    assert_eq!(objects, ["shop/cleanup", "shop/report"]);
    assert_eq!(finding.breaks, Some(Breaks::NextDeploy));
    assert_eq!(finding.caller, None);
    let api = finding.api.as_ref().unwrap();
    assert_eq!(
        (&*api.url, api.replacement.as_deref()),
        ("/apis/batch/v1beta1/cronjobs", Some("batch/v1"))
    );
}

/// A use must not vanish because the check of its strongest evidence was left out.
#[test]
fn the_next_check_reports_what_the_first_does_not_run_to_tell() {
    let helm = "HelmReleaseDeprecatedApi";
    assert!(findings(helm, &facts(), &[]).is_empty());
    let found = findings(helm, &facts(), &["DeprecatedApiWriter"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].evidence.len(), 3, "{found:#?}");
}

/// A fix that asks for the old version would be the call that we warn of.
#[test]
fn no_command_asks_for_the_version_that_ends() {
    for finding in findings("DeprecatedApiWriter", &facts(), &[]) {
        let commands: Vec<_> = finding
            .fix
            .iter()
            .filter_map(|fix| fix.command.as_deref())
            .collect();
        assert_eq!(
            commands,
            [
                "kubectl get cronjobs.v1.batch -n shop cleanup -o yaml",
                "helm upgrade web CHART -n shop",
            ]
        );
        assert!(
            finding.fix[0]
                .text
                .contains("Write batch/v1 instead of batch/v1beta1"),
            "{:?}",
            finding.fix
        );
    }
}

/// The identity of a use is its owner and API: another object, or another write, does not make it another.
#[test]
fn a_use_keeps_its_identity_while_its_objects_come_and_go() {
    let print = |facts: &Value| findings("DeprecatedApiWriter", facts, &[])[0].fingerprint();
    let mut more = facts();
    let mut other = more["apiWriters"][0]["watched"][0].clone();
    other["name"] = "another".into();
    more["apiWriters"][0]["watched"]
        .as_array_mut()
        .unwrap()
        .push(other);
    assert_eq!(print(&facts()), print(&more));
}

/// A user agent is what an audit log says, and nothing else is.
#[test]
fn without_an_audit_log_no_client_is_named() {
    let mut facts = facts();
    facts["metrics"] = json!({"deprecatedRequests": [
        {"group": "batch", "version": "v1beta1", "resource": "cronjobs", "removedRelease": "1.25"}]});
    for check in ["DeprecatedApiCheck", "DeprecatedApiWriter"] {
        let found = findings(check, &facts, &[]);
        assert_eq!(found.len(), 1, "{check}");
        assert_eq!(found[0].caller, None, "{check}");
    }
}
