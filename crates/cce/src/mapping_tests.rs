use airworthy_model::{
    Evidence, Missing, Need, Phase, Scope, Verdict,
    facts::ClusterIdentity,
    finding::AffectedApi,
    finding::{Caller, Location, Owner},
};

use super::*;

const fn info(
    name: &'static str,
    group: Group,
    kind: Kind,
    level: Severity,
    vendor: bool,
) -> CheckInfo {
    CheckInfo {
        name,
        summary: "",
        phase: Phase::Pre,
        group,
        kind,
        level,
        vendor,
        needs: &[],
        page: "",
    }
}

static PDB: CheckInfo = info(
    "PdbBlocksDrain",
    Group::LimitCheck,
    Kind::Risk,
    Severity::Blocker,
    false,
);
static WEBHOOK: CheckInfo = info(
    "WebhookBackendDown",
    Group::LimitCheck,
    Kind::Exception,
    Severity::Blocker,
    false,
);
static API: CheckInfo = info(
    "DeprecatedApiCheck",
    Group::LimitCheck,
    Kind::Risk,
    Severity::Blocker,
    true,
);
static HELM: CheckInfo = info(
    "HelmReleaseDeprecatedApi",
    Group::LimitCheck,
    Kind::Risk,
    Severity::Risk,
    false,
);
static NODE: CheckInfo = info(
    "NodeReady",
    Group::NodeCheck,
    Kind::Exception,
    Severity::Blocker,
    false,
);
static ADDON: CheckInfo = info(
    "AddonNotAssessed",
    Group::AddonCheck,
    Kind::Risk,
    Severity::Note,
    false,
);
const ALL: [&CheckInfo; 6] = [&PDB, &WEBHOOK, &API, &HELM, &NODE, &ADDON];

fn result(check: &CheckInfo, status: Status) -> CheckResult {
    let missing = if status == Status::Unknown {
        vec![missing()]
    } else {
        Vec::new()
    };
    CheckResult {
        check: check.name.into(),
        status,
        missing,
        can_block: true,
        why: None,
    }
}

fn missing() -> Missing {
    Missing {
        cure: Some("allow list on pods".into()),
        ..Missing::not_collected(Need::Pods, "GET /api/v1/pods answered 403")
    }
}

fn finding(check: &CheckInfo, severity: Severity, subject: Subject) -> Finding {
    let evidence = Evidence::state("/apis/x", "2026-11-22T12:00:00Z".parse().unwrap(), "seen");
    Finding {
        check: check.name.into(),
        ..Finding::new(severity, subject, "is bad").because(evidence)
    }
}

fn assessment(checks: Vec<CheckResult>, findings: Vec<Finding>) -> Assessment {
    Assessment {
        phase: Phase::Pre,
        verdict: Verdict::Ready,
        scope: Scope::Full,
        cluster: ClusterIdentity::default(),
        version: Some("v1.31.14".parse().unwrap()),
        observed_at: "2026-11-22T12:00:00Z".parse().unwrap(),
        path: None,
        knowledge: String::new(),
        checks,
        findings,
        waived: Vec::new(),
        waiver_notes: Vec::new(),
        plan: Vec::new(),
    }
}

/// The one item of a status that was made from one check.
fn only_item(
    check: &CheckInfo,
    status: Status,
    findings: Vec<Finding>,
) -> (TaskPhase, PreCheckItemStatus) {
    let status = precheck_status(&assessment(vec![result(check, status)], findings), &ALL);
    let (cluster, addon) = (
        status.cluster_check_status.unwrap(),
        status.addon_check_status.unwrap(),
    );
    let mut items: Vec<_> = cluster
        .items_status
        .into_iter()
        .chain(addon.items_status)
        .collect();
    assert_eq!(items.len(), 1);
    (status.phase, items.remove(0))
}

fn pdb(severity: Severity) -> Finding {
    finding(
        &PDB,
        severity,
        Subject::namespaced("policy/v1", "PodDisruptionBudget", "shop", "web"),
    )
}

#[test]
fn each_row_of_the_table() {
    use ItemLevel::{Fatal, Info, Warning};
    for (status, findings, task, level, phase, message) in [
        (
            Status::Found,
            vec![pdb(Severity::Blocker)],
            TaskPhase::Failed,
            Fatal,
            CheckPhase::Failed,
            "PodDisruptionBudget shop/web: is bad",
        ),
        (
            Status::Found,
            vec![pdb(Severity::Risk)],
            TaskPhase::Failed,
            Warning,
            CheckPhase::Failed,
            "PodDisruptionBudget shop/web: is bad",
        ),
        (
            Status::Found,
            vec![pdb(Severity::Note)],
            TaskPhase::Success,
            Info,
            CheckPhase::Success,
            "PodDisruptionBudget shop/web: is bad",
        ),
        (
            Status::Clear,
            vec![],
            TaskPhase::Success,
            Fatal,
            CheckPhase::Success,
            "check item succeed",
        ),
        (
            Status::Unknown,
            vec![],
            TaskPhase::Failed,
            Warning,
            CheckPhase::Failed,
            "not assessed: pods not collected: GET /api/v1/pods answered 403 (allow list on pods)",
        ),
    ] {
        let (found_task, item) = only_item(&PDB, status, findings);
        assert_eq!(
            (found_task, item.level, item.phase, item.message.as_deref()),
            (task, level, phase, Some(message))
        );
        assert_eq!(
            item.error_codes,
            if status == Status::Unknown {
                vec!["NotAssessed"]
            } else {
                vec![]
            }
        );
    }
}

#[test]
fn what_is_below_a_blocker_may_be_skipped() {
    let webhook = |severity| {
        finding(
            &WEBHOOK,
            severity,
            Subject::cluster("v1", "ValidatingWebhookConfiguration", "w"),
        )
    };
    let kind_of = |status, findings| only_item(&WEBHOOK, status, findings).1.kind;
    assert_eq!(
        kind_of(Status::Found, vec![webhook(Severity::Blocker)]),
        ItemKind::Exception
    );
    assert_eq!(
        kind_of(Status::Found, vec![webhook(Severity::Risk)]),
        ItemKind::Risk
    );
    assert_eq!(kind_of(Status::Unknown, vec![]), ItemKind::Risk);
    assert_eq!(kind_of(Status::Clear, vec![]), ItemKind::Exception);
    let seen = assessment(vec![result(&WEBHOOK, Status::Unknown)], vec![]);
    assert!(skippable(&seen, &WEBHOOK) && !skippable(&seen, &NODE));
    let seen = assessment(
        vec![result(&WEBHOOK, Status::Found)],
        vec![webhook(Severity::Blocker)],
    );
    assert!(!skippable(&seen, &WEBHOOK));
}

#[test]
fn what_was_left_out_is_not_shown() {
    let checks = [Status::Skipped, Status::Waived, Status::NotApplicable]
        .map(|status| result(&PDB, status))
        .to_vec();
    let status = precheck_status(&assessment(checks, vec![]), &ALL);
    assert_eq!(status.cluster_check_status.unwrap().items_status, []);
}

#[test]
fn nothing_found_has_an_empty_source() {
    let (_, item) = only_item(&API, Status::Clear, vec![]);
    let json = serde_json::to_value(&item).unwrap();
    assert_eq!(json["riskSource"], serde_json::json!({}));
    assert_eq!(
        (item.kind, item.level),
        (ItemKind::Risk, ItemLevel::Info),
        "as the vendor shows it"
    );
    assert!(json.get("errorCodes").is_none());
}

#[test]
fn an_api_risk_names_the_client_only_when_one_was_seen() {
    let api = Some(AffectedApi {
        url: "/apis/policy/v1beta1/podsecuritypolicies".into(),
        ..AffectedApi::default()
    });
    let subject = Subject::cluster("policy/v1beta1", "PodSecurityPolicy", "podsecuritypolicies");
    let unseen = Finding {
        api,
        ..finding(&API, Severity::Risk, subject)
    };
    let caller = Some(Caller {
        user: None,
        user_agent: Some("kubectl/v1.19.10".into()),
    });
    let seen = Finding {
        caller,
        ..unseen.clone()
    };
    let (_, item) = only_item(&API, Status::Found, vec![unseen, seen]);
    assert_eq!(
        serde_json::to_value(&item.risk_source).unwrap(),
        serde_json::json!({"deprecatedAPIRisks": [
            {"url": "/apis/policy/v1beta1/podsecuritypolicies"},
            {"url": "/apis/policy/v1beta1/podsecuritypolicies", "userAgent": "kubectl/v1.19.10"},
        ]})
    );
}

/// What an object tells of its writer is a name that the writer gave itself; what deploys a release is no client.
#[test]
fn a_writer_is_named_as_it_calls_itself() {
    let owned = |kind: &str, name: &str| Finding {
        owner: Some(Owner {
            kind: kind.into(),
            namespace: Some("shop".into()),
            name: name.into(),
        }),
        api: Some(AffectedApi {
            url: "/apis/batch/v1beta1/cronjobs".into(),
            ..AffectedApi::default()
        }),
        ..finding(&API, Severity::Risk, Subject::default())
    };
    let (manager, release) = (
        owned("FieldManager", "queue-operator"),
        owned("HelmRelease", "web"),
    );
    let told = serde_json::to_value(risk_source(&[&manager, &release])).unwrap();
    assert_eq!(
        told,
        serde_json::json!({"deprecatedAPIRisks": [
            {"url": "/apis/batch/v1beta1/cronjobs", "userAgent": "queue-operator"},
            {"url": "/apis/batch/v1beta1/cronjobs"},
        ]})
    );
}

/// The vendor's own check of this names package, file and node.
#[test]
fn a_field_of_a_kubelet_is_a_configuration_risk_of_its_node() {
    let check = info(
        "NodeConfigConsistency",
        Group::NodeCheck,
        Kind::Risk,
        Severity::Risk,
        false,
    );
    let node = Subject::cluster("v1", "Node", "n3").with_uid("u3");
    let odd = finding(&check, Severity::Risk, node).setting("maxPods", "250", Some("110"));
    let source = risk_source(&[&odd]);
    assert!(source.node_risks.is_empty());
    let told = serde_json::to_value(&source.configuration_risks).unwrap();
    let expected = serde_json::json!([{"package": "kubelet", "sourceFile": "kubelet_config", "nodeMsg": "n3", "field": "maxPods",
        "operation": "modify", "originalValue": "110", "value": "250"}]);
    assert_eq!(told, expected);
}

/// The package is the program, the file where its setting was seen.
#[test]
fn a_setting_of_a_component_names_the_component() {
    let check = info(
        "FeatureGateRemoved",
        Group::MasterCheck,
        Kind::Exception,
        Severity::Blocker,
        false,
    );
    let server = Subject::cluster("v1", "Component", "kube-apiserver");
    let gate = finding(&check, Severity::Blocker, server).setting("KMSv2", "true", None);
    let told = serde_json::to_value(&risk_source(&[&gate]).configuration_risks).unwrap();
    assert_eq!(told[0]["package"], "kube-apiserver");
    assert_eq!(told[0]["field"], "KMSv2");
    assert_eq!(told[0]["value"], "true");
}

/// What a release holds, or a file, nobody called: it is a setting of the record.
#[test]
fn an_api_version_in_a_record_or_file_is_a_setting() {
    let api = AffectedApi {
        url: "/apis/batch/v1beta1/cronjobs".into(),
        ..AffectedApi::default()
    };
    let release = Subject::namespaced("", "HelmRelease", "shop", "web");
    let owner = Owner {
        kind: "HelmRelease".into(),
        namespace: Some("shop".into()),
        name: "web".into(),
    };
    let held = finding(&HELM, Severity::Risk, release).setting(
        "apiVersion",
        "batch/v1beta1",
        Some("batch/v1"),
    );
    let held = Finding {
        api: Some(api.clone()),
        owner: Some(owner),
        ..held
    };
    let location = Location {
        file: "deploy/cron.yaml".into(),
        line: 3,
        column: 1,
        document: 0,
    };
    let job = Subject::namespaced("batch/v1beta1", "CronJob", "shop", "cleanup");
    let file = finding(&HELM, Severity::Risk, job).setting(
        "apiVersion",
        "batch/v1beta1",
        Some("batch/v1"),
    );
    let file = Finding {
        api: Some(api),
        location: Some(location),
        ..file
    };
    let (_, item) = only_item(&HELM, Status::Found, vec![held, file]);
    assert!(item.risk_source.deprecated_api_risks.is_empty());
    let risks = &item.risk_source.configuration_risks;
    let told = |at: usize| {
        (
            risks[at].package.as_deref(),
            risks[at].field.as_deref(),
            risks[at].value.as_deref(),
        )
    };
    assert_eq!(
        told(0),
        (Some("shop/web"), Some("apiVersion"), Some("batch/v1beta1"))
    );
    assert_eq!(
        told(1),
        (Some("CronJob"), Some("apiVersion"), Some("batch/v1beta1"))
    );
    assert_eq!(risks[1].source_file.as_deref(), Some("deploy/cron.yaml"));
    assert_eq!(risks[0].original_value.as_deref(), Some("batch/v1"));
}

#[test]
fn node_findings_stand_under_their_node_and_are_rolled_up() {
    let node = |name: &str, uid: &str| {
        finding(
            &NODE,
            Severity::Blocker,
            Subject::cluster("v1", "Node", name).with_uid(uid),
        )
    };
    let seen = assessment(
        vec![result(&NODE, Status::Found)],
        vec![node("a", "u-a"), node("b", "u-b")],
    );
    let status = precheck_status(&seen, &ALL);
    let rolled_up = &status.cluster_check_status.as_ref().unwrap().items_status[0];
    assert_eq!(
        serde_json::to_value(&rolled_up.risk_source).unwrap(),
        serde_json::json!({"nodeRisks": [{"NodeID": "u-a"}, {"NodeID": "u-b"}]})
    );
    let nodes = status.node_check_status.unwrap();
    assert_eq!(nodes.phase, CheckPhase::Failed);
    let names: Vec<_> = nodes
        .node_stage_status
        .iter()
        .map(|stage| stage.node_info.name.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["a", "b"]);
}

/// The add-on by the name of the table that knows it, the workload that runs it beside that; of settings their place.
#[test]
fn add_ons_are_named_as_the_table_names_them() {
    let mut known = finding(
        &ADDON,
        Severity::Note,
        Subject::namespaced("apps/v1", "Deployment", "traffic", "edge"),
    );
    known.check = "CniHealth".into();
    known.owner = Some(airworthy_model::finding::Owner {
        kind: "Addon".into(),
        namespace: None,
        name: "ingress-nginx".into(),
    });
    let release = Subject::namespaced("", "HelmRelease", "shop", "web");
    let mut release = finding(&ADDON, Severity::Note, release);
    release.check = "ChartKubeVersion".into();
    let risks = serde_json::to_value(risk_source(&[&known, &release])).unwrap();
    let expected = serde_json::json!({"addonRisks": [
        {"addonTemplateName": "ingress-nginx", "alias": "traffic/edge"},
        {"addonTemplateName": "web", "alias": "shop/web"},
    ]});
    assert_eq!(risks, expected);
}

#[test]
fn addons_have_their_own_group() {
    let addon = finding(
        &ADDON,
        Severity::Note,
        Subject::namespaced("apps/v1", "Deployment", "kube-system", "coredns"),
    );
    let status = precheck_status(
        &assessment(vec![result(&ADDON, Status::Found)], vec![addon]),
        &ALL,
    );
    assert_eq!(status.phase, TaskPhase::Success);
    let addons = serde_json::to_value(status.addon_check_status.unwrap()).unwrap();
    assert_eq!(
        addons["itemsStatus"][0]["riskSource"],
        serde_json::json!({"addonRisks": [{"addonTemplateName": "coredns", "alias": "kube-system/coredns"}]})
    );
}

#[test]
fn a_long_list_is_cut_and_counted() {
    let pods = |n: usize| pdb_named(&format!("web-{n:04}"));
    let (_, item) = only_item(&PDB, Status::Found, (0..500).map(pods).collect());
    assert_eq!(item.risk_source.configuration_risks.len(), MOST_SOURCES);
    assert!(item.message.unwrap().ends_with("and 495 more"));
}

fn pdb_named(name: &str) -> Finding {
    finding(
        &PDB,
        Severity::Blocker,
        Subject::namespaced("policy/v1", "PodDisruptionBudget", "shop", name),
    )
}
