//! `airworthy rbac`: a role that reads, and nothing else.

use serde_json::{Value, json};

use crate::common_cli::{Ended, airworthy};

fn rbac(args: &[&str]) -> Ended {
    airworthy([&["rbac"], args].concat()).run()
}

/// All documents of the manifest, parsed.
#[track_caller]
fn documents(manifest: &Ended) -> Vec<Value> {
    manifest.exits(0);
    let documents = manifest.stdout.split("\n---\n");
    documents
        .map(|text| {
            serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {manifest}"))
        })
        .collect()
}

fn rules(role: &Value) -> &[Value] {
    role["rules"].as_array().expect("rules")
}

/// What a rule names under a member; nothing where it has none.
fn words<'a>(rule: &'a Value, member: &str) -> Vec<&'a str> {
    let words = rule[member].as_array().into_iter().flatten();
    words.map(|word| word.as_str().expect("a text")).collect()
}

/// The one rule that opens Secrets.
fn is_of_helm(rule: &Value) -> bool {
    words(rule, "resources") == ["configmaps", "secrets"]
        && words(rule, "apiGroups") == [""]
        && words(rule, "verbs") == ["get", "list"]
}

/// Rules that stand apart with a word of warning: a few `ConfigMaps` by name, the list of Secrets for their names, and kubelets.
fn stands_apart(rule: &Value) -> bool {
    let verbs = words(rule, "verbs");
    match words(rule, "resources")[..] {
        ["configmaps"] => verbs == ["get"] && words(rule, "resourceNames").len() > 5,
        ["secrets"] => verbs == ["list"],
        ["nodes/proxy"] => verbs == ["get"],
        _ => is_of_helm(rule),
    }
}

/// Demands that a role only reads, and beside the rules that stand apart no Secret or `ConfigMap`; `any` are groups of which everything may
/// be listed.
#[track_caller]
fn only_reads(role: &Value, any: &[&str]) {
    for rule in rules(role).iter().filter(|rule| !stands_apart(rule)) {
        let (groups, resources, paths) = (
            words(rule, "apiGroups"),
            words(rule, "resources"),
            words(rule, "nonResourceURLs"),
        );
        let verbs = words(rule, "verbs");
        assert_eq!(
            verbs,
            [if paths.is_empty() { "list" } else { "get" }],
            "{rule}"
        );
        assert!(
            resources
                .iter()
                .all(|it| !["secrets", "configmaps"].contains(it)),
            "{rule}"
        );
        assert!(paths.iter().all(|path| path.len() > 2), "{rule}");
        if resources.iter().any(|it| it.contains('*')) {
            assert_eq!((groups, resources), (any.to_vec(), vec!["*"]), "{rule}");
        } else {
            assert!(groups.iter().all(|group| !group.contains('*')), "{rule}");
        }
    }
}

#[test]
fn the_whole_role_only_reads() {
    let documents = documents(&rbac(&[]));
    let [role] = &documents[..] else {
        panic!("{documents:#?}")
    };
    assert_eq!(role["kind"], "ClusterRole");
    assert_eq!(role["apiVersion"], "rbac.authorization.k8s.io/v1");
    only_reads(role, &[]);
    let lists = |resource: &str| {
        let mut rules = rules(role).iter();
        rules.any(|rule| words(rule, "resources").contains(&resource))
    };
    for resource in [
        "nodes",
        "pods",
        "poddisruptionbudgets",
        "validatingwebhookconfigurations",
    ] {
        assert!(lists(resource), "{resource}");
    }
}

/// Who does without Helm evidence grants no right to read Secrets.
#[test]
fn the_rule_for_helm_stands_alone_and_can_be_left_out() {
    let whole = rbac(&[]);
    let of_helm = |ended: &Ended| {
        let documents = documents(ended);
        let rules = rules(&documents[0]).iter();
        rules.filter(|rule| is_of_helm(rule)).count()
    };
    assert_eq!(of_helm(&whole), 1);
    whole.says("# Helm keeps its releases in Secrets or ConfigMaps");
    let mut comments = whole.stdout.lines().filter(|line| line.contains("# "));
    assert!(comments.all(|line| line.starts_with("  # ")), "{whole}");
    let without = rbac(&["--without", "helm,tokens"]);
    assert_eq!(of_helm(&without), 0);
    assert!(!without.stdout.contains("secrets"), "{without}");
    rbac(&["--without", "tiller"]).refuses(&["--without", "helm"]);
}

/// What is asked of kubelets opens more than is asked, so nobody gets it unasked; what a probe writes is a role of its own.
#[test]
fn rights_on_nodes_must_be_asked_for() {
    assert!(!rbac(&[]).stdout.contains("nodes/proxy"));
    let asked = rbac(&["--evidence", "nodes"]);
    asked.says("run commands in pods").says("nodes/proxy");
    only_reads(&documents(&asked)[0], &[]);
    let probing = rbac(&["--evidence", "probes", "--user", "jane"]);
    let documents = documents(&probing);
    only_reads(&documents[0], &[]);
    let prober = documents.last().unwrap();
    assert_eq!(prober["metadata"]["name"], "airworthy-prober");
    assert_eq!(documents.len(), 3, "nobody is bound to it: {probing}");
}

#[test]
fn the_role_of_one_check_is_smaller() {
    let documents = documents(&rbac(&["--check", "NodePressure"]));
    only_reads(&documents[0], &[]);
    let resources: Vec<&str> = rules(&documents[0])
        .iter()
        .flat_map(|rule| words(rule, "resources"))
        .collect();
    assert_eq!(resources, ["nodes"]);
}

#[test]
fn custom_resources_are_read_in_the_groups_that_are_named() {
    let groups = ["cert-manager.io", "example.com"];
    let args = ["--api-group", groups[0], "--api-group", groups[1]];
    let documents = documents(&rbac(&args));
    only_reads(&documents[0], &groups);
    assert!(!rbac(&args).stdout.contains("add --api-group"));
    rbac(&[]).says("--api-group GROUP");
}

/// `*` on all resources of the core group would be every Secret.
#[test]
fn groups_that_would_open_secrets_are_refused() {
    for group in [
        "",
        "*",
        "core",
        "v1",
        "apps",
        "Example.com",
        "*.io",
        "a.b\", \"",
        "a b.c",
    ] {
        rbac(&["--api-group", group]).refuses(&["--api-group"]);
    }
}

#[test]
fn the_role_can_be_bound() {
    let binding = |args: &[&str]| {
        let mut documents = documents(&rbac(args));
        assert_eq!(documents.len(), 2);
        documents.remove(1)
    };
    let user = binding(&["--user", "jane \"j\" doe: x\u{1}"]);
    assert_eq!(user["kind"], "ClusterRoleBinding");
    assert_eq!(user["roleRef"]["name"], "airworthy-reader");
    assert_eq!(
        user["subjects"],
        json!([{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane \"j\" doe: x\u{1}" }])
    );
    let account = binding(&["--service-account", "ops:airworthy"]);
    assert_eq!(
        account["subjects"],
        json!([{ "kind": "ServiceAccount", "namespace": "ops", "name": "airworthy" }])
    );
}

#[test]
fn a_service_account_that_is_none_is_refused() {
    for text in [
        "airworthy",
        ":airworthy",
        "ops:",
        "system:serviceaccount:ops:airworthy",
        "",
        ":",
    ] {
        rbac(&["--service-account", text]).refuses(&["--service-account", "NAMESPACE:NAME"]);
    }
    rbac(&["--user", ""]).refuses(&["--user"]);
    rbac(&["--user", "a", "--service-account", "b:c"]).refuses(&["--service-account"]);
    rbac(&["--check", "NodeRedy"]).refuses(&["NodeRedy", "did you mean NodeReady?"]);
}
