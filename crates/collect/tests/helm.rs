//! What is read of Helm releases, what is never read, and what comes of records that are broken.

mod fake;

use std::{collections::BTreeSet, io::Write as _};

use airworthy_collect::Plan;
use airworthy_model::{
    Facts, Missing, Need, Reason,
    facts::{DesiredObject, HelmRelease},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fake::{Fake, Reply, json, list, status};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

/// The record of a revision: where it is, what its labels say, what it holds.
#[derive(Clone, Debug)]
struct Record {
    resource: &'static str,
    namespace: &'static str,
    name: String,
    labels: serde_json::Value,
    reply: Reply,
}

impl Record {
    fn secret(release: &str, revision: u32, state: &str, payload: &str) -> Self {
        let object = json!({"kind": "Secret", "data": {"release": STANDARD.encode(payload), "other": "aHVzaC0="}});
        Self {
            resource: "secrets",
            namespace: "shop",
            name: format!("sh.helm.release.v1.{release}.v{revision}"),
            labels: json!({"owner": "helm", "name": release, "version": revision.to_string(), "status": state}),
            reply: json(&object.to_string()),
        }
    }

    fn config_map(release: &str, revision: u32, state: &str, payload: &str) -> Self {
        let object = json!({"kind": "ConfigMap", "data": {"release": payload}});
        Self {
            resource: "configmaps",
            reply: json(&object.to_string()),
            ..Self::secret(release, revision, state, payload)
        }
    }

    fn answers(self, reply: Reply) -> Self {
        Self { reply, ..self }
    }

    fn path(&self) -> String {
        format!(
            "/api/v1/namespaces/{}/{}/{}",
            self.namespace, self.resource, self.name
        )
    }

    fn metadata(&self) -> String {
        json!({"metadata": {"namespace": self.namespace, "name": self.name, "labels": self.labels}})
            .to_string()
    }
}

/// The clock of whoever ran Helm is not the one that others' writes are told by.
#[tokio::test]
async fn a_release_is_not_deployed_after_the_server_has_its_record() {
    for (created, deployed_at) in [
        ("2026-01-01T22:04:05Z", "2026-01-01T22:04:05Z"),
        ("2026-01-02T09:04:05Z", "2026-01-02T03:04:05Z"),
    ] {
        let record = Record::secret("web", 2, "deployed", &web());
        let metadata = record.metadata().replace(
            r#""name":"sh"#,
            &format!(r#""creationTimestamp":"{created}","name":"sh"#),
        );
        let fake = Fake::start(move |seen, _| match seen.path.as_str() {
            "/api/v1/secrets" => {
                let items = std::slice::from_ref(&metadata);
                Some(json(&list("PartialObjectMetadataList", "", items)))
            }
            path => (path == record.path()).then(|| record.reply.clone()),
        });
        let facts = fake.await.collect(&plan()).await.unwrap();
        let told = facts.helm_releases.unwrap()[0].deployed_at;
        assert_eq!(told, Some(deployed_at.parse().unwrap()));
    }
}

/// A server with these records.
async fn holding(records: Vec<Record>) -> Fake {
    Fake::start(move |seen, _| {
        let resource = match seen.path.as_str() {
            "/api/v1/secrets" => "secrets",
            "/api/v1/configmaps" => "configmaps",
            path => {
                let record = records.iter().find(|record| record.path() == path);
                return record.map(|record| record.reply.clone());
            }
        };
        let of_kind = records.iter().filter(|record| record.resource == resource);
        let items: Vec<_> = of_kind.map(Record::metadata).collect();
        Some(json(&list("PartialObjectMetadataList", "", &items)))
    })
    .await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What Helm writes: base64 of gzip of JSON.
fn payload(release: &serde_json::Value) -> String {
    STANDARD.encode(gzip(release.to_string().as_bytes()))
}

const MANIFEST: &str = "---
# Source: web/templates/budget.yaml
apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
kind: FlowSchema
metadata:
  name: web
---
apiVersion: v1
kind: Secret
metadata: {name: web, labels: {twice: a, twice: b}}
stringData: {password: hush-manifest, template: '{{ .hush }}'}
";

fn web() -> String {
    payload(&json!({
        "name": "web", "namespace": "shop", "version": 2,
        "info": {"last_deployed": "2026-01-02T03:04:05Z", "status": "deployed", "notes": "hush-notes"},
        "chart": {
            "metadata": {"name": "web", "version": "4.5.6", "kubeVersion": ">=1.22"},
            "values": {"password": "hush-values"}, "files": [{"name": "key", "data": "aHVzaC1maWxl"}],
        },
        "config": {"password": "hush-config"},
        "manifest": MANIFEST,
        "hooks": [{"manifest": "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: clean}\n", "events": ["post-upgrade"]}],
    }))
}

fn plan() -> Plan {
    Plan::of([Need::HelmReleases])
}

async fn releases(records: Vec<Record>) -> Vec<HelmRelease> {
    let fake = holding(records).await;
    fake.collect(&plan()).await.unwrap().helm_releases.unwrap()
}

/// What was asked for beyond the lists, and version and discovery.
fn objects_asked_for(fake: &Fake) -> BTreeSet<String> {
    let seen = fake.seen().into_iter().map(|seen| seen.path);
    seen.filter(|path| path.contains("/namespaces/")).collect()
}

#[tokio::test]
async fn of_each_release_the_newest_deployed_revision_is_read_and_nothing_else() {
    let read = Record::secret("web", 2, "deployed", &web());
    let moved = Record::config_map("web", 1, "deployed", &web());
    let records = vec![
        Record::secret("web", 1, "superseded", "hush-old"),
        read.clone(),
        Record::secret("web", 3, "failed", "hush-new"),
        moved.clone(),
        Record::secret("gone", 4, "uninstalled", "hush-kept"),
        Record {
            name: "settings".into(),
            ..Record::config_map("settings", 1, "deployed", "hush-foreign")
        },
    ];
    let fake = holding(records).await;
    let facts = fake.collect(&plan()).await.unwrap();
    let asked = objects_asked_for(&fake);
    assert_eq!(asked, BTreeSet::from([read.path(), moved.path()]));
    for (path, query) in [
        (
            "/api/v1/secrets",
            "limit=100&labelSelector=owner%3Dhelm&fieldSelector=type%3Dhelm.sh%2Frelease.v1",
        ),
        ("/api/v1/configmaps", "limit=100&labelSelector=owner%3Dhelm"),
    ] {
        assert_eq!(fake.queries(path), [query]);
        let seen = fake.seen();
        let list = seen.iter().find(|seen| seen.path == path).unwrap();
        let accept = list.headers["accept"].split(", ");
        assert!(
            accept
                .clone()
                .all(|one| one.contains("as=PartialObjectMetadataList"))
        );
    }
    let [gone, web, config_map] = &facts.helm_releases.unwrap()[..] else {
        panic!()
    };
    assert_eq!(
        (gone.name.as_str(), gone.status.as_str()),
        ("gone", "uninstalled")
    );
    assert_eq!((gone.objects, &gone.problem), (0, &None));
    assert_eq!((web.revision, web.stored_in.as_str()), (2, "Secret"));
    assert_eq!(config_map.stored_in, "ConfigMap");
    assert_eq!(config_map.watched, web.watched);
}

#[tokio::test]
async fn what_is_kept_of_a_release() {
    let releases = releases(vec![Record::secret("web", 2, "deployed", &web())]).await;
    let kept = |api_version: &str, kind: &str, name: &str| DesiredObject {
        api_version: api_version.into(),
        kind: kind.into(),
        name: name.into(),
        ..DesiredObject::default()
    };
    let hook = DesiredObject {
        hook: Some("post-upgrade".into()),
        ..kept("batch/v1beta1", "CronJob", "clean")
    };
    let expected = HelmRelease {
        namespace: "shop".into(),
        name: "web".into(),
        revision: 2,
        status: "deployed".into(),
        stored_in: "Secret".into(),
        record: "sh.helm.release.v1.web.v2".into(),
        chart: "web".into(),
        chart_version: "4.5.6".into(),
        kube_version: Some(">=1.22".into()),
        deployed_at: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        objects: 3,
        watched: vec![
            kept("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "web"),
            hook,
        ],
        written_at: None,
        app_version: String::new(),
        workloads: Vec::new(),
        corefiles: Vec::new(),
        values: None,
        newest: None,
        problem: None,
    };
    assert_eq!(releases, [expected]);
    assert!(!format!("{releases:?}").contains("hush"));
}

/// Each is one release that nobody could look at, and says so; the one beside it is read.
#[tokio::test]
async fn broken_records_are_told_one_by_one() {
    let deep = format!("a: {}", "[".repeat(10_000));
    let of = |manifest: &str| payload(&json!({"name": "a", "manifest": manifest}));
    let cut = STANDARD.encode(&gzip(&[b'x'; 9000])[..20]);
    let spaces = gzip(&vec![b' '; 1 << 20]);
    let secret = |payload: &str| Record::secret("broken", 1, "deployed", payload);
    let whole = |body: &str| secret("").answers(json(body));
    for (record, problem) in [
        (secret("{hush-}"), "its payload is not base64"),
        (secret(&cut), "its payload is not gzip, or broken"),
        (
            secret(&STANDARD.encode(spaces.repeat(33))),
            "its payload inflates to more than 32 MB",
        ),
        (
            secret(&payload(&json!("hush-"))),
            "its payload is not the JSON of a release (line 1, column ",
        ),
        (
            secret(&payload(&json!({"hush-": 1}))),
            "its payload is JSON, but of no release",
        ),
        (
            secret(&of("a: 'hush-")),
            "its manifest cannot be read at line 1, column ",
        ),
        (
            secret(&of("kind: \0")),
            "its manifest cannot be read at line 1, column ",
        ),
        (
            secret(&of(&deep)),
            "its manifest cannot be read at line 1, column ",
        ),
        (
            whole(r#"{"kind":"Secret","data":{"release":"*hush-"}}"#),
            "its payload is not base64",
        ),
        (
            whole(r#"{"kind":"Secret","data":null}"#),
            "GET /api/v1/namespaces/shop/secrets/sh.helm.release.v1.broken.v1 answered something else than the API promises: it holds no release",
        ),
        (
            whole(r#"{"kind":"Secret","data":"hush-"}"#),
            "GET /api/v1/namespaces/shop/secrets/sh.helm.release.v1.broken.v1 answered something else than the API promises: that is no Secret",
        ),
        (
            secret("").answers(status(500, "etcdserver: request timed out")),
            "GET /api/v1/namespaces/shop/secrets/sh.helm.release.v1.broken.v1 answered 500: etcdserver: request timed out",
        ),
        (
            secret("").answers(Reply::Endless),
            "GET /api/v1/namespaces/shop/secrets/sh.helm.release.v1.broken.v1 answered with more than 6291456 bytes",
        ),
        (
            Record {
                name: "../../pods".into(),
                ..secret("")
            },
            "GET /api/v1/namespaces/shop/secrets/../../pods answered something else than the API promises: that is no name",
        ),
    ] {
        let fine = Record::secret("web", 2, "deployed", &web());
        let releases = releases(vec![record, fine]).await;
        let [broken, web] = &releases[..] else {
            panic!("{releases:#?}")
        };
        let told = broken.problem.as_deref().unwrap_or_default();
        assert!(told.starts_with(problem), "{told} instead of {problem}");
        assert!(!format!("{broken:?}").contains("hush"), "{broken:?}");
        assert_eq!((web.watched.len(), &web.problem), (2, &None));
    }
}

#[tokio::test]
async fn a_record_that_is_gone_by_now_is_no_release() {
    let gone = Record::secret("old", 1, "deployed", "").answers(status(404, "not found"));
    let releases = releases(vec![gone, Record::secret("web", 2, "deployed", &web())]).await;
    assert_eq!(releases.len(), 1);
}

fn lacks(facts: Facts) -> Missing {
    facts.helm_releases.unwrap_err()
}

#[tokio::test]
async fn what_is_forbidden_is_missing_with_the_rules_that_lack() {
    let forbidden = |path: &'static str| {
        Fake::start(move |seen, _| (seen.path == path).then(|| status(403, "no")))
    };
    for path in ["/api/v1/secrets", "/api/v1/configmaps"] {
        let missing = lacks(forbidden(path).await.collect(&plan()).await.unwrap());
        assert_eq!(missing.reason, Reason::Forbidden);
        assert!(missing.detail.contains(path), "{}", missing.detail);
        let cure = missing.cure.unwrap();
        for rule in [
            "`list` on `secrets`",
            "`get` on `secrets`",
            "`list` on `configmaps`",
        ] {
            assert!(cure.contains(rule), "{cure}");
        }
    }
    let one = Record::secret("web", 1, "deployed", "").answers(status(403, "no"));
    let fake = holding(vec![one]).await;
    let missing = lacks(fake.collect(&plan()).await.unwrap());
    assert_eq!(missing.reason, Reason::Forbidden);
}

#[tokio::test]
async fn what_is_switched_off_is_not_asked_for() {
    let fake = holding(vec![Record::secret("web", 2, "deployed", &web())]).await;
    let mut plan = Plan::of([Need::HelmReleases, Need::Permissions]);
    plan.switched_off.insert(Need::HelmReleases);
    let facts = fake.collect(&plan).await.unwrap();
    assert_eq!(facts.permissions.as_ref().unwrap(), &[]);
    assert_eq!(lacks(facts).reason, Reason::SwitchedOff);
    let harmless = |path: &str| !path.contains("secrets") && !path.contains("configmaps");
    assert!(fake.seen().iter().all(|seen| harmless(&seen.path)));
}
