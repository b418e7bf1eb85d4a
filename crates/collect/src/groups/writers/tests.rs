use airworthy_knowledge::{Knowledge, Serving};
use airworthy_model::{
    Access, Minor,
    facts::{Served, ServedResource},
};
use serde_json::{Value, json};

use super::*;

const LAST_APPLIED: &str = crate::wire::written::LAST_APPLIED;

fn cron_jobs() -> Listed {
    Listed {
        group: "batch".into(),
        version: "v1".into(),
        resource: "cronjobs".into(),
        kind: "CronJob".into(),
        ended: ["batch/v1beta1".to_owned()].into(),
    }
}

fn read_row(metadata: &Value) -> Row {
    let wire: Written = serde_json::from_value(json!({ "metadata": metadata })).expect("metadata");
    row(wire.metadata, &cron_jobs(), true)
}

#[track_caller]
fn watched(metadata: &Value) -> WrittenObject {
    match read_row(metadata) {
        Row::Watched(object) => *object,
        _ => panic!("it is not watched"),
    }
}

fn entry(manager: &str, operation: &str, api_version: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": api_version, "time": "2026-10-01T08:00:00Z",
           "fieldsType": "FieldsV1", "fieldsV1": fields})
}

fn applied_fields() -> Value {
    json!({
        "f:metadata": {"f:annotations": {".": {}, (format!("f:{LAST_APPLIED}")): {}}},
        "f:spec": {"f:schedule": {}, "f:suspend": {}, "f:jobTemplate": {"f:spec": {}}},
    })
}

/// Applied, and applied again by somebody else: the fields of the first that defaults added do not count.
fn applied_twice() -> Value {
    let applied = json!({"apiVersion": "batch/v1beta1", "kind": "CronJob",
        "spec": {"schedule": "hush-schedule", "jobTemplate": {"spec": {"password": "hush-password"}}}});
    json!({
        "name": "cleanup", "namespace": "shop", "uid": "u1",
        "annotations": {(LAST_APPLIED): applied.to_string(), "example.com/token": "hush-token"},
        "labels": {"example.com/label": "hush-label"},
        "managedFields": [
            entry("pipeline", "Apply", "batch/v1", &json!({"f:spec": {"f:schedule": {}, "f:jobTemplate": {"f:spec": {}}}})),
            entry("kubectl-client-side-apply", "Update", "batch/v1beta1", &applied_fields()),
        ],
    })
}

#[test]
fn entries_tell_who_owns_what_and_with_whom() {
    let object = watched(&applied_twice());
    assert_eq!(object.last_applied.as_deref(), Some("batch/v1beta1"));
    let shared: Vec<_> = object
        .writers
        .iter()
        .map(|writer| (writer.fields, writer.applies, &*writer.shared))
        .collect();
    assert_eq!(shared, [(2, false, &[2, 2][..]), (2, true, &[2, 2])]);
}

/// Nothing but names and versions becomes a fact.
#[test]
fn no_text_of_an_annotation_or_label_is_kept() {
    let text = serde_json::to_string(&watched(&applied_twice())).unwrap();
    assert!(!text.contains("hush"), "{text}");
    let sly = json!({"apiVersion": "hush hush", "kind": "CronJob"}).to_string();
    let object = watched(&json!({
        "name": "a", "annotations": {(LAST_APPLIED): sly},
        "managedFields": [entry("m", "Update", "batch/v1beta1", &json!({}))],
    }));
    assert_eq!(object.last_applied, None);
}

#[test]
fn objects_that_nobody_wrote_at_an_old_version_are_not_kept() {
    let new = json!({"name": "a", "managedFields": [entry("m", "Update", "batch/v1", &json!({}))]});
    assert!(matches!(read_row(&new), Row::Other));
    assert!(matches!(read_row(&json!({"name": "a"})), Row::Untold));
    let text = json!({"apiVersion": "batch/v1"}).to_string();
    assert!(matches!(
        read_row(&json!({"name": "a", "annotations": {(LAST_APPLIED): text}})),
        Row::Other
    ));
    let broken = json!({"name": "a", "annotations": {(LAST_APPLIED): "{\"apiVersion\": "}});
    assert!(matches!(read_row(&broken), Row::Untold));
}

/// An author whose fields cannot be read is one whom nobody supersedes.
#[test]
fn fields_that_cannot_be_read_count_as_an_authors() {
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "f:a": inner }));
    let object = watched(&json!({
        "name": "a",
        "managedFields": [entry("m", "Update", "batch/v1beta1", &json!([])), entry("n", "Apply", "batch/v1", &deep)],
    }));
    assert_eq!(
        (object.writers[0].fields, &*object.writers[0].shared),
        (1, &[0, 0][..])
    );
}

/// A recording has all objects of a kind on one line, which has a bound.
#[test]
fn the_weight_of_an_object_is_about_its_bytes() {
    let entries: Vec<_> = (0..40)
        .map(|at| {
            entry(
                &format!("manager-{at}"),
                "Apply",
                "batch/v1beta1",
                &json!({"f:spec": {}}),
            )
        })
        .collect();
    let object = watched(&json!({"name": "a", "namespace": "shop", "managedFields": entries}));
    let bytes = serde_json::to_string(&object).unwrap().len();
    let weight = Row::Watched(Box::new(object)).weight();
    assert!(
        (bytes / 2..bytes * 2).contains(&weight),
        "{weight} of {bytes}"
    );
}

#[test]
fn owners_are_told_by_their_marks() {
    let object = watched(&json!({
        "name": "a", "namespace": "shop",
        "annotations": {
            "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop",
            "argocd.argoproj.io/tracking-id": "teams_web:batch/CronJob:shop/a",
        },
        "labels": {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
        "ownerReferences": [{"kind": "Backup", "name": "nightly", "controller": true}, {"kind": "Other", "name": "x"}],
        "managedFields": [entry("m", "Update", "batch/v1beta1", &json!({}))],
    }));
    let owners: Vec<_> = object
        .owners
        .iter()
        .map(|owner| (&*owner.kind, owner.namespace.as_deref(), &*owner.name))
        .collect();
    assert_eq!(
        owners,
        [
            ("HelmRelease", Some("shop"), "web"),
            ("Application", Some("teams"), "web"),
            ("Kustomization", Some("flux-system"), "apps"),
            ("Backup", Some("shop"), "nightly"),
        ]
    );
}

fn served(resources: &[(&str, &str, &str, &str)]) -> Served {
    let resource = |(group, version, resource, kind): &(&str, &str, &str, &str)| ServedResource {
        group: (*group).into(),
        version: (*version).into(),
        resource: (*resource).into(),
        kind: (*kind).into(),
        namespaced: true,
        listable: true,
    };
    Served {
        resources: resources.iter().map(resource).collect(),
        failed: Vec::new(),
    }
}

fn paths(minor: u16, served: &Served) -> Vec<String> {
    let versions = Versions {
        knowledge: Knowledge::embedded(),
        minor: Some(Minor::v1(minor)),
        served: Some(served),
    };
    listed(versions, served)
        .iter()
        .map(|one| airworthy_knowledge::url(&one.group, &one.version, &one.resource))
        .collect()
}

#[test]
fn kinds_are_listed_at_a_version_that_lasts() {
    let cron = [
        ("batch", "v1", "cronjobs", "CronJob"),
        ("batch", "v1beta1", "cronjobs", "CronJob"),
    ];
    assert_eq!(paths(24, &served(&cron)), ["/apis/batch/v1/cronjobs"]);
    assert_eq!(paths(25, &served(&cron[..1])), [""; 0]);
    // Asking for a kind that has no other version would be the call that we warn of.
    assert_eq!(paths(24, &served(&cron[1..])), [""; 0]);
    let moved = [
        ("extensions", "v1beta1", "ingresses", "Ingress"),
        ("networking.k8s.io", "v1", "ingresses", "Ingress"),
    ];
    assert_eq!(
        paths(20, &served(&moved)),
        ["/apis/networking.k8s.io/v1/ingresses"]
    );
    // Endpoints are replaced by another kind, whose writers tell nothing of them.
    let other = [
        ("", "v1", "endpoints", "Endpoints"),
        ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    ];
    assert_eq!(paths(34, &served(&other)), [""; 0]);
}

/// The role names what could be listed on any server that the tables know.
#[test]
fn the_role_names_every_kind_that_may_be_listed() {
    let knowledge = Knowledge::embedded();
    let mut wanted = std::collections::BTreeSet::new();
    for minor in (knowledge.oldest.minor..=knowledge.newest.minor).map(Minor::v1) {
        let served = all_served(minor);
        let versions = Versions {
            knowledge,
            minor: Some(minor),
            served: Some(&served),
        };
        let kinds = listed(versions, &served).into_iter();
        wanted.extend(kinds.map(|one| (one.group, one.resource)));
    }
    let granted = Need::ApiWriters.access().iter().map(|access| match access {
        Access::List { group, resource } => ((*group).to_owned(), (*resource).to_owned()),
        other => panic!("{other}"),
    });
    assert_eq!(granted.collect::<std::collections::BTreeSet<_>>(), wanted);
}

/// Everything that a server of a minor can serve.
fn all_served(minor: Minor) -> Served {
    let can = |api: &&airworthy_knowledge::Api| {
        let serving = api.serving(minor);
        matches!(serving, Serving::Served | Serving::OffByDefault) && !api.resource.is_empty()
    };
    let all = Knowledge::embedded().apis().filter(can);
    let all: Vec<_> = all
        .map(|api| (&*api.group, &*api.version, &*api.resource, &*api.kind))
        .collect();
    served(&all)
}
