//! What comes of servers that refuse, stall, break off or answer nonsense: the right reason for what lacks, and all the rest.

mod fake;

mod bad_servers {
    mod clocks;
    mod discovery;
    mod installed;
    mod lists;
    mod mixtures;
    mod objects;
    mod texts;
}

use std::time::Duration;

use airworthy_collect::{Limits, Plan, Unusable};
use airworthy_model::{Facts, Missing, Need, Reason};
use fake::{Fake, Reply, Seen, json, list, pod, protobuf, status, status_with};

const PODS: &str = "/api/v1/pods";
const NODES: &str = "/api/v1/nodes";

/// A server that answers one path in its own way.
async fn bad(path: &'static str, reply: Reply) -> Fake {
    Fake::start(move |seen, _| (seen.path == path).then(|| reply.clone())).await
}

/// What lacks of what a cluster can tell by itself.
fn lacking(facts: &Facts) -> Vec<&Missing> {
    let others = [Need::Audit, Need::Manifests, Need::ApiWriters, Need::GitOps];
    let mut missing = facts.missing();
    missing.retain(|one| !others.contains(&one.need) && !Need::OPT_IN.contains(&one.need));
    missing
}

/// Everything from that server, of which only one group may lack.
async fn only_missing(fake: &Fake, plan: &Plan) -> (Facts, Missing) {
    let facts = fake.collect(plan).await.unwrap();
    let missing = lacking(&facts);
    let [one] = missing[..] else {
        panic!("one group should lack: {missing:#?}")
    };
    let one = one.clone();
    (facts, one)
}

async fn reason(path: &'static str, reply: Reply) -> (Need, Reason, String) {
    let (_, missing) = only_missing(&bad(path, reply).await, &Plan::everything()).await;
    (missing.need, missing.reason, missing.detail)
}

#[tokio::test]
async fn a_healthy_server_gives_everything() {
    let fake = Fake::start(|_, _| None).await;
    let facts = fake.collect(&Plan::everything()).await.unwrap();
    assert_eq!(lacking(&facts), Vec::<&Missing>::new());
    assert_eq!(facts.cluster.name.as_deref(), Some("fake"));
    assert_eq!(
        facts.cluster.server.as_deref(),
        Some(&*format!("http://{}", fake.address))
    );
    let permissions = facts.permissions.unwrap();
    assert!(
        permissions
            .iter()
            .any(|one| one.resource == "pods" && one.allowed),
        "{permissions:?}"
    );
}

#[tokio::test]
async fn every_request_says_who_we_are_and_no_list_is_unbounded() {
    let fake = Fake::start(|_, _| None).await;
    fake.collect(&Plan::everything()).await.unwrap();
    for Seen {
        method,
        path,
        query,
        headers,
        ..
    } in fake.seen()
    {
        assert_eq!(
            headers["user-agent"],
            airworthy_collect::USER_AGENT,
            "{path}"
        );
        assert_eq!(headers.get("accept-encoding"), None, "{path}");
        let review = path.contains("/selfsubjectaccessreviews");
        assert_eq!(method, if review { "POST" } else { "GET" }, "{path}");
        // Settings are asked for by name.
        let named = path.contains("/configmaps/");
        let lists = !named && (path.matches('/').count() > 3 || path.starts_with("/api/v1/"));
        assert_eq!(query.contains("limit="), lists && !review, "{path}?{query}");
    }
}

#[tokio::test]
async fn reviews_ask_for_what_the_wanted_needs_ask_for() {
    let fake = Fake::start(|seen, _| {
        let leases = seen.body.contains("leases");
        leases.then(|| json(r#"{"status":{"allowed":false}}"#))
    });
    let fake = fake.await;
    let plan = Plan::of([Need::Permissions, Need::Leases, Need::Metrics]);
    let permissions = fake.collect(&plan).await.unwrap().permissions.unwrap();
    let answers: Vec<_> = permissions
        .iter()
        .map(|one| (one.verb.as_str(), one.resource.as_str(), one.allowed))
        .collect();
    assert_eq!(
        answers,
        [("list", "leases", false), ("get", "/metrics", true)]
    );
    let bodies: Vec<_> = fake.seen().into_iter().map(|seen| seen.body).collect();
    assert!(
        bodies
            .iter()
            .any(|body| body.contains(r#""namespace":"kube-system""#)),
        "{bodies:?}"
    );
}

#[tokio::test]
async fn reviews_that_are_refused_are_missing() {
    let fake = Fake::start(|seen, _| (seen.method == "POST").then(|| status(403, "forbidden")));
    let (_, missing) = only_missing(&fake.await, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Permissions, Reason::Forbidden)
    );
}

#[tokio::test]
async fn needs_that_are_not_wanted_are_not_asked_for() {
    let fake = Fake::start(|_, _| None).await;
    let facts = fake
        .collect(&Plan::of([Need::Version, Need::Pods]))
        .await
        .unwrap();
    assert!(facts.pods.is_ok() && facts.version.is_ok());
    assert_eq!(facts.nodes.unwrap_err().reason, Reason::NotCollected);
    assert_eq!(fake.queries(NODES), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_list_names_the_rule_that_lacks() {
    let fake = Fake::start(|seen, _| match seen.path.as_str() {
        PODS => Some(status(403, "pods is forbidden")),
        "/metrics" => Some(status(401, "Unauthorized")),
        _ => None,
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let pods = facts.pods.unwrap_err();
    assert_eq!(pods.reason, Reason::Forbidden);
    assert_eq!(
        pods.detail,
        "GET /api/v1/pods answered 403: pods is forbidden"
    );
    assert_eq!(
        pods.cure.as_deref(),
        Some("allow `list` on `pods` (core group)")
    );
    assert_eq!(facts.metrics.unwrap_err().reason, Reason::Forbidden);
    assert!(facts.nodes.is_ok() && facts.webhooks.is_ok());
}

#[tokio::test]
async fn what_is_not_served_is_said_to_be_so() {
    let (need, reason, _) = reason(NODES, status(404, "not found")).await;
    assert_eq!((need, reason), (Need::Nodes, Reason::NotServed));
}

#[tokio::test]
async fn answers_that_are_no_list_of_the_kind_are_malformed() {
    let page = list("PodList", "", &[pod("a"), pod("b")]);
    for reply in [
        Reply::Whole(200, "text/html", "", b"<html>log in</html>".into()),
        Reply::Whole(200, "application/json", "", b"<html>log in</html>".into()),
        json(&page[..page.len() - 9]),
        json("{}"),
        json(r#"{"kind":"PodList","metadata":{}}"#),
        json(&list("NodeList", "", &[])),
        protobuf(b"k8s\0".into()),
        protobuf(b"no envelope".into()),
        protobuf(protobuf_list()[..protobuf_list().len() - 2].into()),
        protobuf(overlong_item()),
    ] {
        let (need, reason, detail) = reason(PODS, reply.clone()).await;
        assert_eq!(
            (need, reason),
            (Need::Pods, Reason::Malformed),
            "{reply:?}: {detail}"
        );
    }
}

/// A `PodList` of one pod called `a`.
fn protobuf_list() -> Vec<u8> {
    let pod = b"\x0a\x03\x0a\x01a";
    let list = [b"\x0a\x00\x12\x05", &pod[..]].concat();
    let kind = b"\x0a\x0d\x0a\x02v1\x12\x07PodList";
    let length = u8::try_from(list.len()).unwrap();
    [b"k8s\0", &kind[..], &[0x12, length], &list].concat()
}

/// The same, but its pod says that it is longer than the list.
fn overlong_item() -> Vec<u8> {
    let mut bytes = protobuf_list();
    let length = bytes.len() - 6;
    assert_eq!(bytes[length], 5);
    bytes[length] = 6;
    bytes
}

#[tokio::test]
async fn protobuf_is_read_when_the_server_sends_it() {
    let fake = bad(PODS, protobuf(protobuf_list())).await;
    let pods = fake
        .collect(&Plan::everything())
        .await
        .unwrap()
        .pods
        .unwrap();
    assert_eq!(pods.len(), 1);
    assert_eq!(pods[0].name, "a");
}

#[tokio::test]
async fn broken_connections_make_the_group_unreachable() {
    for reply in [
        Reply::Reset,
        Reply::Broken(list("PodList", "", &[pod("a")]).into()),
    ] {
        let (need, reason, detail) = reason(PODS, reply.clone()).await;
        assert_eq!(
            (need, reason),
            (Need::Pods, Reason::Unreachable),
            "{reply:?}: {detail}"
        );
    }
}

#[tokio::test]
async fn half_a_list_is_no_fact() {
    let fake = Fake::start(|seen, earlier| match (seen.path.as_str(), earlier) {
        (PODS, 0) => Some(json(&list("PodList", "next", &[pod("a")]))),
        (PODS, _) => Some(status(500, "etcdserver: request timed out")),
        _ => None,
    });
    let (_, missing) = only_missing(&fake.await, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::Overloaded)
    );
    assert!(missing.detail.contains("etcdserver"), "{}", missing.detail);
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let fake = Fake::start(|seen, _| {
        let page = |next: &str, name: &str| Some(json(&list("PodList", next, &[pod(name)])));
        match (seen.path.as_str(), seen.query.as_str()) {
            (PODS, "limit=100") => page("b+", "a"),
            (PODS, "limit=500&continue=b%2B") => page("c", "b"),
            (PODS, "limit=2000&continue=c") => page("", "c"),
            _ => None,
        }
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let names: Vec<_> = facts
        .pods
        .unwrap()
        .into_iter()
        .map(|pod| pod.name)
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn an_expired_list_is_read_again_from_the_start_and_noted() {
    let fake = Fake::start(|seen, earlier| match (seen.path.as_str(), earlier) {
        (PODS, 0) => Some(json(&list("PodList", "next", &[pod("old")]))),
        (PODS, 1) => Some(status(410, "Expired")),
        (PODS, _) => Some(json(&list("PodList", "", &[pod("new")]))),
        _ => None,
    });
    let fake = fake.await;
    let facts = fake.collect(&Plan::everything()).await.unwrap();
    let names: Vec<_> = facts
        .pods
        .unwrap()
        .into_iter()
        .map(|pod| pod.name)
        .collect();
    assert_eq!(names, ["new"]);
    assert_eq!(fake.queries(PODS)[2], "limit=100");
    let notes = facts.collection.unwrap().notes;
    let note = notes.iter().find(|note| note.source == PODS).unwrap();
    assert!(
        !note.incomplete && note.detail.contains("from the start"),
        "{note:?}"
    );
}

#[tokio::test]
async fn a_list_that_expires_forever_is_missing() {
    let fake = bad(PODS, status(410, "Expired")).await;
    let (_, missing) = only_missing(&fake, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::Overloaded)
    );
    assert_eq!(fake.queries(PODS).len(), 3);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let fake = Fake::start(|seen, earlier| match (seen.path.as_str(), earlier) {
        (PODS, 0) => Some(status_with(429, "Retry-After: 0\r\n", "too many requests")),
        (NODES, 0..3) => Some(status_with(503, "Retry-After: 0\r\n", "starting")),
        _ => None,
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    assert!(facts.pods.is_ok() && facts.nodes.is_ok());
}

#[tokio::test]
async fn a_server_that_stays_busy_is_not_asked_forever() {
    let fake = bad(
        PODS,
        status_with(429, "Retry-After: 0\r\n", "too many requests"),
    )
    .await;
    let (_, missing) = only_missing(&fake, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::Overloaded)
    );
    assert_eq!(fake.queries(PODS).len(), 4);
}

#[tokio::test]
async fn a_pause_beyond_the_budget_is_not_waited_for() {
    for after in [
        "Retry-After: 3600\r\n",
        "Retry-After: 18446744073709551615\r\n",
        "Retry-After: 9223372036854775807\r\n",
    ] {
        for code in [429, 503] {
            let fake = bad(PODS, status_with(code, after, "too many requests")).await;
            let (_, missing) = only_missing(&fake, &Plan::everything()).await;
            assert_eq!(missing.reason, Reason::Overloaded, "{after}");
            assert_eq!(fake.queries(PODS).len(), 1, "{after}");
        }
    }
}

#[tokio::test]
async fn silence_and_slow_heads_time_out_and_keep_nothing_else_from_coming() {
    let fake = Fake::start(|seen, _| match seen.path.as_str() {
        PODS => Some(Reply::Silence),
        NODES => Some(Reply::SlowHead),
        _ => None,
    });
    let mut plan = Plan::everything();
    plan.limits.request_deadline = Duration::from_secs(2);
    let facts = fake.await.collect(&plan).await.unwrap();
    let missing: Vec<_> = lacking(&facts)
        .iter()
        .map(|one| (one.need, one.reason))
        .collect();
    assert_eq!(
        missing,
        [
            (Need::Nodes, Reason::TimedOut),
            (Need::Pods, Reason::TimedOut)
        ]
    );
    assert!(facts.nodes.unwrap_err().detail.contains("within 2 s"));
}

#[tokio::test]
async fn the_budget_of_the_run_ends_everything() {
    let fake = bad(PODS, Reply::Silence).await;
    let mut plan = Plan::everything();
    plan.limits.run_budget = Duration::from_secs(2);
    let facts = fake.collect(&plan).await.unwrap();
    let pods = facts.pods.unwrap_err();
    assert_eq!(pods.reason, Reason::TimedOut);
    assert!(pods.detail.contains("whole run"), "{}", pods.detail);
}

#[tokio::test]
async fn an_endless_body_is_cut_off_after_smaller_pages_did_not_help() {
    let fake = bad(PODS, Reply::Endless).await;
    let mut plan = Plan::everything();
    plan.limits.page_bytes = 64 << 10;
    let (_, missing) = only_missing(&fake, &plan).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::Malformed)
    );
    assert_eq!(fake.queries(PODS), ["limit=100", "limit=10", "limit=1"]);
}

#[tokio::test]
async fn endless_metrics_are_cut_off() {
    let fake = bad("/metrics", Reply::Endless).await;
    let mut plan = Plan::everything();
    plan.limits.metrics_bytes = 64 << 10;
    let (_, missing) = only_missing(&fake, &plan).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Metrics, Reason::Malformed)
    );
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let fake = Fake::start(|seen, earlier| {
        let page = || json(&list("PodList", &format!("t{earlier}"), &[pod("a")]));
        (seen.path == PODS).then(page)
    });
    let fake = fake.await;
    let mut plan = Plan::everything();
    plan.limits.pages = 7;
    let (_, missing) = only_missing(&fake, &plan).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::Malformed)
    );
    assert_eq!(fake.queries(PODS).len(), 7);
}

#[tokio::test]
async fn a_limit_of_nothing_is_no_list_without_limit() {
    let fake = Fake::start(|_, _| None).await;
    let mut plan = Plan::everything();
    plan.limits = Limits {
        page_size: 0,
        concurrency: 0,
        ..Limits::default()
    };
    fake.collect(&plan).await.unwrap();
    assert_eq!(fake.queries(PODS), ["limit=1"]);
}

#[tokio::test]
async fn failing_health_checks_are_facts() {
    let text = b"[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n";
    let fake = bad("/readyz", Reply::Whole(500, "text/plain", "", text.into())).await;
    let health = fake
        .collect(&Plan::everything())
        .await
        .unwrap()
        .health
        .unwrap();
    let failed: Vec<_> = health.ready.iter().filter(|check| !check.ok).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].name, "etcd");
}

#[tokio::test]
async fn no_more_requests_at_a_time_than_the_plan_says() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    // Each path that is silent holds a slot: with two slots only two such requests can be open.
    let fake = Fake::start(|seen, _| {
        let quiet = seen.path.starts_with("/api/v1/");
        quiet.then(|| {
            OPEN.fetch_add(1, Ordering::SeqCst);
            Reply::Silence
        })
    });
    let mut plan = Plan::of([Need::Pods, Need::Nodes, Need::Services, Need::Namespaces]);
    plan.limits.concurrency = 2;
    plan.limits.run_budget = Duration::from_secs(2);
    let facts = fake.await.collect(&plan).await.unwrap();
    assert_eq!(
        facts
            .missing()
            .iter()
            .filter(|one| one.reason == Reason::TimedOut)
            .count(),
        4
    );
    assert_eq!(OPEN.load(Ordering::SeqCst), 2);
}

/// Two long lists: while a page of one is waited for, nothing is asked of the other, nor anything else.
#[tokio::test]
async fn a_page_of_a_long_list_is_asked_for_alone() {
    let fake = Fake::start(|seen, earlier| {
        let page = |kind: &str| Some(json(&list(kind, &format!("t{earlier}"), &[])));
        match (seen.path.as_str(), earlier) {
            (PODS, 0) => page("PodList"),
            (PODS, _) => Some(Reply::Silence),
            ("/api/v1/services", _) => page("ServiceList"),
            _ => None,
        }
    })
    .await;
    let mut plan = Plan::everything();
    plan.limits.run_budget = Duration::from_secs(2);
    let facts = fake.collect(&plan).await.unwrap();
    assert_eq!(facts.services.unwrap_err().reason, Reason::TimedOut);
    let seen = fake.seen();
    let last = seen.last().unwrap();
    assert_eq!(
        (last.path.as_str(), last.query.as_str()),
        (PODS, "limit=500&continue=t0")
    );
}

async fn unusable(reply: Reply) -> Unusable {
    let fake = bad("/version", reply).await;
    fake.collect(&Plan::everything()).await.unwrap_err()
}

#[tokio::test]
async fn without_a_version_nothing_is_said_of_the_cluster() {
    let html = || Reply::Whole(200, "text/html", "", b"<html>".into());
    let login = unusable(html()).await;
    assert!(matches!(login, Unusable::Recognise { .. }), "{login}");
    let nowhere = unusable(status(404, "not found")).await;
    assert!(matches!(nowhere, Unusable::Recognise { .. }), "{nowhere}");
    let stranger = unusable(status(401, "Unauthorized")).await;
    assert!(
        matches!(stranger, Unusable::Authenticate { .. }),
        "{stranger}"
    );
    let reset = unusable(Reply::Reset).await;
    assert!(matches!(reset, Unusable::Reach { .. }), "{reset}");
}

#[tokio::test]
async fn nobody_at_the_address_is_said_with_the_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connection = fake::connection(&format!("http://{address}")).await;
    let knowledge = airworthy_knowledge::Knowledge::embedded();
    let plan = Plan::everything();
    let error = airworthy_collect::collect(&connection, knowledge, &plan, &|_| ())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&address.to_string()) && text.contains("refused"),
        "{text}"
    );
}

#[tokio::test]
async fn a_refused_version_is_missing_and_the_rest_comes() {
    let fake = bad("/version", status(403, "forbidden")).await;
    let (facts, missing) = only_missing(&fake, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Version, Reason::Forbidden)
    );
    assert!(facts.pods.is_ok());
}

#[tokio::test]
async fn without_discovery_kinds_are_looked_for_at_harmless_versions() {
    let fake = Fake::start(|seen, _| match seen.path.as_str() {
        "/apis" => Some(status(403, "forbidden")),
        "/version" => Some(json(r#"{"gitVersion":"v1.20.15"}"#)),
        path if path.contains("/policy/v1/") => Some(status(404, "not found")),
        _ => None,
    });
    let (facts, missing) = only_missing(&fake.await, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Discovery, Reason::Forbidden)
    );
    assert!(facts.pdbs.is_ok());
}

#[tokio::test]
async fn a_stale_group_fails_and_the_others_are_served() {
    let fake = Fake::start(|seen, _| match seen.path.as_str() {
        "/apis/policy/v1" => Some(status_with(503, "Retry-After: 0\r\n", "back end away")),
        _ => None,
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let served = facts.discovery.unwrap();
    assert_eq!(served.failed, ["policy/v1"]);
    assert!(served.serves("apps", "v1", "deployments"));
    assert!(facts.pdbs.is_ok());
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test]
async fn every_served_version_of_a_definition_is_probed_unless_it_is_deprecated() {
    let fake = Fake::start(|seen, _| match seen.path.as_str() {
        DEFINITIONS => {
            let version = |name: &str, rest: &str| format!(r#"{{"name":"{name}",{rest}}}"#);
            let versions = [
                version("v1", r#""served":true,"storage":true"#),
                version("v1beta1", r#""served":true,"storage":false"#),
                version(
                    "v1alpha2",
                    r#""served":true,"storage":false,"deprecated":true"#,
                ),
                version("v1alpha1", r#""served":false,"storage":false"#),
            ];
            let spec = format!(
                r#"{{"group":"a.b","names":{{"plural":"cs","kind":"C"}},"versions":[{}]}}"#,
                versions.join(",")
            );
            let crd = format!(r#"{{"metadata":{{"name":"cs.a.b"}},"spec":{spec},"status":{{}}}}"#);
            Some(json(&list("CustomResourceDefinitionList", "", &[crd])))
        }
        "/apis/a.b/v1/cs" => Some(json("{}")),
        "/apis/a.b/v1beta1/cs" => Some(status(500, "conversion webhook failed")),
        _ => None,
    });
    let fake = fake.await;
    let crds = fake
        .collect(&Plan::everything())
        .await
        .unwrap()
        .crds
        .unwrap();
    let probes: Vec<_> = crds[0]
        .probes
        .iter()
        .map(|probe| (probe.version.as_str(), probe.status, probe.message.as_str()))
        .collect();
    assert_eq!(
        probes,
        [
            ("v1", 200, ""),
            ("v1beta1", 500, "conversion webhook failed")
        ]
    );
    assert_eq!(fake.queries("/apis/a.b/v1/cs"), ["limit=1"]);
    assert_eq!(fake.queries("/apis/a.b/v1alpha2/cs"), Vec::<String>::new());
}

const API_SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";

fn api_service(status: &str, since: jiff::Timestamp) -> Reply {
    let condition =
        format!(r#"{{"type":"Available","status":"{status}","lastTransitionTime":"{since}"}}"#);
    let item = format!(
        r#"{{"metadata":{{"name":"v1.m"}},"spec":{{"group":"m","version":"v1","service":{{"namespace":"n","name":"s"}}}},"status":{{"conditions":[{condition}]}}}}"#
    );
    json(&list("APIServiceList", "", &[item]))
}

#[tokio::test]
async fn an_api_that_went_away_a_moment_ago_gets_a_second_look() {
    let now = jiff::Timestamp::now();
    let fake = Fake::start(move |seen, earlier| match (seen.path.as_str(), earlier) {
        (API_SERVICES, 0) => Some(api_service("False", now)),
        (API_SERVICES, _) => Some(api_service("True", now)),
        _ => None,
    });
    let mut plan = Plan::everything();
    plan.limits.second_look = Duration::ZERO;
    let services = fake
        .await
        .collect(&plan)
        .await
        .unwrap()
        .api_services
        .unwrap();
    assert!(
        services[0].resampled && services[0].conditions[0].is_true(),
        "{services:?}"
    );
}

#[tokio::test]
async fn an_api_that_has_long_been_away_gets_none() {
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(2);
    let fake = bad(API_SERVICES, api_service("False", long_ago)).await;
    let services = fake
        .collect(&Plan::everything())
        .await
        .unwrap()
        .api_services
        .unwrap();
    assert!(!services[0].resampled && !services[0].conditions[0].is_true());
    assert_eq!(fake.queries(API_SERVICES).len(), 1);
}
